//! Types that hold a secret: there is no way to copy, compare, show or serialise one by accident.

use std::fmt::Display;
use std::ops::Deref;

use keyholt_crypto::{ApiKeyToken, AuditKey, Kek, Keyring, LocalRootKey};
use keyholt_memory::LockedBytes;
use keyholt_types::{Credential, SecretValue};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Whether a type has a trait, as the compiler knows it: the constant of the type itself, which is there only for those
/// that have the trait, comes before the one that all types are given. The names say that one of them is not used.
macro_rules! has {
    ($type:ty: $trait:path) => {{
        trait _Otherwise {
            const _HAS: bool = false;
        }
        impl<T> _Otherwise for T {}
        struct _Asked<T>(std::marker::PhantomData<T>);
        impl<T: $trait> _Asked<T> {
            const _HAS: bool = true;
        }
        <_Asked<$type>>::_HAS
    }};
}

macro_rules! has_none {
    ($($type:ty),+) => {$(
        assert!(!has!($type: Clone), "{} can be copied", stringify!($type));
        assert!(!has!($type: PartialEq), "{} can be compared, and not in constant time", stringify!($type));
        assert!(!has!($type: Display), "{} can be shown", stringify!($type));
        assert!(!has!($type: Deref), "{} can pass for what it holds", stringify!($type));
        assert!(!has!($type: Serialize), "{} can be serialised", stringify!($type));
        assert!(!has!($type: DeserializeOwned), "{} can be read in by accident", stringify!($type));
    )+};
}

#[test]
fn what_holds_a_secret_cannot_be_copied_compared_shown_or_serialised() {
    has_none!(SecretValue, Credential, ApiKeyToken, LocalRootKey, Keyring, Kek, AuditKey, LockedBytes<32>);
}

#[test]
fn the_question_is_answered_with_yes_where_it_is_so() {
    assert!(has!(String: Clone) && has!(String: PartialEq) && has!(String: Display) && has!(String: Deref));
    assert!(has!(String: Serialize) && has!(String: DeserializeOwned));
}
