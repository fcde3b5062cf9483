//! Sending a request to one secret's provider after the other, until one answers as it should.

use std::sync::Arc;

use http::header::HeaderMap;
use http::{Method, Request, Response, StatusCode};
use keyholt_engine::{Error, Spent, Usable, WhichVersion};
use keyholt_types::{Caller, SecretValue};

use super::answer::{Answered, pass_on};
use super::answer_body::{GatewayBody, Held, InFlight};
use super::choose::Candidate;
use super::json_body::NamedModel;
use super::metrics::Outcome;
use super::outgoing::{self, OutgoingHeaders};
use super::route::Forward;
use super::shared::Shared;
use super::slots::{Grant, Slot};
use super::spending::Spending;
use super::stopwatch::Stopwatch;
use super::upload::{Sent, Stream, Upload, whole};
use crate::egress::UpstreamError;
use crate::refusal::Refusal;
use crate::target::Query;
use crate::timeouts::Deadline;

/// How many values are tried for one request.
const ATTEMPTS: usize = 8;

/// A request that has been read, as far as it is read before it is sent.
pub(super) struct Job {
    pub(super) caller: Caller,
    pub(super) asked_for: Forward,
    pub(super) method: Method,
    /// The headers that are passed on.
    pub(super) headers: HeaderMap,
    pub(super) query: Option<Query>,
    pub(super) upload: Upload,
    /// The model that the body names.
    pub(super) named: Option<NamedModel>,
}

/// What is left to be sent.
enum Left {
    Whole(
        bytes::Bytes,
        #[expect(dead_code, reason = "the memory is taken as long as the bytes are kept")] Grant,
    ),
    Stream(Option<Stream>),
}

/// What came of one attempt.
enum Attempted {
    /// An answer, of whatever status.
    Answered(Box<Answered>),
    /// Nothing was sent, or no connection was made: another secret may do better.
    Missed(Refusal),
    /// There is no such value.
    NoValue,
    /// Something was sent, and it is not known what came of it: it is not sent again.
    Lost(Refusal),
}

/// Sends a request to the candidates in turn: on to the next when there is no connection, and on 401, 429 and 5xx; on
/// 401 first once with the value before, as long as that may still be valid (design/decisions.md 5, 21). The last
/// answer is passed on when there is no better one.
///
/// # Errors
/// When nobody answered: why the last one did not.
pub(super) async fn forward(
    shared: &Arc<Shared>,
    job: Job,
    candidates: Vec<Candidate>,
    deadline: Deadline,
    slot: Slot,
    watch: &mut Stopwatch,
) -> Result<Response<GatewayBody>, Refusal> {
    let Job { upload, .. } = &job;
    let can_repeat = matches!(upload, Upload::Whole(..));
    let mut round = Round::new(shared, job);
    let (mut last_answer, mut last_refusal) = (None, Refusal::NoSecret);
    let mut attempts = 0;
    'candidates: for candidate in candidates {
        if attempts >= ATTEMPTS {
            break;
        }
        let Candidate { choice, model } = candidate;
        let org = *choice.org().as_bytes();
        // It is let go where another is tried: several at a time would be counted for one request.
        let Some(org_slot) = shared.slots.take_for(org) else {
            last_refusal = Refusal::Busy;
            continue;
        };
        // Only now: most are never needed.
        let usable = match shared.engine.open_choice(&round.caller, choice).await {
            Ok(usable) => Arc::new(usable),
            // It was there when it was chosen.
            Err(Error::NotFound) => continue,
            Err(error) => {
                last_refusal = error.into();
                continue;
            }
        };
        let mut held = Some(org_slot);
        for which in [WhichVersion::Present, WhichVersion::Previous] {
            if attempts >= ATTEMPTS {
                break 'candidates;
            }
            match round.attempt(&usable, model.as_deref(), which, watch).await {
                Attempted::Answered(answered) => {
                    attempts += 1;
                    let status = answered.response.status();
                    if let Some(org_slot) = held.take() {
                        last_answer = Some((answered, org_slot));
                    }
                    if !can_repeat || !is_worth_another(status) {
                        break 'candidates;
                    }
                    if status != StatusCode::UNAUTHORIZED {
                        break;
                    }
                    held = shared.slots.take_for(org);
                    if held.is_none() {
                        break;
                    }
                }
                Attempted::Missed(refusal) => {
                    attempts += 1;
                    last_refusal = refusal;
                    if round.is_spent() {
                        break 'candidates;
                    }
                    break;
                }
                Attempted::NoValue => break,
                Attempted::Lost(refusal) => {
                    last_refusal = refusal;
                    break 'candidates;
                }
            }
        }
    }
    let Some((answered, org_slot)) = last_answer else { return Err(last_refusal) };
    let in_flight = InFlight::new(&shared.metrics.in_flight);
    let held = Held { _slot: slot, _org_slot: org_slot, _in_flight: in_flight };
    pass_on(shared, *answered, round.asked_for.format, &round.tried, deadline, held)
}

/// Whether another secret may be answered better.
fn is_worth_another(status: StatusCode) -> bool {
    status == StatusCode::UNAUTHORIZED || status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// All attempts of one request.
struct Round<'a> {
    shared: &'a Arc<Shared>,
    caller: Caller,
    asked_for: Forward,
    method: Method,
    headers: HeaderMap,
    query: Option<Query>,
    left: Left,
    named: Option<NamedModel>,
    /// All values that were sent, those of headers that metadata add included: they are taken out of whatever comes back.
    tried: Vec<SecretValue>,
}

impl<'a> Round<'a> {
    fn new(shared: &'a Arc<Shared>, job: Job) -> Self {
        let Job { caller, asked_for, method, headers, query, upload, named } = job;
        let left = match upload {
            Upload::Whole(bytes, grant) => Left::Whole(bytes, grant),
            Upload::Stream(stream) => Left::Stream(Some(stream)),
        };
        Self { shared, caller, asked_for, method, headers, query, left, named, tried: Vec::new() }
    }

    /// Whether the body has gone and cannot be sent again.
    fn is_spent(&self) -> bool {
        matches!(self.left, Left::Stream(None))
    }

    async fn attempt(
        &mut self,
        usable: &Arc<Usable>,
        model: Option<&str>,
        which: WhichVersion,
        watch: &mut Stopwatch,
    ) -> Attempted {
        let shared = self.shared;
        let org = *usable.secret().columns.collection.org().as_bytes();
        let policy = &shared.settings.egress;
        let target = outgoing::target(policy, usable, &self.asked_for, model, self.query.as_ref());
        let target = match target {
            Ok(target) => target,
            Err(refusal) => return Attempted::Missed(refusal),
        };
        let breaker = match shared.breakers.admit(org, target.permit.place()) {
            Ok(breaker) => breaker,
            Err(open) => return Attempted::Missed(Refusal::LeftAlone(open.retry_after_seconds)),
        };
        let value = match shared.engine.open_for_use(usable, which).await {
            Ok(None) if which == WhichVersion::Previous => return Attempted::NoValue,
            Ok(value) => value,
            Err(_) if which == WhichVersion::Previous => return Attempted::NoValue,
            Err(error) => return Attempted::Missed(error.into()),
        };
        let auth = value.as_ref().map(|value| outgoing::auth(usable, self.asked_for.format, value));
        let headers = auth.transpose().and_then(|auth| outgoing::headers(&self.headers, usable, auth));
        let OutgoingHeaders { headers, private } = match headers {
            Ok(headers) => headers,
            Err(unfit) => return Attempted::Missed(Refusal::Unusable(unfit)),
        };
        self.tried.extend(value.into_iter().chain(private));
        let (body, sent, length) = match &mut self.left {
            Left::Whole(bytes, _) => {
                let bytes = renamed(bytes, self.named.as_ref(), model);
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                (whole(bytes), None, length)
            }
            Left::Stream(stream) => {
                let Some(stream) = stream.take() else { return Attempted::Lost(Refusal::Internal) };
                let (body, sent) = stream.into_body(shared.settings.request_idle);
                (body, Some(sent), 0)
            }
        };
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = target.uri;
        *request.headers_mut() = headers;
        let mut spending = Spending::begin(&shared.engine, &self.caller, usable);
        spending.spent.bytes_up = length;
        if let Some(sent) = &sent {
            spending.follow(sent.clone());
        }
        let sending = shared.upstreams.client(org, &target.permit);
        let result = watch.standing(sending.send(request)).await;
        match result {
            Ok(response) => {
                breaker.answered();
                let status = response.status();
                spending.spent = Spent { status: Some(status.as_u16()), ..spending.spent };
                let is_refused = status.is_client_error() || status.is_server_error();
                shared.metrics.attempted(if is_refused { Outcome::Refused } else { Outcome::Answered });
                let (base, asked) = (target.base, target.asked);
                Attempted::Answered(Box::new(Answered { response, base, asked, spending }))
            }
            Err(error) => {
                shared.metrics.attempted(Outcome::Failed);
                if error.is_upstreams_fault() && !is_callers_delay(&error, sent.as_ref()) {
                    breaker.failed();
                }
                lost_or_missed(&error, sent.as_ref())
            }
        }
    }
}

/// Whether there was no answer in time because the caller's body had not come: otherwise one caller could have the
/// upstream left alone for all others.
fn is_callers_delay(error: &UpstreamError, sent: Option<&Sent>) -> bool {
    matches!(error, UpstreamError::TimedOut | UpstreamError::NoAnswer) && sent.is_some_and(Sent::is_waited_for)
}

/// A connection that was never made is missed; everything else may have been taken up.
fn lost_or_missed(error: &UpstreamError, sent: Option<&Sent>) -> Attempted {
    match error {
        UpstreamError::Connect(_) => Attempted::Missed(error.into()),
        UpstreamError::RequestBody if sent.is_some_and(Sent::is_too_large) => {
            Attempted::Lost(Refusal::TooLarge)
        }
        error @ UpstreamError::TimedOut if is_callers_delay(error, sent) => Attempted::Lost(Refusal::BodyLost),
        UpstreamError::TimedOut
        | UpstreamError::NoAnswer
        | UpstreamError::RequestBody
        | UpstreamError::NotSendable => Attempted::Lost(error.into()),
    }
}

/// The body with the name that the provider knows the model by.
fn renamed(body: &bytes::Bytes, named: Option<&NamedModel>, model: Option<&str>) -> bytes::Bytes {
    match (named, model) {
        (Some(named), Some(model)) if named.name != model => named.replaced_in(body, model),
        (Some(_) | None, Some(_) | None) => body.clone(),
    }
}
