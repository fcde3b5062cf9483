//! Connecting to servers that are not as they should be.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{ConnectProblem, connect};
use crate::postgres::url::PostgresUrl;

/// Servers that give each connection the same answer, and end with the test.
struct Servers(JoinSet<()>);

impl Servers {
    /// Answers what comes with these bytes, and waits; gives the port.
    async fn start(&mut self, answer: Vec<u8>) -> u16 {
        self.start_with(vec![answer]).await
    }

    /// Answers the first that comes with the first of these, and so on, and waits; gives the port.
    async fn start_with(&mut self, answers: Vec<Vec<u8>>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        self.0.spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut asked = [0; 1024];
                for answer in &answers {
                    if connection.read(&mut asked).await.is_err() || connection.write_all(answer).await.is_err()
                    {
                        break;
                    }
                }
                open.push(connection);
            }
        });
        port
    }
}

async fn problem(url: &str) -> ConnectProblem {
    match connect(&PostgresUrl::parse(url).unwrap()).await {
        Ok(_) => panic!("connected"),
        Err(problem) => problem,
    }
}

/// A message of the server (PostgreSQL 15, 55.7).
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [[kind].as_slice(), &length.to_be_bytes(), body].concat()
}

/// ErrorResponse
fn error_response(code: &str, said: &str) -> Vec<u8> {
    message(b'E', format!("SFATAL\0VFATAL\0C{code}\0M{said}\0\0").as_bytes())
}

/// What a server answers that lets everybody in, and is asked then whether it is read-only.
fn server_that_is_read_only(word: &str) -> Vec<Vec<u8>> {
    let ready = message(b'Z', b"I");
    let authentication_ok = message(b'R', &[0; 4]);
    // One column, of text.
    let column =
        [b"\0\x01transaction_read_only\0".as_slice(), &[0; 6], &25u32.to_be_bytes(), &[255; 6], &[0; 2]];
    let value =
        [b"\0\x01".as_slice(), &u32::try_from(word.len()).unwrap().to_be_bytes(), word.as_bytes()].concat();
    let row = [message(b'T', &column.concat()), message(b'D', &value), message(b'C', b"SHOW\0"), ready.clone()];
    vec![[authentication_ok, ready].concat(), row.concat()]
}

#[tokio::test]
async fn what_the_server_says_is_said_in_one_line_with_what_to_do() {
    let mut servers = Servers(JoinSet::new());
    for (code, message, expected) in [
        ("28P01", "password authentication failed", "refuses the password of me"),
        ("28000", "no pg_hba.conf entry", "does not let me in (no pg_hba.conf entry)"),
        ("42501", "permission denied for database", "does not let me in"),
        ("3D000", "database does not exist", "has no database kh; make it"),
        ("53300", "sorry, too many clients already", "raise its max_connections"),
        ("57P03", "the database system is starting up", "takes no connections yet"),
        ("0A000", "not\nthat", "refuses the connection (0A000 not)"),
    ] {
        let port = servers.start(error_response(code, message)).await;
        let said = problem(&format!("postgres://me:very-private@127.0.0.1:{port}/kh")).await.to_string();
        assert!(said.contains(expected) && said.contains(&format!("127.0.0.1:{port}")), "{said}");
        assert!(!said.contains("private") && !said.contains('\n'), "{said}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_wants_a_password() {
    let mut servers = Servers(JoinSet::new());
    let port = servers.start(b"N".to_vec()).await;
    let said = problem(&format!("postgres://me@127.0.0.1:{port}/kh?sslmode=verify-full")).await;
    assert!(matches!(said, ConnectProblem::NoTls { .. }), "{said}");
    let port = servers.start(b"S this is no TLS".to_vec()).await;
    let said = problem(&format!("postgres://me@127.0.0.1:{port}/kh?sslmode=verify-full")).await;
    assert!(matches!(said, ConnectProblem::Tls { .. }), "{said}");
    // AuthenticationCleartextPassword
    let port = servers.start(message(b'R', &3u32.to_be_bytes())).await;
    let said = problem(&format!("postgres://me@127.0.0.1:{port}/kh")).await;
    assert!(matches!(said, ConnectProblem::NoPassword { .. }), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let said = problem(&format!("postgres://me:very-private@127.0.0.1:{port}/kh")).await.to_string();
    assert!(
        said.contains(&format!("127.0.0.1:{port} cannot be reached")) && said.contains("check that it runs")
    );
    assert!(!said.contains("private"), "{said}");
}

#[tokio::test]
async fn a_server_that_hangs_does_not_hold_up_the_next() {
    let mut servers = Servers(JoinSet::new());
    let hanging = servers.start(Vec::new()).await;
    let serving = servers.start_with(server_that_is_read_only("off")).await;
    let url = format!("postgres://me@127.0.0.1:{hanging},127.0.0.1:{serving}/kh?connect_timeout=60");
    let connected =
        timeout(Duration::from_secs(10), connect(&PostgresUrl::parse(&url).unwrap())).await.unwrap();
    assert!(connected.is_ok());
    let said = problem(&format!("postgres://me@127.0.0.1:{hanging}/kh?connect_timeout=1")).await.to_string();
    assert!(said.contains("no answer within 1 s"), "{said}");
}

#[tokio::test]
async fn a_standby_is_passed_over_for_the_primary() {
    let mut servers = Servers(JoinSet::new());
    let standby = servers.start_with(server_that_is_read_only("on")).await;
    let primary = servers.start_with(server_that_is_read_only("off")).await;
    let url = format!("postgres://me@127.0.0.1:{standby},127.0.0.1:{primary}/kh");
    assert!(connect(&PostgresUrl::parse(&url).unwrap()).await.is_ok());
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    // The one that was reached says more, wherever it stands.
    for hosts in
        [format!("127.0.0.1:{standby},127.0.0.1:{gone}"), format!("127.0.0.1:{gone},127.0.0.1:{standby}")]
    {
        let said = problem(&format!("postgres://me@{hosts}/kh")).await;
        assert_eq!(said, ConnectProblem::NotWritable { at: format!("127.0.0.1:{standby}") });
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named_with_its_parameter() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("roots.pem");
    std::fs::write(&file, "nothing").unwrap();
    let said = problem(&format!("postgres://me@db/kh?sslrootcert={}", file.display())).await.to_string();
    assert!(said.starts_with("sslrootcert: ") && said.contains("holds no certificate"), "{said}");
    let said = problem("postgres://me@db/kh?sslrootcert=/does/not/exist").await.to_string();
    assert!(said.starts_with("sslrootcert: /does/not/exist cannot be used"), "{said}");
}
