//! What narrows an API key beside its rights: shown, and read from a body.

use std::borrow::Cow;

use keyholt_types::{
    AddressRange, FieldProblem, NamePattern, NotAnAddressRange, Restriction, Restrictions, SecretType,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fields::Fields;
use crate::refusal::Refusal;

/// What narrows an API key: each list that is not empty must have an element that fits.
#[derive(Serialize, ToSchema)]
#[schema(as = Restriction)]
pub(super) struct ShownRestriction {
    /// Patterns of secrets' names: `*` stands for any number of characters, `?` for one.
    names: Vec<String>,
    /// The secrets' types, exactly.
    types: Vec<String>,
    /// Networks such as `10.0.0.0/8` that requests may come from.
    addresses: Vec<String>,
}

impl From<&Restriction> for ShownRestriction {
    fn from(restriction: &Restriction) -> Self {
        Self {
            names: restriction.names.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
            types: restriction.types.iter().map(|kind| kind.as_str().to_owned()).collect(),
            addresses: restriction.addresses.iter().map(AddressRange::to_string).collect(),
        }
    }
}

/// All that narrows an API key; nothing when it is not narrowed.
pub(super) fn shown(restrictions: &Restrictions) -> Vec<ShownRestriction> {
    restrictions.each().iter().map(ShownRestriction::from).collect()
}

/// Takes what is to narrow an API key: `names`, `types`, `addresses`.
///
/// # Errors
/// 400 for a list that is empty or too long, and for the first element that is out of bounds.
pub(super) fn take_restriction(fields: &mut Fields) -> Result<Restriction, Refusal> {
    Ok(Restriction {
        names: take_list(fields, "names", NamePattern::parse)?,
        types: take_list(fields, "types", SecretType::parse)?,
        addresses: take_list(fields, "addresses", parse_address_range)?,
    })
}

fn take_list<T>(
    fields: &mut Fields,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, FieldProblem>,
) -> Result<Vec<T>, Refusal> {
    let Some(texts) = fields.take_strings(name)? else { return Ok(Vec::new()) };
    // An empty list would narrow nothing, which is hardly what was meant.
    if !(1..=Restriction::MOST).contains(&texts.len()) {
        return Err(Refusal::field(name, FieldProblem::MustBe("a list of 1 to 100 strings")));
    }
    let element = |(index, text): (usize, &String)| {
        parse(text).map_err(|problem| Refusal::Field(Cow::Owned(format!("{name}.{index}")), problem))
    };
    texts.iter().enumerate().map(element).collect()
}

fn parse_address_range(text: &str) -> Result<AddressRange, FieldProblem> {
    text.parse().map_err(|NotAnAddressRange| FieldProblem::MustBe("an address or a network such as 10.0.0.0/8"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn take(body: &Value) -> Result<Restriction, String> {
        let fields = Fields::parse(body.to_string().as_bytes(), &["names", "types", "addresses"]);
        let taken = fields.and_then(|mut fields| take_restriction(&mut fields));
        taken.map_err(|refusal| refusal.message().into_owned())
    }

    #[test]
    fn what_is_not_given_narrows_nothing() {
        for body in [json!({}), json!({"names": null, "types": null, "addresses": null})] {
            assert!(take(&body).unwrap().is_empty());
        }
    }

    #[test]
    fn a_restriction_is_shown_as_it_is_kept() {
        let given =
            json!({"names": ["OPENAI_*", "a?"], "types": ["openai", ""], "addresses": ["10.0.0.0/8", "::1"]});
        let restriction = take(&given).unwrap();
        let shown = serde_json::to_value(ShownRestriction::from(&restriction)).unwrap();
        let kept = json!({"names": ["OPENAI_*", "a?"], "types": ["openai", ""], "addresses": ["10.0.0.0/8", "::1/128"]});
        assert_eq!(shown, kept);
    }

    #[test]
    fn lists_have_bounds_and_an_empty_one_is_not_taken_for_none() {
        for name in ["names", "types", "addresses"] {
            let most = vec!["10.0.0.1"; Restriction::MOST];
            assert!(take(&json!({name: most})).is_ok());
            for wrong in [json!([]), json!(vec!["10.0.0.1"; Restriction::MOST + 1])] {
                let message = take(&json!({name: wrong})).unwrap_err();
                assert_eq!(message, format!("{name} must be a list of 1 to 100 strings"));
            }
            for wrong in [json!("10.0.0.1"), json!([1]), json!({})] {
                let message = take(&json!({name: wrong})).unwrap_err();
                assert_eq!(message, format!("{name} must be a list of strings"));
            }
        }
    }

    #[test]
    fn a_fault_names_the_list_and_the_place_in_it() {
        let long = "x".repeat(257);
        for (body, message) in [
            (json!({"names": ["a", ""]}), "names.1 must not be empty"),
            (json!({"names": [long]}), "names.0 must not be longer than 256 characters"),
            (json!({"names": ["a\n"]}), "names.0 must not contain control characters"),
            (json!({"types": ["openai", "x", "\t"]}), "types.2 must not contain control characters"),
            (
                json!({"addresses": ["10.0.0.0/33"]}),
                "addresses.0 must be an address or a network such as 10.0.0.0/8",
            ),
        ] {
            assert_eq!(take(&body).unwrap_err(), message);
        }
    }
}
