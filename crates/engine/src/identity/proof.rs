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

#[cfg(test)]
mod tests {
    use keyholt_types::{
        ApiKeyId, NamePattern, OrgId, PrincipalId, ProjectId, Restriction, Restrictions, Rights, Role,
    };

    use super::*;

    /// The proof of [`key`] as it was before keys could be narrowed.
    const BEFORE: &str = "\
        00000010000000000000000000000000000000c1000000200707070707070707070707070707070707070707\
        07070707070707070707070700000010000000000000000000000000000000d1000000100000000000000000\
        00000000000000a100000010000000000000000000000000000000b1000000010100000008000660c6013056\
        0000000008000660c601b9aa400000000000000030000000000000000000000000000000a100000000000000\
        1f000000000000000000000000000000a20000000000000001";

    fn key() -> ApiKeyRow {
        let id = |number: u128| number.to_be_bytes();
        let moment = Timestamp::from_micros(1_795_253_400_000_000);
        let first = OrgId::from_slice(&id(0xA1)).unwrap();
        ApiKeyRow {
            id: ApiKeyId::from_slice(&id(0xC1)).unwrap(),
            mac: vec![7; 32],
            ring_generation: 1,
            principal: PrincipalId::from_slice(&id(0xD1)).unwrap(),
            project_org: first,
            project: ProjectId::from_slice(&id(0xB1)).unwrap(),
            name: "a key".into(),
            shown: "khk_abcd".into(),
            operator: true,
            created_at: moment,
            created_by: None,
            expires_at: Some(moment.plus_seconds(9)),
            revoked_at: None,
            restrictions: Restrictions::default(),
            proof: Vec::new(),
            version: 1,
            grants: vec![
                (first, Role::Owner.rights()),
                (OrgId::from_slice(&id(0xA2)).unwrap(), Role::Viewer.rights()),
            ],
            last_used_at: None,
            parent: None,
            model: None,
        }
    }

    fn narrowed(names: &[&str]) -> Restrictions {
        let names = names.iter().map(|text| NamePattern::parse(text).unwrap()).collect();
        Restrictions::default().with(Restriction { names, ..Restriction::default() }).unwrap()
    }

    #[test]
    fn a_key_without_what_is_new_is_proven_as_it_was_before() {
        let bytes: String = proof_bytes(&key()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(bytes, BEFORE);
    }

    #[test]
    fn what_decides_what_a_key_may_do_is_in_its_proof() {
        let other = OrgId::MAX;
        let rights = |rights: Rights| vec![(key().grants[0].0, rights), key().grants[1]];
        let temporary = ApiKeyRow { parent: Some(ApiKeyId::MIN), model: Some("gpt-5".into()), ..key() };
        let keys = [
            key(),
            ApiKeyRow { id: ApiKeyId::MIN, ..key() },
            ApiKeyRow { mac: vec![8; 32], ..key() },
            ApiKeyRow { principal: PrincipalId::MIN, ..key() },
            ApiKeyRow { project_org: other, ..key() },
            ApiKeyRow { project: ProjectId::MIN, ..key() },
            ApiKeyRow { operator: false, ..key() },
            ApiKeyRow { created_at: key().created_at.plus_seconds(1), ..key() },
            ApiKeyRow { expires_at: None, ..key() },
            ApiKeyRow { revoked_at: Some(key().created_at), ..key() },
            ApiKeyRow { expires_at: None, revoked_at: key().expires_at, ..key() },
            ApiKeyRow { grants: rights(Role::Viewer.rights()), ..key() },
            ApiKeyRow { grants: key().grants[..1].to_vec(), ..key() },
            ApiKeyRow { restrictions: narrowed(&["*"]), ..key() },
            ApiKeyRow { restrictions: narrowed(&["OPENAI_*"]), ..key() },
            ApiKeyRow { restrictions: narrowed(&["OPENAI_*", "x"]), ..key() },
            temporary.clone(),
            ApiKeyRow { model: None, ..temporary.clone() },
            ApiKeyRow { model: Some("gpt-5-mini".into()), ..temporary.clone() },
            ApiKeyRow { parent: Some(ApiKeyId::MAX), ..temporary.clone() },
            ApiKeyRow { restrictions: narrowed(&["*"]), ..temporary },
        ];
        let proofs: std::collections::BTreeSet<Vec<u8>> = keys.iter().map(proof_bytes).collect();
        assert_eq!(proofs.len(), keys.len());
    }

    #[test]
    fn what_is_only_shown_of_a_key_is_not_in_its_proof() {
        let shown = ApiKeyRow {
            name: "other".into(),
            shown: Box::default(),
            created_by: Some(ApiKeyId::MIN),
            last_used_at: Some(key().created_at),
            version: 7,
            ..key()
        };
        assert_eq!(proof_bytes(&shown), proof_bytes(&key()));
    }
}
