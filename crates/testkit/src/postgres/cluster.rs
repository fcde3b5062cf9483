//! A throw-away PostgreSQL server.

use std::fs::{self, File};
use std::io::{self, Error, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use super::folder::Folder;
use super::programs::{Programs, random_name, succeed};
use crate::{Deadline, Random, seed_setting};

/// How long a start, an end or a promotion may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Below the ports that Linux gives to whoever asks for any: nobody takes one while a server is being restarted.
const PORTS: std::ops::Range<u64> = 20_000..32_000;

/// How often another port is tried, when somebody has taken the one that was free.
const ATTEMPTS: usize = 5;

/// A database that sorts as a dictionary does: what Keyholt sorts by bytes must not come out right by accident.
const INITDB: [&str; 7] = [
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=icu",
    "--icu-locale=en-US",
    "--auth=scram-sha-256",
    "--username=postgres",
    "--no-sync",
];

/// What every server is given. `fsync` stays on, as Keyholt demands (`design/security.md` A3).
const SETTINGS: [(&str, &str); 3] =
    [("listen_addresses", "127.0.0.1"), ("max_connections", "400"), ("shared_buffers", "32MB")];

/// A PostgreSQL server of one test, with the superuser `postgres` and a random password. It is killed and removed when
/// this goes, and when the test process ends in any other way.
#[derive(Debug)]
pub struct Cluster {
    // Fields go in this order: the guard of the folder kills what runs there.
    pub(super) folder: Folder,
    pub(super) server: Option<Child>,
    pub(super) programs: Programs,
    pub(super) port: u16,
    pub(super) password: String,
}

impl Cluster {
    /// Starts a server on a free port of 127.0.0.1; it takes about half a second.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start within 60 s.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with these settings of `postgresql.conf`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(settings: &[(&str, &str)]) -> io::Result<Self> {
        let mut cluster = Self::empty(random_name()?)?;
        let password = cluster.folder.path().join("password");
        fs::write(&password, &cluster.password)?;
        let mut initdb = cluster.programs.command("initdb", cluster.folder.path());
        initdb.args(INITDB).arg("--pwfile").arg(&password).arg("-D").arg(cluster.folder.data());
        succeed(initdb.output()?)?;
        fs::remove_file(password)?;
        let path = cluster.folder.data().join("postgresql.conf");
        let mut configuration = File::options().append(true).open(path)?;
        for (name, value) in SETTINGS.iter().chain(settings) {
            writeln!(configuration, "{name} = '{value}'")?;
        }
        cluster.run_on_any_port()?;
        Ok(cluster)
    }

    /// A folder without a database and without a server.
    pub(super) fn empty(password: String) -> io::Result<Self> {
        let programs = Programs::find()?;
        let folder = Folder::make(&programs)?;
        Ok(Self { folder, server: None, programs, port: 0, password })
    }

    pub(super) fn run_on_any_port(&mut self) -> io::Result<()> {
        let mut last = Error::other("no port of 127.0.0.1 is free");
        for _ in 0..ATTEMPTS {
            self.port = free_port()?;
            match self.run() {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Starts the server on its port, and waits until it answers.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"))?;
        let mut command = self.programs.command("postgres", self.folder.path());
        command.arg("-D").arg(self.folder.data()).arg("-k").arg(self.folder.path());
        command.args(["-p", &self.port.to_string()]).stdout(log.try_clone()?).stderr(log);
        let mut server = command.spawn()?;
        let ready = Deadline::after(PATIENCE).poll(|| match server.try_wait() {
            Ok(None) => self.says_ready(server.id()).then_some(true),
            Ok(Some(_)) | Err(_) => Some(false),
        });
        self.server = Some(server);
        if ready == Some(true) {
            return Ok(());
        }
        self.kill()?;
        Err(Error::other(format!("PostgreSQL does not run:\n{}", self.log())))
    }

    /// What `pg_ctl` looks at: the last of the eight lines that the server writes about itself.
    fn says_ready(&self, pid: u32) -> bool {
        let text = fs::read_to_string(self.folder.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines();
        lines.next() == Some(&pid.to_string()) && lines.nth(6).map(str::trim_end) == Some("ready")
    }

    /// Where everything of it is: its data and its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The superuser's password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The URL of a database, as the superuser; the first one is named `postgres`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@{}/{database}", self.password, self.address())
    }

    /// All it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Carries SQL out as the superuser, and gives what it answers: columns separated by `|`, a line for each row.
    ///
    /// # Errors
    /// When the server is not there within 10 s, or refuses.
    pub fn sql(&self, database: &str, text: &str) -> io::Result<String> {
        self.programs.sql(&self.url(database), text)
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// When there is one of that name, or the server is not there.
    pub fn create_database(&self, name: &str) -> io::Result<()> {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\"")).map(drop)
    }

    /// Changes a setting. What PostgreSQL reads at its start only holds after [`restart`](Self::restart).
    ///
    /// # Errors
    /// When there is no such setting, or the server is not there.
    pub fn set(&self, name: &str, value: &str) -> io::Result<()> {
        // One statement each: ALTER SYSTEM stands in no transaction.
        self.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        self.sql("postgres", "SELECT pg_reload_conf()").map(drop)
    }

    /// Ends it, if it runs, as an operator does (sessions are ended, transactions rolled back), and starts it on the
    /// same port.
    ///
    /// # Errors
    /// When it does not run again within 60 s.
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop()?;
        self.run()
    }
}

/// A port that nobody listens on at the moment.
fn free_port() -> io::Result<u16> {
    let mut random = Random::new(seed_setting("KEYHOLT_TEST_PORTS"));
    let ports = std::iter::repeat_with(|| PORTS.start + random.below(PORTS.end - PORTS.start)).take(100);
    let free = ports.flat_map(u16::try_from).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.ok_or_else(|| Error::other("no port of 127.0.0.1 is free"))
}
