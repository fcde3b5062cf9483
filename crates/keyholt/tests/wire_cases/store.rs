//! A server of its own for a test, and callers that hold every answer to the common rules.

use keyholt_testkit::{Answer, Client, Server, Setup};
use serde_json::{Value, json};

/// The beginning of every value that a test stores: no answer may hold it.
pub(crate) const VALUE: &str = "sk-never-shown-in-any-answer";

/// The Braintrust collection.
pub(crate) const ORG: &str = "/v1/ai_secret";
/// The Together collection.
pub(crate) const PROJECT: &str = "/v1/deployments/secrets";

/// A running server on an empty store.
pub(crate) struct Store {
    setup: Setup,
    server: Server,
}

impl Store {
    /// Starts it.
    pub(crate) fn start() -> Self {
        let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
        let server = setup.start().unwrap();
        Self { setup, server }
    }

    /// Starts it with another first API key.
    pub(crate) fn start_with_key(key: &str) -> Self {
        let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
        let setup = setup.variable("KEYHOLT_BOOTSTRAP_API_KEY", key);
        let server = setup.start().unwrap();
        Self { setup, server }
    }

    /// Who has the first API key.
    pub(crate) fn owner(&self) -> Caller {
        self.caller(Setup::KEY)
    }

    /// Who has this API key.
    pub(crate) fn caller(&self, key: &str) -> Caller {
        Caller { client: self.server.anonymous().bearer(key), key: key.to_owned() }
    }

    /// Who sends these headers in place of a good `Authorization`.
    pub(crate) fn stranger(&self, headers: &[(&str, &str)]) -> Caller {
        let client = self.server.anonymous();
        let client = headers.iter().fold(client, |client, (name, value)| client.header(name, value));
        Caller { client, key: "no key at all".to_owned() }
    }

    /// A second organisation, and who may do everything in the first and in it.
    pub(crate) fn with_second_org(&self, name: &str) -> Caller {
        self.owner().json("POST", "/keyholt/v1/orgs", &json!({ "name": name })).expect_status(200);
        let words = ["key", "create", "--org", "default", "--org", name, "--role", "owner", "--name", "both"];
        self.caller(&self.key_from(&words))
    }

    /// Who may do everything in this organisation alone. `by` grants what it has itself.
    pub(crate) fn owner_of(&self, by: &mut Caller, org: &str) -> Caller {
        let body = json!({ "orgs": [org], "name": format!("owner of {org}"), "role": "owner" });
        let answer = by.client.json("POST", "/keyholt/v1/api-keys", &body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.caller(&answer.string("/key"))
    }

    /// Who has this role in this organisation of the first API key.
    pub(crate) fn role(&self, org: &str, role: &str) -> Caller {
        self.caller(&self.key_from(&["key", "create", "--org", org, "--role", role, "--name", role]))
    }

    fn key_from(&self, words: &[&str]) -> String {
        let finished = self.setup.run_against(Some(&self.server), words, b"").unwrap();
        assert!(finished.success(), "{finished:?}");
        let mut parts = finished.stdout.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        parts.find(|part| part.starts_with("khk_") && part.len() == 52).expect("the key is shown").to_owned()
    }
}

/// A caller whose answers are all checked.
pub(crate) struct Caller {
    client: Client,
    key: String,
}

impl Caller {
    /// Sends a request without a body.
    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, target: &str) -> Answer {
        let answer = self.client.send(method, target, None).unwrap();
        self.check(method, target, answer)
    }

    /// Sends a request with this body, whatever it is.
    #[track_caller]
    pub(crate) fn body(&mut self, method: &str, target: &str, body: impl AsRef<[u8]>) -> Answer {
        let answer = self.client.send(method, target, Some(body.as_ref())).unwrap();
        self.check(method, target, answer)
    }

    /// Sends a request with a JSON body.
    #[track_caller]
    pub(crate) fn json(&mut self, method: &str, target: &str, body: &Value) -> Answer {
        self.body(method, target, body.to_string())
    }

    /// Makes a row of this name on the Braintrust side; gives its id.
    #[track_caller]
    pub(crate) fn create(&mut self, name: &str) -> String {
        self.json("POST", ORG, &json!({ "name": name })).expect_status(200).string("/id")
    }

    /// Makes a secret of this name on the Together side; gives its id.
    #[track_caller]
    pub(crate) fn create_in_project(&mut self, name: &str) -> String {
        self.json("POST", PROJECT, &json!({ "name": name, "value": VALUE })).expect_status(200).string("/id")
    }

    /// The names on the page that is asked for, in its order.
    #[track_caller]
    pub(crate) fn names(&mut self, target: &str) -> Vec<String> {
        let answer = self.ask("GET", target).expect_status(200);
        let json = answer.json();
        let rows = json["objects"].as_array().or_else(|| json["data"].as_array()).expect("a list").clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    }

    /// What holds of every answer to a request with or without a credential.
    #[track_caller]
    fn check(&self, method: &str, target: &str, answer: Answer) -> Answer {
        let shown = format!("{method} {target}: {} {:?} {}", answer.status, answer.headers, answer.text());
        assert!(matches!(answer.status, 200 | 400 | 401 | 403 | 404 | 405 | 413), "{shown}");
        for hidden in [VALUE, &self.key] {
            assert!(!answer.bytes().windows(hidden.len()).any(|bytes| bytes == hidden.as_bytes()), "{shown}");
        }
        let id = answer.header("x-request-id").unwrap_or_default();
        assert!(id.len() == 32 && id.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{shown}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{shown}");
        if target.starts_with(ORG) {
            assert_eq!(answer.header("x-bt-internal-trace-id"), Some(id), "{shown}");
        }
        if method != "OPTIONS" || answer.status != 200 {
            assert_eq!(answer.header("content-type"), Some("application/json"), "{shown}");
        }
        if answer.status != 200 && method != "HEAD" {
            check_error(&answer, &shown);
        }
        answer
    }
}

/// The one error body of both wires (wire/braintrust.md 1.4).
#[track_caller]
fn check_error(answer: &Answer, shown: &str) {
    let json = answer.json();
    let kind = match answer.status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        _ => "invalid_request_error",
    };
    assert_eq!(json["error"]["type"], kind, "{shown}");
    let message = json["message"].as_str().unwrap_or_default();
    assert!(
        !message.is_empty() && message.len() <= 300 && !message.contains(['{', '}', '[', ']', '"']),
        "{shown}"
    );
    assert_eq!(json["error"]["message"], message, "{shown}");
    let mut keys: Vec<&str> = json["error"].as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["code", "message", "param", "type"], "{shown}");
    assert!(json["error"]["code"].is_string(), "{shown}");
    assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401, "{shown}");
    assert_eq!(answer.header("allow").is_some(), answer.status == 405, "{shown}");
}

/// What a test expects of one answer.
pub(crate) trait Expect {
    /// This status, else the test fails and shows the answer.
    fn expect_status(self, status: u16) -> Self;
    /// A 400 that names this field.
    fn expect_refused_field(self, field: &str) -> Self;
    /// A 400 for a taken name.
    fn expect_taken(self) -> Self;
}

impl Expect for Answer {
    #[track_caller]
    fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    #[track_caller]
    fn expect_refused_field(self, field: &str) -> Self {
        let answer = self.expect_status(400);
        assert_eq!(answer.json()["error"]["param"], field, "{}", answer.text());
        assert!(answer.string("/message").contains(field), "{}", answer.text());
        answer
    }

    #[track_caller]
    fn expect_taken(self) -> Self {
        let answer = self.expect_refused_field("name");
        assert!(answer.string("/message").contains("already exists"), "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "already_exists");
        answer
    }
}

/// So many bytes of value.
pub(crate) fn value_of(length: usize) -> String {
    format!("{VALUE}{}", "x".repeat(length - VALUE.len()))
}
