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
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        self.0.spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut asked = [0; 1024];
                if connection.read(&mut asked).await.is_ok() && connection.write_all(&answer).await.is_ok() {
                    open.push(connection);
                }
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

/// An error of the server (PostgreSQL 15, 55.7 ErrorResponse).
fn error_response(code: &str, message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E", length.to_be_bytes().as_slice(), fields.as_bytes()].concat()
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
    let port = servers.start([b"R".as_slice(), &8u32.to_be_bytes(), &3u32.to_be_bytes()].concat()).await;
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
    let refusing = servers.start(error_response("57P03", "starting up")).await;
    let url = format!("postgres://me@127.0.0.1:{hanging},127.0.0.1:{refusing}/kh?connect_timeout=2");
    // Both have been asked by the end of the first one's time, which is the end of the whole.
    let said = timeout(Duration::from_secs(10), problem(&url)).await.unwrap();
    assert!(matches!(said, ConnectProblem::NotReady { .. }), "{said}");
    let said = problem(&format!("postgres://me@127.0.0.1:{hanging}/kh?connect_timeout=1")).await.to_string();
    assert!(said.contains("no answer within 1 s"), "{said}");
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
