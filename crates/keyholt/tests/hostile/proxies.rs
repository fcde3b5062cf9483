//! The same behind the proxies that servers are put behind: what a proxy forbids cannot be hidden from it in a request
//! that it lets through.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keyholt_testkit::{Client, Deadline, Setup, Stopwatch, free_address};

use crate::smuggling::{CHUNKS, LENGTHS};
use crate::victim::{ORG, PROJECT, PROMPT, Victim};

/// A proxy in front of the server, which forbids all paths of the second collection. It is killed when this goes.
struct Proxy {
    child: Child,
    address: SocketAddr,
}

impl Proxy {
    fn nginx(victim: &Victim) -> Self {
        let (address, server, folder) = (free_address().unwrap(), victim.address(), victim.folder());
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; pid {}/nginx.pid; error_log stderr crit;\n\
             events {{ worker_connections 256; }}\n\
             http {{\n access_log off;\n {temporary}\n\
             upstream keyholt {{ server {server}; keepalive 4; }}\n\
             server {{ listen {address};\n\
               location {PROJECT} {{ return 403; }}\n\
               location / {{ proxy_pass http://keyholt; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
                 proxy_request_buffering off; }}\n\
             }} }}\n",
            folder.display()
        );
        let path = folder.join("nginx.conf");
        fs::write(&path, configuration).unwrap();
        Self::start(
            Path::new("nginx"),
            &["-c".as_ref(), path.as_os_str(), "-p".as_ref(), folder.as_os_str()],
            address,
        )
    }

    fn haproxy(victim: &Victim) -> Self {
        let (address, server, folder) = (free_address().unwrap(), victim.address(), victim.folder());
        let configuration = format!(
            "global\n  maxconn 256\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
             \x20 http-reuse always\nfrontend all\n  bind {address}\n  http-request deny if {{ path_beg {PROJECT} }}\n\
             \x20 default_backend keyholt\nbackend keyholt\n  server one {server}\n"
        );
        let path = folder.join("haproxy.cfg");
        fs::write(&path, configuration).unwrap();
        Self::start(Path::new("haproxy"), &["-db".as_ref(), "-f".as_ref(), path.as_os_str()], address)
    }

    #[expect(clippy::disallowed_methods, reason = "the test starts a proxy in front of the server")]
    fn start(program: &Path, words: &[&std::ffi::OsStr], address: SocketAddr) -> Self {
        let child = Command::new(program)
            .args(words)
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} is needed: {error}", program.display()));
        let proxy = Self { child, address };
        let listens = || TcpStream::connect(address).is_ok().then_some(());
        assert!(
            Deadline::after(Duration::from_secs(10)).poll(listens).is_some(),
            "{} does not listen",
            program.display()
        );
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The names in the collection that the proxy forbids.
fn forbidden_rows(victim: &Victim) -> usize {
    let listed = victim.client().send("GET", PROJECT, None).unwrap();
    assert_eq!(listed.status, 200, "{}", listed.text());
    let json = listed.json();
    let rows = json.as_array().or_else(|| json.as_object()?.values().find_map(serde_json::Value::as_array));
    rows.unwrap_or_else(|| panic!("{json}")).len()
}

/// A whole request for what the proxy forbids.
fn hidden(victim: &Victim, name: &str) -> String {
    let body = format!(r#"{{"name":"{name}","value":"v"}}"#);
    format!("{}Content-Length: {}\r\n\r\n{body}", victim.head("POST", PROJECT), body.len())
}

#[track_caller]
fn nothing_is_hidden_from(victim: &Victim, proxy: &Proxy) {
    // The proxy lets through what it may and forbids what it must; without it nothing is forbidden.
    let client = || Client::new(proxy.address).bearer(Setup::KEY);
    assert_eq!(client().send("GET", ORG, None).unwrap().status, 200);
    let body = br#"{"name":"forbidden","value":"v"}"#;
    assert_eq!(client().send("POST", PROJECT, Some(body)).unwrap().status, 403);
    assert_eq!(forbidden_rows(victim), 0);
    let head = victim.head("POST", ORG);
    let secret = hidden(victim, "smuggled");
    let mut attacks: Vec<String> =
        LENGTHS.iter().map(|lines| format!("{head}{lines}\r\n\r\n0\r\n\r\n{secret}")).collect();
    attacks
        .extend(CHUNKS.iter().map(|chunk| format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{secret}")));
    for method in ["GET", "DELETE", "OPTIONS", "POST"] {
        for target in [ORG, "/nothing", "/v1/ai_secret/x"] {
            // A body that the server refuses to read is not the next request on the proxy's connection.
            let head = victim.head(method, target);
            attacks.push(format!("{head}Content-Length: {}\r\n\r\n{secret}", secret.len()));
            attacks.push(format!(
                "{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n{secret}",
                secret.len()
            ));
            let chunked = format!("{:x}\r\n{secret}\r\n0\r\n\r\n", secret.len());
            attacks.push(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunked}"));
        }
    }
    for attack in &attacks {
        let watch = Stopwatch::start();
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        stream.set_read_timeout(Some(PROMPT)).unwrap();
        stream.write_all(attack.as_bytes()).unwrap();
        // A proxy may wait for more of what it takes for a body; it is told that there is none.
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answers = Vec::new();
        // A reset is an end too.
        let _ = std::io::Read::read_to_end(&mut stream, &mut answers);
        let text = String::from_utf8_lossy(&answers);
        assert!(!text.contains("HTTP/1.1 500"), "{attack:?}: {text}");
        victim.count(watch.elapsed());
        assert!(watch.elapsed() < PROMPT * 2, "{attack:?}: {:?}", watch.elapsed());
        assert_eq!(forbidden_rows(victim), 0, "{attack:?}");
        // And nobody else is given an answer that is not theirs on the proxy's connections.
        let other = client().send("GET", "/v1/ai_secret?limit=0", None).unwrap();
        assert_eq!(
            (other.status, other.json()["objects"].as_array().map(Vec::len)),
            (200, Some(0)),
            "{attack:?}"
        );
    }
    // The hidden request is one that would have been served.
    let direct = victim.stranger().send_bytes(secret.as_bytes(), PROMPT).unwrap();
    assert_eq!(direct.answers.first().map(|answer| answer.status), Some(200));
    assert_eq!(forbidden_rows(victim), 1);
}

#[test]
fn nothing_is_hidden_from_nginx() {
    let victim = Victim::start();
    nothing_is_hidden_from(&victim, &Proxy::nginx(&victim));
}

#[test]
fn nothing_is_hidden_from_haproxy() {
    let victim = Victim::start();
    nothing_is_hidden_from(&victim, &Proxy::haproxy(&victim));
}
