//! The rooms behind the door, told apart by path alone.

use std::fmt;

use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

use crate::refusal::Refusal;

/// The path of the gateway.
pub(crate) const GATEWAY: &str = "/v1/proxy";

/// A room behind the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Room {
    /// The data plane of wire/braintrust.md: `/v1` and every path that belongs to no other room.
    Braintrust,
    /// Its control plane: `/api`.
    Control,
    /// wire/together.md.
    Together,
    /// The native API: `/keyholt`.
    Native,
    /// Health and the API's description.
    Probes,
    /// The gateway to the providers: `/v1/proxy`.
    Gateway,
}

impl Room {
    /// The room that a path belongs to, whether or not it leads anywhere.
    pub(crate) fn of(path: &str) -> Self {
        let is_within = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        const TOGETHER: [&str; 6] =
            ["/v1/deployments", "/deployments", "/v1/v1", "/v1/whoami", "/v3/whoami", "/v1/v3"];
        if is_within("/v1/ai_secret") {
            Self::Braintrust
        } else if is_within(GATEWAY) {
            Self::Gateway
        } else if is_within("/api") {
            Self::Control
        } else if is_within("/keyholt") {
            Self::Native
        } else if ["/healthz", "/readyz", "/openapi.json"].contains(&path) {
            Self::Probes
        } else if path == "/whoami" || TOGETHER.into_iter().any(is_within) {
            Self::Together
        } else {
            Self::Braintrust
        }
    }

    /// Whether its answers bear `x-bt-internal-trace-id`.
    pub(crate) const fn has_trace_id(self) -> bool {
        matches!(self, Self::Braintrust | Self::Control)
    }

    /// A refusal in the form of the room.
    pub(crate) fn refuse(self, refusal: Refusal) -> Response {
        match self {
            Self::Control => refusal.into_plain_text(),
            Self::Braintrust | Self::Together | Self::Native | Self::Probes | Self::Gateway => {
                refusal.into_response()
            }
        }
    }

    /// The word for it in metrics and logs.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Braintrust => "braintrust",
            Self::Control => "control",
            Self::Together => "together",
            Self::Native => "native",
            Self::Probes => "probes",
            Self::Gateway => "gateway",
        }
    }
}

impl EncodeLabelValue for Room {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.word().encode(encoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_told_apart_by_path() {
        for (path, room) in [
            ("/v1/ai_secret", Room::Braintrust),
            ("/v1/ai_secret/", Room::Braintrust),
            ("/v1/ai_secrets", Room::Braintrust),
            ("/v1", Room::Braintrust),
            ("/", Room::Braintrust),
            ("/api/secret", Room::Control),
            ("/apis", Room::Braintrust),
            ("/v1/deployments/secrets/a/b", Room::Together),
            ("/v1/v1/deployments/secrets", Room::Together),
            ("/deployments/secrets", Room::Together),
            ("/v1/v3/whoami", Room::Together),
            ("/whoami", Room::Together),
            ("/keyholt/v1/orgs", Room::Native),
            ("/healthz", Room::Probes),
            ("/v1/proxy", Room::Gateway),
            ("/v1/proxy/chat/completions", Room::Gateway),
            ("/v1/proxys", Room::Braintrust),
        ] {
            assert_eq!(Room::of(path), room, "{path}");
        }
    }
}
