//! The fields of a body, taken one by one; what is wrong names the field and nothing else.

use std::borrow::Cow;

use keyholt_types::{FieldProblem, Metadata, Patch, SecretValue};
use serde_json::{Map, Value};

use crate::json::parse_object;
use crate::refusal::{JsonProblem, Refusal};

/// The fields of a body or of an object in one. Prints nothing of them.
///
/// An absent field and a null one are the same on every wire: `None`. Only [`Fields::take_patch`] tells them apart.
pub(crate) struct Fields {
    object: Map<String, Value>,
    documented: &'static [&'static str],
}

impl Fields {
    /// Reads a body that must be an object.
    ///
    /// # Errors
    /// 400 when there is none, or none as we take it.
    pub(crate) fn parse(body: &[u8], documented: &'static [&'static str]) -> Result<Self, Refusal> {
        if is_blank(body) {
            return Err(JsonProblem::Absent.into());
        }
        Ok(Self { object: parse_object(body, documented)?, documented })
    }

    /// The same, where no body, or only white space, stands for `{}` (wire/braintrust.md 1.2).
    ///
    /// # Errors
    /// 400 when there is one that is not as we take it.
    pub(crate) fn parse_optional(body: &[u8], documented: &'static [&'static str]) -> Result<Self, Refusal> {
        if is_blank(body) {
            return Ok(Self { object: Map::new(), documented });
        }
        Self::parse(body, documented)
    }

    /// Refuses fields that are not documented. One is named only if it looks like a misspelt field:
    /// anything else might be a value in the wrong place.
    ///
    /// # Errors
    /// 400 for the first one.
    pub(crate) fn reject_unknown(&self) -> Result<(), Refusal> {
        let Some(unknown) = self.object.keys().find(|key| !self.documented.contains(&key.as_str())) else {
            return Ok(());
        };
        let is_like_a_field = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        if unknown.len() <= 40 && unknown.bytes().all(is_like_a_field) {
            Err(Refusal::Field(
                Cow::Owned(unknown.clone()),
                FieldProblem::MustBe("left out: there is no such field"),
            ))
        } else {
            Err(Refusal::Request("the request body has an unknown field"))
        }
    }

    /// Takes a field of any type.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.object.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text.
    ///
    /// # Errors
    /// 400 when it is something else.
    pub(crate) fn take_string(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(must_be(name, "a string")),
        }
    }

    /// Takes a text and reads it.
    ///
    /// # Errors
    /// 400 when it is something else, or `parse` says what is wrong with it.
    pub(crate) fn take_parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FieldProblem>,
    ) -> Result<Option<T>, Refusal> {
        let text = self.take_string(name)?;
        text.map(|text| parse(&text)).transpose().map_err(|problem| Refusal::field(name, problem))
    }

    /// Takes a secret's value; its text is moved, not copied.
    ///
    /// # Errors
    /// 400 when it is no string, empty, or too long.
    pub(crate) fn take_value(&mut self, name: &'static str) -> Result<Option<SecretValue>, Refusal> {
        let text = self.take_string(name)?;
        text.map(SecretValue::parse).transpose().map_err(|problem| Refusal::field(name, problem))
    }

    /// Takes an object.
    ///
    /// # Errors
    /// 400 when it is something else.
    pub(crate) fn take_object(&mut self, name: &'static str) -> Result<Option<Map<String, Value>>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(must_be(name, "an object")),
        }
    }

    /// Takes metadata.
    ///
    /// # Errors
    /// 400 when it is no object, too large or too deep.
    pub(crate) fn take_metadata(&mut self, name: &'static str) -> Result<Option<Metadata>, Refusal> {
        let object = self.take_object(name)?;
        object.map(Metadata::new).transpose().map_err(|problem| Refusal::field(name, problem))
    }

    /// Takes an integer; `rule` says what it must be, such as `an integer`. A number with a fraction or
    /// an exponent is none.
    ///
    /// # Errors
    /// 400 when it is something else, or fits no i64.
    pub(crate) fn take_integer(
        &mut self,
        name: &'static str,
        rule: &'static str,
    ) -> Result<Option<i64>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or(must_be(name, rule)),
        }
    }

    /// Takes true or false.
    ///
    /// # Errors
    /// 400 when it is something else.
    pub(crate) fn take_bool(&mut self, name: &'static str) -> Result<Option<bool>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(must_be(name, "true or false")),
        }
    }

    /// Takes a text of which null says that there is to be none, and reads it.
    ///
    /// # Errors
    /// 400 when it is something else, or `parse` says what is wrong with it.
    pub(crate) fn take_patch<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FieldProblem>,
    ) -> Result<Patch<T>, Refusal> {
        if self.object.get(name).is_some_and(Value::is_null) {
            return Ok(Patch::Clear);
        }
        self.take_parsed(name, parse).map(Patch::keep_or_set)
    }

    /// Takes a list of texts.
    ///
    /// # Errors
    /// 400 when it is something else.
    pub(crate) fn take_strings(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Refusal> {
        let text = |item| if let Value::String(text) = item { Some(text) } else { None };
        self.take_list(name, "a list of strings", text)
    }

    /// Takes a list of objects with these fields.
    ///
    /// # Errors
    /// 400 when it is something else.
    pub(crate) fn take_list_of_fields(
        &mut self,
        name: &'static str,
        documented: &'static [&'static str],
    ) -> Result<Option<Vec<Self>>, Refusal> {
        let fields =
            |item| if let Value::Object(object) = item { Some(Self { object, documented }) } else { None };
        self.take_list(name, "a list of objects", fields)
    }

    fn take_list<T>(
        &mut self,
        name: &'static str,
        rule: &'static str,
        item: impl Fn(Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                items.into_iter().map(item).collect::<Option<_>>().map(Some).ok_or(must_be(name, rule))
            }
            Some(_) => Err(must_be(name, rule)),
        }
    }
}

/// What a required field must be.
///
/// # Errors
/// 400 when it was not given.
pub(crate) fn required<T>(name: &'static str, given: Option<T>) -> Result<T, Refusal> {
    given.ok_or(Refusal::field(name, FieldProblem::Required))
}

const fn must_be(name: &'static str, rule: &'static str) -> Refusal {
    Refusal::field(name, FieldProblem::MustBe(rule))
}

/// Whether there is nothing but what JSON takes for white space.
fn is_blank(body: &[u8]) -> bool {
    body.iter().all(|byte| b" \t\n\r".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &[&str] = &["name", "count", "list", "object", "flag"];

    fn fields(body: &str) -> Fields {
        Fields::parse(body.as_bytes(), DOCUMENTED).unwrap_or_else(|refusal| panic!("{}", refusal.message()))
    }

    fn message<T>(result: Result<T, Refusal>) -> String {
        result.err().map(|refusal| refusal.message().into_owned()).unwrap_or_default()
    }

    #[test]
    fn absent_and_null_are_the_same() {
        for body in ["{}", r#"{"name":null,"count":null,"object":null,"list":null,"flag":null}"#] {
            let mut fields = fields(body);
            assert_eq!(fields.take_string("name"), Ok(None));
            assert_eq!(fields.take_integer("count", "an integer"), Ok(None));
            assert_eq!(fields.take_object("object"), Ok(None));
            assert_eq!(fields.take_strings("list"), Ok(None));
            assert_eq!(fields.take_bool("flag"), Ok(None));
            assert_eq!(message(required("name", None::<String>)), "name is required");
        }
    }

    #[test]
    fn a_wrong_type_names_the_field() {
        let mut fields = fields(r#"{"name":1,"count":1.5,"object":[],"list":[1],"flag":"x"}"#);
        assert_eq!(message(fields.take_string("name")), "name must be a string");
        assert_eq!(message(fields.take_integer("count", "an integer")), "count must be an integer");
        assert_eq!(message(fields.take_object("object")), "object must be an object");
        assert_eq!(message(fields.take_strings("list")), "list must be a list of strings");
        assert_eq!(message(fields.take_bool("flag")), "flag must be true or false");
    }

    #[test]
    fn a_patch_tells_null_from_absent() {
        let patch = |body| fields(body).take_patch("name", |text| Ok(text.to_owned()));
        assert_eq!(patch("{}"), Ok(Patch::Keep));
        assert_eq!(patch(r#"{"name":null}"#), Ok(Patch::Clear));
        assert_eq!(patch(r#"{"name":"a"}"#), Ok(Patch::Set("a".into())));
        assert_eq!(message(patch(r#"{"name":1}"#)), "name must be a string");
    }

    #[test]
    fn bounds_name_the_field() {
        assert_eq!(message(fields(r#"{"name":""}"#).take_value("name")), "name must not be empty");
        assert_eq!(
            message(fields(r#"{"name":"a\tb"}"#).take_parsed("name", keyholt_types::SecretName::parse)),
            "name must not contain control characters"
        );
    }

    #[test]
    fn unknown_fields_are_named_only_if_they_look_like_fields() {
        assert_eq!(fields(r#"{"name":1}"#).reject_unknown(), Ok(()));
        assert_eq!(
            message(fields(r#"{"nmae":1}"#).reject_unknown()),
            "nmae must be left out: there is no such field"
        );
        for hidden in ["sk-abcdefgh", "token1", "A", "{x}", "a b"] {
            let refusal = message(fields(&format!(r#"{{"{hidden}":1}}"#)).reject_unknown());
            assert_eq!(refusal, "the request body has an unknown field");
        }
    }

    #[test]
    fn an_empty_body_stands_for_an_empty_object_where_bodies_are_optional() {
        for body in ["", " \r\n\t"] {
            assert!(Fields::parse_optional(body.as_bytes(), DOCUMENTED).is_ok());
            assert_eq!(message(Fields::parse(body.as_bytes(), DOCUMENTED)), "a request body is required");
        }
        assert_eq!(
            message(Fields::parse_optional(b"[]", DOCUMENTED)),
            "the request body must be a JSON object"
        );
        assert_eq!(
            message(Fields::parse_optional(b"{\"name\":1,\"name\":1}", DOCUMENTED)),
            "name must be given once"
        );
    }
}
