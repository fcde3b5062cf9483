//! A PostgreSQL and nodes on it.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{anyhow, ensure};
use keyholt_testkit::postgres::Cluster;
use keyholt_testkit::{Client, Server, Setup};

use crate::measure::KEY;

/// What nodes share.
pub(super) struct Installation {
    binary: PathBuf,
    cluster: Cluster,
    /// Its folder holds the root key.
    first: Setup,
}

/// A node, and the folder that it runs in.
pub(super) struct Node {
    /// Its process.
    pub(super) server: Server,
    _setup: Setup,
}

impl Node {
    /// A client with this API key.
    pub(super) fn client(&self, key: &str) -> Client {
        self.server.anonymous().bearer(key)
    }
}

impl Installation {
    /// An empty database on a server of its own, and a root key.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or a program does not start.
    pub(super) fn new(binary: PathBuf) -> anyhow::Result<Self> {
        let first = setup(binary.clone())?;
        // A first start on the embedded database makes the root key; nothing else of it is used.
        let made =
            first.start().map_err(|problem| anyhow!("the server does not start: {problem:?}"))?.stop()?;
        ensure!(made.success(), "the server ended badly: {}", made.stderr);
        Ok(Self { binary, cluster: Cluster::start()?, first })
    }

    /// The PostgreSQL server.
    pub(super) const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A node that reaches PostgreSQL at this address.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start_by(&self, address: SocketAddr) -> anyhow::Result<Node> {
        let database =
            self.cluster.url("postgres").replace(&self.cluster.address().to_string(), &address.to_string());
        let root_key = self.first.folder().join("data.root-key");
        let setup = setup(self.binary.clone())?
            .variable("KEYHOLT_DATABASE_URL", &format!("{database}?sslmode=disable"))
            .variable("KEYHOLT_ROOT_KEY_FILE", &root_key.to_string_lossy());
        let server = setup.start().map_err(|problem| anyhow!("a node does not start: {problem:?}"))?;
        Ok(Node { server, _setup: setup })
    }

    /// So many nodes.
    ///
    /// # Errors
    /// When one does not start.
    pub(super) fn start(&self, count: usize) -> anyhow::Result<Vec<Node>> {
        (0..count).map(|_| self.start_by(self.cluster.address())).collect()
    }
}

/// Without limits: all of the load comes with one API key, and all refusals from one address.
fn setup(binary: PathBuf) -> anyhow::Result<Setup> {
    let setup =
        Setup::new(binary)?.variable("KEYHOLT_BOOTSTRAP_API_KEY", KEY).variable("KEYHOLT_LOG_LEVEL", "warn");
    Ok(setup.variable("KEYHOLT_LIMITS_PER_API_KEY", "0").variable("KEYHOLT_LIMITS_REFUSED_PER_ADDRESS", "0"))
}
