//! A server with a provider that it may reach.

use keyholt_testkit::{Client, FakeProvider, Server, Setup, Step};
use serde_json::json;

pub(crate) const VALUE: &str = "sk-canary-0123456789abcdef";
pub(crate) const CHAT: &str = "/v1/proxy/chat/completions";
pub(crate) const BODY: &[u8] = br#"{"model":"gpt-4o","messages":[]}"#;

pub(crate) struct House {
    pub(crate) provider: FakeProvider,
    pub(crate) server: Server,
    pub(crate) setup: Setup,
}

impl House {
    /// A server whose secret of type `openai` leads to a provider that answers so.
    pub(crate) async fn start(steps: Vec<Step>) -> Self {
        Self::start_as(Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap(), steps).await
    }

    /// The same with this setup.
    pub(crate) async fn start_as(setup: Setup, steps: Vec<Step>) -> Self {
        let provider = FakeProvider::saying(steps).await.unwrap();
        let options = ["--listen", "127.0.0.1:0", "--egress-allow", &provider.entry()];
        let server = setup.start_with(&options).unwrap();
        let secret = json!({
            "name": "OPENAI_API_KEY",
            "type": "openai",
            "secret": VALUE,
            "metadata": { "api_base": provider.url("/v1") },
        });
        let answer = server.client().json("POST", "/v1/ai_secret", &secret).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        Self { provider, server, setup }
    }

    /// Who sends JSON.
    pub(crate) fn client(&self) -> Client {
        self.server.client().header("content-type", "application/json")
    }
}
