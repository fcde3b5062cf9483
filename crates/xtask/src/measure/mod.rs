//! What measurements share: building and starting what is measured ([`build`], [`program`]), filling it ([`fill`], [`ask`]),
//! a closed loop of requests ([`load`], [`answer`], [`scatter`]), figures of several rounds ([`statistics`]).

mod answer;
mod ask;
mod build;
mod fill;
mod load;
mod program;
mod scatter;
mod statistics;
mod watch;

pub(crate) use answer::{find, header};
pub(crate) use ask::ask;
pub(crate) use build::{again_optimised, build_server};
pub(crate) use fill::{fill, id_of};
pub(crate) use load::{Requests, Volume, load};
pub(crate) use program::{KEY, Program, command};
pub(crate) use scatter::scattered;
pub(crate) use statistics::{Measured, Spread};
pub(crate) use watch::{now, stamp};
