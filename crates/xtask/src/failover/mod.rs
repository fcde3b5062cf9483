//! `cargo xtask failover`: a primary is killed or stands still under load, its synchronous standby takes its place, and
//! every acknowledged write is there (design/security.md A2, A3).
//!
//! Nodes ([`installation`]) on two PostgreSQL servers on loopback, workers that know what they were answered
//! ([`worker`], [`model`]), and after each change of roles a look at all of it ([`survey`], [`audit`]). How long nobody
//! was served is measured from the moment that the standby is told to take over ([`outage`]).

mod arguments;
mod audit;
mod figures;
mod installation;
mod model;
mod outage;
mod rounds;
mod run;
mod survey;
mod worker;

pub(crate) use arguments::FailoverArgs;
pub(crate) use run::run;
