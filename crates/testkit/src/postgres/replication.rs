//! A primary and its standby.

use std::fs;
use std::io::{self, ErrorKind};

use super::cluster::{Cluster, PATIENCE};
use super::programs::succeed;
use crate::Deadline;

/// Two servers: what the one commits, the other has on its disk before the commit is answered.
#[derive(Debug)]
pub struct Pair {
    /// Takes writes.
    pub primary: Cluster,
    /// Follows; takes reads.
    pub standby: Cluster,
}

impl Pair {
    /// The URL of a database of whichever of the two takes writes.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let (first, second) = (self.primary.address(), self.standby.address());
        let password = self.primary.password();
        format!("postgres://postgres:{password}@{first},{second}/{database}?target_session_attrs=read-write")
    }
}

impl Cluster {
    /// Starts a primary with a standby that replicates synchronously.
    ///
    /// # Errors
    /// When one of them does not run within 60 s, or the standby does not follow by then.
    pub fn pair() -> io::Result<Pair> {
        let primary = Self::start()?;
        let standby = Self::standby_of(&primary)?;
        primary.wait_for_standby(Some(&standby))?;
        Ok(Pair { primary, standby })
    }

    /// Starts a server that follows another one, asynchronously as long as that does not
    /// [wait](Self::wait_for_standby) for it. The password is the other one's.
    ///
    /// # Errors
    /// When it does not run within 60 s.
    pub fn standby_of(primary: &Self) -> io::Result<Self> {
        let mut standby = Self::empty(primary.password.clone())?;
        standby.copy(primary)?;
        standby.run_on_any_port()?;
        Ok(standby)
    }

    /// Throws away what this server holds, and makes it a standby of another one, on the port that it has.
    ///
    /// # Errors
    /// When it does not run within 60 s.
    pub fn follow(&mut self, primary: &Self) -> io::Result<()> {
        self.kill()?;
        fs::remove_dir_all(self.folder.data())?;
        self.password.clone_from(&primary.password);
        self.copy(primary)?;
        self.run()
    }

    /// From now on commits wait for this standby, or for none. Returns when that is so.
    ///
    /// # Errors
    /// When the standby does not follow within 60 s, or this server is not there.
    pub fn wait_for_standby(&self, standby: Option<&Self>) -> io::Result<()> {
        let Some(standby) = standby else { return self.set("synchronous_standby_names", "") };
        let name = standby.application_name();
        self.set("synchronous_standby_names", &name)?;
        let query = format!("SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}'");
        let state = || self.sql("postgres", &query).ok();
        let follows = Deadline::after(PATIENCE).poll(|| (state()? == "sync").then_some(()));
        follows.ok_or(ErrorKind::TimedOut.into())
    }

    /// Makes this standby a primary; returns when it takes writes.
    ///
    /// # Errors
    /// When it is no standby, or does not take writes within 60 s.
    pub fn promote(&self) -> io::Result<()> {
        let query = format!("SELECT pg_promote(true, {})", PATIENCE.as_secs());
        if self.sql("postgres", &query)? == "t" { Ok(()) } else { Err(ErrorKind::TimedOut.into()) }
    }

    /// How a primary knows this server as its standby: each folder has a name of its own.
    fn application_name(&self) -> String {
        let name = self.folder.path().file_name().unwrap_or_default().to_string_lossy();
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
    }

    fn copy(&self, primary: &Self) -> io::Result<()> {
        let source = format!(
            "host=127.0.0.1 port={} user=postgres password={} application_name={}",
            primary.port,
            primary.password,
            self.application_name()
        );
        let mut command = self.programs.command("pg_basebackup", self.folder.path());
        // -R: the copy is a standby of where it comes from.
        command.args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", &source, "-D"]);
        command.arg(self.folder.data());
        succeed(command.output()?).map(drop)?;
        // Settings of the primary's: whom it waits for is not for its copy.
        let path = self.folder.data().join("postgresql.auto.conf");
        let own = fs::read_to_string(&path)?;
        let kept: Vec<&str> =
            own.lines().filter(|line| !line.starts_with("synchronous_standby_names")).collect();
        fs::write(path, kept.join("\n") + "\n")
    }
}
