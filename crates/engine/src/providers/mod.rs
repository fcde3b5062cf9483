//! What is known of the providers whose keys are kept: which secrets an AI proxy may be given
//! (wire/braintrust.md 6), which serve a model, where a value may be sent and how it goes into a request.
//!
//! **Invariant:** pure functions of a secret's type, metadata and value. Where a value goes is decided by the
//! secret alone: nothing of a request comes in here but the model's name.

mod additional_headers;
mod address;
mod bases;
mod bound_hosts;
mod cheapest_call;
mod credential;
mod fields;
mod fit;
mod header_text;
mod hosts;
mod matching;
mod model_name;
mod model_spec;
mod models;
mod provider_type;
mod shape;
mod unfit;
mod values;
mod weight;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod samples;

pub use additional_headers::{ExtraHeader, additional_headers};
pub use bound_hosts::bound_hosts;
pub use cheapest_call::{CheapestCall, cheapest_call};
pub use credential::{AuthHeader, auth_for, openai_auth_for};
pub use fit::check_metadata;
pub use hosts::{AzurePath, Deployment, Destination, destination};
pub use matching::{ModelRules, WantedModel};
pub use model_name::{lists_model, split_provider};
pub use models::{Models, names_models};
pub use provider_type::ProviderType;
pub use unfit::Unfit;
pub use values::check_value;
pub use weight::weight;
