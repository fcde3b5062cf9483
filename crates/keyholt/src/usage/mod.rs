//! `keyholt usage`: how much was used of which secret, with which API key.

mod command;

pub(crate) use command::Usage;
