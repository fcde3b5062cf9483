//! What is asked for.

use anyhow::ensure;
use keyholt_testkit::{Answer, Client};
use serde_json::json;

/// How many secrets are stored before anything is counted.
const STORED: usize = 100;
/// Every so many of them is of the type that serves the model of [`Operation::Resolve`].
const ONE_SERVES: usize = 20;

/// What is asked for, in the order in which it is: what makes the store larger comes last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    /// No API key, no store: what a request costs whoever answers it.
    Health,
    /// One secret, by its id.
    Find,
    /// Fifty secrets, with metadata and previews.
    List,
    /// The values of the five secrets of a hundred that serve a model.
    Resolve,
    /// A new secret with a value.
    Create,
}

/// All of them.
pub(super) const OPERATIONS: [Operation; 5] =
    [Operation::Health, Operation::Find, Operation::List, Operation::Resolve, Operation::Create];

impl Operation {
    /// Its name in the table and the file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Find => "get by id",
            Self::List => "list of 50",
            Self::Resolve => "resolve 5 of 100",
            Self::Create => "durable create",
        }
    }

    /// How many requests make a round: enough that what else the server does between its start and its end is small
    /// beside them.
    pub(super) const fn requests(self) -> u64 {
        match self {
            Self::Health | Self::Find => 1000,
            Self::List | Self::Resolve => 100,
            Self::Create => 250,
        }
    }

    /// One round of requests.
    ///
    /// # Errors
    /// When one is not answered with 200.
    pub(super) fn round(self, client: &mut Client, stored: &[String], round: u64) -> anyhow::Result<()> {
        for number in 0..self.requests() {
            let answer = match self {
                Self::Health => client.send("GET", "/healthz", None)?,
                Self::Find => {
                    let ids = stored.iter().cycle();
                    let id = ids.skip(usize::try_from(number)? % STORED).map(String::as_str).next();
                    client.send("GET", &format!("/v1/ai_secret/{}", id.unwrap_or_default()), None)?
                }
                Self::List => client.send("GET", "/v1/ai_secret?limit=50", None)?,
                Self::Resolve => client.json("POST", "/api/secret", &json!({ "model": "gpt-4o" }))?,
                Self::Create => create(client, &format!("MADE_{round}_{number:04}"), "anthropic")?,
            };
            check(&answer)?;
        }
        Ok(())
    }
}

/// Stores the secrets that are asked for; gives their ids.
///
/// # Errors
/// When one is refused.
pub(super) fn store(client: &mut Client) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for number in 0..STORED {
        let kind = if number % ONE_SERVES == 0 { "openai" } else { "anthropic" };
        let answer = create(client, &format!("STORED_{number:04}"), kind)?;
        check(&answer)?;
        ids.push(answer.string("/id"));
    }
    Ok(ids)
}

fn create(client: &mut Client, name: &str, kind: &str) -> anyhow::Result<Answer> {
    let body = json!({
        "name": name,
        "type": kind,
        "metadata": { "supportsStreaming": true },
        "secret": format!("sk-of-a-store-that-is-deleted-afterwards-{name:>20}"),
    });
    Ok(client.json("POST", "/v1/ai_secret", &body)?)
}

fn check(answer: &Answer) -> anyhow::Result<()> {
    ensure!(answer.status == 200, "the server answered {}", answer.status);
    Ok(())
}
