//! The issuers whose tokens are taken, and where their keys come from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use keyholt_crypto::{JwtClaims, JwtRefused, verify_jwt};
use keyholt_types::{Credential, JwksPlace, JwtIssuer};

use super::keys::{IssuerKeys, read};
use crate::Engine;

/// A key set under way: its bytes, not yet looked at.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchProblem>> + Send + 'a>>;

/// Fetches key sets. Must end by itself, within seconds, and read no more than a key set can have.
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
    all: Vec<TokenIssuer>,
    fetch: Option<Arc<dyn FetchJwks>>,
}

/// An issuer with its keys.
pub(crate) struct TokenIssuer {
    pub(crate) config: JwtIssuer,
    keys: IssuerKeys,
}

impl Issuers {
    pub(crate) fn new(options: Option<JwtOptions>) -> Self {
        let Some(JwtOptions { issuers, fetch }) = options else { return Self::default() };
        let issuer = |config| TokenIssuer { config, keys: IssuerKeys::default() };
        Self { all: issuers.into_iter().map(issuer).collect(), fetch: Some(fetch) }
    }

    /// The issuer of this name, exactly.
    pub(crate) fn find(&self, name: &str) -> Option<&TokenIssuer> {
        self.all.iter().find(|issuer| *issuer.config.issuer == *name)
    }
}

impl TokenIssuer {
    /// The claims of a token, when it is signed with one of the issuer's keys.
    pub(crate) async fn verify(&self, engine: &Engine, credential: &Credential) -> Option<JwtClaims> {
        let ticks = || engine.clock.ticks();
        let verify = |keys: &_| verify_jwt(credential, keys, &self.config.algorithms);
        let keys = match self.keys.current(ticks()) {
            Some(keys) => keys,
            None => self.keys.ask(&ticks).await?,
        };
        match verify(&keys) {
            Ok(claims) => Some(claims),
            Err(JwtRefused::Invalid) => None,
            Err(JwtRefused::UnknownKey) => verify(&*self.keys.ask(&ticks).await?).ok(),
        }
    }

    /// Keeps the keys up to date, for ever.
    async fn keep_keys(&self, engine: &Engine, fetch: &dyn FetchJwks) {
        let name = &*self.config.issuer;
        loop {
            if self.keys.begin_fetch(engine.clock.ticks()) {
                let fetched = fetch.fetch(&self.config.keys).await;
                let keys = fetched.map_err(|problem| problem.0).and_then(|json| read(&json));
                match self.keys.end_fetch(keys) {
                    Ok(true) => {}
                    Ok(false) => {
                        tracing::info!(issuer = name, "an issuer has withdrawn keys: their tokens are refused");
                        engine.identities.forget_all();
                    }
                    Err(reason) => {
                        tracing::warn!(issuer = name, reason, "an issuer's keys could not be fetched")
                    }
                }
            }
            if self.keys.drop_outdated(engine.clock.ticks()) {
                tracing::error!(
                    issuer = name,
                    "an issuer's keys could not be fetched for an hour: its tokens are refused until they can be"
                );
                engine.identities.forget_all();
            }
            // Sooner when a request asks for keys; whether it is time to fetch is told by the engine's clock.
            let _ = tokio::time::timeout(LOOK_AGAIN, self.keys.asked()).await;
        }
    }
}

/// How often it is looked whether keys are out of date.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Keeps the keys of all issuers up to date. Does not end; to be run beside everything else, since without it
    /// tokens are refused.
    pub async fn keep_jwt_keys(&self) {
        match &self.jwt_issuers.fetch {
            Some(fetch) => {
                join_all(self.jwt_issuers.all.iter().map(|issuer| issuer.keep_keys(self, &**fetch))).await;
            }
            None => std::future::pending().await,
        }
    }
}
