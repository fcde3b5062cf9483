//! Which part of a list is asked for (wire/braintrust.md 3.1, 4.6).

use keyholt_engine::IdentityFilter;
use keyholt_types::FieldProblem;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::query::Query;
use crate::refusal::Refusal;

/// What every list takes: ids, two positions, and a limit that the server never lowers.
pub(super) struct Page<Id> {
    pub(super) ids: Option<Vec<Id>>,
    pub(super) starting_after: Option<Id>,
    pub(super) ending_before: Option<Id>,
    pub(super) limit: Option<u64>,
}

impl<Id> Page<Id> {
    /// Reads the parameters.
    ///
    /// # Errors
    /// 400 for an id that is no UUID, a limit that is no number, and what is given twice.
    pub(super) fn read(query: &Query, parse: impl Fn(&str) -> Option<Id>) -> Result<Self, Refusal> {
        let parse = |name: &'static str, rule, id: &str| {
            parse(id).ok_or(Refusal::field(name, FieldProblem::MustBe(rule)))
        };
        let one_of = |id| parse("ids", "a list of UUIDs", id);
        let ids = query.list("ids").map(|ids| ids.into_iter().map(one_of).collect());
        let cursor = |name| query.single(name)?.map(|id| parse(name, "a UUID", id)).transpose();
        Ok(Self {
            ids: ids.transpose()?,
            starting_after: cursor("starting_after")?,
            ending_before: cursor("ending_before")?,
            limit: query.number("limit")?,
        })
    }
}

/// Describes the limit: any number of digits, not those of an i64 only (wire/braintrust.md 3.1).
pub(super) fn limit_schema() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build()
}

impl<Id> From<Page<Id>> for IdentityFilter<Id> {
    fn from(page: Page<Id>) -> Self {
        Self {
            ids: page.ids,
            names: None,
            starting_after: page.starting_after,
            ending_before: page.ending_before,
            limit: page.limit,
        }
    }
}
