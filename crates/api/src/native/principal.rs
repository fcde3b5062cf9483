//! A user or service account as the native API shows it.

use keyholt_engine::{MemberView, MembershipView};
use keyholt_types::{OrgId, PrincipalId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A user or service account.
#[derive(Serialize, ToSchema)]
pub(super) struct Principal {
    #[schema(value_type = String, format = "uuid")]
    id: PrincipalId,
    /// `user` or `service_account`.
    #[schema(value_type = String)]
    kind: &'static str,
    #[schema(value_type = String)]
    name: Box<str>,
    /// Its electronic mail address; never used to tell who somebody is.
    #[schema(value_type = Option<String>, required)]
    email: Option<Box<str>>,
    /// Whose tokens stand for it; null when it comes from here.
    #[schema(value_type = Option<String>, required)]
    issuer: Option<Box<str>>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Its memberships in the caller's organisations.
    memberships: Vec<Membership>,
}

/// What a user or service account may do at most in an organisation.
#[derive(Serialize, ToSchema)]
struct Membership {
    /// The organisation's id.
    #[schema(value_type = String, format = "uuid")]
    id: OrgId,
    /// The organisation's name.
    #[schema(value_type = String)]
    name: Box<str>,
    /// Some of `read`, `write`, `use`, `reveal`, `admin`.
    #[schema(value_type = Vec<String>)]
    rights: Vec<&'static str>,
    /// Since when it may do nothing there; null when it is not suspended.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    suspended_at: Option<Timestamp>,
}

impl From<MembershipView> for Membership {
    fn from(membership: MembershipView) -> Self {
        Self {
            id: membership.org,
            name: membership.org_name,
            rights: membership.rights.words(),
            suspended_at: membership.suspended_at,
        }
    }
}

impl From<MemberView> for Principal {
    fn from(member: MemberView) -> Self {
        Self {
            id: member.id,
            kind: member.kind.word(),
            name: member.name,
            email: member.email,
            issuer: member.issuer,
            created_at: member.created_at,
            memberships: member.memberships.into_iter().map(Membership::from).collect(),
        }
    }
}
