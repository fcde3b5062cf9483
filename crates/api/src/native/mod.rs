//! The native API, under `/keyholt/v1`: identity, secrets and their use, audit. For the command line, the console and
//! scripts.
//!
//! It is stricter than the wires: a body with a field that it does not know is refused. `/openapi.json` describes it.

mod api_key;
mod api_key_body;
mod api_keys;
mod audit;
mod confirm_hosts;
mod grant;
mod import;
mod orgs;
mod page;
mod principal;
mod principal_body;
mod principals;
mod projects;
mod refusals;
mod restriction;
mod reveal;
mod secret;
mod secrets;
mod test_secret;
mod usage;
mod whoami;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::declared::declared;
use crate::state::AppState;

/// The room's routes.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    let routes = OpenApiRouter::default()
        .routes(declared(routes!(whoami::whoami)))
        .routes(declared(routes!(orgs::list_orgs, orgs::create_org)))
        .routes(declared(routes!(orgs::find_org, orgs::patch_org)))
        .routes(declared(routes!(projects::list_projects, projects::create_project)))
        .routes(declared(routes!(projects::find_project, projects::patch_project, projects::delete_project)))
        .routes(declared(routes!(principals::list_principals, principals::create_principal)))
        .routes(declared(routes!(
            principals::find_principal,
            principals::patch_principal,
            principals::remove_principal
        )))
        .routes(declared(routes!(api_keys::list_api_keys, api_keys::create_api_key)))
        .routes(declared(routes!(api_keys::find_api_key, api_keys::revoke_api_key)))
        .routes(declared(routes!(secrets::list_secrets, secrets::create_secret)))
        .routes(declared(routes!(secrets::find_secret, secrets::patch_secret, secrets::delete_secret)))
        .routes(declared(routes!(import::import_secrets)))
        .routes(declared(routes!(reveal::reveal_secret)))
        .routes(declared(routes!(reveal::reveal_secrets)))
        .routes(declared(routes!(confirm_hosts::confirm_hosts)))
        .routes(declared(routes!(test_secret::test_secret)))
        .routes(declared(routes!(usage::list_usage)))
        .routes(declared(routes!(audit::list_audit)))
        .routes(declared(routes!(audit::verify_audit)));
    OpenApiRouter::default().nest("/keyholt/v1", routes)
}

#[cfg(test)]
mod tests;
