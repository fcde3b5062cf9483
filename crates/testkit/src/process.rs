//! The built binary as a process: started on a free port, ended politely or not at all politely,
//! started again on what it left.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;

use crate::{Client, Deadline};

/// How long a start or an end may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The options of an ordinary start.
const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// How the binary is started, and the folder that it keeps everything in. The folder goes when this goes.
#[derive(Debug)]
pub struct Setup {
    program: PathBuf,
    folder: TempDir,
    variables: Vec<(String, String)>,
    wrapper: Vec<String>,
}

/// Why there is no running server.
#[derive(Debug)]
pub enum StartError {
    /// The program ended before it listened.
    Ended(Finished),
    /// It neither listened nor ended in time; it was killed.
    Late(Finished),
    /// It could not be started at all.
    Io(io::Error),
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it said beside that.
    pub stderr: String,
}

impl Finished {
    /// Whether it ended well.
    #[must_use]
    pub fn success(&self) -> bool {
        self.status.success()
    }
}

impl Setup {
    /// The API key that a setup's empty store is given.
    pub const KEY: &'static str = "khk-test-bootstrap-key-of-32-characters-or-more";

    /// A setup for this program with a folder of its own.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn new(program: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("keyholt-test-").tempdir()?;
        let setup = Self { program: program.into(), folder, variables: Vec::new(), wrapper: Vec::new() };
        // Metrics are served on a port of their own, which two tests must not share.
        Ok(setup.variable("KEYHOLT_BOOTSTRAP_API_KEY", Self::KEY).variable("KEYHOLT_METRICS_LISTEN", "off"))
    }

    /// With a variable in the environment of everything that is started.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a program before the server's, such as a tracer.
    #[must_use]
    pub fn wrapper(mut self, words: &[&str]) -> Self {
        self.wrapper = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// The folder of everything.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// Starts the server on a free port and waits until it listens.
    ///
    /// # Errors
    /// When it ends or does not listen within 30 s; what it said is in the error.
    pub fn start(&self) -> Result<Server, StartError> {
        self.start_with(&ANY_PORT)
    }

    /// As [`start`](Self::start) with these options in place of a free port.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(&self, options: &[&str]) -> Result<Server, StartError> {
        let mut server = self.spawn_with(options)?;
        match server.wait_for_address() {
            Ok(()) => Ok(server),
            Err(RecvTimeoutError::Disconnected) => Err(StartError::Ended(server.wait()?)),
            Err(RecvTimeoutError::Timeout) => Err(StartError::Late(server.kill()?)),
        }
    }

    /// Starts the server and does not wait for it; its [`address`](Server::address) is not known yet.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(&self) -> io::Result<Server> {
        self.spawn_with(&ANY_PORT)
    }

    fn spawn_with(&self, options: &[&str]) -> io::Result<Server> {
        let mut command = self.command(&self.wrapper);
        command.arg("serve").arg("--data-dir").arg(self.data_dir()).args(options).stdin(Stdio::null());
        let mut child = command.spawn()?;
        let (lines, incoming) = channel();
        let stdout = Output::collect(child.stdout.take(), Some(lines))?;
        let stderr = Output::collect(child.stderr.take(), None)?;
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Server { child: Some(child), address: unknown, has_tls: false, incoming, stdout, stderr })
    }

    /// Runs the program with these words to its end, with `input` on its standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, words: &[&str], input: &[u8]) -> io::Result<Finished> {
        self.run_against(None, words, input)
    }

    /// As [`run`](Self::run), as a client of this server with the first API key.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run_against(&self, server: Option<&Server>, words: &[&str], input: &[u8]) -> io::Result<Finished> {
        let mut command = self.command(&[]);
        command.args(words).stdin(Stdio::piped());
        command.env("KEYHOLT_DATA_DIR", self.data_dir());
        if let Some(server) = server {
            command.env("KEYHOLT_URL", server.url()).env("KEYHOLT_API_KEY", Self::KEY);
        }
        run_to_end(command, input)
    }

    /// Runs another program of the search path with these words in the setup's folder to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run_tool(&self, program: &str, words: &[&str], input: &[u8]) -> io::Result<Finished> {
        let mut command = self.surround(new_command(Path::new(program)));
        command.args(words).stdin(Stdio::piped());
        run_to_end(command, input)
    }

    fn command(&self, wrapper: &[String]) -> Command {
        let mut words = wrapper.iter().map(PathBuf::from).chain([self.program.clone()]);
        let mut command = new_command(&words.next().unwrap_or_default());
        command.args(words);
        self.surround(command)
    }

    fn surround(&self, mut command: Command) -> Command {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        // Nothing of the surrounding shell but the search path, and no settings file of its user.
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.folder())
            .current_dir(self.folder());
        command
    }
}

fn run_to_end(mut command: Command, input: &[u8]) -> io::Result<Finished> {
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that takes no input may have ended already.
        let _ended = stdin.write_all(input);
    }
    let output = child.wait_with_output()?;
    Ok(Finished {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

#[expect(clippy::disallowed_methods, reason = "tests start the program that they are about")]
fn new_command(program: &Path) -> Command {
    Command::new(program)
}

/// A port of this machine that nobody has at the moment, for what cannot say which one it was given.
///
/// # Errors
/// When there is none.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

/// A running server. It is killed when this goes.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    address: SocketAddr,
    has_tls: bool,
    incoming: Receiver<String>,
    stdout: Output,
    stderr: Output,
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", if self.has_tls { "https" } else { "http" }, self.address)
    }

    /// Its process id; zero when it has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// A client with the first API key.
    #[must_use]
    pub fn client(&self) -> Client {
        self.anonymous().bearer(Setup::KEY)
    }

    /// A client without an API key.
    #[must_use]
    pub const fn anonymous(&self) -> Client {
        Client::new(self.address)
    }

    /// All it has printed and logged so far.
    #[must_use]
    pub fn output(&self) -> Vec<u8> {
        [self.stdout.so_far(), self.stderr.so_far()].concat()
    }

    /// A client of its metrics, if they were given any free port.
    #[must_use]
    pub fn metrics(&self) -> Option<Client> {
        let output = String::from_utf8_lossy(&self.output()).into_owned();
        let url = output.lines().find_map(|line| line.strip_prefix("metrics at http://"))?;
        Some(Client::new(url.strip_suffix("/metrics")?.parse().ok()?))
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Ends it as the operating system does it in need: SIGKILL, no destructor runs.
    ///
    /// # Errors
    /// When it has ended before.
    pub fn kill(mut self) -> io::Result<Finished> {
        if let Some(child) = &mut self.child {
            child.kill()?;
        }
        self.wait()
    }

    /// Asks it to end (SIGTERM) and does not wait.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn terminate(&self) -> io::Result<()> {
        let pid = self.pid().to_string();
        new_command(Path::new("/bin/sh")).args(["-c", "kill -TERM \"$0\"", &pid]).status().map(drop)
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// When it has not ended within 30 s.
    pub fn stop(mut self) -> io::Result<Finished> {
        self.terminate()?;
        let ended = Deadline::after(PATIENCE).poll(|| (!self.is_running()).then_some(()));
        ended.ok_or(io::ErrorKind::TimedOut)?;
        self.wait()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(mut self) -> io::Result<Finished> {
        let mut child = self.child.take().ok_or(io::ErrorKind::NotFound)?;
        let status = child.wait()?;
        Ok(Finished { status, stdout: self.stdout.read_to_end(), stderr: self.stderr.read_to_end() })
    }

    /// Waits for the line that names its address.
    fn wait_for_address(&mut self) -> Result<(), RecvTimeoutError> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let line = self.incoming.recv_timeout(deadline.left())?;
            if let Some((address, has_tls)) = address_in(&line) {
                (self.address, self.has_tls) = (address, has_tls);
                return Ok(());
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself; then there is nothing to do.
            let _ended = child.kill();
            let _status = child.wait();
        }
    }
}

/// The address in `listening on http://127.0.0.1:8787`, and whether it is one of TLS.
fn address_in(line: &str) -> Option<(SocketAddr, bool)> {
    let (_, url) = line.split_once("listening on ")?;
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(|letter: char| letter.is_whitespace() || letter == '/').unwrap_or(rest.len());
    Some((rest.get(..end)?.parse().ok()?, scheme == "https"))
}

/// What a program writes on one of its two pipes.
#[derive(Debug)]
struct Output {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    /// Reads in a thread of its own, so that the program never waits for a reader.
    fn collect(pipe: Option<impl Read + Send + 'static>, lines: Option<Sender<String>>) -> io::Result<Self> {
        let text = Arc::new(Mutex::new(Vec::new()));
        let mut reader = None;
        if let Some(pipe) = pipe {
            let text = Arc::clone(&text);
            let read = move || read_lines(BufReader::new(pipe), &text, lines.as_ref());
            reader = Some(Builder::new().name("output".to_owned()).spawn(read)?);
        }
        Ok(Self { text, reader })
    }

    fn so_far(&self) -> Vec<u8> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read_to_end(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            // The reader panics nowhere; what it has read is there in any case.
            let _joined = reader.join();
        }
        String::from_utf8_lossy(&self.so_far()).into_owned()
    }
}

fn read_lines(mut pipe: impl BufRead, text: &Mutex<Vec<u8>>, lines: Option<&Sender<String>>) {
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        text.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&line);
        if let Some(lines) = lines {
            // Nobody listens any more once the address is known.
            let _unheard = lines.send(String::from_utf8_lossy(&line).into_owned());
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_a_line() {
        let found = |line: &str| address_in(line).map(|(address, has_tls)| (address.port(), has_tls));
        assert_eq!(found("keyholt 0.1.0 listening on http://127.0.0.1:8787 (data)\n"), Some((8787, false)));
        assert_eq!(found("listening on https://[::1]:443\n"), Some((443, true)));
        assert_eq!(found("see http://127.0.0.1:8787"), None);
        assert_eq!(found("listening on a port"), None);
    }
}
