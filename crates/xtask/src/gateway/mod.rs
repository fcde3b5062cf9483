//! `cargo xtask gateway`: what the gateway adds to a request to a provider (design/performance.md).
//!
//! A [`provider`] of ours, quick enough not to be what is measured, is asked the same ([`requests`]) directly and
//! through the gateway, in turns ([`rounds`]): whole answers and streams of events in a closed loop, and streams at
//! a bounded rate for how long a chunk of them is on its way ([`delays`]). Last, the gateway's [`memory`] as requests
//! add up. Only ratios, and what is added, travel from one machine to another.

mod arguments;
mod delays;
mod memory;
mod provider;
mod report;
mod requests;
mod rounds;
mod run;
mod setting;
mod unchunk;

pub(crate) use arguments::GatewayArgs;
pub(crate) use delays::{Delays, delays};
pub(crate) use provider::VALUE;
pub(crate) use requests::{Chats, Shape, Way};
pub(crate) use run::run;
pub(crate) use setting::Setting;
