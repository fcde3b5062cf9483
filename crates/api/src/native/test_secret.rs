//! `POST secrets/{id}/test`: whether a provider takes a value.

use axum::extract::State;
use axum::response::Response;
use keyholt_engine::{Error, Operation, Tested};
use keyholt_types::SecretId;
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{PathId, parse_id};
use super::refusals::require;
use super::secrets::TEXTS;
use crate::answer;
use crate::auth::Authenticated;
use crate::refusal::{Refusal, Refusals};
use crate::state::AppState;

/// What came of a test.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Outcome {
    /// `valid`: the provider takes the value. `refused`: it answered, but not with yes. `unreachable`: it did not answer.
    /// `unknown_type`: no request is known that would cost nothing. `unusable`: the secret cannot be used as it is.
    #[schema(value_type = String)]
    result: &'static str,
    /// The status of the provider's answer, when that was no yes.
    #[schema(required)]
    status: Option<u16>,
    /// What that means, in one sentence.
    detail: String,
}

impl From<Tested> for Outcome {
    fn from(tested: Tested) -> Self {
        let (result, status, detail) = match tested {
            Tested::Valid => ("valid", None, "the provider takes the value".to_owned()),
            Tested::Refused { status } => ("refused", Some(status), refused(status)),
            Tested::Unreachable => ("unreachable", None, "the provider gave no answer".to_owned()),
            Tested::UnknownType => {
                ("unknown_type", None, "no request is known for this type that would cost nothing".to_owned())
            }
            Tested::Unusable(unfit) => ("unusable", None, unfit.to_string()),
        };
        Self { result, status, detail }
    }
}

fn refused(status: u16) -> String {
    match status {
        401 | 403 => format!("the provider does not take the value: it answered {status}"),
        429 => "the provider answered 429: too many requests, or the account has nothing left".to_owned(),
        _ => format!("the provider could not say: it answered {status}"),
    }
}

/// Test a secret: send its value to its provider with the cheapest request, and say whether it is taken there.
#[utoipa::path(
    post,
    path = "/secrets/{id}/test",
    tag = "Secrets",
    operation_id = "testSecret",
    params(("id" = String, Path, format = "uuid", description = "The secret's id")),
    security(("bearerAuth" = [])),
    responses((status = 200, description = "What came of it", body = Outcome), Refusals)
)]
pub(super) async fn test_secret(
    State(app): State<AppState>,
    caller: Authenticated,
    id: PathId,
) -> Result<Response, Refusal> {
    let caller = require(caller, Operation::UseSecrets)?;
    let id = parse_id(id, SecretId::parse)?;
    let tester = app.tester.as_ref();
    let tester = tester.ok_or(Refusal::Request("this server has no gateway, which would do it"))?;
    match tester.test(&caller, id).await {
        Ok(tested) => Ok(answer::json(&Outcome::from(tested))),
        Err(Error::Unusable(unfit)) => Ok(answer::json(&Outcome::from(Tested::Unusable(unfit)))),
        Err(error) => Err(TEXTS.refusal(error)),
    }
}

#[cfg(test)]
mod tests {
    use keyholt_engine::providers::Unfit;

    use super::*;

    #[test]
    fn every_outcome_has_a_word_and_a_sentence() {
        for (tested, result, status) in [
            (Tested::Valid, "valid", None),
            (Tested::Refused { status: 401 }, "refused", Some(401)),
            (Tested::Refused { status: 429 }, "refused", Some(429)),
            (Tested::Refused { status: 500 }, "refused", Some(500)),
            (Tested::Unreachable, "unreachable", None),
            (Tested::UnknownType, "unknown_type", None),
            (Tested::Unusable(Unfit::NoValue), "unusable", None),
        ] {
            let outcome = Outcome::from(tested);
            assert_eq!((outcome.result, outcome.status), (result, status));
            assert!(!outcome.detail.is_empty());
        }
    }
}
