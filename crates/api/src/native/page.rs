//! Pages of lists, newest first.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use keyholt_engine::PageRequest;
use keyholt_types::FieldProblem;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::query::Query;
use crate::refusal::Refusal;

/// Records at a time when nothing else is asked for.
const DEFAULT_LIMIT: u32 = 100;

/// Records at a time at most.
const MAX_LIMIT: u32 = 1000;

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// How many records at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
    /// Only records older than this one: the id of the last record of the page before. Any UUID will do.
    #[param(format = "uuid")]
    starting_after: Option<String>,
}

impl Page {
    /// Reads the parameters.
    ///
    /// # Errors
    /// 400 for a limit that is no integer between 1 and 1000.
    pub(super) fn read(query: &Query) -> Result<Self, Refusal> {
        let limit = Self::read_limit(query)?;
        Ok(Self { limit, starting_after: query.single("starting_after")?.map(str::to_owned) })
    }

    /// Reads the limit alone, for a list whose places are no ids.
    ///
    /// # Errors
    /// 400 when it is no integer between 1 and 1000.
    pub(super) fn read_limit(query: &Query) -> Result<u32, Refusal> {
        let rule = Refusal::field("limit", FieldProblem::MustBe("an integer between 1 and 1000"));
        let limit = query.number("limit").map_err(|_| rule.clone())?.map_or(Ok(DEFAULT_LIMIT), u32::try_from);
        limit.ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or(rule)
    }

    /// What to ask the engine for.
    ///
    /// # Errors
    /// 400 for a position that is no UUID.
    pub(super) fn request<Id>(&self, parse: impl Fn(&str) -> Option<Id>) -> Result<PageRequest<Id>, Refusal> {
        let position = |text: &String| parse(text).ok_or(not_a_uuid("starting_after"));
        Ok(PageRequest {
            starting_after: self.starting_after.as_ref().map(position).transpose()?,
            limit: self.limit,
        })
    }
}

/// The one name that is asked for with `?name=`.
///
/// # Errors
/// 400 when it is given twice.
pub(super) fn named(query: &Query) -> Result<Option<Vec<Box<str>>>, Refusal> {
    Ok(query.single("name")?.map(|name| vec![name.into()]))
}

/// A list.
#[derive(Serialize, ToSchema)]
pub(super) struct Objects<T: ToSchema> {
    /// The records, newest first. A page shorter than its limit is the last one.
    pub(super) objects: Vec<T>,
}

/// An id in a path, not looked at before authentication.
pub(super) type PathId = Result<Path<String>, PathRejection>;

/// The id in a path.
///
/// # Errors
/// 400 when it is no UUID.
pub(super) fn parse_id<Id>(id: PathId, parse: impl Fn(&str) -> Option<Id>) -> Result<Id, Refusal> {
    id.ok().and_then(|Path(id)| parse(&id)).ok_or(not_a_uuid("id"))
}

pub(super) const fn not_a_uuid(field: &'static str) -> Refusal {
    Refusal::field(field, FieldProblem::MustBe("a UUID"))
}

#[cfg(test)]
mod tests {
    use keyholt_types::SecretId;

    use super::*;

    fn page(query: &str) -> Result<PageRequest<SecretId>, String> {
        let read = Query::parse(query).and_then(|query| Page::read(&query)?.request(SecretId::parse));
        read.map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn a_page_has_1_to_1000_records() {
        for (query, limit) in [("", 100), ("limit=", 100), ("limit=1", 1), ("limit=1000", 1000)] {
            assert_eq!(page(query).unwrap().limit, limit, "{query}");
        }
        for query in
            ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=99999999999999999999", "limit=1&limit=1"]
        {
            assert_eq!(page(query).unwrap_err(), "limit must be an integer between 1 and 1000", "{query}");
        }
    }

    #[test]
    fn a_position_is_any_uuid() {
        let nil = "00000000-0000-0000-0000-000000000000";
        assert_eq!(page(&format!("starting_after={nil}")).unwrap().starting_after, Some(SecretId::MIN));
        for wrong in ["starting_after=", "starting_after=x"] {
            assert_eq!(page(wrong).unwrap_err(), "starting_after must be a UUID");
        }
    }
}
