//! Bodies that are too large, announced or sent.

use std::io::Write;
use std::net::TcpStream;

use keyholt_testkit::Stopwatch;

use crate::victim::{ORG, PROJECT, VALUE, Victim};

const MIB: usize = 1024 * 1024;

#[test]
fn a_gibibyte_that_is_announced_is_refused_before_it_is_read() {
    let mut victim = Victim::start();
    for (method, target) in [("POST", ORG), ("PUT", ORG), ("POST", PROJECT), ("POST", "/keyholt/v1/secrets")] {
        let watch = Stopwatch::start();
        let head = format!("{}Content-Length: 1073741824\r\n\r\n{{\"name\":\"a\"", victim.head(method, target));
        let response = victim.attack(head.as_bytes());
        let statuses: Vec<u16> = response.answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [413], "{method} {target} after {:?}", watch.elapsed());
        assert!(response.closed, "the rest is not waited for");
    }
    victim.assert_growth_below(16 * MIB as u64);
}

#[test]
fn sixty_four_mebibytes_in_chunks_are_refused_on_the_way() {
    let mut victim = Victim::start();
    let chunk = [b"10000\r\n", "x".repeat(65536).as_bytes(), b"\r\n"].concat();
    let start = format!("{}Transfer-Encoding: chunked\r\n\r\n", victim.head("POST", ORG));
    let bytes = [start.into_bytes(), chunk.repeat(1024), b"0\r\n\r\n".to_vec()].concat();
    let response = victim.attack(&bytes);
    assert!(response.answers.iter().all(|answer| answer.status == 413), "{:?}", response.answers);
    assert!(response.answers.len() <= 1 && response.closed);
    victim.assert_growth_below(16 * MIB as u64);
}

#[test]
fn many_bodies_of_the_largest_size_at_once_take_no_more_than_their_share() {
    let victim = Victim::start();
    let body = format!(r#"{{"name":"big","unknown":"{}"}}"#, "x".repeat(MIB - 100));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            let mut client = victim.client();
            let body = body.as_bytes();
            scope.spawn(move || {
                for _ in 0..4 {
                    assert_eq!(client.send("POST", ORG, Some(body)).unwrap().status, 200);
                }
            });
        }
    });
    victim.assert_serves();
    victim.assert_growth_below(16 * 10 * MIB as u64);
}

#[test]
fn a_body_that_does_not_come_whole_changes_nothing() {
    let mut victim = Victim::start();
    let head = victim.head("POST", ORG);
    for rest in [
        "Content-Length: 40\r\n\r\n{\"name\":\"half\"}",
        "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"na",
        "Transfer-Encoding: chunked\r\n\r\nf\r\n{\"name\":\"half\"}\r\n",
    ] {
        let mut stream = TcpStream::connect(victim.client().address()).unwrap();
        stream.write_all(format!("{head}{rest}").as_bytes()).unwrap();
        drop(stream);
        victim.assert_serves();
    }
    assert_eq!(victim.names(), ["ordinary"]);
}

#[test]
fn a_compressed_body_is_refused_unseen() {
    let mut victim = Victim::start();
    for coding in ["gzip", "br", "deflate", "gzip, identity", "x"] {
        let body = format!("{{\"name\":\"a\",\"secret\":\"{VALUE}\"}}");
        let request = format!(
            "{}Content-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n{body}",
            victim.head("POST", ORG),
            body.len()
        );
        assert_eq!(victim.attack(request.as_bytes()).answers[0].status, 400, "{coding}");
    }
    assert_eq!(victim.names(), ["ordinary"]);
}
