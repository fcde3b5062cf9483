//! What an API key's proof is made of.

use keyholt_store::ApiKeyRow;
use keyholt_types::{Timestamp, fixed_order_bytes};

/// Everything that decides what a key may do, in fixed order, length-prefixed: whoever can write the
/// database but does not hold the ring key cannot give a key more rights, a longer life, another
/// principal or project, or take a revocation back. Who kept the whole row as it was once can put that
/// back; nothing in the database can tell.
///
/// **Format:** frozen. What later versions added is there only where it says something, so that older keys stay
/// as they are: a field of the restrictions, then two fields of a credential for a short time.
pub(crate) fn proof_bytes(row: &ApiKeyRow) -> Vec<u8> {
    let moment = |moment: Option<Timestamp>| {
        moment.map_or_else(Vec::new, |moment| moment.micros().to_be_bytes().to_vec())
    };
    let mut grants = Vec::with_capacity(row.grants.len() * 24);
    for (org, rights) in &row.grants {
        grants.extend_from_slice(org.as_bytes());
        grants.extend_from_slice(&rights.bits().to_be_bytes());
    }
    let (created_at, expires_at, revoked_at) =
        (row.created_at.micros().to_be_bytes(), moment(row.expires_at), moment(row.revoked_at));
    let operator = [u8::from(row.operator)];
    let restrictions = row.restrictions.to_stored();
    let mut fields: Vec<&[u8]> = vec![
        row.id.as_bytes(),
        &row.mac,
        row.principal.as_bytes(),
        row.project_org.as_bytes(),
        row.project.as_bytes(),
        &operator,
        &created_at,
        &expires_at,
        &revoked_at,
        &grants,
    ];
    if !restrictions.is_empty() || row.parent.is_some() {
        fields.push(restrictions.as_bytes());
    }
    let model = row.model.as_deref().unwrap_or_default();
    if let Some(parent) = &row.parent {
        fields.extend([parent.as_bytes().as_slice(), model.as_bytes()]);
    }
    fixed_order_bytes(&fields)
}
