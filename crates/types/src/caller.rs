//! Who asks, and with what.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::{ApiKeyId, OrgId, PrincipalId, ProjectId, RequestId, Restrictions, Right, Rights, Timestamp};

/// What a principal presents to us. Wiped on drop; prints as `Credential(**)`.
pub struct Credential(Zeroizing<String>);

impl Credential {
    /// Takes a credential over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text. Each use has a reason, marked `EXPOSE:`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(**)")
    }
}

/// What is known of a request before anybody is authenticated.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext {
    /// The id that the server gave it.
    pub id: RequestId,
    /// The address it came from, behind the forwarders that are believed.
    pub address: Option<IpAddr>,
}

/// An organisation that a caller belongs to, and the rights there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrgGrant {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub org_name: Box<str>,
    /// What the caller may do there.
    pub rights: Rights,
}

/// The one project of an API key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProjectRef {
    /// The organisation it belongs to.
    pub org: OrgId,
    /// The project.
    pub id: ProjectId,
    /// Its name.
    pub name: Box<str>,
}

/// What a principal showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// An API key of ours.
    ApiKey,
    /// A token of an issuer that the operator configured.
    Jwt,
}

/// What makes an API key a credential for a short time: for use through the gateway and by proxies alone
/// (design/decisions.md 24).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Temporary {
    /// The API key that made it, with which it ends.
    pub parent: ApiKeyId,
    /// The only model that it may be used for.
    pub model: Option<Box<str>>,
}

/// Who a credential stands for and what it may do: the same for every request made with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// What was shown.
    pub via: Via,
    /// The API key; with a token the principal's own id.
    pub api_key: ApiKeyId,
    /// The API key's name.
    pub api_key_name: Box<str>,
    /// The user or service account behind it.
    pub principal: PrincipalId,
    /// Whether it bears the operator's mark, which gives no right inside an organisation.
    pub operator: bool,
    /// The organisations it belongs to, in order of their ids; at least one.
    pub orgs: Vec<OrgGrant>,
    /// Its project, in one of these organisations.
    pub project: ProjectRef,
    /// When it ceases to be valid.
    pub expires_at: Option<Timestamp>,
    /// Which secrets it may touch, and from where it may be used.
    pub restrictions: Restrictions,
    /// Whether it is for a short time.
    pub temporary: Option<Temporary>,
}

impl Identity {
    /// Whether it is valid for a request from this address at this moment.
    #[must_use]
    pub fn admits(&self, address: Option<IpAddr>, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end) && self.restrictions.allow_address(address)
    }

    /// Its grant in an organisation.
    #[must_use]
    pub fn grant_in(&self, org: OrgId) -> Option<&OrgGrant> {
        self.orgs.iter().find(|grant| grant.org == org)
    }

    /// Whether it may be used for this model; for all of them when none is named.
    #[must_use]
    pub fn allows_model(&self, model: Option<&str>) -> bool {
        let only = self.temporary.as_ref().and_then(|temporary| temporary.model.as_deref());
        only.is_none() || only == model
    }

    /// The API key that what is done counts for.
    #[must_use]
    pub fn counted_as(&self) -> ApiKeyId {
        self.temporary.as_ref().map_or(self.api_key, |temporary| temporary.parent)
    }

    /// Whether it has this right in at least one organisation.
    #[must_use]
    pub fn has_anywhere(&self, right: Right) -> bool {
        self.orgs.iter().any(|grant| grant.rights.has(right))
    }
}

/// An authenticated request: only the engine's `authenticate` makes one that says anything.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who asks.
    pub identity: Arc<Identity>,
    /// The request in which they ask.
    pub request: RequestContext,
}
