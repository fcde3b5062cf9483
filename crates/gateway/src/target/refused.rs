//! What a target is refused for.

/// Why a request's target is refused. Nothing of it is in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetRefused {
    /// A method or a form of the target that is for proxies: `CONNECT`, `GET http://host/`, `*`.
    #[error("the request's target must be a path")]
    Form,
    /// A path that two servers might read differently.
    #[error("the path is not in a plain form")]
    Path,
    /// A query that two servers might read differently.
    #[error("the query is not in a plain form")]
    Query,
    /// A credential in the query.
    #[error("a credential does not belong in the query")]
    QueryCredential,
    /// A parameter that would say where the request goes.
    #[error("a request cannot say where it goes: that is told by the secret")]
    QueryDestination,
    /// The record's URL has no path to add to, or what came out is no URI.
    #[error("the upstream's URL cannot be used")]
    Base,
}
