//! An engine, a gateway, and what is asked of them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use keyholt_engine::{MetadataObject, MetadataPatch, NewSecret, OrgChoice, SecretPatch, SecretView};
use keyholt_gateway::egress::{EgressPolicy, Resolve, Resolving};
use keyholt_gateway::{Gateway, GatewayBody, GatewaySettings, Timeouts};
use keyholt_testkit::{FakeProvider, TestEngine};
use keyholt_types::{Caller, Metadata, RequestContext, Right, Rights, SecretName, SecretType, SecretValue};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tower::ServiceExt;

/// A value that no answer may hold.
pub(crate) const VALUE: &str = "sk-canary-0123456789abcdef";

pub(crate) struct World {
    pub(crate) test: TestEngine,
    pub(crate) gateway: Gateway,
    /// An API key that may use and nothing else.
    pub(crate) key: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// Whether the body ended as it should.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The code of our own refusals.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Leads all names to these addresses.
pub(crate) struct Names(pub(crate) Vec<IpAddr>);

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

impl World {
    /// May reach these providers.
    pub(crate) async fn new(providers: &[&FakeProvider]) -> Self {
        let entries: Vec<String> = providers.iter().map(|provider| provider.entry()).collect();
        Self::with(&entries, GatewaySettings::default()).await
    }

    pub(crate) async fn with(entries: &[String], settings: GatewaySettings) -> Self {
        let allowed = entries.iter().map(|entry| entry.parse().unwrap()).collect();
        let settings = GatewaySettings { egress: EgressPolicy { allowed }, ..settings };
        let test = TestEngine::in_memory().await;
        let gateway = Gateway::new(Arc::clone(&test.engine), settings, &mut Registry::default());
        let key = test.issue(&test.owner, &[], Rights::of(&[Right::Use]), None).await.unwrap();
        Self { test, gateway, key }
    }

    /// Short enough to be waited for.
    pub(crate) fn hasty() -> GatewaySettings {
        let timeouts = Timeouts {
            connect: Duration::from_millis(300),
            first_byte: Duration::from_millis(300),
            idle: Duration::from_millis(300),
            total: Duration::from_secs(5),
        };
        GatewaySettings { timeouts, request_idle: Duration::from_millis(300), ..GatewaySettings::default() }
    }

    /// A secret of type `openai` whose requests go to this provider.
    pub(crate) async fn openai(&self, name: &str, provider: &FakeProvider) -> SecretView {
        self.secret(name, "openai", VALUE, json!({ "api_base": provider.url("/v1") })).await
    }

    pub(crate) async fn secret(&self, name: &str, kind: &str, value: &str, metadata: Value) -> SecretView {
        self.secret_of(&self.test.owner, OrgChoice::Unnamed, name, kind, value, metadata).await
    }

    pub(crate) async fn secret_of(
        &self,
        caller: &Caller,
        org: OrgChoice<'_>,
        name: &str,
        kind: &str,
        value: &str,
        metadata: Value,
    ) -> SecretView {
        let new = new_secret(name, kind, value, metadata);
        self.test.engine.create_secret(caller, org, new).await.unwrap().secret
    }

    pub(crate) async fn patch(&self, secret: &SecretView, patch: SecretPatch) -> SecretView {
        self.test.engine.patch_secret(&self.test.owner, secret.columns.id, patch).await.unwrap()
    }

    /// A chat with this model.
    pub(crate) async fn chat(&self, model: &str) -> Answer {
        self.send(self.request("chat/completions", &json!({ "model": model, "messages": [] }).to_string()))
            .await
    }

    /// A request in JSON of whoever may use.
    pub(crate) fn request(&self, path: &str, body: &str) -> Request<Full<Bytes>> {
        Request::post(format!("/v1/proxy/{path}"))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap()
    }

    /// The whole answer.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let answer = self.head(request).await;
        let (head, mut body) = answer.into_parts();
        let (mut whole, mut is_whole) = (Vec::new(), true);
        while let Some(frame) = soon(body.frame()).await {
            match frame {
                Ok(frame) => whole.extend_from_slice(&frame.into_data().unwrap()),
                Err(_) => {
                    is_whole = false;
                    break;
                }
            }
        }
        let body = String::from_utf8(whole).unwrap();
        Answer { status: head.status.as_u16(), headers: head.headers, body, is_whole }
    }

    /// The head of the answer.
    pub(crate) async fn head(&self, mut request: Request<Full<Bytes>>) -> Response<GatewayBody> {
        let context = RequestContext { id: self.test.engine.make_request_id(), address: None };
        request.extensions_mut().insert(context);
        soon(self.gateway.clone().oneshot(request)).await.unwrap()
    }

    /// How often this was put down in the audit log.
    pub(crate) async fn audited(&self, action: &str) -> u64 {
        self.test.engine.write_down_observations().await;
        let all = self.test.audit().await;
        let of_it = all.iter().filter(|record| record.event.action.word() == action);
        of_it.map(|record| u64::from(record.event.count)).sum()
    }
}

pub(crate) fn new_secret(name: &str, kind: &str, value: &str, metadata: Value) -> NewSecret {
    let object = metadata.as_object().unwrap().clone();
    NewSecret {
        name: SecretName::parse(name).unwrap(),
        kind: Some(SecretType::parse(kind).unwrap()),
        metadata: Some(Metadata::new(object).unwrap()),
        description: None,
        value: Some(SecretValue::parse(value.to_owned()).unwrap()),
        ttl: None,
    }
}

pub(crate) fn new_metadata(metadata: Value) -> SecretPatch {
    let object = metadata.as_object().unwrap().clone();
    SecretPatch { metadata: MetadataPatch::Merge(MetadataObject(object)), ..SecretPatch::default() }
}

pub(crate) fn new_value(value: &str) -> SecretPatch {
    SecretPatch { value: Some(SecretValue::parse(value.to_owned()).unwrap()), ..SecretPatch::default() }
}

/// What must come, but would hang for ever where the code is wrong.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap()
}

/// Waits until this holds.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    soon(async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
