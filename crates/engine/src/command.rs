//! What callers ask for, in the domain's words.

use keyholt_store::PrincipalKind;
use keyholt_types::{
    Description, Metadata, OrgName, Patch, PrincipalId, Restriction, Rights, SecretId, SecretName, SecretType,
    SecretValue, Timestamp, TtlSeconds,
};

/// Which of the caller's organisations is meant.
#[derive(Debug, Clone, Copy)]
pub enum OrgChoice<'a> {
    /// None was named: the only one, or for lists all of them.
    Unnamed,
    /// The one of this name.
    Named(&'a str),
}

impl<'a> OrgChoice<'a> {
    /// None or some.
    #[must_use]
    pub fn from_option(name: Option<&'a str>) -> Self {
        name.map_or(Self::Unnamed, Self::Named)
    }
}

/// A secret to be made.
#[derive(Debug)]
pub struct NewSecret {
    /// Its name.
    pub name: SecretName,
    /// Its type.
    pub kind: Option<SecretType>,
    /// Its metadata.
    pub metadata: Option<Metadata>,
    /// Its description.
    pub description: Option<Description>,
    /// Its value; an organisation's secret may lack one.
    pub value: Option<SecretValue>,
    /// Its time to live, from now.
    pub ttl: Option<TtlSeconds>,
}

/// What to change of a secret; what is not given stays.
#[derive(Debug, Default)]
pub struct SecretPatch {
    /// A new name.
    pub name: Option<SecretName>,
    /// A type.
    pub kind: Patch<SecretType>,
    /// What to do with the metadata.
    pub metadata: MetadataPatch,
    /// A description; an empty one empties it.
    pub description: Option<Description>,
    /// A new value. Also an equal one counts as new.
    pub value: Option<SecretValue>,
    /// A new time to live, from now.
    pub ttl: Option<TtlSeconds>,
}

/// What to do with metadata.
#[derive(Debug, Default)]
pub enum MetadataPatch {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Make it none.
    Clear,
    /// Make it this.
    Replace(Metadata),
    /// Merge this in, as [`Metadata::merged`] does.
    Merge(MetadataObject),
}

/// A JSON object to be merged; it does not print.
pub struct MetadataObject(pub serde_json::Map<String, serde_json::Value>);

impl std::fmt::Debug for MetadataObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MetadataObject(**)")
    }
}

/// A secret to be brought in under a fixed id; takes the place of a secret of that id or name.
#[derive(Debug)]
pub struct ImportedSecret {
    /// Its id.
    pub id: SecretId,
    /// When it was made; now when not given.
    pub created_at: Option<Timestamp>,
    /// The rest.
    pub secret: NewSecret,
}

/// Which secrets to list. Filters are ANDed, the elements of one list ORed.
#[derive(Debug, Clone, Default)]
pub struct SecretFilter {
    /// Only these ids.
    pub ids: Option<Vec<SecretId>>,
    /// Only these types.
    pub kinds: Option<Vec<Box<str>>>,
    /// Only this name.
    pub name: Option<Box<str>>,
    /// Only ids below this one: older rows.
    pub starting_after: Option<SecretId>,
    /// Only ids above this one: newer rows.
    pub ending_before: Option<SecretId>,
    /// At most so many; with `ending_before` alone, those nearest to it.
    pub limit: Option<u64>,
    /// Whether rows that do not open are listed too, as locked; else they are left out and not counted.
    pub with_locked: bool,
}

/// A page of a plain list, oldest position first named.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<Id> {
    /// Only ids below this one.
    pub starting_after: Option<Id>,
    /// At most so many, 1 to 1000.
    pub limit: u32,
}

impl<Id> From<PageRequest<Id>> for IdentityFilter<Id> {
    fn from(page: PageRequest<Id>) -> Self {
        Self { starting_after: page.starting_after, limit: Some(u64::from(page.limit)), ..Self::default() }
    }
}

/// Which organisations, projects, members or API keys to list. Filters are ANDed, the elements of one list ORed.
#[derive(Debug, Clone)]
pub struct IdentityFilter<Id> {
    /// Only these ids.
    pub ids: Option<Vec<Id>>,
    /// Only these names.
    pub names: Option<Vec<Box<str>>>,
    /// Only ids below this one.
    pub starting_after: Option<Id>,
    /// Only ids above this one.
    pub ending_before: Option<Id>,
    /// At most so many; with `ending_before` alone, those nearest to it.
    pub limit: Option<u64>,
}

impl<Id> Default for IdentityFilter<Id> {
    fn default() -> Self {
        Self { ids: None, names: None, starting_after: None, ending_before: None, limit: None }
    }
}

impl<Id> IdentityFilter<Id> {
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.iter().any(|one| **one == *name))
    }
}

/// Which organisations are meant when an operator asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrgReach {
    /// The caller's own.
    Own,
    /// All of the installation.
    Operated,
}

/// A user or service account to be made.
#[derive(Debug)]
pub struct NewPrincipal {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name.
    pub name: OrgName,
    /// Its electronic mail address.
    pub email: Option<Box<str>>,
    /// Names of the organisations that it becomes a member of; the caller's only one when empty.
    pub orgs: Vec<Box<str>>,
    /// What it may do in each of them at most.
    pub rights: Rights,
}

/// What to change of a member; what is not given stays.
#[derive(Debug, Default)]
pub struct MemberPatch {
    /// Another name.
    pub name: Option<OrgName>,
    /// Another electronic mail address.
    pub email: Patch<Box<str>>,
    /// Other rights in the organisation.
    pub rights: Option<Rights>,
    /// Whether it may do nothing in the organisation.
    pub suspended: Option<bool>,
}

/// An API key to be made.
#[derive(Debug)]
pub struct NewApiKey {
    /// Its name.
    pub name: OrgName,
    /// The member that it is to stand for; a service account of the same name is made when not given.
    pub principal: Option<PrincipalId>,
    /// Names of the organisations it belongs to; the caller's only one when empty.
    pub orgs: Vec<Box<str>>,
    /// Its project, in the first of these; `default` when not given.
    pub project: Option<Box<str>>,
    /// What it may do in each of them.
    pub rights: NewKeyRights,
    /// What narrows it, beside what narrows its maker.
    pub restriction: Restriction,
    /// Whether it bears the operator's mark.
    pub operator: bool,
    /// Whether the valid API keys of this name that stand for the same member are revoked with it.
    pub replaces_namesakes: bool,
    /// After how many seconds it ceases to be valid; never when not given.
    pub lifetime_seconds: Option<i64>,
}

/// What an API key is to be allowed in each of its organisations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKeyRights {
    /// Just these; refused when its maker or its principal lacks one of them.
    Exactly(Rights),
    /// All that both its maker and its principal may do.
    AllPossible,
}
