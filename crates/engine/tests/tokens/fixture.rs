//! An engine that takes tokens of one issuer, which publishes its keys in this process.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyholt_engine::{Error, FetchJwks, FetchProblem, Fetching, JwtOptions};
use keyholt_testkit::{KeyKind, TestEngine, TokenKey, key_set};
use keyholt_types::{
    Action, AuditEvent, Caller, ClaimName, Clock, JwksPlace, JwtAlgorithm, JwtIssuer, JwtRule, NamePattern,
    OrgName, PrincipalId, Restriction, Rights, Role,
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example";

/// What an issuer publishes; none while its server does not answer at all.
pub(crate) type Answer = Option<Result<Vec<u8>, FetchProblem>>;

/// The servers of issuers: each place is a file's name.
#[derive(Default)]
pub(crate) struct Published {
    answers: Mutex<Vec<(&'static str, Answer)>>,
    fetches: AtomicUsize,
}

impl Published {
    pub(crate) fn set(&self, place: &'static str, answer: Answer) {
        let mut answers = self.answers.lock().unwrap();
        answers.retain(|(other, _)| *other != place);
        answers.push((place, answer));
    }

    pub(crate) fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl FetchJwks for Published {
    fn fetch<'a>(&'a self, place: &'a JwksPlace) -> Fetching<'a> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let JwksPlace::File(path) = place else { panic!("{place:?}") };
        let answers = self.answers.lock().unwrap();
        let answer =
            answers.iter().find(|(place, _)| path.as_os_str() == *place).and_then(|(_, one)| one.clone());
        Box::pin(async {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}

pub(crate) fn issuer(name: &str, place: &str, rules: Vec<JwtRule>) -> JwtIssuer {
    JwtIssuer {
        issuer: name.into(),
        audiences: vec!["keyholt".into()],
        algorithms: vec![JwtAlgorithm::EdDsa],
        keys: JwksPlace::File(place.into()),
        max_age_seconds: 86_400,
        rules,
    }
}

pub(crate) fn rule(subject: &str, org: &str, rights: Rights) -> JwtRule {
    JwtRule {
        claims: vec![(ClaimName::parse("sub").unwrap(), NamePattern::parse(subject).unwrap())],
        org: OrgName::parse(org).unwrap(),
        project: None,
        rights,
        restriction: Restriction::default(),
    }
}

/// Everybody may use secrets of `default`.
pub(crate) fn anyone() -> Vec<JwtRule> {
    vec![rule("*", "default", Role::App.rights())]
}

/// An engine, and an issuer with one key of the name `first`.
pub(crate) struct Scene {
    pub(crate) test: TestEngine,
    pub(crate) key: TokenKey,
    pub(crate) published: Arc<Published>,
}

impl Scene {
    /// None where there is nobody to sign.
    pub(crate) async fn set(rules: Vec<JwtRule>) -> Option<Self> {
        Self::with(vec![issuer(ISSUER, "keys", rules)]).await
    }

    pub(crate) async fn with(issuers: Vec<JwtIssuer>) -> Option<Self> {
        let key = TokenKey::make(KeyKind::Ed25519)?;
        let published = Arc::new(Published::default());
        published.set("keys", Some(Ok(key_set(&[key.jwk(Some("first"))]))));
        let fetch: Arc<dyn FetchJwks> = Arc::<Published>::clone(&published);
        let test = TestEngine::in_memory_with_tokens(JwtOptions { issuers, fetch }).await;
        Some(Self { test, key, published })
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.test.clock.now().millis() / 1000
    }

    /// Claims of this subject, for ten minutes from now.
    pub(crate) fn claims(&self, subject: &str) -> Value {
        json!({"iss": ISSUER, "sub": subject, "aud": "keyholt", "iat": self.now(), "exp": self.now() + 600})
    }

    /// A token with these claims, by the issuer's key.
    pub(crate) fn signed(&self, claims: &Value) -> String {
        self.key.token(&json!({"alg": "EdDSA", "kid": "first"}), claims)
    }

    /// A token of this subject.
    pub(crate) fn token(&self, subject: &str) -> String {
        self.signed(&self.claims(subject))
    }

    /// Who shows this, while keys are being kept.
    pub(crate) async fn caller(&self, credential: &str) -> Result<Caller, Error> {
        self.beside_keeping(self.test.caller(credential)).await
    }

    pub(crate) async fn beside_keeping<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            () = self.test.engine.keep_jwt_keys() => panic!("keys are kept for ever"),
        }
    }

    #[track_caller]
    pub(crate) fn refused(outcome: Result<Caller, Error>) {
        assert_eq!(outcome.map(drop), Err(Error::Unauthenticated));
    }

    /// What the audit log says of this principal.
    pub(crate) async fn events_about(&self, principal: PrincipalId, action: Action) -> Vec<AuditEvent> {
        let events = self.test.audit().await.into_iter().map(|record| record.event);
        events.filter(|event| event.action == action && event.subject.id == principal.uuid()).collect()
    }

    /// Lets so many seconds pass, with the keys being kept every second of them.
    pub(crate) async fn pass(&self, seconds: i64) {
        for _ in 0..seconds {
            self.test.clock.advance_seconds(1);
            self.beside_keeping(tokio::time::sleep(Duration::from_secs(6))).await;
        }
    }
}
