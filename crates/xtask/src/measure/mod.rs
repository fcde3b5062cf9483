//! What measurements share: building and starting what is measured ([`build`], [`program`]), filling it ([`fill`], [`ask`]),
//! requests in a closed loop ([`load`], [`answer`], [`scatter`]) and at a constant rate ([`open`]), figures of several rounds
//! ([`statistics`]), what a machine is and takes ([`machine`], [`disk`], [`process_time`]).

mod answer;
mod ask;
mod build;
mod disk;
mod fill;
mod load;
mod machine;
mod open;
mod process_time;
mod program;
mod scatter;
mod statistics;
mod watch;

pub(crate) use answer::{find, header};
pub(crate) use ask::{ask, ask_with};
pub(crate) use build::{again_optimised, build_server, server_or_build};
pub(crate) use disk::sync_times;
pub(crate) use fill::{fill, fill_with, id_of};
pub(crate) use load::{Loaded, Requests, Volume, load};
pub(crate) use machine::Machine;
pub(crate) use open::{Pace, load_at_rate};
pub(crate) use process_time::{first_process, time_of, time_of_family};
pub(crate) use program::{KEY, Program, command};
pub(crate) use scatter::scattered;
pub(crate) use statistics::{Measured, Spread};
pub(crate) use watch::{now, stamp};
