//! Two organisations of one installation, by turns, against each of them alone: neither can tell whether the other
//! is there (design/security.md A4).

use keyholt_engine::{Error, IdentityFilter, MemberFilter, NewSecret, OrgChoice, PageRequest, SecretFilter};
use keyholt_testkit::{Random, TestEngine};
use keyholt_types::{ApiKeyId, Caller, PrincipalId, ProjectId, Rights, Role, SecretId};

use super::fixture::{create_person, key_of, org_name, renamed, rights, suspended};
use crate::fixture::{bare, kind, new_kind, new_value, opened, rename, rest_of};

/// What an organisation has made, by number; the numbers mean the same together and alone.
#[derive(Default)]
struct Made {
    secrets: Vec<SecretId>,
    project_secrets: Vec<SecretId>,
    projects: Vec<ProjectId>,
    members: Vec<PrincipalId>,
    keys: Vec<(ApiKeyId, String)>,
}

/// An organisation in an installation.
struct Tenant {
    owner: Caller,
    made: Made,
}

impl Tenant {
    async fn new(test: &TestEngine, name: &str) -> Self {
        test.engine.create_org(&test.owner, org_name(name)).await.unwrap();
        let owner = test.issue(&test.owner, &[name], Role::Owner.rights(), None).await.unwrap();
        Self { owner: test.caller(&owner).await.unwrap(), made: Made::default() }
    }
}

/// What is done next; numbers choose among what was made.
#[derive(Clone, Debug)]
struct Step {
    what: u64,
    number: u64,
    name: String,
    kind: Option<&'static str>,
    rights: Rights,
    /// Whether what is meant is the other organisation's; alone, what nobody has.
    is_foreign: bool,
}

impl Step {
    fn draw(random: &mut Random) -> Self {
        Self {
            what: random.below(24),
            number: random.next_u64(),
            name: format!("name-{}", random.below(6)),
            kind: *random.pick(&[None, Some("one"), Some("two")]).unwrap(),
            rights: Rights::from_bits(i64::try_from(random.below(32)).unwrap()).unwrap(),
            is_foreign: random.below(4) == 0,
        }
    }

    fn pick<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        items.get(usize::try_from(self.number.checked_rem(items.len() as u64)?).unwrap())
    }
}

/// What came of a step, in words that do not depend on ids.
fn told<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    format!("{outcome:?}")
}

fn secret_told(outcome: Result<keyholt_engine::SecretView, Error>) -> String {
    told(outcome.map(|secret| (secret.columns.name, secret.columns.kind, secret.columns.version)))
}

/// Does a step for an organisation. `strangers` holds what is another's.
async fn act(test: &TestEngine, tenant: &mut Tenant, strangers: &Made, step: &Step) -> String {
    let (engine, owner, org) = (&test.engine, &tenant.owner, OrgChoice::Unnamed);
    let of = if step.is_foreign { strangers } else { &tenant.made };
    let secret = step.pick(&of.secrets).copied().unwrap_or(SecretId::MAX);
    let project_secret = step.pick(&of.project_secrets).copied().unwrap_or(SecretId::MAX).to_string();
    let project = step.pick(&of.projects).copied().unwrap_or(ProjectId::MAX);
    let member = step.pick(&of.members).copied().unwrap_or(PrincipalId::MAX);
    let key = step.pick(&of.keys).map_or(ApiKeyId::MAX, |(id, _)| *id);
    let new = || NewSecret { kind: step.kind.map(kind), ..bare(&step.name) };
    let patch_member = async |patch| {
        let patched = engine.patch_member(owner, org, member, patch).await;
        told(patched.map(|member| (member.name, member.memberships.len(), member.memberships[0].rights)))
    };
    match step.what {
        0 | 1 => {
            let written = engine.create_secret(owner, org, new()).await;
            if let Ok(written) = &written
                && !written.found_existing
            {
                tenant.made.secrets.push(written.secret.columns.id);
            }
            secret_told(written.map(|written| written.secret))
        }
        2 => secret_told(engine.find_secret(owner, secret).await),
        3 => secret_told(engine.patch_secret(owner, secret, rename(&step.name)).await),
        4 => secret_told(engine.patch_secret(owner, secret, new_kind("one")).await),
        5 => secret_told(engine.patch_secret(owner, secret, new_value("v")).await),
        6 => secret_told(engine.delete_secret(owner, secret).await),
        7 => secret_told(engine.delete_secret_named(owner, org, &step.name).await),
        8 => {
            let filter = SecretFilter {
                kinds: step.kind.map(|one| vec![one.into()]),
                ids: step.number.is_multiple_of(3).then(|| of.secrets.clone()),
                limit: step.number.is_multiple_of(2).then_some(step.number % 5),
                ..SecretFilter::default()
            };
            let listed = opened(rest_of(engine.list_secrets(owner, org, filter).await.unwrap()).await);
            told(Ok(listed.into_iter().map(|secret| secret.columns.name).collect::<Vec<_>>()))
        }
        9 => {
            let made = engine.create_project_secret(owner, new()).await;
            tenant.made.project_secrets.extend(made.as_ref().ok().map(|secret| secret.columns.id));
            secret_told(made)
        }
        10 => secret_told(engine.find_project_secret(owner, &project_secret).await),
        11 => secret_told(engine.delete_project_secret(owner, &project_secret).await),
        12 => {
            let made = engine.create_project(owner, org, org_name(&step.name)).await;
            tenant.made.projects.extend(made.as_ref().ok().map(|project| project.id));
            told(made.map(|project| project.name))
        }
        13 => {
            let renamed = engine.rename_project(owner, project, org_name(&step.name)).await;
            told(renamed.map(|project| project.name))
        }
        14 => told(engine.delete_project(owner, project).await.map(|project| project.name)),
        15 => {
            let listed = engine.list_projects(owner, org, &IdentityFilter::default()).await;
            told(listed.map(|all| all.into_iter().map(|project| project.name).collect::<Vec<_>>()))
        }
        16 => {
            let made = create_person(test, owner, &[], step.rights).await;
            tenant.made.members.extend(made.as_ref().ok().map(|member| member.id));
            told(made.map(|member| member.name))
        }
        17 => patch_member(rights(step.rights)).await,
        18 => {
            let patch = if step.number.is_multiple_of(2) {
                suspended(step.number.is_multiple_of(4))
            } else {
                renamed(&step.name)
            };
            patch_member(patch).await
        }
        19 => told(engine.remove_member(owner, org, member).await.map(|member| member.name)),
        20 => {
            let listed = engine.list_members(owner, org, &MemberFilter::default()).await;
            told(listed.map(|all| all.into_iter().map(|member| member.name).collect::<Vec<_>>()))
        }
        21 => match engine.find_member(owner, member).await {
            Ok(found) if step.rights.is_within(found.memberships[0].rights) => {
                if found.memberships[0].suspended_at.is_some() || step.rights == Rights::NONE {
                    return "no key".into();
                }
                let text = key_of(test, owner, member, &[], step.rights).await;
                let listed = engine.list_api_keys(owner, org, &IdentityFilter::default(), |_| true).await;
                tenant.made.keys.push((listed.unwrap()[0].id, text));
                "issued".into()
            }
            found => told(found.map(|member| member.name)),
        },
        22 => told(engine.revoke_api_key(owner, key).await.map(|key| key.revoked_at.is_some())),
        _ => match step.pick(&tenant.made.keys) {
            Some((_, text)) => {
                let shown = test.caller(text).await;
                told(shown.map(|caller| {
                    let grants = caller.identity.orgs.iter();
                    grants.map(|grant| (grant.org_name.clone(), grant.rights)).collect::<Vec<_>>()
                }))
            }
            None => String::new(),
        },
    }
}

/// An organisation's own log, in words that do not depend on ids.
async fn log(test: &TestEngine, tenant: &Tenant) -> Vec<String> {
    let page = PageRequest { starting_after: None, limit: 1000 };
    let log = test.engine.list_audit(&tenant.owner, OrgChoice::Unnamed, page).await.unwrap();
    log.iter().map(|record| format!("{:?} {}", record.event.action, record.event.subject.name)).collect()
}

async fn run(seed: u64, steps: usize) {
    let mut random = Random::new(seed);
    let together = TestEngine::in_memory().await;
    let mut tenants = [Tenant::new(&together, "acme").await, Tenant::new(&together, "beta").await];
    let alone = [TestEngine::in_memory().await, TestEngine::in_memory().await];
    let mut only = [Tenant::new(&alone[0], "acme").await, Tenant::new(&alone[1], "beta").await];
    for number in 0..steps {
        let step = Step::draw(&mut random);
        let turn = usize::try_from(random.below(2)).unwrap();
        let [acme, beta] = &mut tenants;
        let (tenant, other) = if turn == 0 { (acme, beta) } else { (beta, acme) };
        let among_others = act(&together, tenant, &other.made, &step).await;
        let by_itself = act(&alone[turn], &mut only[turn], &Made::default(), &step).await;
        // What another has is, to whoever asks, what nobody has.
        assert_eq!(among_others, by_itself, "seed {seed}, step {number}: {step:?}");
        if random.below(10) == 0 {
            for test in [&together, &alone[0], &alone[1]] {
                test.clock.advance_seconds(1);
            }
        }
    }
    for turn in 0..2 {
        assert_eq!(log(&together, &tenants[turn]).await, log(&alone[turn], &only[turn]).await, "seed {seed}");
    }
    assert_eq!(together.engine.verify_audit(&together.owner).await.unwrap().first_bad, None);
}

#[tokio::test]
async fn an_organisation_cannot_tell_whether_another_is_there() {
    for seed in 1..=12 {
        run(seed, 250).await;
    }
}
