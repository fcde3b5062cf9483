//! `keyholt secret set`.

use std::io::{self, IsTerminal, Read};

use anyhow::{Context, Result, bail};
use clap::Args;
use keyholt_engine::providers::ProviderType;
use keyholt_types::SecretValue;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::find;
use crate::client::{ClientError, ClientOptions, Connection, text};
use crate::config::UsageError;
use crate::output::{self, visible};

/// Make a secret, or give it a new value
///
/// The value is asked for without echo on a terminal, and read from standard input otherwise. One line break
/// at its end, which editors and echo put there, is not part of it. It is never an argument, since others can
/// read a command line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyholt secret set OPENAI_API_KEY --type openai
  keyholt secret set ANTHROPIC_API_KEY --type anthropic < key.txt
  keyholt secret set AZURE_KEY --type azure --metadata '{\"api_base\": \"https://x.example\"}'
  keyholt secret set AZURE_KEY --keep-value --metadata '{\"deployment\": \"small\"}'

Of a secret that exists, metadata are merged into what it has; what is not given stays as it is.")]
pub(crate) struct Set {
    /// The secret's name, 1 to 256 characters
    name: String,

    /// Its type, such as openai, anthropic, azure, bedrock
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// A JSON object for clients to read; not the place for anything private
    #[arg(long, value_name = "JSON", value_parser = parse_object)]
    metadata: Option<Map<String, Value>>,

    /// What it is for, at most 500 characters
    #[arg(long)]
    description: Option<String>,

    /// Changes the rest of a secret that exists; no value is asked for
    #[arg(long)]
    keep_value: bool,

    /// The organisation, where the API key belongs to several
    #[arg(long, value_name = "NAME")]
    org: Option<String>,

    #[command(flatten)]
    client: ClientOptions,
}

impl Set {
    pub(super) async fn run(self) -> Result<()> {
        let server = self.client.connect()?;
        // Before the value is typed: what would be refused anyway is refused here.
        let existing = self.existing(&server).await?;
        if self.keep_value && existing.is_none() {
            bail!("there is no secret {} whose value could be kept", visible(&self.name));
        }
        let value = if self.keep_value { None } else { Some(read_value(&self.name)?) };
        let body = self.body(value.as_ref());
        let (secret, verb) = match existing {
            Some(id) => (self.update(&server, &id, body).await?, "changed"),
            None => match self.create(&server, body.clone()).await {
                // Made by somebody else while the value was typed.
                Err(error) if error.is_name_taken() => match self.existing(&server).await? {
                    Some(id) => (self.update(&server, &id, body).await?, "changed"),
                    None => return Err(error.into()),
                },
                made => (made?, "made"),
            },
        };
        if let Some(note) = self.kind.as_deref().and_then(note_on_type) {
            output::note(&note);
        }
        if self.client.json {
            return output::json(&secret);
        }
        output::line(&format!("{verb} {} ({})", visible(&self.name), text(&secret, "id")))
    }

    /// The id of the secret that has the name in the organisation that is meant.
    async fn existing(&self, server: &Connection) -> Result<Option<String>> {
        let whoami = server.get("whoami", &[]).await?;
        let orgs = whoami.get("orgs").and_then(Value::as_array).map_or(0, Vec::len);
        if self.org.is_none() && orgs > 1 {
            return Err(UsageError(
                "the API key belongs to several organisations; say which with --org".into(),
            )
            .into());
        }
        let found = find::named(server, self.org.as_deref(), &self.name).await?;
        Ok(found.first().map(|secret| text(secret, "id").to_owned()))
    }

    async fn create(&self, server: &Connection, mut body: Map<String, Value>) -> Result<Value, ClientError> {
        body.insert("name".to_owned(), json!(self.name));
        if let Some(org) = &self.org {
            body.insert("org".to_owned(), json!(org));
        }
        server.send_body(Method::POST, "secrets", &Value::Object(body)).await
    }

    async fn update(&self, server: &Connection, id: &str, body: Map<String, Value>) -> Result<Value> {
        Ok(server.send_body(Method::PATCH, &format!("secrets/{id}"), &Value::Object(body)).await?)
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the value is sent to the server that is to keep it")]
    fn body(&self, value: Option<&SecretValue>) -> Map<String, Value> {
        let mut body = Map::new();
        if let Some(value) = value {
            body.insert("value".to_owned(), json!(value.expose()));
        }
        if let Some(kind) = &self.kind {
            body.insert("type".to_owned(), json!(kind));
        }
        if let Some(metadata) = &self.metadata {
            body.insert("metadata".to_owned(), json!(metadata));
        }
        if let Some(description) = &self.description {
            body.insert("description".to_owned(), json!(description));
        }
        body
    }
}

/// Any text may be a type, since a secret may be for something else; who writes a provider's otherwise than proxies do
/// should know.
fn note_on_type(kind: &str) -> Option<String> {
    if ProviderType::parse(kind).is_some() {
        return None;
    }
    let words = ProviderType::ALL.map(ProviderType::word);
    let shown = visible(kind);
    Some(match words.iter().find(|word| word.eq_ignore_ascii_case(kind)) {
        Some(word) => {
            format!("note: {shown} is no provider's type, {word} is: the gateway does not use this secret")
        }
        None => format!(
            "note: {shown} is no provider's type, so the gateway does not use this secret; there are {}",
            words.join(", ")
        ),
    })
}

/// Reads a JSON object. What is wrong is said without repeating it.
fn parse_object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("must be a JSON object, such as {\"team\": \"search\"}".to_owned()),
        Err(error) => Err(format!("is not JSON at line {}, column {}", error.line(), error.column())),
    }
}

fn read_value(name: &str) -> Result<SecretValue> {
    let text = if io::stdin().is_terminal() {
        rpassword::prompt_password(format!("Value of {}: ", visible(name)))
            .context("the terminal cannot be read")?
    } else {
        read_text(io::stdin().lock())?
    };
    match SecretValue::parse(text) {
        Ok(value) => Ok(value),
        Err(problem) => bail!("the value {problem}"),
    }
}

/// Reads to the end, a little more than a value may have at most, and takes one line break off the end.
fn read_text(from: impl Read) -> Result<String> {
    let most = u64::try_from(SecretValue::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(3);
    let mut text = String::new();
    // The message of the library does not repeat what was read.
    from.take(most).read_to_string(&mut text).context("standard input is not a text in UTF-8")?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_a_value() {
        for (given, value) in [
            ("key\n", "key"),
            ("key\r\n", "key"),
            ("key\n\n", "key\n"),
            ("key", "key"),
            (" key \r", " key \r"),
            ("a\nb\n", "a\nb"),
            ("\n", ""),
        ] {
            assert_eq!(read_text(given.as_bytes()).unwrap(), value, "{given:?}");
        }
    }

    #[test]
    fn the_longest_value_fits_with_its_line_break_and_a_longer_one_does_not_pass_for_it() {
        let longest = "x".repeat(SecretValue::MAX_BYTES);
        assert_eq!(read_text(format!("{longest}\r\n").as_bytes()).unwrap(), longest);
        let longer = read_text(format!("{longest}xxxxxxx\n").as_bytes()).unwrap();
        assert!(SecretValue::parse(longer).is_err());
    }

    #[test]
    fn what_is_no_text_is_refused_without_repeating_it() {
        let refused = format!("{:#}", read_text(b"very-private\xff".as_slice()).unwrap_err());
        assert!(refused.contains("UTF-8") && !refused.contains("private"), "{refused}");
    }

    #[test]
    fn who_writes_a_type_otherwise_than_proxies_do_is_told() {
        assert_eq!(note_on_type("openai"), None);
        assert!(note_on_type("OpenAI").is_some_and(|note| note.contains("openai is")));
        let note = note_on_type("gem\u{1b}ini").unwrap();
        assert!(note.contains("google") && !note.contains('\u{1b}'), "{note}");
    }

    #[test]
    fn metadata_is_an_object() {
        assert_eq!(parse_object(r#"{"a": 1}"#).unwrap().len(), 1);
        for wrong in ["", "1", "[]", "null", r#"{"a": very-private}"#] {
            let refused = parse_object(wrong).unwrap_err();
            assert!(!refused.contains("private"), "{refused}");
        }
    }
}
