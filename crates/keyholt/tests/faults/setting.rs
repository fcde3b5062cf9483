//! Servers on a PostgreSQL that something is wrong with, and what they must answer then.

use std::time::Duration;

use keyholt_testkit::{Answer, Client, Deadline, Server, Setup, StartError};
use serde_json::json;

/// The collection of secrets.
pub(crate) const SECRETS: &str = "/v1/ai_secret";
/// How long a server may take to serve again once its database does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long any answer may take, whatever has become of the database: the longest wait inside is 10 s.
pub(crate) const DEADLINE: Duration = Duration::from_secs(12);

/// A server on this database, with a root key of its own. All load comes with one API key, and all refusals from one
/// address.
pub(crate) fn setup(url: &str) -> Setup {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap().variable("KEYHOLT_DATABASE_URL", url);
    setup.variable("KEYHOLT_LIMITS_PER_API_KEY", "0").variable("KEYHOLT_LIMITS_REFUSED_PER_ADDRESS", "0")
}

/// Another server on the same database, with the root key of one that has started.
pub(crate) fn beside(first: &Setup, url: &str) -> Setup {
    let root_key = first.folder().join("data.root-key");
    setup(url).variable("KEYHOLT_ROOT_KEY_FILE", root_key.to_str().unwrap())
}

pub(crate) fn started(setup: &Setup) -> Server {
    setup.start().unwrap_or_else(|problem| panic!("does not start: {problem:?}"))
}

/// The one line with which a start is refused; only warnings may come before it. Nobody is served.
#[track_caller]
pub(crate) fn refusal(setup: &Setup, status: i32) -> String {
    let ended = match setup.start() {
        Err(StartError::Ended(ended)) => ended,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(ended.status.code(), Some(status), "{ended:?}");
    assert_eq!(ended.stdout, "", "nothing is promised");
    let logged = |line: &&str| line.contains(" WARN ") || line.contains(" INFO ");
    let own: Vec<&str> = ended.stderr.lines().filter(|line| !logged(line)).collect();
    let [line] = own.as_slice() else { panic!("not one line: {}", ended.stderr) };
    line.strip_prefix("keyholt: ").unwrap_or_else(|| panic!("{}", ended.stderr)).to_owned()
}

/// Writes a secret of this name with a value made of its own name.
pub(crate) fn put(client: &mut Client, name: &str) -> Answer {
    let body = json!({ "name": name, "type": name, "secret": format!("sk-the-value-that-belongs-to-{name}") });
    client.json("PUT", SECRETS, &body).unwrap()
}

/// Reads all secrets.
pub(crate) fn list(client: &mut Client) -> Answer {
    client.send("GET", "/v1/ai_secret?limit=1000", None).unwrap()
}

/// The names of all secrets, each of which opens.
#[track_caller]
pub(crate) fn names(client: &mut Client) -> Vec<String> {
    let (mut names, mut target) = (Vec::new(), "/keyholt/v1/secrets?limit=1000".to_owned());
    loop {
        let answer = client.send("GET", &target, None).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        let page = json["objects"].as_array().unwrap();
        assert!(page.iter().all(|secret| secret["locked"] == false), "all open: {json}");
        names.extend(page.iter().map(|secret| secret["name"].as_str().unwrap().to_owned()));
        let Some(last) = page.last() else {
            names.sort();
            return names;
        };
        target = format!("/keyholt/v1/secrets?limit=1000&starting_after={}", last["id"].as_str().unwrap());
    }
}

/// It is a refusal for now: it says when to come again, and nothing about the caller.
#[track_caller]
pub(crate) fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u16>().ok());
    assert!(seconds.is_some(), "503 says when to come again: {answer:?}");
}

/// Asks until it is answered with 200. What comes before is 503, or for a write an outcome that is unknown.
#[track_caller]
pub(crate) fn served_again(mut ask: impl FnMut() -> Answer) -> Answer {
    let served = Deadline::after(PATIENCE).poll(|| {
        let answer = ask();
        if answer.status == 200 {
            return Some(answer);
        }
        if answer.string("/error/code") != "outcome_unknown" {
            assert_unavailable(&answer);
        }
        None
    });
    served.expect("it serves again by itself")
}

#[track_caller]
pub(crate) fn assert_audit_log_is_whole(setup: &Setup, server: &Server) {
    let verified = setup.run_against(Some(server), &["audit", "verify"], b"").unwrap();
    assert!(verified.success(), "{verified:?}");
}
