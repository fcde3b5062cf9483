//! Each operation with each role.

use keyholt_engine::{
    Denied, Error, ImportedSecret, NewApiKey, OrgChoice, PageRequest, SecretFilter, SecretPatch,
};
use keyholt_testkit::TestEngine;
use keyholt_types::{ApiKeyId, Caller, OrgName, Right, Rights, Role, SecretId};

use crate::fixture::{bare, create, full};

/// What a caller may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Create,
    Replace,
    Patch,
    Find,
    Delete,
    DeleteNamed,
    List,
    CreateInProject,
    PatchInProject,
    FindInProject,
    DeleteInProject,
    ListProject,
    ListOrgs,
    CreateOrg,
    CreateApiKey,
    ListApiKeys,
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
    (Operation::List, Needs::Right(Right::Read)),
    (Operation::CreateInProject, Needs::Right(Right::Write)),
    (Operation::PatchInProject, Needs::Right(Right::Write)),
    (Operation::FindInProject, Needs::Right(Right::Read)),
    (Operation::DeleteInProject, Needs::Right(Right::Write)),
    (Operation::ListProject, Needs::Right(Right::Read)),
    (Operation::ListOrgs, Needs::Nothing),
    (Operation::CreateOrg, Needs::Operator),
    (Operation::CreateApiKey, Needs::Right(Right::Admin)),
    (Operation::ListApiKeys, Needs::Right(Right::Admin)),
    (Operation::RevokeApiKey, Needs::Right(Right::Admin)),
    (Operation::ListAudit, Needs::Right(Right::Admin)),
    (Operation::VerifyAudit, Needs::Operator),
    (Operation::Import, Needs::Operator),
];

struct Existing {
    secret: SecretId,
    api_key: ApiKeyId,
}

async fn attempt(
    test: &TestEngine,
    caller: &Caller,
    operation: Operation,
    existing: &Existing,
) -> Result<(), Error> {
    let engine = &test.engine;
    let org = OrgChoice::Unnamed;
    match operation {
        Operation::Create => engine.create_secret(caller, org, bare("new")).await.map(drop),
        Operation::Replace => engine.replace_secret(caller, org, bare("present")).await.map(drop),
        Operation::Patch => {
            engine.patch_secret(caller, existing.secret, SecretPatch::default()).await.map(drop)
        }
        Operation::Find => engine.find_secret(caller, existing.secret).await.map(drop),
        Operation::Delete => engine.delete_secret(caller, existing.secret).await.map(drop),
        Operation::DeleteNamed => engine.delete_secret_named(caller, org, "present").await.map(drop),
        Operation::List => engine.list_secrets(caller, org, SecretFilter::default()).await.map(drop),
        Operation::CreateInProject => engine.create_project_secret(caller, full("new", "v")).await.map(drop),
        Operation::PatchInProject => {
            engine.patch_project_secret(caller, "present", SecretPatch::default()).await.map(drop)
        }
        Operation::FindInProject => engine.find_project_secret(caller, "present").await.map(drop),
        Operation::DeleteInProject => engine.delete_project_secret(caller, "present").await.map(drop),
        Operation::ListProject => engine.list_project_secrets(caller).await.map(drop),
        Operation::ListOrgs => {
            engine.list_orgs(caller, PageRequest { starting_after: None, limit: 10 }).await.map(drop)
        }
        Operation::CreateOrg => engine.create_org(caller, OrgName::parse("new").unwrap()).await.map(drop),
        Operation::CreateApiKey => {
            let new = NewApiKey {
                name: OrgName::parse("robot").unwrap(),
                orgs: Vec::new(),
                project: None,
                rights: Rights::NONE,
                lifetime_seconds: None,
            };
            engine.create_api_key(caller, new).await.map(drop)
        }
        Operation::ListApiKeys => {
            engine.list_api_keys(caller, org, PageRequest { starting_after: None, limit: 10 }).await.map(drop)
        }
        Operation::RevokeApiKey => engine.revoke_api_key(caller, existing.api_key).await.map(drop),
        Operation::ListAudit => {
            engine.list_audit(caller, org, PageRequest { starting_after: None, limit: 10 }).await.map(drop)
        }
        Operation::VerifyAudit => engine.verify_audit(caller).await.map(drop),
        Operation::Import => {
            let id = SecretId::parse("00000000-0000-4000-8000-000000000001").unwrap();
            let secret = ImportedSecret { id, created_at: None, secret: bare("new") };
            engine.import_secrets(caller, org, None, vec![secret]).await.map(drop)
        }
    }
}

/// On a new engine, somebody with these rights asks for an operation.
async fn ask(rights: Rights, operation: Operation) -> Result<(), Error> {
    let test = TestEngine::in_memory().await;
    let secret = create(&test, full("present", "v")).await.columns.id;
    test.engine.create_project_secret(&test.owner, full("present", "v")).await.unwrap();
    let api_key = test.caller_with(Rights::NONE).await.identity.api_key;
    let caller = test.caller_with(rights).await;
    let before = test.audit().await.len();
    let asked = attempt(&test, &caller, operation, &Existing { secret, api_key }).await;
    if asked.is_err() {
        assert_eq!(test.audit().await.len(), before, "{operation:?} was refused and done");
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
            assert_eq!(ask(Rights::of(&[right]), *operation).await.is_ok(), may, "{right:?} {operation:?}");
        }
    }
}

#[tokio::test]
async fn an_operator_who_is_an_owner_may_do_everything() {
    for (operation, _) in TABLE {
        let test = TestEngine::in_memory().await;
        let secret = create(&test, full("present", "v")).await.columns.id;
        test.engine.create_project_secret(&test.owner, full("present", "v")).await.unwrap();
        let api_key = test.caller_with(Rights::NONE).await.identity.api_key;
        let existing = Existing { secret, api_key };
        assert_eq!(attempt(&test, &test.owner, *operation, &existing).await, Ok(()), "{operation:?}");
    }
}

#[tokio::test]
async fn a_key_may_revoke_itself() {
    let test = TestEngine::in_memory().await;
    let caller = test.caller_with(Rights::NONE).await;
    test.engine.revoke_api_key(&caller, caller.identity.api_key).await.unwrap();
}
