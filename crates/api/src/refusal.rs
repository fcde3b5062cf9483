//! Everything that is not a success: one closed list, one body on all wires (wire/braintrust.md 1.4,
//! wire/together.md 1.4).
//!
//! **Invariant:** no text repeats what was sent, is longer than 300 characters, or holds a brace, a
//! bracket or a double quote.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use keyholt_engine::LastOne;
use keyholt_engine::providers::Unfit;
use keyholt_types::FieldProblem;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::answer;

/// Why a request is refused or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400: the body is no JSON object as we take it.
    Json(JsonProblem),
    /// 400: a field, parameter or id is not as it must be. Reads `name is required`.
    Field(Cow<'static, str>, FieldProblem),
    /// 400: the same for what is no single field.
    Request(&'static str),
    /// 400: the name is taken; the text names the kind of record.
    NameTaken(&'static str),
    /// 400, and the connection is closed: the body did not come in time, or not whole.
    BodyLost,
    /// 400, and the connection is closed: not exactly one `Host`.
    Host,
    /// 401.
    Unauthenticated,
    /// 403; the text says what the API key may not do.
    Forbidden(&'static str),
    /// 404; the text names the kind of record.
    NotFound(&'static str),
    /// 404 for a path that leads nowhere.
    UnknownPath,
    /// 405; the methods that the path knows.
    Method(HeaderValue),
    /// 413.
    TooLarge,
    /// 429; in so many seconds, 1 to 60, there may be more.
    TooMany(u8),
    /// 400: the secret is there, but cannot be used as it is.
    Unusable(Unfit),
    /// 400: others still need the record; the text says who.
    InUse(&'static str),
    /// 400: nobody would be left who could let others in.
    LastOne(LastOne),
    /// 500; nothing was changed.
    Internal,
    /// 500; it may have happened.
    OutcomeUnknown,
    /// 503; nothing was changed.
    Busy,
    /// 503, of a probe: the database does not serve.
    DatabaseAway,
}

/// Why a body is no JSON object as we take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonProblem {
    /// There is none where one is needed.
    Absent,
    /// Not JSON: syntax, UTF-8, a lone surrogate, trailing data.
    Malformed,
    /// JSON, but no object.
    NotAnObject,
    /// A key is given twice in one object; a documented field is named.
    KeyTwice(Option<&'static str>),
    /// More than 64 levels.
    TooDeep,
    /// More than 20,000 keys.
    TooManyKeys,
    /// More than 50,000 values in documented fields.
    TooManyValues,
    /// A number that would not come back as it was sent.
    NumberOutOfRange,
}

impl JsonProblem {
    const fn message(self) -> &'static str {
        match self {
            Self::Absent => "a request body is required",
            Self::Malformed => "the request body is not valid JSON",
            Self::NotAnObject => "the request body must be a JSON object",
            Self::KeyTwice(_) => "the request body has a key twice in one object",
            Self::TooDeep => "the request body must not be nested deeper than 64 levels",
            Self::TooManyKeys => "the request body must not have more than 20000 keys",
            Self::TooManyValues => "the request body must not have more than 50000 values",
            Self::NumberOutOfRange => "the request body has a number out of range",
        }
    }
}

impl From<JsonProblem> for Refusal {
    fn from(problem: JsonProblem) -> Self {
        if let JsonProblem::KeyTwice(Some(field)) = problem {
            Self::field(field, FieldProblem::MustBe("given once"))
        } else {
            Self::Json(problem)
        }
    }
}

/// The error body of all wires.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody<'a> {
    /// One readable sentence.
    #[schema(value_type = String)]
    message: &'a str,
    /// The same, for programs.
    #[schema(inline)]
    error: ErrorDetails<'a>,
}

/// What went wrong, for programs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetails<'a> {
    /// One readable sentence.
    #[schema(value_type = String)]
    message: &'a str,
    /// The kind of error, such as `invalid_request_error`.
    #[schema(value_type = String)]
    r#type: &'static str,
    /// The field at fault.
    #[schema(value_type = Option<String>)]
    param: Option<&'a str>,
    /// The error, such as `invalid_field`.
    #[schema(value_type = String)]
    code: &'static str,
}

/// Describes the refusals that every operation with an API key can end in.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum Refusals {
    /// The request is not as it must be
    #[response(status = 400)]
    Invalid(#[to_schema] ErrorBody<'static>),
    /// There is no valid API key
    #[response(status = 401)]
    Unauthenticated(#[to_schema] ErrorBody<'static>),
    /// The API key lacks the right
    #[response(status = 403)]
    Forbidden(#[to_schema] ErrorBody<'static>),
    /// There is no such record
    #[response(status = 404)]
    NotFound(#[to_schema] ErrorBody<'static>),
    /// The body is larger than 1 MiB
    #[response(status = 413)]
    TooLarge(#[to_schema] ErrorBody<'static>),
    /// There were too many requests; `Retry-After` says when there may be more
    #[response(status = 429)]
    TooMany(#[to_schema] ErrorBody<'static>),
    /// Something went wrong in the server
    #[response(status = 500)]
    Internal(#[to_schema] ErrorBody<'static>),
    /// The server is overloaded or shutting down; nothing was changed
    #[response(status = 503)]
    Busy(#[to_schema] ErrorBody<'static>),
}

impl Refusal {
    /// A field that is not as it must be.
    pub(crate) const fn field(name: &'static str, problem: FieldProblem) -> Self {
        Self::Field(Cow::Borrowed(name), problem)
    }

    /// The status.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Json(_) | Self::Field(..) | Self::Request(_) | Self::InUse(_) => StatusCode::BAD_REQUEST,
            Self::Unusable(_) | Self::LastOne(_) => StatusCode::BAD_REQUEST,
            Self::NameTaken(_) | Self::BodyLost | Self::Host => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) | Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal | Self::OutcomeUnknown => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy | Self::DatabaseAway => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The type and the code of the error.
    const fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Json(_) | Self::BodyLost => ("invalid_request_error", "invalid_json"),
            Self::LastOne(_) => ("invalid_request_error", "last_one"),
            Self::Field(..) | Self::Request(_) | Self::InUse(_) | Self::Unusable(_) | Self::Host => {
                ("invalid_request_error", "invalid_field")
            }
            Self::NameTaken(_) => ("invalid_request_error", "already_exists"),
            Self::Unauthenticated => ("authentication_error", "invalid_api_key"),
            Self::Forbidden(_) => ("permission_error", "permission_denied"),
            Self::NotFound(_) | Self::UnknownPath => ("not_found_error", "not_found"),
            Self::Method(_) => ("invalid_request_error", "method_not_allowed"),
            Self::TooLarge => ("invalid_request_error", "payload_too_large"),
            Self::TooMany(_) => ("rate_limit_error", "rate_limited"),
            Self::Internal => ("server_error", "internal_error"),
            Self::OutcomeUnknown => ("server_error", "outcome_unknown"),
            Self::Busy => ("server_error", "overloaded"),
            Self::DatabaseAway => ("server_error", "database_away"),
        }
    }

    /// The sentence.
    pub(crate) fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Field(name, problem) => return Cow::Owned(format!("{name} {problem}")),
            Self::Unusable(unfit) => return Cow::Owned(unfit.to_string()),
            Self::Json(problem) => problem.message(),
            Self::Request(text) | Self::NameTaken(text) | Self::InUse(text) => text,
            Self::Forbidden(text) | Self::NotFound(text) => text,
            Self::BodyLost => "the request body did not arrive whole and in time",
            Self::Host => "the request must have exactly one Host header",
            Self::Unauthenticated => "Missing or invalid API key",
            Self::UnknownPath => "Unknown path",
            Self::Method(_) => "Method not allowed",
            Self::TooLarge => "The request body is larger than 1 MiB",
            Self::TooMany(_) => "Too many requests, retry later",
            Self::Internal => "Internal error",
            Self::OutcomeUnknown => "The outcome of the request is unknown",
            Self::Busy => "The server is busy, retry later",
            Self::DatabaseAway => "The database does not answer; the server's log says why",
            Self::LastOne(LastOne::Operator) => {
                "no operator's API key that lasts would be left, and nothing could bring one back: make another one first"
            }
            Self::LastOne(LastOne::Owner) => {
                "no owner's API key of the organisation would be left: make another one first, or let an operator do this"
            }
        })
    }

    /// The field at fault.
    fn param(&self) -> Option<&str> {
        if let Self::Field(name, _) = self {
            Some(name)
        } else {
            matches!(self, Self::NameTaken(_)).then_some("name")
        }
    }

    /// The header that belongs to the status.
    fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match self {
            Self::Unauthenticated => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::Method(allow) => Some((ALLOW, allow.clone())),
            Self::Busy | Self::DatabaseAway => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            Self::TooMany(seconds) => Some((RETRY_AFTER, HeaderValue::from(u16::from(*seconds)))),
            Self::BodyLost | Self::Host => Some((CONNECTION, HeaderValue::from_static("close"))),
            Self::Json(_) | Self::Field(..) | Self::Request(_) | Self::NameTaken(_) | Self::InUse(_) => None,
            Self::Forbidden(_) | Self::NotFound(_) | Self::UnknownPath => None,
            Self::TooLarge | Self::Internal | Self::OutcomeUnknown | Self::Unusable(_) | Self::LastOne(_) => {
                None
            }
        }
    }

    /// The form that the control plane's routes demand: 400 and one sentence of plain text, whatever
    /// the reason (wire/braintrust.md 6).
    pub(crate) fn into_plain_text(self) -> Response {
        let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
        (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, content_type)], self.message()).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (message, (r#type, code), param) = (self.message(), self.kind(), self.param());
        let body =
            ErrorBody { message: &message, error: ErrorDetails { message: &message, r#type, param, code } };
        let mut response = answer::json(&body);
        *response.status_mut() = self.status();
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn the_body_is_the_one_of_the_wires() {
        let response = Refusal::field("name", FieldProblem::Required).into_response();
        assert_eq!(response.status(), 400);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        insta::assert_snapshot!(String::from_utf8_lossy(&body), @r#"{"message":"name is required","error":{"message":"name is required","type":"invalid_request_error","param":"name","code":"invalid_field"}}"#);
    }

    #[test]
    fn no_text_has_braces_brackets_or_quotes() {
        let json = [
            JsonProblem::Absent,
            JsonProblem::Malformed,
            JsonProblem::NotAnObject,
            JsonProblem::KeyTwice(None),
            JsonProblem::KeyTwice(Some("name")),
            JsonProblem::TooDeep,
            JsonProblem::TooManyKeys,
            JsonProblem::TooManyValues,
            JsonProblem::NumberOutOfRange,
        ];
        let others = [
            Refusal::BodyLost,
            Refusal::Host,
            Refusal::Unauthenticated,
            Refusal::UnknownPath,
            Refusal::Method(HeaderValue::from_static("GET")),
            Refusal::TooLarge,
            Refusal::TooMany(60),
            Refusal::Internal,
            Refusal::OutcomeUnknown,
            Refusal::Busy,
            Refusal::DatabaseAway,
            Refusal::LastOne(LastOne::Operator),
            Refusal::LastOne(LastOne::Owner),
        ];
        for refusal in json.into_iter().map(Refusal::from).chain(others) {
            let message = refusal.message();
            assert!(message.len() <= 300 && !message.contains(['{', '}', '[', ']', '"']), "{message}");
        }
    }

    #[test]
    fn statuses_bring_their_headers() {
        let header = |refusal: Refusal, name: &str| refusal.into_response().headers().get(name).cloned();
        assert_eq!(header(Refusal::Unauthenticated, "www-authenticate").unwrap(), "Bearer");
        assert_eq!(header(Refusal::Method(HeaderValue::from_static("POST")), "allow").unwrap(), "POST");
        assert_eq!(header(Refusal::Busy, "retry-after").unwrap(), "1");
        assert_eq!(header(Refusal::TooMany(60), "retry-after").unwrap(), "60");
        assert_eq!(header(Refusal::BodyLost, "connection").unwrap(), "close");
    }
}
