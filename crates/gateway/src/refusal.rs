//! Everything that the gateway answers itself: one closed list, in the body of all wires (wire/braintrust.md 1.4,
//! design/decisions.md 12).
//!
//! **Invariant:** no text repeats what was sent or what an upstream said.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use keyholt_engine::providers::Unfit;
use keyholt_engine::{Denied, Error};
use serde_json::json;

use crate::egress::{EgressRefused, UpstreamError};
use crate::headers::HeaderRefused;
use crate::target::TargetRefused;

/// Why a request is refused or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400: the path, the query or their form.
    Target(TargetRefused),
    /// 400: a header.
    Header(HeaderRefused),
    /// 400: something else of the request; says what.
    Request(&'static str),
    /// 400: the body is no JSON object as it is taken; says why.
    Json(&'static str),
    /// 400, and the connection is closed: the body did not come whole and in time.
    BodyLost,
    /// 400: the secret is there, but cannot be used as it is.
    Unusable(Unfit),
    /// 401.
    Unauthenticated,
    /// 403; says what the API key may not do.
    Forbidden(&'static str),
    /// 403: the secret's host is not one that may be reached.
    Egress(EgressRefused),
    /// 404: no secret serves the request.
    NoSecret,
    /// 404: a path that leads nowhere.
    UnknownPath,
    /// 405; the path takes these.
    Method(&'static [Method]),
    /// 413.
    TooLarge,
    /// 429; in so many seconds there may be more.
    TooMany(u8),
    /// 500; already logged.
    Internal,
    /// 502: no answer of an upstream; says why.
    NoAnswer(&'static str),
    /// 503: too much at a time.
    Busy,
    /// 503: the upstream is left alone for so many seconds.
    LeftAlone(u64),
    /// 504: no answer in time.
    TimedOut,
}

impl Refusal {
    /// Whether it is written into the audit log here: requests that would have led a credential astray or could be
    /// read in two ways, and secrets that must not be used as they are (design/security.md C). Callers without the
    /// right are, too, but where that is decided.
    pub(crate) const fn is_audited(&self) -> bool {
        match self {
            Self::Target(_) | Self::Header(_) | Self::Request(_) | Self::Json(_) => true,
            Self::Egress(_) | Self::Unusable(_) => true,
            Self::BodyLost | Self::Unauthenticated | Self::Forbidden(_) => false,
            Self::NoSecret | Self::UnknownPath | Self::Method(_) | Self::TooLarge | Self::TooMany(_) => false,
            Self::Internal | Self::NoAnswer(_) | Self::Busy | Self::LeftAlone(_) | Self::TimedOut => false,
        }
    }

    /// The status.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Target(_) | Self::Header(_) | Self::Request(_) | Self::Json(_) => StatusCode::BAD_REQUEST,
            Self::BodyLost | Self::Unusable(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::Egress(_) => StatusCode::FORBIDDEN,
            Self::NoSecret | Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NoAnswer(_) => StatusCode::BAD_GATEWAY,
            Self::Busy | Self::LeftAlone(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The type and the code of the error.
    const fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Target(_) | Self::Header(_) | Self::Request(_) => {
                ("invalid_request_error", "invalid_request")
            }
            Self::Json(_) | Self::BodyLost => ("invalid_request_error", "invalid_json"),
            Self::Unusable(Unfit::NotHeaderSafe) => ("invalid_request_error", "not_usable_as_header"),
            Self::Unusable(_) => ("invalid_request_error", "secret_not_usable"),
            Self::Unauthenticated => ("authentication_error", "invalid_api_key"),
            Self::Forbidden(_) => ("permission_error", "permission_denied"),
            Self::Egress(_) => ("permission_error", "egress_denied"),
            Self::NoSecret | Self::UnknownPath => ("not_found_error", "not_found"),
            Self::Method(_) => ("invalid_request_error", "method_not_allowed"),
            Self::TooLarge => ("invalid_request_error", "payload_too_large"),
            Self::TooMany(_) => ("rate_limit_error", "rate_limited"),
            Self::Internal => ("server_error", "internal_error"),
            Self::NoAnswer(_) => ("upstream_error", "upstream_unreachable"),
            Self::Busy => ("server_error", "overloaded"),
            Self::LeftAlone(_) => ("upstream_error", "upstream_left_alone"),
            Self::TimedOut => ("upstream_error", "upstream_timeout"),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Target(refused) => return Cow::Owned(refused.to_string()),
            Self::Header(refused) => return Cow::Owned(refused.to_string()),
            Self::Unusable(Unfit::OtherFormat) => {
                "The secret's type does not understand requests of this format; for bedrock, vertex, js and \
                 braintrust put the AI proxy in front"
            }
            Self::Unusable(unfit) => return Cow::Owned(unfit.to_string()),
            Self::Egress(refused) => {
                return Cow::Owned(format!("{refused}; the server allows it with --egress-allow"));
            }
            Self::Request(text) | Self::Json(text) | Self::Forbidden(text) | Self::NoAnswer(text) => text,
            Self::BodyLost => "The request body did not arrive whole and in time",
            Self::Unauthenticated => "Missing or invalid API key",
            Self::NoSecret => "No secret that this API key may use serves the request",
            Self::UnknownPath => "Unknown path",
            Self::Method(_) => "Method not allowed",
            Self::TooLarge => "The request body is too large",
            Self::TooMany(_) => "Too many requests, retry later",
            Self::Internal => "Internal error",
            Self::Busy => "The gateway is busy, retry later",
            Self::LeftAlone(_) => {
                "The upstream has failed repeatedly and is left alone for a while, retry later"
            }
            Self::TimedOut => "The upstream did not answer in time",
        })
    }

    /// The header that belongs to the status.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Unauthenticated => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::Method(methods) => {
                let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
                HeaderValue::try_from(names.join(", ")).ok().map(|names| (ALLOW, names))
            }
            Self::TooMany(seconds) => Some((RETRY_AFTER, HeaderValue::from(u16::from(*seconds)))),
            Self::Busy => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            Self::LeftAlone(seconds) => Some((RETRY_AFTER, HeaderValue::from(*seconds))),
            // What is left of the body would be taken for the next request.
            Self::BodyLost | Self::TooLarge => Some((CONNECTION, HeaderValue::from_static("close"))),
            Self::Target(_) | Self::Header(_) | Self::Request(_) | Self::Json(_) | Self::Unusable(_) => None,
            Self::Forbidden(_) | Self::Egress(_) | Self::NoSecret | Self::UnknownPath => None,
            Self::Internal | Self::NoAnswer(_) | Self::TimedOut => None,
        }
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response<Bytes> {
        let (message, (kind, code)) = (self.message(), self.kind());
        let error = json!({ "message": message, "type": kind, "param": null, "code": code });
        let body = json!({ "message": message, "error": error });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some((name, value)) = self.header() {
            headers.insert(name, value);
        }
        response
    }
}

impl From<TargetRefused> for Refusal {
    fn from(refused: TargetRefused) -> Self {
        Self::Target(refused)
    }
}

impl From<HeaderRefused> for Refusal {
    fn from(refused: HeaderRefused) -> Self {
        Self::Header(refused)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated => Self::Unauthenticated,
            Error::TooMany { retry_after_seconds } => Self::TooMany(retry_after_seconds),
            Error::Forbidden(Denied::OutsidePattern) => {
                Self::Forbidden("This API key is narrowed to another model or to other secrets")
            }
            Error::Forbidden(Denied::MoreThanOwn) => {
                Self::Forbidden("Only an API key that is no temporary credential can make one")
            }
            Error::Forbidden(Denied::Right(_) | Denied::Org | Denied::Operator) => {
                Self::Forbidden("This API key may not use values")
            }
            Error::NotFound => Self::NoSecret,
            Error::Unusable(unfit) => Self::Unusable(unfit),
            Error::Busy => Self::Busy,
            // A use changes no record: the first five do not come of it.
            Error::NameTaken | Error::InUse | Error::LastOne(_) | Error::OrgRequired | Error::Invalid(..) => {
                Self::Internal
            }
            Error::Locked | Error::OutcomeUnknown | Error::Internal => Self::Internal,
        }
    }
}

impl From<&UpstreamError> for Refusal {
    fn from(error: &UpstreamError) -> Self {
        use crate::egress::ConnectError;
        match error {
            UpstreamError::Connect(connect) => match connect {
                ConnectError::Refused(refused) => Self::Egress(*refused),
                ConnectError::Unresolved(_) => Self::NoAnswer("The upstream's name cannot be resolved"),
                ConnectError::Unreachable(_) | ConnectError::TimedOut => {
                    Self::NoAnswer("The upstream cannot be reached")
                }
                ConnectError::Certificate(_) => Self::NoAnswer("The upstream's certificate is not valid"),
                ConnectError::Handshake(_) => Self::NoAnswer("The TLS handshake with the upstream failed"),
                ConnectError::NoRoots => {
                    Self::NoAnswer("There are no root certificates to verify the upstream's with")
                }
            },
            UpstreamError::TimedOut => Self::TimedOut,
            UpstreamError::NoAnswer => Self::NoAnswer("The upstream gave no valid answer"),
            UpstreamError::RequestBody => Self::BodyLost,
            UpstreamError::NotSendable => Self::Internal,
        }
    }
}
