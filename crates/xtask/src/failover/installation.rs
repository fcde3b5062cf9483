//! A pair of PostgreSQL servers and nodes on it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{anyhow, ensure};
use keyholt_testkit::postgres::{Cluster, Pair};
use keyholt_testkit::{Client, Deadline, Server, Setup};

/// How long anything may take until nodes serve again, or say what they must.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What the rounds are about.
pub(super) struct Installation {
    /// The servers, named by their roles at the moment.
    pub(super) pair: Pair,
    /// The nodes, which know both servers and not their roles.
    pub(super) nodes: Vec<Node>,
}

/// A node, and the folder that it runs in.
pub(super) struct Node {
    /// Its process.
    pub(super) server: Server,
    setup: Setup,
}

impl Node {
    /// A client with the right to everything.
    pub(super) fn client(&self) -> Client {
        self.server.client()
    }

    /// What `/readyz` says of durability; none when it does not say.
    pub(super) fn durability(&self) -> Option<String> {
        let answer = self.server.anonymous().send("GET", "/readyz", None).ok()?;
        (answer.status == 200).then(|| answer.string("/durability"))
    }

    /// Proves the audit log with the program itself.
    ///
    /// # Errors
    /// When it is not as it was written.
    pub(super) fn verify(&self) -> anyhow::Result<()> {
        let verified = self.setup.run_against(Some(&self.server), &["audit", "verify"], b"")?;
        ensure!(verified.success(), "keyholt audit verify: {} {}", verified.stdout, verified.stderr);
        Ok(())
    }
}

impl Installation {
    /// A primary, a synchronous standby, and so many nodes.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or a program does not start.
    pub(super) fn new(binary: &PathBuf, count: usize) -> anyhow::Result<Self> {
        let pair = Cluster::pair()?;
        let mut nodes: Vec<Node> = Vec::new();
        for _ in 0..count {
            let mut setup = setup(binary, &pair.url("postgres"))?;
            if let Some(first) = nodes.first() {
                // The first start made it.
                let root_key = first.setup.folder().join("data.root-key");
                setup = setup.variable("KEYHOLT_ROOT_KEY_FILE", &root_key.to_string_lossy());
            }
            let server = setup.start().map_err(|problem| anyhow!("a node does not start: {problem:?}"))?;
            nodes.push(Node { server, setup });
        }
        Ok(Self { pair, nodes })
    }

    /// Waits until all nodes say so of durability.
    ///
    /// # Errors
    /// When one does not.
    pub(super) fn wait_for(&self, durability: &str) -> anyhow::Result<()> {
        for (number, node) in self.nodes.iter().enumerate() {
            let says = Deadline::after(PATIENCE)
                .poll(|| node.durability().filter(|said| said == durability).map(drop));
            ensure!(says.is_some(), "node {number} does not say {durability}, but {:?}", node.durability());
        }
        Ok(())
    }

    /// What the nodes have logged.
    pub(super) fn said(&self) -> String {
        self.nodes.iter().map(|node| String::from_utf8_lossy(&node.server.output()).into_owned()).collect()
    }
}

/// Without limits: all of the load comes with one API key.
fn setup(binary: &PathBuf, url: &str) -> anyhow::Result<Setup> {
    let setup = Setup::new(binary)?.variable("KEYHOLT_DATABASE_URL", url);
    Ok(setup.variable("KEYHOLT_LIMITS_PER_API_KEY", "0").variable("KEYHOLT_LOG_LEVEL", "warn"))
}
