//! The issuers whose tokens are taken, and where their keys come from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use keyholt_crypto::{JwtClaims, JwtRefused, verify_jwt};
use keyholt_types::{Clock, Credential, JwksPlace, JwtIssuer};

use super::keys::IssuerKeys;

/// A key set under way: its bytes, not yet looked at.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchProblem>> + Send + 'a>>;

/// Fetches key sets. Must read no more than a key set can have; what takes longer than 20 s is given up.
pub trait FetchJwks: Send + Sync {
    /// Fetches the key set at a place.
    fn fetch<'a>(&'a self, place: &'a JwksPlace) -> Fetching<'a>;
}

/// Why a key set could not be fetched: a fixed text, since what the other side sent is not to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchProblem(pub &'static str);

impl fmt::Display for FetchProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Whose tokens are taken.
pub struct JwtOptions {
    /// The issuers, each once.
    pub issuers: Vec<JwtIssuer>,
    /// Fetches their keys.
    pub fetch: Arc<dyn FetchJwks>,
}

/// The issuers with their keys.
#[derive(Default)]
pub(crate) struct Issuers {
    pub(super) all: Vec<TokenIssuer>,
    pub(super) fetch: Option<Arc<dyn FetchJwks>>,
}

/// An issuer with its keys.
pub(super) struct TokenIssuer {
    pub(super) config: JwtIssuer,
    pub(super) keys: IssuerKeys,
}

impl Issuers {
    pub(crate) fn new(options: Option<JwtOptions>) -> Self {
        let Some(JwtOptions { issuers, fetch }) = options else { return Self::default() };
        let issuer = |config| TokenIssuer { config, keys: IssuerKeys::default() };
        Self { all: issuers.into_iter().map(issuer).collect(), fetch: Some(fetch) }
    }

    /// Whether this issuer's tokens are credentials.
    pub(crate) fn has(&self, issuer: &str) -> bool {
        self.all.iter().any(|one| *one.config.issuer == *issuer)
    }

    /// The issuer of this name, exactly.
    pub(super) fn find(&self, name: &str) -> Option<&TokenIssuer> {
        self.all.iter().find(|issuer| *issuer.config.issuer == *name)
    }
}

impl TokenIssuer {
    /// The claims of a token, when it is signed with one of the issuer's keys.
    pub(super) async fn verify(&self, clock: &dyn Clock, credential: &Credential) -> Option<JwtClaims> {
        let verify = |keys: &_| verify_jwt(credential, keys, &self.config.algorithms);
        let keys = match self.keys.current(clock.ticks()) {
            Some(keys) => keys,
            None => self.keys.ask(clock).await?,
        };
        match verify(&keys) {
            Ok(claims) => Some(claims),
            Err(JwtRefused::Invalid) => None,
            Err(JwtRefused::UnknownKey) => verify(&*self.keys.ask(clock).await?).ok(),
        }
    }
}
