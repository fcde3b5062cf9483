//! Keeping issuers' keys up to date, beside everything else.

use std::time::Duration;

use futures_util::future::join_all;

use super::issuers::{FetchJwks, FetchProblem, TokenIssuer};
use super::keys::read;
use crate::Engine;

/// How often it is looked whether keys are out of date.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// A fetch that takes longer has failed.
const LONGEST_FETCH: Duration = Duration::from_secs(20);

impl Engine {
    /// Keeps the keys of all issuers up to date. Does not end; to be run beside everything else, since without it
    /// tokens are refused.
    pub async fn keep_jwt_keys(&self) {
        match &self.jwt_issuers.fetch {
            Some(fetch) => {
                join_all(self.jwt_issuers.all.iter().map(|issuer| self.keep_keys_of(issuer, &**fetch))).await;
            }
            None => std::future::pending().await,
        }
    }

    async fn keep_keys_of(&self, issuer: &TokenIssuer, fetch: &dyn FetchJwks) {
        let (name, keys) = (&*issuer.config.issuer, &issuer.keys);
        loop {
            if keys.begin_fetch(self.clock.ticks()) {
                let fetched = tokio::time::timeout(LONGEST_FETCH, fetch.fetch(&issuer.config.keys)).await;
                let fetched = fetched.unwrap_or(Err(FetchProblem("it took too long")));
                match keys.end_fetch(fetched.map_err(|problem| problem.0).and_then(|json| read(&json))) {
                    Ok(true) => {}
                    Ok(false) => {
                        tracing::info!(issuer = name, "an issuer has withdrawn keys: their tokens are refused");
                        self.identities.forget_all();
                    }
                    Err(reason) => {
                        tracing::warn!(issuer = name, reason, "an issuer's keys could not be fetched");
                    }
                }
            }
            if keys.drop_outdated(self.clock.ticks()) {
                tracing::error!(
                    issuer = name,
                    "an issuer's keys could not be fetched for an hour: its tokens are refused until they can be"
                );
                self.identities.forget_all();
            }
            // Sooner when a request asks for keys; whether it is time to fetch is told by the engine's clock.
            let _ = tokio::time::timeout(LOOK_AGAIN, keys.asked()).await;
        }
    }
}
