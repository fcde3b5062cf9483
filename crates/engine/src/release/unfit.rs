//! Secrets that cannot be used are reported to whoever runs the server.

use std::collections::HashSet;
use std::sync::PoisonError;

use crate::providers::Unfit;
use crate::{Engine, SecretView};

impl Engine {
    /// Reports a secret that a proxy is not given: in the metrics each time, in the log once for each of its
    /// versions.
    pub(super) fn report_unfit(&self, secret: &SecretView, unfit: Unfit) {
        /// Beyond so many nothing new is remembered, and all is reported again.
        const REMEMBERED: usize = 10_000;
        self.metrics.unfit_secrets.inc();
        let columns = &secret.columns;
        let mut reported = self.reported_unfit.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() >= REMEMBERED {
            *reported = HashSet::new();
        }
        if reported.insert((columns.id, columns.version)) {
            tracing::warn!(secret = %columns.id, reason = %unfit, "a secret is not given to proxies");
        }
    }
}
