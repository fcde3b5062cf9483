//! Whom a token stands for.

use keyholt_crypto::{JwtHead, moment_of};
use keyholt_store::{Changes, MembershipRow, OrgRow, PrincipalKind, PrincipalRow, ProjectRow, TokenSubject};
use keyholt_types::{
    Action, ApiKeyId, AuditEvent, Credential, Identity, JwtRule, OrgGrant, OrgId, PrincipalId, ProjectRef,
    RequestContext, Restrictions, Rights, Subject, SubjectKind, Via,
};

use crate::authorise::server_scope;
use crate::engine::{ATTEMPTS, NotCommitted};
use crate::{Engine, Error};

/// The most characters of a principal's name.
const MOST_NAME_CHARS: usize = 128;

impl Engine {
    /// Whom a token with this head stands for; none when it is of no issuer that is configured, not valid, or its
    /// claims fit no rule. What it may do is told by the rule alone, each time; its membership, made when it is
    /// first seen, can be suspended.
    pub(crate) async fn jwt_identity(
        &self,
        head: &JwtHead,
        credential: &Credential,
        request: RequestContext,
    ) -> Result<Option<Identity>, Error> {
        let Some(issuer) = self.jwt_issuers.find(&head.issuer) else { return Ok(None) };
        // Nobody is made to wait, and no keys are fetched, for what will be refused.
        if !head.algorithm.is_some_and(|algorithm| issuer.config.algorithms.contains(&algorithm)) {
            return Ok(None);
        }
        let Some(claims) = issuer.verify(&*self.clock, credential).await else { return Ok(None) };
        let Some(end) = claims.taken_until(&issuer.config, self.clock.now()) else { return Ok(None) };
        let Some(rule) = issuer.config.rule_for(|name| claims.claim(name)) else { return Ok(None) };
        let (Some(issuer), Some(subject)) = (claims.issuer(), claims.subject()) else { return Ok(None) };
        let Some((org, project)) = self.place_of(rule).await? else {
            // Not told apart from other refusals, so the operator learns it here.
            tracing::warn!(
                issuer,
                org = rule.org.as_str(),
                project = rule.project.as_deref(),
                "a token was refused: its rule names an organisation or a project that does not exist"
            );
            return Ok(None);
        };
        let token = TokenSubject { issuer: issuer.into(), subject: subject.into() };
        let Some(principal) = self.member_of(token, org.id, rule.rights, request).await? else {
            return Ok(None);
        };
        Ok(Some(Identity {
            via: Via::Jwt,
            api_key: stands_for_key(principal.id),
            api_key_name: principal.name,
            principal: principal.id,
            operator: false,
            orgs: vec![OrgGrant { org: org.id, org_name: org.name, rights: rule.rights }],
            project: ProjectRef { org: project.org, id: project.id, name: project.name },
            expires_at: Some(end),
            restrictions: Restrictions::default().with(rule.restriction.clone()).ok_or(Error::Internal)?,
            temporary: None,
        }))
    }

    /// The organisation and the project of a rule; none when there is no such.
    async fn place_of(&self, rule: &JwtRule) -> Result<Option<(OrgRow, ProjectRow)>, Error> {
        let org = self.store.find_org_named(rule.org.as_str()).await.map_err(|error| self.fault(&error))?;
        let Some(org) = org else { return Ok(None) };
        let name = rule.project.as_deref().unwrap_or("default");
        let project = self.store.find_project_named(server_scope(org.id), name).await;
        Ok(project.map_err(|error| self.fault(&error))?.map(|project| (org, project)))
    }

    /// The principal of a token's subject, a member of the organisation: both are made at first sight. None when the
    /// membership is suspended.
    async fn member_of(
        &self,
        token: TokenSubject,
        org: OrgId,
        rights: Rights,
        request: RequestContext,
    ) -> Result<Option<PrincipalRow>, Error> {
        for _ in 0..ATTEMPTS {
            let found =
                self.store.find_principal_by_subject(&token).await.map_err(|error| self.fault(&error))?;
            let (principal, change, action) = match found {
                None => {
                    let principal = self.new_principal(&token);
                    let change = Changes::new().insert_principal(&principal);
                    (principal, change, Action::PrincipalCreate)
                }
                Some(principal) => {
                    let member = self.store.find_member(server_scope(org), principal.id).await;
                    if let Some(member) = member.map_err(|error| self.fault(&error))? {
                        return Ok(member.membership.suspended_at.is_none().then_some(principal));
                    }
                    (principal, Changes::new(), Action::MemberAdd)
                }
            };
            let membership = MembershipRow {
                org,
                principal: principal.id,
                rights,
                suspended_at: None,
                created_at: self.clock.now().max(principal.created_at),
                version: 1,
            };
            let event = self.event_of_token(&principal, org, action, request);
            match self.commit(action, change.insert_membership(&membership).record(event)).await {
                Ok(()) => return Ok(Some(principal)),
                // Another token of the same subject was first.
                Err(NotCommitted::Taken | NotCommitted::Stale) => {}
                Err(NotCommitted::Failed(error)) => return Err(error),
            }
        }
        Err(Error::Busy)
    }

    fn new_principal(&self, token: &TokenSubject) -> PrincipalRow {
        let id = PrincipalId::new(self.ids.mint(self.clock.now()));
        PrincipalRow {
            id,
            kind: PrincipalKind::ServiceAccount,
            name: format!("jwt:{}#{}", token.issuer, token.subject).chars().take(MOST_NAME_CHARS).collect(),
            email: None,
            token: Some(token.clone()),
            created_at: moment_of(id.uuid()),
            version: 1,
        }
    }

    /// An event that a token's principal causes while it is being authenticated.
    fn event_of_token(
        &self,
        principal: &PrincipalRow,
        org: OrgId,
        action: Action,
        request: RequestContext,
    ) -> AuditEvent {
        let id = principal.id;
        let subject = Subject { kind: SubjectKind::Principal, id: id.uuid(), name: principal.name.clone() };
        AuditEvent {
            request: Some(request.id),
            api_key: Some(stands_for_key(id)),
            principal: Some(id),
            address: request.address,
            ..self.event(None, org, action, subject)
        }
    }
}

/// What stands where an API key's id would: a token has none of its own (design/decisions.md 8).
fn stands_for_key(principal: PrincipalId) -> ApiKeyId {
    ApiKeyId::new(principal.uuid())
}
