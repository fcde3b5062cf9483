//! Why a secret cannot be used or given to a proxy.

/// Why a secret is left out: a closed list. Each text names the field at fault and never holds what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has no type, or one that is no provider's.
    #[error("type is not the type of a provider")]
    UnknownType,
    /// A field of the metadata is missing, or not what it must be.
    #[error("metadata.{field} {problem}")]
    Metadata {
        /// The field.
        field: &'static str,
        /// What it must be.
        problem: &'static str,
    },
    /// A model that the metadata describes has a field that is not what it must be.
    #[error("metadata.customModels has a model whose {field} {problem}")]
    CustomModel {
        /// The model's field.
        field: &'static str,
        /// What it must be.
        problem: &'static str,
    },
    /// It has no value, and its type needs one.
    #[error("the secret has no value")]
    NoValue,
    /// Its type takes several texts, and the value does not hold them.
    #[error("the value must be a JSON object with {0}")]
    NotJson(&'static str),
    /// The value would not survive in a header.
    #[error("the value cannot be put into a header: it must be visible ASCII and spaces")]
    NotHeaderSafe,
    /// A header's name that is no token (RFC 9110, 5.6.2).
    #[error("metadata.additionalHeaders has a name that is no HTTP token")]
    HeaderName,
    /// A header's value that would not survive in a header.
    #[error("metadata.additionalHeaders has a value that is not visible ASCII and spaces")]
    HeaderValue,
    /// A header that is not for a secret to set.
    #[error("metadata.additionalHeaders has a header that the gateway sets itself or never sends")]
    HeaderDenied,
    /// There is no host to which its value could be sent.
    #[error("{0}")]
    NoDestination(&'static str),
    /// Its way to authenticate needs more than a header.
    #[error("{0} are not supported by the gateway; put the AI proxy in front")]
    NotSupported(&'static str),
    /// The value may be sent elsewhere than when it was written (design/decisions.md 22).
    #[error("the hosts changed since the value was written: supply the value again, or confirm the hosts")]
    Unbound,
    /// Its host is not one that the gateway may reach.
    #[error("the gateway may not reach the secret's host: only public https hosts and those of --egress-allow")]
    NotAllowed,
    /// Its provider does not understand the request.
    #[error("the provider of this type does not understand the request's format")]
    OtherFormat,
}
