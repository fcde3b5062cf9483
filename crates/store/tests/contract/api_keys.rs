//! API keys, and when they were last used.

use std::sync::Arc;

use keyholt_store::{
    ApiKeyRow, Changes, IdRange, MembershipRow, NearApiKey, PrincipalRow, Store, Unmet, UsageRow, Uses,
};
use keyholt_types::{
    ApiKeyId, NamePattern, OrgId, Restriction, Restrictions, Right, Rights, Role, SecretId, SecretType,
    Timestamp,
};

use crate::fixture::{
    api_key, api_key_id, assert_unmet, at, commit, issued, make_orgs, membership, org_id, org_scope, principal,
    principal_id, secret_id,
};

pub(crate) async fn an_api_key_is_found_by_its_mac_and_by_its_id(store: Arc<Store>) {
    make_orgs(&store).await;
    assert_eq!(store.find_api_key_near(&[0; 32]).await.unwrap(), None);
    let viewer = Role::Viewer.rights();
    let mut key = api_key(2, &[(org_id(1), viewer), (org_id(3), Rights::NONE)]);
    key.expires_at = Some(at(100));
    commit(&store, issued(&key, 2)).await.unwrap();
    let its = |key: &ApiKeyRow| Some(NearApiKey { id: key.id, is_its: true });
    assert_eq!(store.find_api_key_near(&key.mac).await.unwrap(), its(&key));
    assert_eq!(store.find_api_key(key.id).await.unwrap(), Some(key.clone()));
    assert_eq!(store.find_api_key(api_key_id(3)).await.unwrap(), None);
    let older = ApiKeyRow { revoked_at: Some(at(1)), ..api_key(1, &[(org_id(1), viewer)]) };
    commit(&store, issued(&older, 1)).await.unwrap();
    assert_eq!(store.find_api_key_near(&older.mac).await.unwrap(), its(&older), "a revoked one too");
    assert_eq!(store.find_api_key_near(&key.mac).await.unwrap(), its(&key));
    let stands = async |mac: &[u8], now| store.has_standing_api_key(mac, at(now)).await.unwrap();
    assert!(stands(&key.mac, 99).await && !stands(&key.mac, 100).await, "up to its end");
    assert!(!stands(&older.mac, 2).await, "not when it is revoked");
    for unknown in [[0; 32], [0xff; 32]] {
        assert!(!stands(&unknown, 2).await, "not a neighbour");
    }
}

pub(crate) async fn a_mac_of_no_api_key_leads_to_the_next_one_and_from_the_last_to_the_first(
    store: Arc<Store>,
) {
    make_orgs(&store).await;
    for (number, first) in [(1, 0x40), (2, 0x80)] {
        let key = api_key(number, &[(org_id(1), Rights::NONE)]);
        commit(&store, issued(&ApiKeyRow { mac: vec![first; 32], ..key }, number)).await.unwrap();
    }
    for (mac, number) in [(0x00, 1), (0x3f, 1), (0x41, 2), (0x7f, 2), (0x81, 1), (0xff, 1)] {
        let near = NearApiKey { id: api_key_id(number), is_its: false };
        assert_eq!(store.find_api_key_near(&[mac; 32]).await.unwrap(), Some(near), "{mac:#x}");
    }
    let shorter = store.find_api_key_near(&[0x40; 31]).await.unwrap();
    assert_eq!(shorter, Some(NearApiKey { id: api_key_id(1), is_its: false }));
}

pub(crate) async fn an_api_key_of_the_same_text_is_refused(store: Arc<Store>) {
    make_orgs(&store).await;
    let key = api_key(1, &[(org_id(1), Rights::NONE)]);
    commit(&store, issued(&key, 1)).await.unwrap();
    let same = ApiKeyRow { mac: key.mac, ..api_key(2, &[(org_id(1), Rights::NONE)]) };
    assert_unmet(commit(&store, issued(&same, 2)).await, Unmet::Taken);
    assert_eq!(store.find_api_key(same.id).await.unwrap(), None);
    assert_eq!(store.find_principal(same.principal).await.unwrap(), None);
}

pub(crate) async fn restrictions_read_back_as_they_were_written(store: Arc<Store>) {
    make_orgs(&store).await;
    let restriction = |names: &[&str], types: &[&str], addresses: &[&str]| Restriction {
        names: names.iter().map(|text| NamePattern::parse(text).unwrap()).collect(),
        types: types.iter().map(|text| SecretType::parse(text).unwrap()).collect(),
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
    };
    let all = [
        restriction(&["OPENAI_*", "a\"b?", "ключ \u{1F511}"], &["openai", ""], &["10.0.0.0/8", "::1"]),
        restriction(&[], &["anthropic"], &[]),
        restriction(&[], &[], &["2001:db8::/32"]),
    ];
    let restrictions =
        all.iter().fold(Restrictions::default(), |all, one| all.with(one.clone()).expect("a short line"));
    for (number, restrictions) in [(1, Restrictions::default()), (2, restrictions)] {
        let key = ApiKeyRow { restrictions, ..api_key(number, &[(org_id(1), Rights::NONE)]) };
        commit(&store, issued(&key, number)).await.unwrap();
        assert_eq!(store.find_api_key(key.id).await.unwrap(), Some(key));
    }
}

pub(crate) async fn api_keys_are_listed_in_each_of_their_organisations(store: Arc<Store>) {
    make_orgs(&store).await;
    let viewer = Role::Viewer.rights();
    let grants: [&[(OrgId, Rights)]; 4] = [
        &[(org_id(1), viewer)],
        &[(org_id(1), viewer), (org_id(2), viewer)],
        &[(org_id(2), viewer)],
        &[(org_id(2), viewer)],
    ];
    for (number, grants) in (1..).zip(grants) {
        commit(&store, issued(&api_key(number, grants), number)).await.unwrap();
    }
    let ids = async |org, above: Option<u128>, below: Option<u128>, ascending, limit| {
        let range = IdRange { above: above.map(api_key_id), below: below.map(api_key_id), ascending };
        let found = store.list_api_keys(org_scope(org), range, limit).await.unwrap();
        found.into_iter().map(|row| (row.id, row.grants.len())).collect::<Vec<(ApiKeyId, usize)>>()
    };
    assert_eq!(ids(1, None, None, false, 10).await, [(api_key_id(2), 2), (api_key_id(1), 1)]);
    assert_eq!(ids(2, None, None, false, 1).await, [(api_key_id(4), 1)]);
    assert_eq!(ids(2, None, Some(4), false, 10).await, [(api_key_id(3), 1), (api_key_id(2), 2)]);
    assert_eq!(ids(2, None, None, true, 2).await, [(api_key_id(2), 2), (api_key_id(3), 1)]);
    assert_eq!(ids(2, Some(2), Some(4), true, 10).await, [(api_key_id(3), 1)]);
    assert_eq!(ids(3, None, None, false, 10).await, []);
}

pub(crate) async fn a_principals_api_keys_are_listed_oldest_first(store: Arc<Store>) {
    make_orgs(&store).await;
    let grants = [(org_id(1), Rights::NONE)];
    commit(&store, issued(&api_key(1, &grants), 1)).await.unwrap();
    commit(&store, issued(&api_key(2, &grants), 2)).await.unwrap();
    let second = ApiKeyRow { principal: principal_id(1), ..api_key(3, &[(org_id(2), Rights::NONE)]) };
    commit(&store, Changes::new().insert_api_key(&second)).await.unwrap();
    let listed = store.list_api_keys_of(principal_id(1)).await.unwrap();
    assert_eq!(listed, [api_key(1, &grants), second]);
    assert_eq!(store.list_api_keys_of(principal_id(9)).await.unwrap(), []);
}

pub(crate) async fn a_revocation_needs_the_version_before(store: Arc<Store>) {
    make_orgs(&store).await;
    let key = api_key(1, &[(org_id(1), Rights::NONE)]);
    commit(&store, issued(&key, 1)).await.unwrap();
    let revoked = ApiKeyRow { revoked_at: Some(at(7)), proof: vec![9; 32], version: 2, ..key };
    commit(&store, Changes::new().revoke_api_key(&revoked)).await.unwrap();
    assert_eq!(store.find_api_key(revoked.id).await.unwrap(), Some(revoked.clone()));
    assert_unmet(commit(&store, Changes::new().revoke_api_key(&revoked)).await, Unmet::Stale);
}

pub(crate) async fn an_organisation_without_a_valid_owner_can_be_given_one_once(store: Arc<Store>) {
    make_orgs(&store).await;
    let owner = Role::Owner.rights();
    let now = at(50);
    let key = |number, rights, expires_at: Option<Timestamp>, revoked_at| ApiKeyRow {
        expires_at,
        revoked_at,
        ..api_key(number, &[(org_id(1), rights)])
    };
    let condition = || Changes::new().require_no_api_key_with(org_id(1), owner, now);
    for (number, key) in (1..).zip([
        key(1, Rights::of(&[Right::Read, Right::Admin]), None, None),
        key(2, owner, Some(now), None),
        key(3, owner, None, Some(at(1))),
    ]) {
        commit(&store, issued(&key, number)).await.unwrap();
        commit(&store, condition()).await.unwrap();
    }
    commit(&store, issued(&key(4, owner, Some(at(51)), None), 4)).await.unwrap();
    assert_unmet(commit(&store, condition()).await, Unmet::Taken);
    commit(&store, Changes::new().require_no_api_key_with(org_id(2), owner, now)).await.unwrap();
    let unknown = Changes::new().require_no_api_key_with(org_id(9), owner, now);
    assert_unmet(commit(&store, unknown).await, Unmet::Stale);
}

/// A key is worth no more than the membership behind it.
pub(crate) async fn an_owners_key_counts_as_far_as_its_membership_does(store: Arc<Store>) {
    make_orgs(&store).await;
    let owner = Role::Owner.rights();
    commit(&store, issued(&api_key(1, &[(org_id(1), owner)]), 1)).await.unwrap();
    let condition = || Changes::new().require_no_api_key_with(org_id(1), owner, at(50));
    let mut present = membership(1, 1, owner);
    for (rights, suspended_at, counts) in [
        (owner, None, true),
        (owner, Some(at(1)), false),
        (Role::Engineer.rights(), None, false),
        (owner, None, true),
    ] {
        present = MembershipRow { rights, suspended_at, version: present.version + 1, ..present };
        commit(&store, Changes::new().update_membership(&present)).await.unwrap();
        match counts {
            true => assert_unmet(commit(&store, condition()).await, Unmet::Taken),
            false => commit(&store, condition()).await.unwrap(),
        }
    }
    commit(&store, Changes::new().delete_membership(&present)).await.unwrap();
    commit(&store, condition()).await.unwrap();
}

pub(crate) async fn the_latest_use_of_a_key_is_kept_and_is_no_event(store: Arc<Store>) {
    make_orgs(&store).await;
    for number in [1, 2] {
        let key = api_key(number, &[(org_id(1), Rights::NONE)]);
        commit(&store, issued(&key, number)).await.unwrap();
    }
    let events = store.list_audit_records(None, 1000).await.unwrap();
    let used = async |id: u128| store.find_api_key(api_key_id(id)).await.unwrap().unwrap().last_used_at;
    assert_eq!(used(1).await, None);
    for (at_second, latest) in [(10, 10), (30, 30), (20, 30), (30, 30), (31, 31)] {
        store.note_uses(Uses::new().used(api_key_id(1), at(at_second))).await.unwrap();
        assert_eq!(used(1).await, Some(at(latest)));
    }
    // Many at once; one that is not there disturbs none.
    let uses = Uses::new().used(api_key_id(9), at(1)).used(api_key_id(2), at(40)).used(api_key_id(2), at(39));
    store.note_uses(uses).await.unwrap();
    assert_eq!((used(1).await, used(2).await), (Some(at(31)), Some(at(40))));
    store.note_uses(Uses::new()).await.unwrap();
    assert_eq!(store.list_audit_records(None, 1000).await.unwrap(), events);
    // Lists say it too, and nothing else of the row has changed.
    let listed = store.list_api_keys(org_scope(1), IdRange::default(), 10).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.last_used_at).collect::<Vec<_>>(), [Some(at(40)), Some(at(31))]);
    let of_one = store.list_api_keys_of(principal_id(1)).await.unwrap();
    let unused = api_key(1, &[(org_id(1), Rights::NONE)]);
    assert_eq!(of_one, [ApiKeyRow { last_used_at: Some(at(31)), ..unused }]);
}

pub(crate) async fn uses_are_written_down_beside_changes(store: Arc<Store>) {
    make_orgs(&store).await;
    commit(&store, issued(&api_key(1, &[(org_id(1), Rights::NONE)]), 1)).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..100_u128 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            if number.is_multiple_of(2) {
                let second = i64::try_from(number).unwrap();
                store.note_uses(Uses::new().used(api_key_id(1), at(second))).await.unwrap();
            } else {
                let row = PrincipalRow { name: "new".into(), ..principal(1000 + number) };
                commit(&store, Changes::new().insert_principal(&row)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let found = store.find_api_key(api_key_id(1)).await.unwrap().unwrap();
    assert_eq!(found.last_used_at, Some(at(98)));
    let records = crate::audit::records(&store).await;
    assert_eq!(records.len(), 3 + 1 + 50);
    crate::audit::assert_follow(&records);
}

pub(crate) async fn only_credentials_that_are_valid_count_for_how_many_there_may_be(store: Arc<Store>) {
    make_orgs(&store).await;
    for number in [1, 2] {
        commit(&store, issued(&api_key(number, &[(org_id(1), Rights::NONE)]), number)).await.unwrap();
    }
    let child = |number: u128, parent: u128, end| ApiKeyRow {
        parent: Some(api_key_id(parent)),
        expires_at: Some(at(end)),
        principal: principal_id(parent),
        ..api_key(number, &[(org_id(1), Rights::NONE)])
    };
    // Two that are valid, one that has ended, one that is revoked, one of another key.
    let revoked = ApiKeyRow { revoked_at: Some(at(0)), ..child(13, 1, 90) };
    for row in [child(10, 1, 90), child(11, 1, 50), child(12, 1, 10), revoked, child(14, 2, 20)] {
        commit(&store, Changes::new().insert_api_key(&row)).await.unwrap();
    }
    let fewer = async |parent: u128, most: u32, now: i64| {
        commit(&store, Changes::new().require_fewer_credentials(api_key_id(parent), most, at(now))).await
    };
    for (parent, now, valid) in [(1, 9, 3), (1, 10, 2), (1, 49, 2), (1, 50, 1), (1, 90, 0), (2, 10, 1)] {
        assert_unmet(fewer(parent, valid, now).await, Unmet::Taken);
        fewer(parent, valid + 1, now).await.unwrap();
    }
    assert_unmet(fewer(9, 1, 0).await, Unmet::Stale);
    for (parent, now, end) in
        [(1, 9, Some(10)), (1, 10, Some(50)), (1, 50, Some(90)), (1, 90, None), (9, 0, None)]
    {
        let found = store.find_first_credentials_end(api_key_id(parent), at(now)).await.unwrap();
        assert_eq!(found, end.map(at), "{parent} {now}");
    }
    // The condition changes nothing of the key.
    assert_eq!(store.find_api_key(api_key_id(1)).await.unwrap().unwrap().version, 1);
}

pub(crate) async fn usage_of_one_api_key_is_listed_alone_in_the_order_of_secrets(store: Arc<Store>) {
    make_orgs(&store).await;
    let row = |org: u128, secret: SecretId, key: u128| UsageRow {
        org: org_id(org),
        secret,
        api_key: api_key_id(key),
        requests: 1,
        failed: 0,
        bytes_up: 2,
        bytes_down: 3,
        input_tokens: 4,
        output_tokens: 5,
        last_status: 200,
        last_used_at: at(1),
    };
    let secrets = [SecretId::MIN, secret_id(1), secret_id(2), SecretId::MAX];
    let all: Vec<UsageRow> =
        secrets.into_iter().flat_map(|secret| [1, 2, 3].map(|key| row(1, secret, key))).collect();
    let uses = all.iter().rev().fold(Uses::new(), |uses, row| uses.spent(row));
    store.note_uses(uses.spent(&row(2, secret_id(1), 2))).await.unwrap();
    let list = async |key, after, limit| store.list_usage(org_scope(1), key, after, limit).await.unwrap();
    for key in [None, Some(api_key_id(1)), Some(api_key_id(2)), Some(api_key_id(3)), Some(api_key_id(4))] {
        let of_key = || all.iter().filter(|row| key.is_none_or(|key| key == row.api_key)).copied();
        assert_eq!(list(key, None, 100).await, of_key().collect::<Vec<_>>());
        assert_eq!(list(key, None, 3).await, of_key().take(3).collect::<Vec<_>>());
        for secret in secrets {
            for after in [ApiKeyId::MIN, api_key_id(1), api_key_id(2), api_key_id(3), ApiKeyId::MAX] {
                let rest = of_key().filter(|row| (row.secret, row.api_key) > (secret, after));
                assert_eq!(list(key, Some((secret, after)), 100).await, rest.collect::<Vec<_>>());
            }
        }
    }
}
