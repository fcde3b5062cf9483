//! A server with limits, and asking it until one of them holds.

use keyholt_testkit::{Answer, Client, Server, Setup};
use serde_json::json;

/// The Braintrust collection.
pub(crate) const ORG: &str = "/v1/ai_secret";
/// The Together collection.
pub(crate) const PROJECT: &str = "/v1/deployments/secrets";

/// A key that nobody has.
pub(crate) const WRONG: &str = "khk_000000000000000000000000000000000000000000000000";

/// How often a limit is asked for: far more often than any limit of these tests lets through.
const OFTEN: usize = 500;

/// A setup for the built program.
pub(crate) fn setup() -> Setup {
    Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap()
}

/// Starts a server on any port with these options.
pub(crate) fn start_with(setup: &Setup, options: &[&str]) -> Server {
    setup.start_with(&[&["--listen", "127.0.0.1:0"], options].concat()).unwrap()
}

/// The first answer that says that there were too many requests: time goes by between two of them, in which there
/// may be one more.
#[track_caller]
pub(crate) fn until_too_many(client: &mut Client, method: &str, target: &str) -> Answer {
    let mut answers = (0..OFTEN).map(|_| client.send(method, target, None).unwrap());
    answers.find(is_too_many).expect("a limit")
}

/// Whether none of as many requests is one too many.
pub(crate) fn is_never_too_many(client: &mut Client, target: &str) -> bool {
    (0..OFTEN).all(|_| !is_too_many(&client.send("GET", target, None).unwrap()))
}

fn is_too_many(answer: &Answer) -> bool {
    answer.status == 429 || answer.text() == "Too many requests, retry later"
}

/// Checks an answer of 429 and its body (wire/braintrust.md 1.4).
#[track_caller]
pub(crate) fn assert_says_when_to_come_back(answer: &Answer) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    let seconds: u32 = answer.header("retry-after").expect("a header").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let message = "Too many requests, retry later";
    let error =
        json!({ "message": message, "type": "rate_limit_error", "param": null, "code": "rate_limited" });
    assert_eq!(answer.json(), json!({ "message": message, "error": error }));
}

/// A new API key of this role in the organisation `default`.
#[track_caller]
pub(crate) fn key_of(server: &Server, role: &str) -> String {
    let body = json!({ "name": role, "role": role });
    let answer = server.client().json("POST", "/keyholt/v1/api-keys", &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.string("/key")
}
