//! The variables that revealed secrets become.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use keyholt_types::SecretValue;
use serde_json::Value;

use super::variable_name::{is_obeyed, is_variable_name};
use crate::config::UsageError;
use crate::output::visible;

/// How many names a note has room for.
const NAMED: usize = 10;

/// Which secrets are wanted, and under which names.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// The names of the variables; all that can be when empty.
    pub(super) only: Vec<String>,
    /// The deployment whose secrets they are: `NAME` is the secret `DEPLOYMENT-NAME`.
    pub(super) deployment: Option<String>,
}

impl Wanted {
    /// Checks what can be known before anything is asked for.
    ///
    /// # Errors
    /// When a variable cannot have one of the names.
    pub(super) fn check(&self) -> Result<(), UsageError> {
        match self.only.iter().find(|name| !is_variable_name(name)) {
            None => Ok(()),
            Some(name) => Err(UsageError(format!(
                "--only: no variable can be called {}: letters, digits and _ are possible",
                visible(name)
            ))),
        }
    }

    /// The names of the secrets; none for all.
    pub(super) fn secrets(&self) -> Option<Vec<String>> {
        let secret = |name: &String| match &self.deployment {
            Some(deployment) => format!("{deployment}-{name}"),
            None => name.clone(),
        };
        (!self.only.is_empty()).then(|| self.only.iter().map(secret).collect())
    }

    /// The variable that a secret is to become; none when it is another deployment's.
    fn variable<'a>(&self, secret: &'a str) -> Option<&'a str> {
        match &self.deployment {
            Some(deployment) => secret.strip_prefix(deployment.as_str())?.strip_prefix('-'),
            None => Some(secret),
        }
    }
}

/// The variables, and the names that could not become any.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// What to set.
    pub(super) set: BTreeMap<String, SecretValue>,
    unnameable: Vec<String>,
    obeyed: Vec<String>,
    with_nul: Vec<String>,
}

impl Variables {
    /// What revealed secrets become; their values are moved out of the answer.
    ///
    /// # Errors
    /// When one that is asked for by name is not there or can be no variable, and when two have one name.
    pub(super) fn of(revealed: Vec<Value>, wanted: &Wanted) -> Result<Self> {
        let mut variables = Self::default();
        for mut secret in revealed {
            let Some(Value::String(text)) = secret.get_mut("value").map(Value::take) else { continue };
            let Some(name) = secret.get("name").and_then(Value::as_str) else { continue };
            let Ok(value) = SecretValue::parse(text) else { continue };
            let Some(name) = wanted.variable(name) else { continue };
            variables.add(name, value, wanted)?;
        }
        let is_missing = |name: &&String| !variables.set.contains_key(*name);
        let missing: Vec<&String> = wanted.only.iter().filter(is_missing).collect();
        if let Some(name) = variables.with_nul.iter().find(|name| missing.contains(name)) {
            bail!("the value of {name} has a NUL byte, which no variable can hold");
        }
        if !missing.is_empty() {
            bail!(
                "there is no value for {}\n  no such secret is there, it has no value, or this API key may not reveal \
                 it; `keyholt secret list` shows what there is",
                listed(&missing)
            );
        }
        Ok(variables)
    }

    fn add(&mut self, name: &str, value: SecretValue, wanted: &Wanted) -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "EXPOSE: the value is looked through for a NUL byte")]
        let has_nul = value.expose().contains('\0');
        let left_out = if !is_variable_name(name) {
            &mut self.unnameable
        } else if has_nul {
            &mut self.with_nul
        } else if is_obeyed(name) && wanted.only.is_empty() {
            &mut self.obeyed
        } else {
            if self.set.insert(name.to_owned(), value).is_some() {
                bail!("several organisations have a secret {name}\n  say which with --org");
            }
            return Ok(());
        };
        left_out.push(name.to_owned());
        Ok(())
    }

    /// What there is to say of the secrets that became no variables: a line for each reason.
    pub(super) fn notes(&self) -> Vec<String> {
        [
            (&self.unnameable, "left out, since no variable can have such a name"),
            (
                &self.obeyed,
                "left out, since shells and programs obey such variables; --only sets them all the same",
            ),
            (&self.with_nul, "left out, since no variable can hold the NUL byte in the value"),
        ]
        .into_iter()
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, reason)| format!("{reason}: {}", listed(&names.iter().collect::<Vec<_>>())))
        .collect()
    }
}

fn listed(names: &[&String]) -> String {
    let shown: Vec<_> = names.iter().take(NAMED).map(|name| visible(name)).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(secrets: &[(&str, Value)], only: &[&str], deployment: Option<&str>) -> Result<Variables> {
        let wanted = Wanted {
            only: only.iter().map(|name| (*name).to_owned()).collect(),
            deployment: deployment.map(str::to_owned),
        };
        let secret = |(name, value): &(&str, Value)| json!({"id": "x", "name": name, "value": value});
        Variables::of(secrets.iter().map(secret).collect(), &wanted)
    }

    fn names(variables: &Variables) -> Vec<&str> {
        variables.set.keys().map(String::as_str).collect()
    }

    #[test]
    fn what_can_be_a_variable_becomes_one_and_the_rest_is_named() {
        let all = [
            ("OPENAI_API_KEY", json!("v")),
            ("team/KEY", json!("v")),
            ("my key\u{1b}", json!("v")),
            ("PATH", json!("v")),
            ("NUL", json!("a\0b")),
            ("NO_VALUE", json!(null)),
        ];
        let variables = of(&all, &[], None).unwrap();
        assert_eq!(names(&variables), ["OPENAI_API_KEY"]);
        let notes = variables.notes();
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(notes[0].ends_with(r": team/KEY, my key\u{1b}"), "{notes:?}");
        assert!(notes[1].ends_with(": PATH") && notes[2].ends_with(": NUL"), "{notes:?}");
        let many: Vec<(String, Value)> = (0..12).map(|n| (format!("{n}"), json!("v"))).collect();
        let many: Vec<(&str, Value)> =
            many.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        assert!(of(&many, &[], None).unwrap().notes()[0].ends_with("8, 9 and 2 more"));
    }

    #[test]
    fn what_is_asked_for_by_name_is_set_or_nothing_is_done() {
        let all = [("PATH", json!("v")), ("A", json!("v")), ("NUL", json!("a\0b"))];
        assert_eq!(names(&of(&all, &["PATH", "A"], None).unwrap()), ["A", "PATH"]);
        let refused = of(&all, &["A", "B", "C"], None).unwrap_err().to_string();
        assert!(refused.starts_with("there is no value for B, C\n"), "{refused}");
        let refused = of(&all, &["NUL"], None).unwrap_err().to_string();
        assert!(refused.contains("NUL byte"), "{refused}");
        let wanted = Wanted { only: vec!["team/KEY".to_owned()], deployment: None };
        assert!(wanted.check().unwrap_err().to_string().contains("team/KEY"));
    }

    #[test]
    fn the_secrets_of_a_deployment_lose_its_name() {
        let all = [
            ("web-TOKEN", json!("v")),
            ("web2-TOKEN", json!("w")),
            ("TOKEN", json!("x")),
            ("web-", json!("y")),
        ];
        assert_eq!(names(&of(&all, &[], Some("web")).unwrap()), ["TOKEN"]);
        let wanted = Wanted { only: vec!["TOKEN".to_owned()], deployment: Some("web".to_owned()) };
        assert_eq!(wanted.secrets(), Some(vec!["web-TOKEN".to_owned()]));
        assert_eq!(Wanted::default().secrets(), None);
    }

    #[test]
    fn two_secrets_of_one_name_are_told_of() {
        let refused = of(&[("A", json!("v")), ("A", json!("w"))], &[], None).unwrap_err().to_string();
        assert!(refused.contains("several organisations have a secret A"), "{refused}");
    }

    #[test]
    fn values_do_not_print() {
        let variables = of(&[("A", json!("very-private"))], &[], None).unwrap();
        assert!(!format!("{variables:?}").contains("very-private"));
    }
}
