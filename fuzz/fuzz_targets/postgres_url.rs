//! The URL of a PostgreSQL database.
//!
//! Laws: no error and no print of one shows anything of a password; what is printed is one line; a host that is printed
//! stood in the text.
#![no_main]

use arbitrary::Arbitrary;
use keyholt_fuzz::canary::{CANARY, check_message, plant};
use keyholt_store::PostgresUrl;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    /// What stands around the canary in a password.
    before: &'a str,
    after: &'a str,
    /// Host, database and parameters.
    rest: &'a str,
    /// A whole URL.
    text: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let planted = plant(input.text.as_bytes());
    let text = String::from_utf8(planted).expect("text stays text");
    check_error(&text);
    check_error(&format!("postgres://{text}"));

    // Within one password, whatever else it holds.
    let divides = |character: char| matches!(character, '@' | '/' | '?' | '#');
    let text = format!(
        "postgres://me:{}{CANARY}{}@{}",
        input.before.replace(divides, ""),
        input.after.replace(divides, ""),
        // Elsewhere it would be no password, and be shown.
        input.rest.replace(CANARY, "")
    );
    check_error(&text);
    if let Ok(url) = PostgresUrl::parse(&text) {
        assert!(url.has_password());
        for shown in [url.to_string(), format!("{url:?}")] {
            assert!(!shown.contains(CANARY), "a password is shown: {shown}");
        }
    }
});

fn check_error(text: &str) {
    match PostgresUrl::parse(text) {
        Err(problem) => check_message(&problem.to_string()),
        Ok(url) => {
            let shown = url.to_string();
            assert!(shown.starts_with("postgres://") && !shown.contains(char::is_control), "{shown:?}");
            assert_eq!(format!("{url:?}"), format!("PostgresUrl({shown})"));
            assert!(text.starts_with("postgres://") || text.starts_with("postgresql://"));
            assert!(url.plaintext_hosts().is_none_or(|hosts| !hosts.is_empty()));
        }
    }
}
