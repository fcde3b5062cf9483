//! `POST /v1/deployments/secrets`: create (wire/together.md 3.2).

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{NewSecret, Operation};
use utoipa::ToSchema;

use super::fields::SecretFields;
use super::refusals::{MAY_NOT_CHANGE, refusal};
use super::secret::Secret;
use crate::answer;
use crate::auth::Authenticated;
use crate::body::UnreadBody;
use crate::fields::required;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// A project's secret to be made. Other fields, `project_id` too, are ignored.
#[derive(ToSchema)]
#[schema(as = NewProjectSecret)]
#[expect(dead_code, reason = "describes the body; its fields are read one by one")]
pub(super) struct NewSecretBody {
    /// Its name: 1 to 100 letters, digits, `_`, `-`, `.` and `/`, without an empty, `.` or `..` segment between slashes,
    /// not shaped like a UUID.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_./-]+$")]
    name: String,
    /// Its value, 1 byte to 64 KiB of UTF-8, kept byte for byte and shown nowhere.
    #[schema(min_length = 1, write_only)]
    value: String,
    #[schema(max_length = 500)]
    description: Option<String>,
    /// After how many seconds it ceases to exist: 1 to 14 days.
    #[schema(minimum = 86400, maximum = 1_209_600)]
    ttl_seconds: Option<i64>,
}

/// Make a secret of the API key's project.
#[utoipa::path(
    post,
    path = "/",
    tag = "Project secrets",
    operation_id = "createProjectSecret",
    request_body = NewSecretBody,
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The secret", body = Secret), Refusals)
)]
pub(super) async fn create(
    State(app): State<AppState>,
    caller: Authenticated,
    body: UnreadBody,
) -> Result<Response, Refusal> {
    let caller = caller.require(Operation::WriteSecrets, MAY_NOT_CHANGE)?;
    let new = new_secret(SecretFields::parse(&body.read().await?)?)?;
    let made = app.engine.create_project_secret(&caller, new).await;
    let secret = made.map_err(|error| refusal(error, MAY_NOT_CHANGE))?;
    Ok(answer::json(&Secret::from(&secret)))
}

fn new_secret(fields: SecretFields) -> Result<NewSecret, Refusal> {
    Ok(NewSecret {
        name: required("name", fields.name)?.into(),
        kind: None,
        metadata: None,
        description: fields.description,
        value: Some(required("value", fields.value)?),
        ttl: fields.ttl,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_value_are_required() {
        let new = |body: &str| SecretFields::parse(body.as_bytes()).and_then(new_secret);
        assert!(new(r#"{"name":"a","value":"v","description":null}"#).is_ok());
        for (body, message) in [
            (r#"{"name":null,"value":"v"}"#, "name is required"),
            (r#"{"value":"v"}"#, "name is required"),
            (r#"{"name":"a"}"#, "value is required"),
            (r#"{"name":"a","value":null}"#, "value is required"),
        ] {
            assert_eq!(new(body).unwrap_err().message(), message, "{body}");
        }
    }
}
