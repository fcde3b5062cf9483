//! What reads bytes that anybody may send, opened to the targets in `fuzz/`. Not part of any build that is shipped: the
//! feature `fuzzing` is turned on there alone.
//!
//! Refusals are given as the text that a client would see.

use axum::Router;
use keyholt_engine::{NewSecret, SecretPatch};
use keyholt_types::{Description, ProjectSecretName, SecretValue, TtlSeconds};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::braintrust::{WriteBody, parse_patch};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::together::SecretFields;
use crate::{Peer, ServerLimits, server};

fn said<T>(read: Result<T, Refusal>) -> Result<T, String> {
    read.map_err(|refusal| refusal.message().into_owned())
}

/// The body of POST and PUT (wire/braintrust.md 3.2): the organisation's name, and the secret.
///
/// # Errors
/// What the client is told.
pub fn read_new_secret(body: &[u8]) -> Result<(Option<String>, NewSecret), String> {
    said(WriteBody::parse(body)).map(|read| (read.org_name, read.secret))
}

/// The body of PATCH (wire/braintrust.md 3.6).
///
/// # Errors
/// What the client is told.
pub fn read_secret_patch(body: &[u8]) -> Result<SecretPatch, String> {
    said(parse_patch(body))
}

/// The fields of a project's secret (wire/together.md 2.1).
pub struct ProjectSecret {
    /// Its name.
    pub name: Option<ProjectSecretName>,
    /// Its value.
    pub value: Option<SecretValue>,
    /// Its description.
    pub description: Option<Description>,
    /// Its time to live.
    pub ttl: Option<TtlSeconds>,
}

/// The body of POST and PATCH (wire/together.md 2.1).
///
/// # Errors
/// What the client is told.
pub fn read_project_secret(body: &[u8]) -> Result<ProjectSecret, String> {
    let SecretFields { name, value, description, ttl } = said(SecretFields::parse(body))?;
    Ok(ProjectSecret { name, value, description, ttl })
}

/// A parameter of a query, read in each of the ways that there are.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// As one that may be given once.
    pub single: Result<Option<String>, String>,
    /// As a number.
    pub number: Result<Option<u64>, String>,
    /// As a list.
    pub list: Option<Vec<String>>,
}

/// One parameter of a query string (wire/braintrust.md 1.2).
///
/// # Errors
/// What the client is told when the query cannot be read at all.
pub fn read_parameter(query: &str, name: &'static str) -> Result<Parameter, String> {
    let query = said(Query::parse(query))?;
    Ok(Parameter {
        single: said(query.single(name)).map(|text| text.map(str::to_owned)),
        number: said(query.number(name)),
        list: query.list(name).map(|list| list.into_iter().map(str::to_owned).collect()),
    })
}

/// Serves one connection over any stream, until it ends.
pub async fn serve_stream(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    limits: ServerLimits,
) {
    server::serve_stream(stream, peer, router, limits).await;
}
