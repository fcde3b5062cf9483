//! Which options the commands on a store show.

use clap::Arg;

/// Those of the server that say where its store is.
pub(super) const OF_STORE: &[&str] = &["config", "data_dir", "database_url", "database_password_file"];
/// The same, with where its root key is.
pub(super) const OF_STORE_AND_KEY: &[&str] =
    &["config", "data_dir", "database_url", "database_password_file", "root_key_file"];
/// Those that commands have of their own.
const OWN: [&str; 4] = ["file", "backup", "force", "json"];

/// Hides the options of the server that do not matter to a command. They are taken all the same: whoever has the options
/// of a server at hand, as in a service's file, gives them as they are.
pub(super) fn show(option: Arg, shown: &[&str]) -> Arg {
    let id = option.get_id().as_str();
    let is_hidden = ![shown, &OWN].concat().contains(&id);
    option.hide(is_hidden)
}
