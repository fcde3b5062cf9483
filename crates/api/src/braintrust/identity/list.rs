//! What the lists of the identity paths have in common (wire/braintrust.md 3.1).

use keyholt_engine::{IdentityFilter, OrgChoice};
use serde::Serialize;
use utoipa::ToSchema;

use crate::braintrust::page::{Page, limit_schema};
use crate::query::Query;
use crate::refusal::Refusal;

/// Describes the parameters of every list.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct Parameters {
    /// Limit the number of objects to return; all when absent
    #[param(schema_with = limit_schema)]
    limit: Option<u64>,
    /// Only objects older than this position
    #[param(format = "uuid")]
    starting_after: Option<String>,
    /// Only objects immediately newer than this position
    #[param(format = "uuid")]
    ending_before: Option<String>,
    /// Only objects with one of these ids: repeated, joined by commas, or both
    ids: Option<Vec<String>>,
    /// Only objects of this organization
    org_name: Option<String>,
}

/// A list.
#[derive(Serialize, ToSchema)]
#[schema(as = BraintrustList)]
pub(super) struct List<T: ToSchema> {
    /// The objects, newest first
    pub(super) objects: Vec<T>,
}

/// What is asked for, less the organisation; names as `name` reads them.
///
/// # Errors
/// 400 for a parameter that is not as it must be.
pub(super) fn filter<Id>(
    query: &Query,
    parse: impl Fn(&str) -> Option<Id>,
    names: Option<Vec<Box<str>>>,
) -> Result<IdentityFilter<Id>, Refusal> {
    Ok(IdentityFilter { names, ..Page::read(query, parse)?.into() })
}

/// The organisation that is asked for.
///
/// # Errors
/// 400 when it is given twice.
pub(super) fn org(query: &Query) -> Result<OrgChoice<'_>, Refusal> {
    query.single("org_name").map(OrgChoice::from_option)
}

/// The one name that is asked for.
///
/// # Errors
/// 400 when it is given twice.
pub(super) fn one_name(query: &Query, parameter: &'static str) -> Result<Option<Vec<Box<str>>>, Refusal> {
    Ok(query.single(parameter)?.map(|name| vec![name.into()]))
}

/// The names that are asked for: repeated, joined by commas, or both.
pub(super) fn names(query: &Query, parameter: &'static str) -> Option<Vec<Box<str>>> {
    query.list(parameter).map(|names| names.into_iter().map(Into::into).collect())
}
