//! The first start of an empty store, and the second one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use keyholt_testkit::{Canary, Deadline, Server, Setup};

use crate::refused::setup;

/// A setup whose first start makes the owner's API key itself.
fn without_a_given_key() -> Setup {
    setup().variable("KEYHOLT_BOOTSTRAP_API_KEY", "")
}

/// What a first start prints, all of it.
fn greeting(server: &Server) -> String {
    let whole = || {
        let text = String::from_utf8(server.output()).unwrap();
        text.contains("keyholt secret list\n").then_some(text)
    };
    Deadline::after(Duration::from_secs(10)).poll(whole).expect("a greeting")
}

/// The owner's key: the word of the form in which keys are made.
fn key_in(greeting: &str) -> String {
    let mut keys: Vec<&str> =
        greeting.split(|letter: char| letter.is_whitespace() || letter == '=').filter(is_key).collect();
    keys.dedup();
    assert_eq!(keys.len(), 1, "one key: {greeting}");
    keys[0].to_owned()
}

fn is_key(word: &&str) -> bool {
    let letters = word.strip_prefix("khk_").unwrap_or_default();
    letters.len() == 48 && letters.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_first_start_says_where_it_listens_and_what_it_made() {
    let setup = without_a_given_key();
    let server = setup.start().unwrap();
    let greeting = greeting(&server);
    let root_key = setup.folder().join("data.root-key");
    for said in [
        format!("listening on {}\n", server.url()),
        setup.data_dir().display().to_string(),
        root_key.display().to_string(),
        "organisation  default".to_owned(),
        "it is shown this once".to_owned(),
    ] {
        assert!(greeting.contains(&said), "{said}: {greeting}");
    }
}

#[test]
fn the_owners_key_works_and_is_the_owners() {
    let setup = without_a_given_key();
    let server = setup.start().unwrap();
    let key = key_in(&greeting(&server));
    let whoami = server.anonymous().bearer(&key).send("GET", "/keyholt/v1/whoami", None).unwrap();
    assert_eq!(whoami.status, 200, "{}", whoami.text());
    assert_eq!(whoami.json()["api_key"]["operator"], true);
    assert_eq!(whoami.string("/orgs/0/name"), "default");
    assert_eq!(whoami.json()["orgs"][0]["rights"].as_array().unwrap().len(), 5);
}

#[test]
fn the_three_commands_of_the_first_start_can_be_pasted_into_a_shell() {
    let setup = without_a_given_key();
    let server = setup.start().unwrap();
    let greeting = greeting(&server);
    let (_, next) = greeting.split_once("Next, in another shell:\n").unwrap();
    let commands: Vec<&str> = next.lines().take_while(|line| line.starts_with("  ")).collect();
    assert_eq!(commands.len(), 3, "{next}");
    let program = env!("CARGO_BIN_EXE_keyholt");
    let script = format!("set -e\nkeyholt() {{ '{program}' \"$@\"; }}\n{}\n", commands.join("\n"));
    let pasted = setup.run_tool("sh", &["-c", &script], b"sk-pasted-and-long-enough\n").unwrap();
    assert!(pasted.success(), "{pasted:?}");
    assert!(pasted.stdout.contains("made OPENAI_API_KEY") && pasted.stdout.contains("openai"), "{pasted:?}");
}

#[test]
fn the_owners_key_is_in_no_file_in_no_log_and_not_in_what_later_starts_say() {
    let setup = without_a_given_key().variable("KEYHOLT_LOG_LEVEL", "trace");
    let server = setup.start().unwrap();
    let key = key_in(&greeting(&server));
    let canaries = [Canary { place: "the owner's key".to_owned(), text: key }];
    let found = || Canary::find_all_below(&canaries, setup.folder()).unwrap();
    assert_eq!(found(), [], "while it serves");
    let first = server.stop().unwrap();
    assert!(first.success(), "{first:?}");
    assert_eq!(canaries[0].find_in(first.stderr.as_bytes(), Path::new("the log")), []);
    assert!(!canaries[0].find_in(first.stdout.as_bytes(), Path::new("the greeting")).is_empty());
    let second = setup.start().unwrap().stop().unwrap();
    let said = format!("{}{}", second.stdout, second.stderr);
    assert_eq!(canaries[0].find_in(said.as_bytes(), Path::new("the second start")), []);
    assert_eq!(found(), [], "after the end");
}

#[test]
fn a_second_start_prints_its_address_and_nothing_else() {
    let setup = without_a_given_key();
    assert!(setup.start().unwrap().stop().unwrap().success());
    let second = setup.start().unwrap();
    let expected = format!("listening on {}\n", second.url());
    assert_eq!(second.stop().unwrap().stdout, expected);
}

#[test]
fn what_a_first_start_makes_is_its_owners_alone_and_the_root_key_lies_beside_the_data() {
    // A careless mask of the shell changes nothing.
    let setup = setup().wrapper(&["sh", "-c", "umask 000; exec \"$0\" \"$@\""]);
    let server = setup.start().unwrap();
    assert_eq!(server.client().send("PUT", "/v1/ai_secret", Some(br#"{"name":"a"}"#)).unwrap().status, 200);
    assert_eq!(mode(&setup.data_dir()), 0o700);
    assert_eq!(mode(&setup.folder().join("data.root-key")), 0o600);
    for entry in fs::read_dir(setup.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(setup.data_dir().join("keyholt.db").exists());
    assert!(!setup.data_dir().join("data.root-key").exists());
}
