//! A server, and somebody who types commands.

use std::cell::RefCell;
use std::fs;

use keyholt_testkit::{Finished, Server, Setup};
use serde_json::Value;

/// A value long enough for the end of it to be shown.
pub(crate) const VALUE: &str = "sk-proj-never-shown-anywhere-7cY9";

/// A running server and its client commands. Whatever is typed, two rules hold of what is printed: no value
/// is in it, and nothing that steers a terminal.
pub(crate) struct Shell {
    pub(crate) setup: Setup,
    pub(crate) server: Server,
    values: RefCell<Vec<String>>,
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self::of(Setup::new(env!("CARGO_BIN_EXE_keyholt")).unwrap())
    }

    pub(crate) fn of(setup: Setup) -> Self {
        let server = setup.start().unwrap();
        Self { setup, server, values: RefCell::new(vec![VALUE.to_owned()]) }
    }

    /// Stops the server politely and starts it again on what it left.
    pub(crate) fn restart(self) -> Self {
        let Self { setup, server, values } = self;
        assert!(server.stop().unwrap().success());
        let server = setup.start().unwrap();
        Self { setup, server, values }
    }

    /// Runs a command of the owner's to its end.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str], input: &str) -> Finished {
        self.checked(self.setup.run_against(Some(&self.server), words, input.as_bytes()).unwrap(), words)
    }

    /// As [`run`](Self::run) with another API key, which a file holds.
    #[track_caller]
    pub(crate) fn run_as(&self, key: &str, words: &[&str], input: &str) -> Finished {
        fs::write(self.setup.folder().join("api-key"), format!("{key}\n")).unwrap();
        self.run(&[words, &["--api-key-file", "api-key"]].concat(), input)
    }

    /// Writes a value, which no output may hold from now on.
    #[track_caller]
    pub(crate) fn set(&self, words: &[&str], value: &str) -> String {
        let input = format!("{value}\n");
        self.values.borrow_mut().push(value.to_owned());
        let finished = self.run(&[&["secret", "set"], words].concat(), &input);
        assert!(finished.success(), "{words:?}: {finished:?}");
        finished.stdout
    }

    /// What a command that succeeds prints; it says nothing beside that.
    #[track_caller]
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let finished = self.run(words, "");
        assert!(finished.success() && finished.stderr.is_empty(), "{words:?}: {finished:?}");
        finished.stdout
    }

    /// What a command prints for programs: one JSON object and nothing else.
    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let printed = self.ok(&[words, &["--json"]].concat());
        let object: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{words:?}: {printed}"));
        assert!(object.is_object(), "{printed}");
        object
    }

    /// What is said of a command that fails with this status; it prints nothing for programs to take.
    #[track_caller]
    pub(crate) fn refused(&self, words: &[&str], status: i32) -> String {
        said(&self.run(words, VALUE), status)
    }

    /// An API key that is made with these options, under this name.
    #[track_caller]
    pub(crate) fn key(&self, name: &str, options: &[&str]) -> String {
        let made = self.json(&[&["key", "create", "--name", name], options].concat());
        made["key"].as_str().unwrap().to_owned()
    }

    /// The members of the objects of a list.
    #[track_caller]
    pub(crate) fn members(&self, words: &[&str], member: &str) -> Vec<String> {
        let list = self.json(words);
        let objects = list["objects"].as_array().unwrap();
        objects.iter().map(|object| object[member].as_str().unwrap_or_default().to_owned()).collect()
    }

    #[track_caller]
    fn checked(&self, finished: Finished, words: &[&str]) -> Finished {
        for text in [&finished.stdout, &finished.stderr] {
            assert!(!text.contains('\u{1b}'), "{words:?} steers what is no terminal: {text:?}");
            for value in self.values.borrow().iter() {
                assert!(!text.contains(value.as_str()), "{words:?} shows a value: {text}");
            }
        }
        finished
    }
}

/// The cells of a row of a table that begins with this cell.
#[track_caller]
pub(crate) fn row<'a>(table: &'a str, first: &str) -> Vec<&'a str> {
    let cells = |line: &'a str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let mut rows = table.lines().map(cells);
    rows.find(|row: &Vec<&str>| row[0] == first).unwrap_or_else(|| panic!("no row of {first}: {table}"))
}

/// What a command that failed with this status said.
#[track_caller]
pub(crate) fn said(finished: &Finished, status: i32) -> String {
    assert_eq!(finished.status.code(), Some(status), "{finished:?}");
    assert_eq!(finished.stdout, "", "{finished:?}");
    assert!(!finished.stderr.is_empty());
    finished.stderr.clone()
}
