//! Each operation with each role, and what becomes of those that are refused.

use keyholt_engine::{
    Denied, Error, IdentityFilter, ImportedSecret, MemberPatch, NewPrincipal, OrgChoice, OrgReach, PageRequest,
    PrincipalKind, SecretFilter, SecretPatch,
};
use keyholt_testkit::TestEngine;
use keyholt_types::{
    Action, ApiKeyId, Caller, OrgName, Outcome, PrincipalId, ProjectId, Right, Rights, Role, SecretId,
};

use crate::fixture::{bare, create, full};

/// What a caller may ask for. Reading identity without the right is refused to nobody: one sees oneself
/// (identity/reading.rs).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Create,
    Replace,
    Patch,
    Find,
    Delete,
    DeleteNamed,
    Erase,
    List,
    CreateInProject,
    PatchInProject,
    FindInProject,
    DeleteInProject,
    ListProject,
    ListOrgs,
    FindOrg,
    RenameOrg,
    CreateOrg,
    CreateProject,
    RenameProject,
    DeleteProject,
    CreatePrincipal,
    SuspendMember,
    RenameMember,
    RemoveMember,
    CreateApiKey,
    CreateOperatorKey,
    RevokeApiKey,
    ListAudit,
    VerifyAudit,
    Import,
}

/// Who may.
#[derive(Clone, Copy, Debug)]
enum Needs {
    Nothing,
    Right(Right),
    Operator,
}

const TABLE: &[(Operation, Needs)] = &[
    (Operation::Create, Needs::Right(Right::Write)),
    (Operation::Replace, Needs::Right(Right::Write)),
    (Operation::Patch, Needs::Right(Right::Write)),
    (Operation::Find, Needs::Right(Right::Read)),
    (Operation::Delete, Needs::Right(Right::Write)),
    (Operation::DeleteNamed, Needs::Right(Right::Write)),
    (Operation::Erase, Needs::Right(Right::Write)),
    (Operation::List, Needs::Right(Right::Read)),
    (Operation::CreateInProject, Needs::Right(Right::Write)),
    (Operation::PatchInProject, Needs::Right(Right::Write)),
    (Operation::FindInProject, Needs::Right(Right::Read)),
    (Operation::DeleteInProject, Needs::Right(Right::Write)),
    (Operation::ListProject, Needs::Right(Right::Read)),
    (Operation::ListOrgs, Needs::Nothing),
    (Operation::FindOrg, Needs::Nothing),
    (Operation::RenameOrg, Needs::Right(Right::Admin)),
    (Operation::CreateOrg, Needs::Operator),
    (Operation::CreateProject, Needs::Right(Right::Admin)),
    (Operation::RenameProject, Needs::Right(Right::Admin)),
    (Operation::DeleteProject, Needs::Right(Right::Admin)),
    (Operation::CreatePrincipal, Needs::Right(Right::Admin)),
    (Operation::SuspendMember, Needs::Right(Right::Admin)),
    (Operation::RenameMember, Needs::Right(Right::Admin)),
    (Operation::RemoveMember, Needs::Right(Right::Admin)),
    (Operation::CreateApiKey, Needs::Right(Right::Admin)),
    (Operation::CreateOperatorKey, Needs::Operator),
    (Operation::RevokeApiKey, Needs::Right(Right::Admin)),
    (Operation::ListAudit, Needs::Right(Right::Admin)),
    (Operation::VerifyAudit, Needs::Operator),
    (Operation::Import, Needs::Operator),
];

/// What is there to be asked for.
struct Existing {
    secret: SecretId,
    project: ProjectId,
    member: PrincipalId,
    api_key: ApiKeyId,
}

impl Existing {
    async fn make(test: &TestEngine) -> Self {
        let secret = create(test, full("present", "v")).await.columns.id;
        test.engine.create_project_secret(&test.owner, full("present", "v")).await.unwrap();
        let name = OrgName::parse("evals").unwrap();
        let project = test.engine.create_project(&test.owner, OrgChoice::Unnamed, name).await.unwrap().id;
        let identity = test.caller_with(Role::App.rights()).await.identity;
        Self { secret, project, member: identity.principal, api_key: identity.api_key }
    }
}

async fn attempt(
    test: &TestEngine,
    caller: &Caller,
    operation: Operation,
    existing: &Existing,
) -> Result<(), Error> {
    let engine = &test.engine;
    let org = OrgChoice::Unnamed;
    let own = &caller.identity.orgs[0];
    let name = || OrgName::parse("new").unwrap();
    let member = async |patch| engine.patch_member(caller, org, existing.member, patch).await.map(drop);
    match operation {
        Operation::Create => engine.create_secret(caller, org, bare("new")).await.map(drop),
        Operation::Replace => engine.replace_secret(caller, org, bare("present")).await.map(drop),
        Operation::Patch => {
            engine.patch_secret(caller, existing.secret, SecretPatch::default()).await.map(drop)
        }
        Operation::Find => engine.find_secret(caller, existing.secret).await.map(drop),
        Operation::Delete => engine.delete_secret(caller, existing.secret).await.map(drop),
        Operation::DeleteNamed => engine.delete_secret_named(caller, org, "present").await.map(drop),
        Operation::Erase => engine.erase_secret(caller, existing.secret).await.map(drop),
        Operation::List => engine.list_secrets(caller, org, SecretFilter::default()).await.map(drop),
        Operation::CreateInProject => engine.create_project_secret(caller, full("new", "v")).await.map(drop),
        Operation::PatchInProject => {
            engine.patch_project_secret(caller, "present", SecretPatch::default()).await.map(drop)
        }
        Operation::FindInProject => engine.find_project_secret(caller, "present").await.map(drop),
        Operation::DeleteInProject => engine.delete_project_secret(caller, "present").await.map(drop),
        Operation::ListProject => engine.list_project_secrets(caller).await.map(drop),
        Operation::ListOrgs => {
            engine.list_orgs(caller, OrgReach::Operated, &IdentityFilter::default()).await.map(drop)
        }
        Operation::FindOrg => engine.find_org(caller, OrgReach::Own, own.org).await.map(drop),
        Operation::RenameOrg => engine.rename_org(caller, own.org, name()).await.map(drop),
        Operation::CreateOrg => engine.create_org(caller, name()).await.map(drop),
        Operation::CreateProject => engine.create_project(caller, org, name()).await.map(drop),
        Operation::RenameProject => engine.rename_project(caller, existing.project, name()).await.map(drop),
        Operation::DeleteProject => engine.delete_project(caller, existing.project).await.map(drop),
        Operation::CreatePrincipal => {
            let kind = PrincipalKind::User;
            let new = NewPrincipal { kind, name: name(), email: None, orgs: Vec::new(), rights: Rights::NONE };
            engine.create_principal(caller, new).await.map(drop)
        }
        Operation::SuspendMember => {
            member(MemberPatch { suspended: Some(true), ..MemberPatch::default() }).await
        }
        Operation::RenameMember => member(MemberPatch { name: Some(name()), ..MemberPatch::default() }).await,
        Operation::RemoveMember => engine.remove_member(caller, org, existing.member).await.map(drop),
        Operation::CreateApiKey => test.issue(caller, &[], own.rights, None).await.map(drop),
        Operation::CreateOperatorKey => {
            let new = TestEngine::new_key(own.rights);
            test.issue_with(caller, keyholt_engine::NewApiKey { operator: true, ..new }).await.map(drop)
        }
        Operation::RevokeApiKey => engine.revoke_api_key(caller, existing.api_key).await.map(drop),
        Operation::ListAudit => {
            let page = PageRequest { starting_after: None, limit: 10 };
            engine.list_audit(caller, org, page).await.map(drop)
        }
        Operation::VerifyAudit => engine.verify_audit(caller).await.map(drop),
        Operation::Import => {
            let id = SecretId::parse("00000000-0000-4000-8000-000000000001").unwrap();
            let secret = ImportedSecret { id, created_at: None, secret: bare("new") };
            engine.import_secrets(caller, org, None, vec![secret]).await.map(drop)
        }
    }
}

/// On a new engine, somebody with these rights asks for an operation. What is refused changes nothing, and is
/// one event of the log.
async fn ask(rights: Rights, operation: Operation) -> Result<(), Error> {
    let test = TestEngine::in_memory().await;
    let existing = Existing::make(&test).await;
    let caller = test.caller_with(rights).await;
    let before = test.audit().await;
    let asked = attempt(&test, &caller, operation, &existing).await;
    let Err(refusal) = asked else { return asked };
    assert_eq!(test.audit().await, before, "{operation:?} was refused and done");
    test.engine.write_down_observations().await;
    let audit = test.audit().await;
    let new = &audit[..audit.len() - before.len()];
    if let Error::Forbidden(_) = refusal {
        let [record] = new else { panic!("{operation:?}: {new:?}") };
        let (event, identity) = (&record.event, &caller.identity);
        assert_eq!((event.outcome, event.count), (Outcome::Refused, 1), "{operation:?}");
        assert_eq!((event.api_key, event.principal), (Some(identity.api_key), Some(identity.principal)));
        assert_eq!((event.org, event.request), (Some(identity.orgs[0].org), Some(caller.request.id)));
        assert_eq!((event.subject.id, &*event.subject.name), (identity.api_key.uuid(), "robot"));
    } else {
        assert_eq!(new, [], "{operation:?}");
    }
    asked
}

#[tokio::test]
async fn each_role_may_do_what_its_rights_say_and_nothing_else() {
    for role in Role::ALL {
        for (operation, needs) in TABLE {
            let expected = match needs {
                Needs::Nothing => Ok(()),
                Needs::Right(right) if role.rights().has(*right) => Ok(()),
                // Whoever administers nothing learns nothing of keys.
                Needs::Right(_) if *operation == Operation::RevokeApiKey => Err(Error::NotFound),
                Needs::Right(right) => Err(Error::Forbidden(Denied::Right(*right))),
                Needs::Operator => Err(Error::Forbidden(Denied::Operator)),
            };
            assert_eq!(ask(role.rights(), *operation).await, expected, "{role:?} {operation:?}");
        }
    }
}

#[tokio::test]
async fn each_right_alone_opens_its_own_operations() {
    for right in Right::ALL {
        for (operation, needs) in TABLE {
            let may = match needs {
                Needs::Nothing => true,
                Needs::Right(needed) => *needed == right,
                Needs::Operator => false,
            };
            let asked = ask(Rights::of(&[right]), *operation).await;
            assert_eq!(asked.is_ok(), may, "{right:?} {operation:?}: {asked:?}");
        }
    }
}

#[tokio::test]
async fn an_operator_who_is_an_owner_may_do_everything() {
    for (operation, _) in TABLE {
        let test = TestEngine::in_memory().await;
        let existing = Existing::make(&test).await;
        assert_eq!(attempt(&test, &test.owner, *operation, &existing).await, Ok(()), "{operation:?}");
    }
}

/// The mark alone gives no right inside an organisation but to name it.
#[tokio::test]
async fn an_operator_has_no_right_in_another_organisation() {
    let test = TestEngine::in_memory().await;
    let acme = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let written = test.engine.create_secret(&acme, OrgChoice::Named("acme"), full("a", "v")).await.unwrap();
    let acme_id = written.secret.columns.collection.org();
    let (engine, operator) = (&test.engine, &test.owner);
    assert_eq!(engine.find_secret(operator, written.secret.columns.id).await.unwrap_err(), Error::NotFound);
    let denied = Error::Forbidden(Denied::Org);
    let named = OrgChoice::Named("acme");
    assert_eq!(engine.create_secret(operator, named, bare("b")).await.unwrap_err(), denied);
    let name = || OrgName::parse("other").unwrap();
    assert_eq!(engine.create_project(operator, named, name()).await.unwrap_err(), denied);
    assert_eq!(engine.remove_member(operator, named, operator.identity.principal).await.unwrap_err(), denied);
    assert_eq!(test.issue(operator, &["acme"], Role::App.rights(), None).await.unwrap_err(), not_admin());
    let imported = engine.import_secrets(operator, named, None, Vec::new()).await;
    assert_eq!(imported.unwrap_err(), denied);
    assert_eq!(
        engine.list_audit(operator, named, PageRequest { starting_after: None, limit: 10 }).await,
        Ok(vec![])
    );
    engine.rename_org(operator, acme_id, name()).await.unwrap();
    assert_eq!(&*engine.find_org(operator, OrgReach::Operated, acme_id).await.unwrap().name, "other");
    assert_eq!(engine.find_org(operator, OrgReach::Own, acme_id).await.unwrap_err(), Error::NotFound);
}

fn not_admin() -> Error {
    Error::Forbidden(Denied::Right(Right::Admin))
}

#[tokio::test]
async fn a_key_may_revoke_itself() {
    let test = TestEngine::in_memory().await;
    let caller = test.caller_with(Role::App.rights()).await;
    test.engine.revoke_api_key(&caller, caller.identity.api_key).await.unwrap();
}

/// Every way to be refused by right, and what it is called.
#[tokio::test]
async fn a_refused_attempt_is_called_what_it_was() {
    let test = TestEngine::in_memory().await;
    let existing = Existing::make(&test).await;
    for (operation, rights, action) in [
        (Operation::Find, Role::App.rights(), Action::SecretRead),
        (Operation::Create, Role::App.rights(), Action::SecretWrite),
        (Operation::CreateApiKey, Role::Viewer.rights(), Action::IdentityManage),
        (Operation::RenameOrg, Role::Viewer.rights(), Action::IdentityManage),
        (Operation::ListAudit, Role::Viewer.rights(), Action::AuditRead),
        (Operation::CreateOrg, Role::Owner.rights(), Action::Operate),
    ] {
        let caller = test.caller_with(rights).await;
        attempt(&test, &caller, operation, &existing).await.unwrap_err();
        test.engine.write_down_observations().await;
        assert_eq!(test.audit().await[0].event.action, action, "{operation:?}");
    }
    let verdict = test.engine.verify_audit(&test.owner).await.unwrap();
    assert_eq!(verdict.first_bad, None);
}
