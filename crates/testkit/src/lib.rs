//! What tests and measurements share: the built binary as a process, raw clients of HTTP/1.1 and HTTP/2, an engine in
//! the process, a search for canaries, an intruder in the database, PostgreSQL servers, an issuer of tokens, a provider that says what it is told
//! to, randomness with a seed, a comparison of measured times; servers that are killed ([`crash`]), whose files are damaged
//! ([`damage`]), that are backed up under load ([`backups`]).
//!
//! A disk that fails as it is told stands below SQLite ([`disk`]), and what an engine on it is worth is tried ([`disk_trials`]).
//!
//! **Invariant:** never shipped. But for `engine` and `disk_trials` nothing here knows a type of the server: it sees a
//! program, its socket, its output and its files, as an operator or an attacker does.

pub mod backups;
mod canary;
pub mod crash;
pub mod damage;
pub mod disk;
pub mod disk_trials;
mod engine;
mod fake_provider;
mod forwarder;
pub mod history;
mod http;
pub mod http2;
mod intruder;
pub mod postgres;
mod process;
mod procfs;
mod random;
mod relay;
mod setting;
mod token_issuer;
mod watch;
mod welch;

pub use canary::{Canary, Encoding, Find};
pub use engine::TestEngine;
pub use fake_provider::{FakeProvider, SeenRequest, Step};
pub use forwarder::{Forwarder, Traffic};
pub use http::{Answer, Client, Response, read_answer};
pub use intruder::Intruder;
pub use process::{Finished, Server, Setup, StartError, free_address};
pub use procfs::{Usage, raise_file_limit, times_slept};
pub use random::Random;
pub use relay::Relay;
pub use setting::{in_continuous_integration, number_setting, program_exists, seed_setting, text_setting};
pub use token_issuer::{KeyKind, TokenKey, base64url, key_set};
pub use watch::{Deadline, Stopwatch};
pub use welch::{Comparison, Timed, Typical};
