//! The store that is copied.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde_json::json;

use super::state::{State, see};
use crate::{Client, Random, Setup};

/// Rows of each collection that are in the database itself, and writes that are in its log only.
const ROWS: usize = 160;
const WRITES: usize = 24;

/// A filled store whose server was killed.
pub(super) struct Original {
    setup: Setup,
    /// What was in it before the writes that are in the log only, and after each of them.
    pub(super) states: Vec<State>,
    /// All values that a secret ever had, by its id: the last one last.
    pub(super) values: BTreeMap<String, Vec<String>>,
}

impl Original {
    /// Fills a store with secrets of organisations and projects, identities and deleted rows.
    ///
    /// # Errors
    /// In words, when the server does not do so.
    pub(super) fn fill(program: &PathBuf, random: &mut Random) -> Result<Self, String> {
        let setup = Setup::new(program).map_err(|problem| problem.to_string())?;
        let setup = setup.variable("KEYHOLT_LIMITS_PER_API_KEY", "0");
        let server = setup.start().map_err(|problem| format!("does not start: {problem:?}"))?;
        let mut client = server.client();
        let mut original = Self { setup, states: Vec::new(), values: BTreeMap::new() };
        for number in 0..ROWS {
            original.write(&mut client, random, number)?;
        }
        for number in 0..8 {
            let name = json!({ "name": format!("project-{number}") });
            send(&mut client, "POST", "/keyholt/v1/projects", &name)?;
            let key = json!({ "name": format!("key-{number}"), "role": "engineer" });
            send(&mut client, "POST", "/keyholt/v1/api-keys", &key)?;
        }
        // All of it goes from the log into the database.
        let ended = server.stop().map_err(|problem| problem.to_string())?;
        if !ended.success() {
            return Err(format!("does not end well: {ended:?}"));
        }
        let server = original.setup.start().map_err(|problem| format!("does not start: {problem:?}"))?;
        let mut client = server.client();
        original.remember(&mut client)?;
        for _ in 0..WRITES {
            let number = usize::try_from(random.below(2 * ROWS as u64)).unwrap_or_default();
            original.write(&mut client, random, number)?;
            original.remember(&mut client)?;
        }
        server.kill().map_err(|problem| problem.to_string())?;
        Ok(original)
    }

    /// A new setup with the same files, so far as they are needed.
    ///
    /// # Errors
    /// When they cannot be copied.
    pub(super) fn copy(&self, program: &PathBuf) -> io::Result<Setup> {
        let copy = Setup::new(program)?.variable("KEYHOLT_LIMITS_PER_API_KEY", "0");
        fs::create_dir(copy.data_dir())?;
        for name in FILES {
            fs::copy(self.setup.data_dir().join(name), copy.data_dir().join(name))?;
        }
        let root_key = "data.root-key";
        fs::copy(self.setup.folder().join(root_key), copy.folder().join(root_key))?;
        Ok(copy)
    }

    /// One secret of each collection: made, or given another value.
    fn write(&mut self, client: &mut Client, random: &mut Random, number: usize) -> Result<(), String> {
        let stamp = random.text(16);
        // Of many lengths, so that pages are filled differently.
        let length = usize::try_from(random.below(400)).unwrap_or_default() + 16;
        let value = format!("sk-{}-{stamp}", random.text(length));
        let is_of_org = number.is_multiple_of(2);
        let body = if is_of_org {
            json!({ "name": format!("org-{number}"), "type": stamp, "secret": value, "metadata": { "stamp": stamp } })
        } else {
            json!({ "name": format!("project-{number}"), "description": stamp, "value": value })
        };
        let (collection, method) =
            if is_of_org { ("/v1/ai_secret", "PUT") } else { ("/v1/deployments/secrets", "POST") };
        let mut answer = client.json(method, collection, &body).map_err(|problem| problem.to_string())?;
        if answer.status != 200 && !is_of_org {
            // It is there already.
            let target = format!("{collection}/project-{number}");
            answer = client.json("PATCH", &target, &body).map_err(|problem| problem.to_string())?;
        }
        if answer.status != 200 {
            return Err(format!("{method} {collection}: {} {}", answer.status, answer.text()));
        }
        self.values.entry(answer.string("/id")).or_default().push(value);
        Ok(())
    }

    fn remember(&mut self, client: &mut Client) -> Result<(), String> {
        let seen = see(client);
        if !seen.errors.is_empty() {
            return Err(seen.errors.join(", "));
        }
        self.states.push(seen.state);
        Ok(())
    }
}

/// What is copied: the index of the log is made anew from it.
const FILES: [&str; 2] = ["keyholt.db", "keyholt.db-wal"];

fn send(client: &mut Client, method: &str, target: &str, body: &serde_json::Value) -> Result<(), String> {
    let answer = client.json(method, target, body).map_err(|problem| problem.to_string())?;
    if answer.status == 200 {
        Ok(())
    } else {
        Err(format!("{method} {target}: {} {}", answer.status, answer.text()))
    }
}
