//! `keyholt doctor`: what is wrong with an installation, and what to do.
//!
//! Works on the database itself, beside a running server or without one, and changes nothing. [`place`] looks at files
//! and the disk, [`store`] at the database and its keys, [`rows`] at every secret.

mod command;
mod finding;
mod place;
mod rows;
mod store;

pub(crate) use command::Doctor;
