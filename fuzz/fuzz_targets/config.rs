//! The configuration file, and the file of token issuers.
//!
//! Laws: a file is settings or one line that says what is wrong, without control characters; a password in the URL of the
//! database is neither in that line nor in what the settings print.
#![no_main]

use std::cell::RefCell;
use std::fs;
use std::io::{Seek, Write};
use std::path::PathBuf;

use arbitrary::Arbitrary;
use config::{ConfigFile, Environment, Options, Settings};
use keyholt_fuzz::canary::{CANARY, check_message};
use libfuzzer_sys::fuzz_target;

/// The configuration belongs to the program `keyholt`: its sources, compiled once more.
#[path = "../../crates/keyholt/src/config/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the program uses all of it")]
mod config;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    /// The lines before and behind that of the database's URL, if there is one.
    before: &'a str,
    database: Option<&'a str>,
    after: &'a str,
    /// The file of token issuers, if there is one.
    issuers: Option<&'a str>,
}

/// Files that are written anew for each input.
struct Files {
    folder: tempfile::TempDir,
    config: fs::File,
    issuers: fs::File,
}

thread_local! {
    static FILES: RefCell<Files> = RefCell::new({
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| fs::File::create(folder.path().join(name)).expect("a file");
        Files { config: file("keyholt.toml"), issuers: file("issuers.toml"), folder }
    });
}

impl Files {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn write(file: &mut fs::File, text: &str) {
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()))
        .expect("a file");
}

fuzz_target!(|input: Input<'_>| {
    // Other files are not for the fuzzer to name: it would find those that never end.
    let names_a_file =
        |text: &str| ["jwt_issuers", "password_file", "ca", "\\"].iter().any(|word| text.contains(word));
    // In a text over several lines the URL would be part of something else, whose content may be shown.
    let is_left_open = input.before.contains("'''") || input.before.contains("\"\"\"");
    if names_a_file(input.before) || names_a_file(input.after) || is_left_open {
        return;
    }
    FILES.with_borrow_mut(|files| {
        let database = input.database.map_or(String::new(), |rest| {
            let rest: String = rest.chars().filter(|character| !character.is_control()).collect();
            // Elsewhere than in a password the canary would rightly be shown.
            let rest = rest.replace(['\\', '"'], "").replace(CANARY, "");
            format!("database_url = \"postgres://me:{CANARY}@{rest}\"\n")
        });
        let issuers = match input.issuers {
            Some(text) => {
                write(&mut files.issuers, text);
                format!("jwt_issuers = {:?}\n", files.path("issuers.toml"))
            }
            None => String::new(),
        };
        write(&mut files.config, &format!("{}\n{database}{issuers}{}", input.before, input.after));
        let file = ConfigFile { config: Some(files.path("keyholt.toml")) };
        match Settings::read(Options::default(), &file, &Environment::of_process()) {
            Ok(settings) => assert!(!format!("{settings:?}").contains(CANARY), "a password is printed"),
            Err(problem) => check_message(&problem.to_string()),
        }
    });
});
