//! Servers that share a database and a root key.

use std::net::SocketAddr;
use std::thread;

use keyholt_testkit::postgres::TestDatabase;
use keyholt_testkit::{Answer, Client, Server, Setup};
use serde_json::{Value, json};

/// The collection of secrets.
pub(crate) const SECRETS: &str = "/v1/ai_secret";
/// The collection of API keys.
pub(crate) const KEYS: &str = "/keyholt/v1/api-keys";

/// What nodes share.
pub(crate) struct Installation {
    database: TestDatabase,
    /// Its folder holds the root key.
    first: Setup,
}

/// A server, and the folder that it runs in.
pub(crate) struct Node {
    pub(crate) server: Server,
    _setup: Setup,
}

impl Node {
    pub(crate) fn client(&self) -> Client {
        self.server.client()
    }

    /// A client with another key than the first one.
    pub(crate) fn client_with(&self, key: &str) -> Client {
        self.server.anonymous().bearer(key)
    }
}

impl Installation {
    /// An empty database, and a root key.
    pub(crate) fn new() -> Self {
        let first = setup();
        // A first start on the embedded database makes the root key; nothing else of it is used.
        assert!(first.start().unwrap().stop().unwrap().success());
        let database = TestDatabase::database().unwrap_or_else(|problem| panic!("{problem}"));
        Self { database, first }
    }

    /// The database's address, and its URL by way of another address.
    pub(crate) fn database(&self) -> SocketAddr {
        let (host, _) = self.parts();
        host.parse().unwrap()
    }

    fn parts(&self) -> (&str, &str) {
        let (_, rest) = self.database.url().split_once('@').unwrap();
        rest.split_once('/').unwrap()
    }

    /// The database's URL by way of this address.
    pub(crate) fn url_by(&self, address: SocketAddr) -> String {
        let (user, _) = self.database.url().split_once('@').unwrap();
        let (_, rest) = self.parts();
        let join = if rest.contains('?') { '&' } else { '?' };
        format!("{user}@{address}/{rest}{join}sslmode=disable")
    }

    /// Starts a node that reaches the database at this address.
    pub(crate) fn start_by(&self, address: SocketAddr) -> Node {
        let root_key = self.first.folder().join("data.root-key");
        let setup = setup()
            .variable("KEYHOLT_DATABASE_URL", &self.url_by(address))
            .variable("KEYHOLT_ROOT_KEY_FILE", root_key.to_str().unwrap());
        let server = setup.start().unwrap_or_else(|problem| panic!("no node: {problem:?}"));
        Node { server, _setup: setup }
    }

    /// Starts so many nodes at once.
    pub(crate) fn start(&self, count: usize) -> Vec<Node> {
        let address = self.database();
        thread::scope(|scope| {
            let starts: Vec<_> = (0..count).map(|_| scope.spawn(|| self.start_by(address))).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        })
    }
}

/// A server on the embedded database.
pub(crate) fn one_server() -> Node {
    let setup = setup();
    Node { server: setup.start().unwrap(), _setup: setup }
}

pub(crate) fn addresses(nodes: &[Node]) -> Vec<SocketAddr> {
    nodes.iter().map(|node| node.server.address()).collect()
}

/// All load comes with one API key, and all refusals from one address.
fn setup() -> Setup {
    let setup = Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap();
    setup.variable("KEYHOLT_LIMITS_PER_API_KEY", "0").variable("KEYHOLT_LIMITS_REFUSED_PER_ADDRESS", "0")
}

/// Sends what must be answered with 200.
#[track_caller]
pub(crate) fn done(client: &mut Client, method: &str, target: &str, body: &Value) -> Answer {
    let answer = client.json(method, target, body).unwrap();
    assert_eq!(answer.status, 200, "{method} {target}: {}", answer.text());
    answer
}

/// Makes an API key; gives its id and its text.
#[track_caller]
pub(crate) fn make_key(node: &Node, name: &str) -> (String, String) {
    let answer = done(&mut node.client(), "POST", KEYS, &json!({ "name": name, "role": "viewer" }));
    (answer.string("/id"), answer.string("/key"))
}

/// A secret without a value; gives its id.
#[track_caller]
pub(crate) fn make_secret(node: &Node, name: &str) -> String {
    done(&mut node.client(), "POST", SECRETS, &json!({ "name": name })).string("/id")
}

/// Reads a secret.
#[track_caller]
pub(crate) fn read(client: &mut Client, id: &str) -> Answer {
    client.send("GET", &format!("{SECRETS}/{id}"), None).unwrap()
}
