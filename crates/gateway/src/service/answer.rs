//! An upstream's answer on its way to the caller.

use std::sync::Arc;

use http::header::HeaderName;
use http::{HeaderValue, Response};
use hyper::body::Incoming;
use keyholt_types::SecretValue;
use url::Url;

use super::answer_body::{Counted, GatewayBody, Held, SharedCounter};
use super::route::Format;
use super::shared::Shared;
use super::spending::Spending;
use crate::body::UpstreamBody;
use crate::headers::{AnswerRefused, AnsweredBy, answer_headers};
use crate::refusal::Refusal;
use crate::scrub::{Forms, Scrubber};
use crate::timeouts::Deadline;
use crate::usage::TokenCounter;

const X_BT_USED_ENDPOINT: HeaderName = HeaderName::from_static("x-bt-used-endpoint");

/// An answer of which only the head has come.
pub(super) struct Answered {
    pub(super) response: Response<Incoming>,
    pub(super) base: Url,
    pub(super) asked: Url,
    pub(super) spending: Spending,
}

/// Passes an answer on: its status, the headers that may pass, its body, all without the values that were tried.
///
/// # Errors
/// 502 when it is compressed or in an unusual character set: nobody could find a value in it.
pub(super) fn pass_on(
    shared: &Arc<Shared>,
    answered: Answered,
    format: Format,
    tried: &[SecretValue],
    deadline: Deadline,
    held: Held,
) -> Result<Response<GatewayBody>, Refusal> {
    let Answered { response, base, asked, mut spending } = answered;
    let (head, body) = response.into_parts();
    let forms = Forms::of(&tried.iter().collect::<Vec<_>>());
    let by = AnsweredBy { asked: &asked, base: &base, mount: format.mount() };
    let passed = answer_headers(&head.headers, by, &forms).map_err(|refused| {
        Refusal::NoAnswer(match refused {
            AnswerRefused::Encoded => "The upstream's answer is compressed although nobody asked for it",
            AnswerRefused::Charset => "The upstream's answer is in a character set that is not supported",
        })
    })?;
    let name = endpoint_name(&spending.usable().secret().columns.name);
    let counter = SharedCounter::new(TokenCounter::new(&head.headers));
    let body = Counted::new(body, counter.clone());
    let (shared, redacted_before) = (Arc::clone(shared), passed.redacted);
    let told = move |report: crate::body::BodyReport| {
        let tokens = counter.finish();
        spending.spent.bytes_down = report.bytes;
        spending.spent.input_tokens = tokens.input;
        spending.spent.output_tokens = tokens.output;
        let redacted = redacted_before.saturating_add(report.redacted);
        if redacted > 0 {
            shared.metrics.redacted.inc_by(redacted);
            spending.echoed();
        }
    };
    let body = UpstreamBody::new(body, &head.headers, Scrubber::of(forms), deadline, told);
    let mut answer = Response::new(GatewayBody::upstream(body, held));
    *answer.status_mut() = head.status;
    *answer.headers_mut() = passed.headers;
    if let Some(name) = name {
        answer.headers_mut().insert(X_BT_USED_ENDPOINT, name);
    }
    Ok(answer)
}

/// A secret's name as a header; none unless it is visible ASCII (design/decisions.md 23).
fn endpoint_name(name: &str) -> Option<HeaderValue> {
    let is_visible = name.bytes().all(|byte| byte.is_ascii_graphic());
    is_visible.then(|| HeaderValue::from_str(name).ok()).flatten()
}
