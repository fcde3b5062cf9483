//! Metadata and its merge (wire/braintrust.md 4.3).
//!
//! Laws: a merge is what a model makes of it that sets one path after the other; merging again, or nothing, changes
//! nothing; what is too large or too deep is refused, and nothing else; its text reads back as itself.
#![no_main]

use arbitrary::Unstructured;
use keyholt_fuzz::json::object;
use keyholt_types::{FieldProblem, Metadata};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    let _ended_early = check(&mut Unstructured::new(data));
});

fn check(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (stored, mut patch) = (object(u, 5)?, object(u, 5)?);
    // Far beyond the bounds, or at them.
    if u.ratio(1, 16)? {
        let levels = u.int_in_range(28..=36)?;
        let deep = (0..levels).fold(Value::Object(Map::new()), |inner, _| Value::Array(vec![inner]));
        patch.insert("deep".to_owned(), deep);
    }
    if u.ratio(1, 16)? {
        patch.insert("long".to_owned(), "x".repeat(u.int_in_range(65_400..=65_540)?).into());
    }
    let Ok(present) = Metadata::new(stored) else { return Ok(()) };
    let model = model(present.object(), &patch);
    let fits = depth(&Value::Object(model.clone())) <= Metadata::MAX_DEPTH
        && Value::Object(model.clone()).to_string().len() <= Metadata::MAX_BYTES;
    match Metadata::merged(Some(&present), patch.clone()) {
        Ok(merged) => {
            assert!(fits);
            assert_eq!(merged.object(), model);
            assert_eq!(Metadata::from_trusted_json(merged.json()), merged);
            assert_eq!(Metadata::new(merged.object()).expect("it fits").json(), merged.json());
            assert_eq!(Metadata::merged(Some(&merged), patch).expect("it fits"), merged);
            assert_eq!(Metadata::merged(Some(&merged), Map::new()).expect("it fits"), merged);
        }
        Err(problem) => {
            assert!(!fits, "{problem}");
            assert!(matches!(problem, FieldProblem::TooDeep("32 levels") | FieldProblem::TooLong("64 KiB")));
        }
    }
    Ok(())
}

/// Sets each leaf of the patch in the object: one path after the other, without recursion.
fn model(mut object: Map<String, Value>, patch: &Map<String, Value>) -> Map<String, Value> {
    let mut paths: Vec<(Vec<&str>, &Value)> =
        patch.iter().map(|(key, value)| (vec![key.as_str()], value)).collect();
    while let Some((path, value)) = paths.pop() {
        if value.is_null() {
            continue;
        }
        let (last, above) = path.split_last().expect("a path");
        let mut place = &mut object;
        for key in above {
            place = place.get_mut(*key).and_then(Value::as_object_mut).expect("made before");
        }
        let Value::Object(inner) = value else {
            place.insert((*last).to_owned(), value.clone());
            continue;
        };
        if !place.get(*last).is_some_and(Value::is_object) {
            place.insert((*last).to_owned(), Value::Object(Map::new()));
        }
        paths.extend(inner.iter().map(|(key, value)| ([path.as_slice(), &[key.as_str()]].concat(), value)));
    }
    object
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
