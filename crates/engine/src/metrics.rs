//! What the engine counts. Labels are a closed list of words; no name, id or value is ever one.

use keyholt_types::Action;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ActionLabel(pub(crate) Action);

impl EncodeLabelSet for ActionLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        use prometheus_client::encoding::EncodeLabel;
        ("action", self.0.word()).encode(encoder.encode_label())
    }
}

/// The engine's counters.
#[derive(Default, Debug)]
pub(crate) struct Metrics {
    /// Changes committed, by what they did.
    pub(crate) changes: Family<ActionLabel, Counter>,
    /// Credentials that were refused.
    pub(crate) refused_credentials: Counter,
    /// Secrets that a proxy was not given because they do not fit.
    pub(crate) unfit_secrets: Counter,
    /// Reads that met a row which does not open.
    pub(crate) locked_reads: Counter,
}

impl Metrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("keyholt_changes", "Changes committed", self.changes.clone());
        registry.register(
            "keyholt_refused_credentials",
            "Requests whose credential was unknown, expired or revoked",
            self.refused_credentials.clone(),
        );
        registry.register(
            "keyholt_unfit_secrets",
            "Times that a secret was not given to a proxy because it does not fit",
            self.unfit_secrets.clone(),
        );
        registry.register(
            "keyholt_locked_reads",
            "Reads of rows that are damaged or were tampered with",
            self.locked_reads.clone(),
        );
    }
}
