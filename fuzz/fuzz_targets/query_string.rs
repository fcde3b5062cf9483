//! Query strings (wire/braintrust.md 1.2).
//!
//! Laws: what is read is what the URL standard reads; broken percent-encoding and what is no UTF-8 is refused, and nothing
//! else; a refusal is one line that repeats nothing of the query.
#![no_main]

use keyholt_api::fuzzing::{Parameter, read_parameter};
use keyholt_fuzz::canary::{check_message, plant};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 3] = ["limit", "ids", "a b"];

fuzz_target!(|data: &[u8]| {
    let planted = plant(data);
    let Ok(query) = std::str::from_utf8(&planted) else { return };
    for name in NAMES {
        match read_parameter(query, name) {
            Err(refusal) => {
                check_message(&refusal);
                assert!(!is_well_formed(query), "{query} is refused");
            }
            Ok(parameter) => {
                assert!(is_well_formed(query), "{query} is taken");
                check(query, name, &parameter);
            }
        }
    }
});

/// Each `%` stands before two digits, and the bytes are UTF-8 within each name and value.
fn is_well_formed(query: &str) -> bool {
    query.split(['&', '=']).all(|text| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, after @ ..] = rest {
            rest = after;
            if *first != b'%' {
                bytes.push(*first);
                continue;
            }
            let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
            let Some(digits) = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            else {
                return false;
            };
            bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
            rest = &after[2..];
        }
        String::from_utf8(bytes).is_ok()
    })
}

fn check(query: &str, name: &str, parameter: &Parameter) {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let values = |named: &dyn Fn(&str) -> bool| -> Vec<&str> {
        pairs.iter().filter(|(given, _)| named(given)).map(|(_, value)| value.as_str()).collect()
    };
    let single = values(&|given| given == name);
    match &parameter.single {
        Ok(text) => {
            assert!(single.len() <= 1);
            assert_eq!(text.as_deref(), single.first().copied());
        }
        Err(refusal) => {
            check_message(refusal);
            assert!(single.len() > 1);
        }
    }
    match &parameter.number {
        Ok(None) => assert!(single.is_empty() || single == [""]),
        Ok(Some(number)) => {
            let digits = single[0].trim_start_matches('0');
            let as_printed = if digits.is_empty() { "0" } else { digits };
            // What fits no i64 is the largest that does.
            assert!(*number == i64::MAX.cast_unsigned() || number.to_string() == as_printed);
            assert!(*number <= i64::MAX.cast_unsigned());
        }
        Err(refusal) => check_message(refusal),
    }
    let listed = values(&|given| given == name || given.strip_suffix("[]") == Some(name));
    let elements: Vec<&str> = listed.iter().flat_map(|value| value.split(',')).collect();
    let expected = (!listed.is_empty()).then_some(elements);
    assert_eq!(
        parameter.list.as_ref().map(|list| list.iter().map(String::as_str).collect::<Vec<_>>()),
        expected
    );
}
