//! An engine in the process, on a clock that stands until it is moved.
#![expect(clippy::expect_used, reason = "a test whose engine cannot be had has failed")]

use std::path::Path;
use std::sync::Arc;

use keyholt_crypto::{LocalRootKey, RootKeyError, RootKeyProvider};
use keyholt_engine::{
    Bootstrap, Engine, EngineSettings, Error, JwtOptions, NewApiKey, NewKeyRights, OpenOptions, OrgChoice,
    PageRequest, RateLimits, StoreState, open,
};
use keyholt_store::{PostgresOptions, PostgresUrl, Store};
use keyholt_types::{
    AuditRecord, Caller, Credential, OrgName, RequestContext, Restriction, Rights, Role, TestClock, Timestamp,
};

/// An engine with the organisation `default` and an owner there who is an operator too.
pub struct TestEngine {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// The owner of the organisation `default`, an operator.
    pub owner: Caller,
}

impl TestEngine {
    /// The owner's API key.
    pub const OWNER_KEY: &str = "My API Key";
    /// When the clock begins: 2026-11-21T09:30:00.125Z.
    pub const BEGINNING: i64 = 1_795_253_400_125_000;

    /// An engine on an empty database in memory.
    pub async fn in_memory() -> Self {
        Self::in_memory_with(RateLimits::default()).await
    }

    /// The same, which lets only so much through. The owner has come once.
    pub async fn in_memory_with(limits: RateLimits) -> Self {
        Self::in_memory_with_settings(EngineSettings { limits, ..Self::settings() }).await
    }

    /// The same, which takes tokens. Nobody fetches keys unless [`Engine::keep_jwt_keys`] runs.
    pub async fn in_memory_with_tokens(jwt: JwtOptions) -> Self {
        Self::in_memory_with_settings(EngineSettings { jwt: Some(jwt), ..Self::settings() }).await
    }

    /// The same with any settings.
    pub async fn in_memory_with_settings(settings: EngineSettings) -> Self {
        let text = LocalRootKey::generate_text().expect("a root key");
        let root_key = |_| Ok(boxed(LocalRootKey::parse(&text, "the test")?));
        let store = Store::open_in_memory().expect("a database in memory");
        Self::open(store, new_clock(), &root_key, settings).await
    }

    /// The settings of an ordinary test.
    #[must_use]
    pub fn settings() -> EngineSettings {
        EngineSettings { versions_kept: 2, ..EngineSettings::default() }
    }

    /// An engine on a data directory: the first one makes it and its root key beside it, `DIR.root-key`;
    /// later ones open it again.
    pub async fn on_file(dir: &Path) -> Self {
        Self::on_file_at(dir, new_clock()).await
    }

    /// The same with a clock of one's own.
    pub async fn on_file_at(dir: &Path, clock: Arc<TestClock>) -> Self {
        let path = dir.with_extension("root-key");
        let root_key = |state| {
            Ok(boxed(match state {
                StoreState::Empty => LocalRootKey::create_file(&path)?,
                StoreState::InUse => LocalRootKey::load_file(&path)?,
            }))
        };
        let store = Store::open_directory(dir).expect("a data directory");
        Self::open(store, clock, &root_key, Self::settings()).await
    }

    /// An engine that is a node on a PostgreSQL database; the first one makes the installation. All nodes of a
    /// database need the same root key, and have a clock each.
    pub async fn on_postgres(url: &str, root_key_text: &str) -> Self {
        let root_key = |_| Ok(boxed(LocalRootKey::parse(root_key_text, "the test")?));
        let url = PostgresUrl::parse(url).expect("a URL");
        let options = PostgresOptions { url, connections: 6, for_reading: false };
        let store = Store::connect(&options).await.expect("a database");
        Self::open(store, new_clock(), &root_key, Self::settings()).await
    }

    async fn open(
        store: Store,
        clock: Arc<TestClock>,
        root_key: &dyn Fn(StoreState) -> Result<Box<dyn RootKeyProvider>, RootKeyError>,
        settings: EngineSettings,
    ) -> Self {
        let bootstrap = Bootstrap { api_key: Some(Credential::new(Self::OWNER_KEY.into())), org: None };
        let clock_of_engine = Arc::clone(&clock);
        let options = OpenOptions { store, clock: clock_of_engine, root_key, settings, bootstrap };
        let engine = open(options).await.expect("an engine").engine;
        let request = RequestContext { id: engine.make_request_id(), address: None };
        let owner = engine.authenticate(&Credential::new(Self::OWNER_KEY.into()), request).await;
        Self { engine, clock, owner: owner.expect("an owner") }
    }

    /// Whoever holds this API key, from an address that is not known.
    ///
    /// # Errors
    /// When it is not valid.
    pub async fn caller(&self, api_key: &str) -> Result<Caller, Error> {
        let request = RequestContext { id: self.engine.make_request_id(), address: None };
        self.engine.authenticate(&Credential::new(api_key.to_owned()), request).await
    }

    /// Whoever shows this API key from this address.
    ///
    /// # Errors
    /// When it is not valid there.
    pub async fn caller_from(&self, api_key: &str, address: &str) -> Result<Caller, Error> {
        let address = Some(address.parse().expect("an address"));
        let request = RequestContext { id: self.engine.make_request_id(), address };
        self.engine.authenticate(&Credential::new(api_key.to_owned()), request).await
    }

    /// Makes organisations, and gives the API key of an owner of `default` and of them all.
    pub async fn make_orgs(&self, names: &[&str]) -> String {
        for name in names {
            let name = OrgName::parse(name).expect("a name");
            self.engine.create_org(&self.owner, name).await.expect("an organisation");
        }
        let all: Vec<&str> = ["default"].into_iter().chain(names.iter().copied()).collect();
        self.issue(&self.owner, &all, Role::Owner.rights(), None).await.expect("an owner's API key")
    }

    /// The API key of a new service account with these rights in these organisations.
    ///
    /// # Errors
    /// When its maker may not.
    pub async fn issue(
        &self,
        maker: &Caller,
        orgs: &[&str],
        rights: Rights,
        lifetime_seconds: Option<i64>,
    ) -> Result<String, Error> {
        let orgs = orgs.iter().map(|name| (*name).into()).collect();
        self.issue_with(maker, NewApiKey { orgs, lifetime_seconds, ..Self::new_key(rights) }).await
    }

    /// What is asked for when a key with these rights is wanted and nothing else: of a service account of its
    /// own, in the maker's only organisation, narrowed by nothing, without an end.
    #[must_use]
    pub fn new_key(rights: Rights) -> NewApiKey {
        NewApiKey {
            name: OrgName::parse("robot").expect("a name"),
            principal: None,
            orgs: Vec::new(),
            project: None,
            rights: NewKeyRights::Exactly(rights),
            restriction: Restriction::default(),
            operator: false,
            replaces_namesakes: false,
            lifetime_seconds: None,
        }
    }

    /// The text of a new API key.
    ///
    /// # Errors
    /// When its maker may not.
    pub async fn issue_with(&self, maker: &Caller, new: NewApiKey) -> Result<String, Error> {
        let token = self.engine.create_api_key(maker, new).await?.token;
        #[expect(clippy::disallowed_methods, reason = "EXPOSE: a test presents the API key it made")]
        Ok(token.expose().to_owned())
    }

    /// Somebody new with these rights in the organisation `default`.
    pub async fn caller_with(&self, rights: Rights) -> Caller {
        let api_key = self.issue(&self.owner, &[], rights, None).await.expect("an API key");
        self.caller(&api_key).await.expect("a caller")
    }

    /// The newest audit events of the organisation `default`, newest first.
    pub async fn audit(&self) -> Vec<AuditRecord> {
        let page = PageRequest { starting_after: None, limit: 1000 };
        self.engine.list_audit(&self.owner, OrgChoice::Unnamed, page).await.expect("the audit log")
    }
}

fn new_clock() -> Arc<TestClock> {
    Arc::new(TestClock::at(Timestamp::from_micros(TestEngine::BEGINNING)))
}

fn boxed(root: LocalRootKey) -> Box<dyn RootKeyProvider> {
    Box::new(root)
}
