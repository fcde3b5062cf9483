//! What a narrowed key sees of lists: what is out of its reach is not there, and counts for no limit.

use keyholt_engine::{NewApiKey, NewSecret, OrgChoice, SecretFilter};
use keyholt_testkit::TestEngine;
use keyholt_types::{Caller, Restriction, Role, SecretId, TtlSeconds};

use super::fixture::restriction;
use crate::fixture::{bare, kind, list, names, opened, rest_of};

/// A row of the model.
struct Row {
    id: SecretId,
    name: String,
    kind: Option<&'static str>,
    is_expired: bool,
}

const NAMES: [&str; 4] = ["OPENAI_A", "OPENAI_TEST", "GOOGLE_A", "TEST"];
const KINDS: [Option<&str>; 4] = [Some("openai"), None, Some("google"), Some("")];

/// Two organisations with secrets of all names and types by turns, of which every fifth has expired; whoever owns
/// both, and the rows, oldest first.
async fn many(count: usize) -> (TestEngine, Caller, Vec<Row>) {
    let test = TestEngine::in_memory().await;
    let both = test.caller(&test.make_orgs(&["acme"]).await).await.unwrap();
    let mut rows = Vec::new();
    for number in 0..count {
        let org = OrgChoice::Named(["default", "acme"][number / 3 % 2]);
        let name = format!("{}_{number}", NAMES[number / 4 % 4]);
        let is_expired = number % 5 == 3;
        let new = NewSecret {
            kind: KINDS[number % 4].map(kind),
            ttl: is_expired.then(|| TtlSeconds::parse(86_400).unwrap()),
            ..bare(&name)
        };
        let id = test.engine.create_secret(&both, org, new).await.unwrap().secret.columns.id;
        rows.push(Row { id, name, kind: KINDS[number % 4], is_expired });
    }
    test.clock.advance_seconds(2 * 86_400);
    (test, both, rows)
}

/// Restrictions, each with what it comes to.
type Case = (Vec<Restriction>, fn(&Row) -> bool);

fn cases() -> Vec<Case> {
    let names = |patterns: &[&str]| restriction(patterns, &[], &[]);
    let types = |types: &[&str]| restriction(&[], types, &[]);
    vec![
        (vec![], |_| true),
        (vec![names(&["*"])], |_| true),
        (vec![names(&["OPENAI_*"])], |row| row.name.starts_with("OPENAI_")),
        (vec![names(&["OPENAI_*", "TEST_?"])], |row| {
            row.name.starts_with("OPENAI_") || (row.name.starts_with("TEST_") && row.name.len() == 6)
        }),
        (vec![types(&["openai", "google"])], |row| matches!(row.kind, Some("openai" | "google"))),
        (vec![types(&[""])], |row| row.kind == Some("")),
        (vec![restriction(&["*_TEST_*"], &["openai"], &[])], |row| {
            row.name.contains("_TEST_") && row.kind == Some("openai")
        }),
        (vec![names(&["OPENAI_*"]), names(&["*7"]), types(&["google", ""])], |row| {
            row.name.starts_with("OPENAI_")
                && row.name.ends_with('7')
                && matches!(row.kind, Some("google" | ""))
        }),
        (vec![names(&["NOTHING"])], |_| false),
        (vec![types(&["OpenAI"])], |_| false),
    ]
}

/// A key of both organisations that may read, narrowed by each of these in turn.
async fn reader(test: &TestEngine, both: &Caller, restrictions: &[Restriction]) -> Caller {
    let mut caller = both.clone();
    for restriction in restrictions {
        let orgs = vec!["default".into(), "acme".into()];
        let new =
            NewApiKey { orgs, restriction: restriction.clone(), ..TestEngine::new_key(Role::Owner.rights()) };
        caller = test.caller(&test.issue_with(&caller, new).await.unwrap()).await.unwrap();
    }
    caller
}

fn visible(rows: &[Row], is_in_reach: fn(&Row) -> bool) -> Vec<&Row> {
    rows.iter().rev().filter(|row| !row.is_expired && is_in_reach(row)).collect()
}

fn ids(rows: &[&Row]) -> Vec<SecretId> {
    rows.iter().map(|row| row.id).collect()
}

async fn listed(test: &TestEngine, caller: &Caller, filter: SecretFilter) -> Vec<SecretId> {
    list(test, caller, filter).await.iter().map(|secret| secret.columns.id).collect()
}

/// Walks through a list from its newest end, then from its oldest; every page but the last is full.
async fn assert_paged(
    test: &TestEngine,
    caller: &Caller,
    filter: &SecretFilter,
    expected: &[SecretId],
    limit: u64,
) {
    let (mut forwards, mut after) = (Vec::new(), None);
    loop {
        let page = SecretFilter { starting_after: after, limit: Some(limit), ..filter.clone() };
        let page = listed(test, caller, page).await;
        let left = expected.len() - forwards.len();
        assert_eq!(page.len(), left.min(limit as usize), "{filter:?}");
        let Some(last) = page.last() else { break };
        after = Some(*last);
        forwards.extend(page);
    }
    assert_eq!(forwards, expected, "{filter:?}");
    let (mut backwards, mut before) = (Vec::new(), SecretId::MIN);
    loop {
        let page = SecretFilter { ending_before: Some(before), limit: Some(limit), ..filter.clone() };
        let page = listed(test, caller, page).await;
        let left = expected.len() - backwards.len();
        assert_eq!(page.len(), left.min(limit as usize), "{filter:?} backwards");
        let Some(first) = page.first() else { break };
        before = *first;
        backwards.extend(page.into_iter().rev());
    }
    backwards.reverse();
    assert_eq!(backwards, expected, "{filter:?} backwards");
}

#[tokio::test]
async fn pages_in_both_directions_give_every_visible_row_once_and_are_full() {
    let (test, both, rows) = many(64).await;
    for (restrictions, is_in_reach) in cases() {
        let caller = reader(&test, &both, &restrictions).await;
        let expected = ids(&visible(&rows, is_in_reach));
        assert_eq!(listed(&test, &caller, SecretFilter::default()).await, expected, "{restrictions:?}");
        for limit in 1..=3 {
            assert_paged(&test, &caller, &SecretFilter::default(), &expected, limit).await;
        }
    }
}

/// More rows than one batch holds, of which few are visible, and more types than are looked up one by one.
#[tokio::test]
async fn a_page_is_full_however_many_rows_are_out_of_reach() {
    let (test, both, rows) = many(600).await;
    let many_types = |types: &[&str]| {
        let others = (0..100).map(|number| format!("type {number}").into());
        Some(others.chain(types.iter().map(|one| (*one).into())).collect::<Vec<Box<str>>>())
    };
    for (restrictions, is_in_reach) in cases() {
        let caller = reader(&test, &both, &restrictions).await;
        let of_reach = visible(&rows, is_in_reach);
        let of_types: Vec<&Row> =
            of_reach.iter().copied().filter(|row| matches!(row.kind, Some("openai" | ""))).collect();
        let filters = [
            (None, ids(&of_reach)),
            (Some(vec!["openai".into(), "".into()]), ids(&of_types)),
            (many_types(&["openai", ""]), ids(&of_types)),
        ];
        for (kinds, expected) in filters {
            let filter = SecretFilter { kinds, ..SecretFilter::default() };
            assert_eq!(listed(&test, &caller, filter.clone()).await, expected, "{restrictions:?}");
            assert_paged(&test, &caller, &filter, &expected, 37).await;
        }
    }
}

#[tokio::test]
async fn ids_and_names_pick_out_only_what_is_in_reach() {
    let (test, both, rows) = many(64).await;
    for (restrictions, is_in_reach) in cases() {
        let caller = reader(&test, &both, &restrictions).await;
        let expected = visible(&rows, is_in_reach);
        let picked =
            SecretFilter { ids: Some(rows.iter().map(|row| row.id).collect()), ..SecretFilter::default() };
        assert_eq!(listed(&test, &caller, picked.clone()).await, ids(&expected));
        for limit in 1..=3 {
            assert_paged(&test, &caller, &picked, &ids(&expected), limit).await;
        }
        for row in &rows {
            let named = SecretFilter { name: Some(row.name.as_str().into()), ..SecretFilter::default() };
            let is_visible = expected.iter().any(|visible| visible.id == row.id);
            assert_eq!(listed(&test, &caller, named).await.len(), usize::from(is_visible), "{}", row.name);
        }
    }
}

#[tokio::test]
async fn the_list_of_a_project_leaves_out_what_is_out_of_reach_or_has_expired() {
    let test = TestEngine::in_memory().await;
    let mut rows = Vec::new();
    for number in 0..300 {
        let name = format!("{}_{number}", NAMES[number / 4 % 4]);
        let is_expired = number % 5 == 3;
        let new = NewSecret {
            kind: KINDS[number % 4].map(kind),
            ttl: is_expired.then(|| TtlSeconds::parse(86_400).unwrap()),
            ..bare(&name)
        };
        let id = test.engine.create_project_secret(&test.owner, new).await.unwrap().columns.id;
        rows.push(Row { id, name, kind: KINDS[number % 4], is_expired });
    }
    test.clock.advance_seconds(2 * 86_400);
    for (restrictions, is_in_reach) in cases() {
        let mut caller = test.owner.clone();
        for restriction in restrictions {
            let new = NewApiKey { restriction, ..TestEngine::new_key(Role::Owner.rights()) };
            caller = test.caller(&test.issue_with(&caller, new).await.unwrap()).await.unwrap();
        }
        let found = opened(rest_of(test.engine.list_project_secrets(&caller).await.unwrap()).await);
        let mut expected = visible(&rows, is_in_reach);
        expected.reverse();
        assert_eq!(names(&found), expected.iter().map(|row| &*row.name).collect::<Vec<_>>());
    }
}
