//! `GET audit` and `POST audit/verify`: the audit log.

use std::net::IpAddr;

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{AuditFilter, AuditVerdict, BadAuditRecord, Operation, OrgChoice};
use keyholt_types::{
    Action, ApiKeyId, AuditRecord, ChainId, EventId, FieldProblem, OrgId, Outcome, PrincipalId, Subject,
    Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Objects, Page};
use super::refusals::{Texts, require, require_operator};
use crate::answer;
use crate::auth::Authenticated;
use crate::query::{Query, UnreadQuery};
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// Nothing here is looked up or made by name; the texts complete the table.
const TEXTS: Texts = Texts { not_found: "Audit event not found", name_taken: "the event already exists" };

/// Something that was done, or refused.
#[derive(Serialize, ToSchema)]
struct AuditEvent {
    #[schema(value_type = String, format = "uuid")]
    id: EventId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The organisation in which it happened; null for the installation as a whole.
    #[schema(value_type = Option<String>, format = "uuid", required)]
    org_id: Option<OrgId>,
    /// The `x-request-id` of the request; null for the server's own work.
    request_id: Option<String>,
    #[schema(value_type = Option<String>, format = "uuid", required)]
    api_key_id: Option<ApiKeyId>,
    /// The user or service account behind the API key.
    #[schema(value_type = Option<String>, format = "uuid", required)]
    principal_id: Option<PrincipalId>,
    /// The address from which the request came.
    #[schema(value_type = Option<String>, required)]
    address: Option<IpAddr>,
    /// What was done, or was to be done, such as `secret.create`.
    #[schema(value_type = String)]
    action: &'static str,
    #[schema(inline)]
    subject: AuditSubject,
    /// `done`, `refused` or `failed`.
    #[schema(value_type = String)]
    outcome: &'static str,
    /// How often it happened since the event before of the same kind: 1, and more only for what is refused.
    count: u32,
    /// The chain that the event is part of: one start of one node.
    #[schema(value_type = String, format = "uuid")]
    chain: ChainId,
    /// Its place in the chain, from 1 without gaps.
    seq: i64,
}

/// What an event is about.
#[derive(Serialize, ToSchema)]
struct AuditSubject {
    /// Such as `secret` or `api_key`.
    #[schema(value_type = String)]
    kind: &'static str,
    #[schema(format = "uuid")]
    id: String,
    /// Its name at that time.
    #[schema(value_type = String)]
    name: Box<str>,
}

impl From<AuditRecord> for AuditEvent {
    fn from(AuditRecord { chain, seq, event, mac: _ }: AuditRecord) -> Self {
        let Subject { kind, id, name } = event.subject;
        Self {
            id: event.id,
            at: event.at,
            org_id: event.org,
            request_id: event.request.map(|request| request.hex()),
            api_key_id: event.api_key,
            principal_id: event.principal,
            address: event.address,
            action: event.action.word(),
            subject: AuditSubject { kind: kind.word(), id: id.as_hyphenated().to_string(), name },
            outcome: event.outcome.word(),
            count: event.count,
            chain,
            seq,
        }
    }
}

/// List audit events of the API key's organisations, newest first.
///
/// To an operator who names no organisation also those of the installation as a whole, such as credentials that are
/// nobody's. What is refused is gathered and written down every few seconds.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "Audit",
    operation_id = "listAudit",
    params(
        ("org" = Option<String>, Query, description = "Only events of the organisation of this name"),
        ("outcome" = Option<String>, Query, description = "`done`, `refused` or `failed`: only events that ended so"),
        ("action" = Option<String>, Query, description = "Only events of this action, such as `secret.create`"),
        Page,
    ),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "The events", body = Objects<AuditEvent>), Refusals)
)]
pub(super) async fn list_audit(
    State(app): State<AppState>,
    caller: Authenticated,
    query: UnreadQuery,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::ReadAudit)?;
    let query = query.read()?;
    let org = OrgChoice::from_option(query.single("org")?);
    let records = app.engine.list_audit(&caller, org, filter(&query)?).await;
    let records = records.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Objects { objects: records.into_iter().map(AuditEvent::from).collect() }))
}

fn filter(query: &Query) -> Result<AuditFilter, Refusal> {
    let outcome = |word| {
        let rule = FieldProblem::MustBe("one of done, refused and failed");
        Outcome::parse(word).ok_or(Refusal::field("outcome", rule))
    };
    let action = |word| {
        let rule = FieldProblem::MustBe("an action such as secret.create");
        Action::parse(word).ok_or(Refusal::field("action", rule))
    };
    Ok(AuditFilter {
        outcome: query.single("outcome")?.map(outcome).transpose()?,
        action: query.single("action")?.map(action).transpose()?,
        page: Page::read(query)?.request(EventId::parse)?,
    })
}

/// What a verification of the audit log found.
#[derive(Serialize, ToSchema)]
struct Verdict {
    /// How many chains were read.
    chains: u64,
    /// How many events were read.
    events: u64,
    /// Whether all of them are as they were written.
    ok: bool,
    /// The first record that is not.
    first_bad: Option<BadRecord>,
}

/// A record of the audit log that is not as it was written.
#[derive(Serialize, ToSchema)]
struct BadRecord {
    #[schema(value_type = String, format = "uuid")]
    chain: ChainId,
    /// Its place in the chain.
    seq: i64,
    /// `missing` when records before it are gone, `changed` when it differs.
    #[schema(value_type = String)]
    problem: &'static str,
}

impl From<AuditVerdict> for Verdict {
    fn from(AuditVerdict { chains, events, first_bad }: AuditVerdict) -> Self {
        let bad = |BadAuditRecord { chain, seq, problem }| BadRecord { chain, seq, problem };
        Self { chains, events, ok: first_bad.is_none(), first_bad: first_bad.map(bad) }
    }
}

/// Read the whole audit log and prove that no record is missing or changed. Only for operators.
///
/// Records cut off at the end of a chain are found only against an exported head.
#[utoipa::path(
    post,
    path = "/audit/verify",
    tag = "Audit",
    operation_id = "verifyAudit",
    security(("bearerAuth" = [])),
    responses((status = 200, description = "What was found", body = Verdict), Refusals)
)]
pub(super) async fn verify_audit(
    State(app): State<AppState>,
    caller: Authenticated,
) -> Result<Response, Refusal> {
    let caller = require_operator(caller)?;
    let verdict = app.engine.verify_audit(&caller).await.map_err(|error| TEXTS.refusal(error))?;
    Ok(answer::json(&Verdict::from(verdict)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<AuditFilter, String> {
        let read = Query::parse(query).and_then(|query| filter(&query));
        read.map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn a_filter_is_of_words_that_are_known() {
        let all = read("").unwrap();
        assert!(all.outcome.is_none() && all.action.is_none());
        for outcome in Outcome::ALL {
            assert_eq!(read(&format!("outcome={}", outcome.word())).unwrap().outcome, Some(*outcome));
        }
        for action in Action::ALL {
            assert_eq!(read(&format!("action={}", action.word())).unwrap().action, Some(*action));
        }
        for (query, message) in [
            ("outcome=", "outcome must be one of done, refused and failed"),
            ("outcome=Refused", "outcome must be one of done, refused and failed"),
            ("outcome=done&outcome=done", "outcome must be given once"),
            ("action=secret", "action must be an action such as secret.create"),
            ("action=secret.create&limit=0", "limit must be an integer between 1 and 1000"),
        ] {
            assert_eq!(read(query).unwrap_err(), message);
        }
    }
}
