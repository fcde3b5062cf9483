//! Secrets: of organisations, and of their projects.

mod create;
mod delete;
mod edit;
mod expire;
mod find;
mod import;
mod list;
mod patch;
mod project;
mod replace;
mod sealing;

pub use list::SecretList;
