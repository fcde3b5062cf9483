//! What tests and measurements share: the built binary as a process, a raw HTTP/1.1 client, an engine in
//! the process, a search for canaries, an intruder in the database, randomness with a seed.
//!
//! **Invariant:** never shipped. But for `engine` nothing here knows a type of the server: it sees a
//! program, its socket, its output and its files, as an operator or an attacker does.

mod canary;
mod engine;
mod http;
mod intruder;
mod process;
mod procfs;
mod random;
mod setting;
mod watch;

pub use canary::{Canary, Encoding, Find};
pub use engine::TestEngine;
pub use http::{Answer, Client, Response, read_answer};
pub use intruder::Intruder;
pub use process::{Finished, Server, Setup, StartError, free_address};
pub use procfs::Usage;
pub use random::Random;
pub use setting::{in_continuous_integration, number_setting, program_exists, seed_setting};
pub use watch::{Deadline, Stopwatch};
