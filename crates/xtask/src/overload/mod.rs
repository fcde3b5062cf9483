//! `cargo xtask overload`: what becomes of those who are served when far more is asked for than can be served
//! (design/security.md A9).
//!
//! The server has one processor and this program another ([`processors`]), so that the load takes nothing from what it
//! loads. A mix of requests ([`mix`]) comes at a constant rate, whether or not others have been answered ([`arrivals`]):
//! - [`surge`]: several times as much as can be served, and how soon all is well after it;
//! - [`neighbour`]: one organisation far beyond its limit, beside another that is not;
//! - [`idle`]: ten thousand connections on which nothing is asked for, and a thousand that send a byte a second.

mod answers;
mod arguments;
mod arrivals;
mod bars;
mod idle;
mod mix;
mod neighbour;
mod processors;
mod run;
mod served;
mod surge;

pub(crate) use arguments::OverloadArgs;
pub(crate) use run::run;
