//! Which secrets are used before others.

use keyholt_types::Metadata;
use serde_json::Value;

/// The weight of a secret among several that serve a request: metadata `keyholt.weight`, a number from 0; 1 when
/// there is none or it is anything else (design/decisions.md 24).
#[must_use]
pub fn weight(metadata: &Metadata) -> f64 {
    let object = metadata.object();
    let nested = object.get("keyholt").and_then(|ours| ours.get("weight"));
    // Both readings of the name are taken: who writes the one must not be given the default in silence.
    let found = nested.or_else(|| object.get("keyholt.weight")).and_then(Value::as_f64);
    found.filter(|weight| *weight >= 0.0).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples;
    use super::*;

    #[test]
    fn a_weight_is_a_number_from_0_and_else_1() {
        for (object, expected) in [
            (json!({"keyholt": {"weight": 2}}), 2.0),
            (json!({"keyholt": {"weight": 0}}), 0.0),
            (json!({"keyholt": {"weight": 0.25}}), 0.25),
            (json!({"keyholt.weight": 3}), 3.0),
            (json!({"keyholt": {"weight": 2}, "keyholt.weight": 3}), 2.0),
            (json!({}), 1.0),
            (json!({"weight": 5}), 1.0),
            (json!({"keyholt": {"weight": -1}}), 1.0),
            (json!({"keyholt": {"weight": "2"}}), 1.0),
            (json!({"keyholt": {"weight": null}}), 1.0),
            (json!({"keyholt": 2}), 1.0),
        ] {
            let found = weight(&samples::metadata(object.clone()).unwrap());
            assert!((found - expected).abs() < f64::EPSILON, "{object} {found}");
        }
    }
}
