//! Bodies that are hard to parse.

use crate::victim::{ORG, PROJECT, VALUE, Victim};

/// Wherever a body can be put: as the field itself, and as one that is ignored.
pub(crate) fn bodies(inner: &str) -> [(&'static str, String); 6] {
    [
        (ORG, format!(r#"{{"name":"a","secret":"{VALUE}","metadata":{inner}}}"#)),
        (ORG, format!(r#"{{"name":"a","secret":"{VALUE}","unknown":{inner}}}"#)),
        (ORG, format!(r#"{{"name":{inner}}}"#)),
        (PROJECT, format!(r#"{{"name":"a","value":"{VALUE}","unknown":{inner}}}"#)),
        (PROJECT, format!(r#"{{"name":"a","value":{inner}}}"#)),
        ("/keyholt/v1/secrets", format!(r#"{{"name":"a","value":"{VALUE}","metadata":{inner}}}"#)),
    ]
}

/// What is refused wherever it stands, with names.
pub(crate) fn refused() -> [(&'static str, String); 17] {
    let keys: String = (0..60_000).map(|number| format!(r#""k{number}":0,"#)).collect();
    [
        ("arrays 100,000 deep", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("objects 100,000 deep", format!("{}0{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000))),
        ("arrays that never end", "[".repeat(400_000)),
        ("65 deep", format!("{}{}", "[".repeat(65), "]".repeat(65))),
        ("60,000 keys", format!(r#"{{{keys}"last":0}}"#)),
        ("a number of 10,000 digits", "7".repeat(10_000)),
        ("a fraction of 10,000 digits and a large exponent", format!("0.{}e999", "7".repeat(10_000))),
        ("an infinite number", "1e400".to_owned()),
        ("a key twice", r#"{"a":1,"a":1}"#.to_owned()),
        ("a key twice, written in two ways", r#"{"a":1,"\u0061":1}"#.to_owned()),
        ("a key twice, deep down", r#"[[{"b":{"a":1,"a":1}}]]"#.to_owned()),
        ("a lone surrogate", r#""\ud800""#.to_owned()),
        ("a lone surrogate as a key", r#"{"\udc00":1}"#.to_owned()),
        ("NaN", "NaN".to_owned()),
        ("a leading zero", "01".to_owned()),
        ("a raw line break in a text", "\"a\nb\"".to_owned()),
        ("a comment", "1/*x*/".to_owned()),
    ]
}

#[test]
fn a_body_beyond_the_limits_of_json_is_refused() {
    let mut victim = Victim::start();
    for (name, inner) in refused() {
        for (target, body) in bodies(&inner) {
            let answer = victim.ask("POST", target, body.as_bytes());
            assert!(
                matches!(answer.status, 400 | 413),
                "{name} to {target}: {} {}",
                answer.status,
                answer.text()
            );
        }
    }
    assert_eq!(victim.names(), ["ordinary"]);
    victim.log();
    victim.assert_growth_below(24 * 1024 * 1024);
}

#[test]
fn a_body_that_is_merely_large_costs_a_small_multiple_of_its_size() {
    let mut victim = Victim::start();
    let arrays = format!("[{}[]]", "[],".repeat(300_000));
    for (target, body) in bodies(&arrays) {
        let answer = victim.ask("POST", target, body.as_bytes());
        assert!(matches!(answer.status, 200 | 400), "{} {}", answer.status, answer.text());
    }
    let escapes = format!("\"{}\"", r"\u0001".repeat(150_000));
    for (target, body) in bodies(&escapes) {
        let answer = victim.ask("POST", target, body.as_bytes());
        assert!(matches!(answer.status, 200 | 400), "{} {}", answer.status, answer.text());
    }
    victim.assert_growth_below(24 * 1024 * 1024);
}

#[test]
fn a_refusal_never_repeats_what_was_sent() {
    let mut victim = Victim::start();
    for body in [
        format!(r#"{{"name":"a","secret":["{VALUE}"]}}"#),
        format!(r#"{{"name":"a","secret":{{"{VALUE}":1}}}}"#),
        format!(r#"{{"name":"a","type":{{"x":"{VALUE}"}}}}"#),
        format!(r#"{{"name":"a","metadata":"{VALUE}"}}"#),
        format!(r#"{{"name":"a","metadata":{{"{VALUE}":1,"{VALUE}":2}}}}"#),
        format!(r#"{{"{VALUE}":1,"{VALUE}":2}}"#),
        format!(r#""{VALUE}""#),
        format!(r#"{{"name":"a","secret":"{VALUE}" "x"}}"#),
        format!(r#"{{"name":"a","secret":"{VALUE}\x"}}"#),
        VALUE.to_owned(),
        format!(r#"{{"name":"a","org_name":"{VALUE}"}}"#),
    ] {
        for target in [
            ORG,
            PROJECT,
            "/keyholt/v1/secrets",
            "/keyholt/v1/secrets/import",
            "/keyholt/v1/api-keys",
            "/keyholt/v1/orgs",
        ] {
            let answer = victim.ask("POST", target, body.as_bytes());
            assert!(matches!(answer.status, 400 | 403), "{target} {body}: {} {}", answer.status, answer.text());
        }
    }
    for target in [
        format!("{ORG}/{VALUE}"),
        format!("{ORG}?limit={VALUE}"),
        format!("{ORG}?ids={VALUE}"),
        format!("{PROJECT}/{VALUE}"),
        format!("/{VALUE}"),
        format!("/keyholt/v1/secrets/{VALUE}"),
        format!("/keyholt/v1/secrets?limit={VALUE}"),
    ] {
        let answer = victim.ask("GET", &target, b"");
        assert!(answer.status >= 400, "{target}: {}", answer.text());
    }
    victim.log();
}
