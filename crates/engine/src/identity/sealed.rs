//! What every change of an API key's row needs: its proof, and an event in each of its organisations.

use keyholt_store::{ApiKeyRow, Audited, Changes};
use keyholt_types::{Action, Caller, OrgId, Subject, SubjectKind};

use super::proof_bytes;
use crate::{Engine, Error};

pub(super) fn seal_proof(engine: &Engine, row: &mut ApiKeyRow) -> Result<(), Error> {
    let proof = engine.keyring.api_key_proof(row.ring_generation, &proof_bytes(row));
    row.proof = proof.ok_or(Error::Internal)?.to_vec();
    Ok(())
}

/// An event in each organisation of a key, so that each of them can read it in its own log.
pub(super) fn record_in_each_org(
    engine: &Engine,
    caller: Option<&Caller>,
    key: &ApiKeyRow,
    action: Action,
    changes: Changes,
) -> Audited {
    let subject = || Subject { kind: SubjectKind::ApiKey, id: key.id.uuid(), name: key.name.clone() };
    let event = |org: OrgId| engine.event(caller, org, action, subject());
    let others = key.grants.iter().map(|(org, _)| *org).filter(|org| *org != key.project_org);
    others.fold(changes.record(event(key.project_org)), |change, org| {
        change.and(Changes::new().record(event(org)))
    })
}
