//! What the operator decides.

use keyholt_types::AddressRange;

use crate::providers::ModelRules;
use crate::{JwtOptions, RateLimits};

/// What the operator decides.
#[derive(Default)]
pub struct EngineSettings {
    /// How many earlier versions of a value are kept for organisations' secrets.
    pub versions_kept: u32,
    /// How much is let through.
    pub limits: RateLimits,
    /// Whose tokens are credentials; nobody's when none.
    pub jwt: Option<JwtOptions>,
    /// From where the right to use suffices to resolve (design/decisions.md 9).
    pub resolvers: Vec<AddressRange>,
    /// Which types of providers serve which models.
    pub models: ModelRules,
}
