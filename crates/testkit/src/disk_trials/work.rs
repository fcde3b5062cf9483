//! What a caller does next.

use keyholt_types::SecretId;

use super::testimony::Testimony;
use crate::Random;

/// One thing that a caller asks for.
#[derive(Debug)]
pub(super) enum Task {
    /// A secret of this name is made.
    Create { name: String },
    /// The same with the request that replaces what is there.
    Put { name: String },
    /// All of a secret is changed, its value too, by its name.
    Replace(SecretId),
    /// The same by its id.
    Rotate(SecretId),
    /// Type and metadata are changed.
    Update(SecretId),
    /// It gets another name.
    Rename(SecretId, String),
    /// It is deleted, by its id.
    Delete(SecretId),
    /// It is deleted, by its name.
    DeleteNamed(SecretId),
    /// An API key of this name is made.
    MakeKey(String),
    /// That of this name is revoked.
    RevokeKey(String),
    /// A value is looked at.
    Reveal(SecretId),
    /// What is deleted is to leave the log.
    Sweep,
    /// The log is copied into the database, as it is when it has become long.
    Checkpoint,
}

/// Chooses: mostly new secrets while there are few, then all kinds.
pub(super) fn choose(prefix: &str, random: &mut Random, known: &Testimony) -> Task {
    let name = |random: &mut Random| format!("{prefix}{}", random.text(12));
    let kind = random.below(20);
    match kind {
        0 => return Task::MakeKey(name(random)),
        1 => {
            let keys = known.known_keys(prefix);
            return match random.pick(&keys) {
                Some(key) => Task::RevokeKey(key.clone()),
                None => Task::MakeKey(name(random)),
            };
        }
        2 => return Task::Sweep,
        3 => return Task::Checkpoint,
        _ => {}
    }
    let rows = known.known_rows(prefix);
    let Some(row) = random.pick(&rows).copied().filter(|_| kind > 6) else {
        return if kind.is_multiple_of(2) {
            Task::Create { name: name(random) }
        } else {
            Task::Put { name: name(random) }
        };
    };
    match kind {
        7 | 8 => Task::Replace(row),
        9..=11 => Task::Rotate(row),
        12 | 13 => Task::Update(row),
        14 | 15 => Task::Rename(row, name(random)),
        16 => Task::Delete(row),
        17 => Task::DeleteNamed(row),
        _ => Task::Reveal(row),
    }
}
