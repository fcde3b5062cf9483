//! Testing values: whether a provider takes them. What sends the request lies outside the engine, which reaches no
//! network.

use std::future::Future;
use std::pin::Pin;

use keyholt_types::{Caller, SecretId};

use crate::Error;
use crate::providers::Unfit;

/// What came of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tested {
    /// The provider takes the value.
    Valid,
    /// The provider answered with this status, 300 to 599, which is no yes: 401 and 403 mean that it does not take the
    /// value, others that it could not say.
    Refused {
        /// The answer's status.
        status: u16,
    },
    /// The provider gave no answer.
    Unreachable,
    /// For secrets of this type no request is known that would cost nothing.
    UnknownType,
    /// The secret cannot be used as it is.
    Unusable(Unfit),
}

/// A test under way.
pub type Testing<'a> = Pin<Box<dyn Future<Output = Result<Tested, Error>> + Send + 'a>>;

/// Sends a secret's value to its provider to learn whether it is taken there; whoever implements this finds the secret
/// with [`Engine::find_to_test`](crate::Engine::find_to_test) and counts the use before anything is sent.
pub trait TestSecret: Send + Sync {
    /// Tests a secret's present value with the cheapest request that its provider knows.
    ///
    /// # Errors
    /// When there is no such secret, the caller may not use it, or its value does not open.
    fn test<'a>(&'a self, caller: &'a Caller, id: SecretId) -> Testing<'a>;
}
