//! `keyholt run`: what a command is given, what is seen of it, and how it ends.
#![cfg(test)]

mod ending;
mod environment;
mod fixture;
mod masking;
mod terminal;
mod users_terminal;
mod what_a_command_sees;
