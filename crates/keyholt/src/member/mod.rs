//! `keyholt user` and `keyholt service-account`: the people and programs that are members of organisations.
//!
//! Both are principals and take the same commands; [`user`] and [`service_account`] differ in words only.

mod create;
mod edit;
pub(crate) mod find;
mod kind;
mod list;
mod rm;
mod service_account;
mod show;
mod shown;
mod suspend;
mod user;

pub(crate) use kind::kind_in_words;
pub(crate) use service_account::ServiceAccountCommand;
pub(crate) use user::UserCommand;
