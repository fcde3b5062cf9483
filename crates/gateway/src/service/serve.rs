//! One request, from its head to the head of its answer.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, TRAILER, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};
use keyholt_engine::{Operation, credential_from_gateway_headers};
use keyholt_types::{Caller, RequestContext, Right};

use super::answer_body::GatewayBody;
use super::choose::{Wanted, candidates};
use super::credentials;
use super::forward::{Job, forward};
use super::json_body::named_model;
use super::route::{Format, Forward, Route};
use super::shared::Shared;
use super::slots::Slot;
use super::stopwatch::Stopwatch;
use super::upload::{self, Upload};
use crate::egress::RequestBody;
use crate::headers::upstream_headers;
use crate::refusal::Refusal;
use crate::target::{Query, check_form};
use crate::timeouts::Deadline;

const X_BT_ENDPOINT_NAME: &str = "x-bt-endpoint-name";

const OF_CREDENTIALS: &[Method] = &[Method::POST];
const FORWARDED: &[Method] = &[Method::GET, Method::POST, Method::DELETE];

/// Answers a request.
///
/// # Errors
/// What it is refused with, before anything is sent to a provider or when none answered.
pub(super) async fn serve(
    shared: &Arc<Shared>,
    head: Parts,
    body: RequestBody,
    slot: Slot,
    watch: &mut Stopwatch,
) -> Result<Response<GatewayBody>, Refusal> {
    let deadline = shared.settings.timeouts.start();
    let route = Route::parse(head.uri.path());
    if let Err(unknown @ Refusal::UnknownPath) = route {
        return Err(unknown);
    }
    let methods = methods(route.as_ref().ok());
    if !methods.contains(&head.method) {
        return Err(Refusal::Method(methods));
    }
    let caller = caller(shared, &head).await?;
    shared.engine.require(&caller, Operation::UseSecrets)?;
    let request = Incoming { caller: &caller, head, body, route };
    let served = request.serve(shared, slot, deadline, watch).await;
    if served.as_ref().is_err_and(Refusal::is_audited) {
        shared.engine.count_refused_use(&caller);
    }
    served
}

/// What a path takes.
const fn methods(route: Option<&Route>) -> &'static [Method] {
    match route {
        Some(Route::Credentials) => OF_CREDENTIALS,
        Some(Route::Forward(_)) | None => FORWARDED,
    }
}

/// Who asks: exactly one credential, in one of three headers (design/decisions.md 7).
async fn caller(shared: &Shared, head: &Parts) -> Result<Caller, Refusal> {
    // The door puts it there on every request.
    let request = *head.extensions.get::<RequestContext>().ok_or(Refusal::Internal)?;
    let all = |name: &'static str| head.headers.get_all(name).into_iter().map(HeaderValue::as_bytes);
    let bearers = head.headers.get_all(AUTHORIZATION).into_iter().map(HeaderValue::as_bytes);
    let credential = credential_from_gateway_headers(bearers, all("x-api-key").chain(all("x-goog-api-key")));
    match credential {
        Some(credential) => Ok(shared.engine.authenticate(&credential, request).await?),
        None => Err(shared.engine.refuse_unauthenticated(request).into()),
    }
}

/// A request of a caller who may use values.
struct Incoming<'a> {
    caller: &'a Caller,
    head: Parts,
    body: RequestBody,
    route: Result<Route, Refusal>,
}

impl Incoming<'_> {
    async fn serve(
        self,
        shared: &Arc<Shared>,
        slot: Slot,
        deadline: Deadline,
        watch: &mut Stopwatch,
    ) -> Result<Response<GatewayBody>, Refusal> {
        let Self { caller, head, body, route } = self;
        check_form(&head.method, head.version, &head.uri)?;
        if head.headers.contains_key(UPGRADE) || head.headers.contains_key(TRAILER) {
            return Err(Refusal::Request("a request must not have an Upgrade or a Trailer header"));
        }
        let query = head.uri.query().map(Query::parse).transpose()?;
        let headers = upstream_headers(&head.headers)?;
        // From here on: an organisation whose bodies come slowly must leave room for the others, too.
        let org = org_of(caller)?;
        let org_slot = shared.slots.take_for(org).ok_or(Refusal::Busy)?;
        let grant = shared.slots.bodies.grant(org);
        let reading = upload::read(&head.headers, body, shared.settings.request_idle, grant);
        let asked_for = match route? {
            Route::Credentials => {
                return credentials::make(&shared.engine, caller, watch.standing(reading).await?).await;
            }
            Route::Forward(asked_for) => asked_for,
        };
        let name = endpoint_name(&head.headers)?;
        let upload = watch.standing(reading).await?;
        let named = match &upload {
            Upload::Whole(body, _) if !body.is_empty() && is_json(&headers) => named_model(body)?,
            Upload::Whole(body, _) if body.is_empty() && needs_body(&head.method, &asked_for) => {
                return Err(Refusal::Json("A request body is required"));
            }
            Upload::Whole(body, _) if body.is_empty() || name.is_some() => None,
            Upload::Stream(_) if name.is_some() => None,
            Upload::Whole(..) | Upload::Stream(_) => {
                return Err(Refusal::Request(
                    "x-bt-endpoint-name must name the secret, or Content-Type be application/json: the model of any other body is not read",
                ));
            }
        };
        let has_others = named.as_ref().is_some_and(|named| named.has_others);
        let (named, model) = model_of(&head.method, &asked_for, named);
        // Who may use one model only names none when they name several.
        let model = model.filter(|_| !has_others || caller.identity.allows_model(None));
        let wanted = Wanted { format: asked_for.format, name: name.as_deref(), model: model.as_deref() };
        let candidates = candidates(&shared.engine, caller, wanted).await?;
        let (caller, method) = (caller.clone(), head.method);
        let job = Job { caller, asked_for, method, headers, query, upload, named };
        // There it takes a place among those of the secret's organisation.
        drop(org_slot);
        forward(shared, job, candidates, deadline, slot, watch).await
    }
}

/// Whether a request without a body means nothing. One that could be read as two requests often looks so.
fn needs_body(method: &Method, asked_for: &Forward) -> bool {
    method == Method::POST && asked_for.path.iter().last() != Some("cancel")
}

/// The organisation that a request counts for until its secret is known: the first in which the caller may use, so that
/// nobody chooses it.
fn org_of(caller: &Caller) -> Result<[u8; 16], Refusal> {
    let first = caller.identity.orgs.iter().find(|grant| grant.rights.has(Right::Use));
    first.map(|grant| *grant.org.as_bytes()).ok_or(Refusal::Internal)
}

/// Whether providers read the model from the body of such a request. What is asked about something stored is about the
/// model that it was made with, and a batch names models of its own: a name in the body would only look as if it decided.
fn body_decides(method: &Method, asked_for: &Forward) -> bool {
    let path: Vec<&str> = asked_for.path.iter().collect();
    let is_stored = match path.as_slice() {
        ["responses", "compact" | "input_tokens"] => false,
        ["responses", _, ..] | ["messages", "batches", ..] => true,
        _ => false,
    };
    method == Method::POST && asked_for.model.is_none() && !is_stored
}

/// The model that decides, and the one in the body if it is that.
fn model_of(
    method: &Method,
    asked_for: &Forward,
    named: Option<super::json_body::NamedModel>,
) -> (Option<super::json_body::NamedModel>, Option<String>) {
    match asked_for.format {
        // Google's path names it; what its bodies call so is sent as it is.
        Format::Google => (None, asked_for.model.clone()),
        Format::OpenAi | Format::Anthropic if !body_decides(method, asked_for) => {
            (None, asked_for.model.clone())
        }
        Format::OpenAi | Format::Anthropic => {
            let model = named.as_ref().map(|named| named.name.clone());
            (named, model)
        }
    }
}

/// The secret that the caller chooses, by its name.
fn endpoint_name(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut names = headers.get_all(X_BT_ENDPOINT_NAME).iter();
    match (names.next(), names.next()) {
        (None, _) => Ok(None),
        (Some(name), None) => {
            let name = std::str::from_utf8(name.as_bytes()).ok().map(str::trim).filter(|name| !name.is_empty());
            let wrong = Refusal::Request("x-bt-endpoint-name must be the name of a secret");
            name.map(|name| Some(name.to_owned())).ok_or(wrong)
        }
        (Some(_), Some(_)) => Err(Refusal::Request("x-bt-endpoint-name must be given once")),
    }
}

/// Whether a body is JSON; one that does not say what it is is taken for it.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let kind = kind.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    let kind = kind.trim_ascii().to_ascii_lowercase();
    kind == b"application/json" || kind.ends_with(b"+json")
}
