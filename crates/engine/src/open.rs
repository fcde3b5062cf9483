//! Opening an engine on a store; the first start of an empty one.

use std::sync::Arc;

use keyholt_crypto::{
    ApiKeyToken, IdMinter, Keyring, KeyringError, RootKeyError, RootKeyProvider, WrappedRingKey,
};
use keyholt_store::{ChainStart, Changes, DeploymentRow, RingKeyRow, Store, StoreError};
use keyholt_types::{
    Action, ChainId, Clock, Credential, DeploymentId, OrgName, Restrictions, Role, Subject, SubjectKind,
};

use crate::engine::NotCommitted;
use crate::identity::{KeyToIssue, NewOrgRows};
use crate::{Engine, EngineSettings, Error};

/// Whether the store has an installation already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreState {
    /// Nothing is in it: a root key may be made.
    Empty,
    /// It is sealed under a root key: only that one will do, and none may be made.
    InUse,
}

/// What the first start of an empty store is to make; ignored later.
#[derive(Debug, Default)]
pub struct Bootstrap {
    /// The first API key; one is made when none is given.
    pub api_key: Option<Credential>,
    /// The first organisation's name; `default` when none is given.
    pub org: Option<OrgName>,
}

/// What an engine needs.
pub struct OpenOptions<'a> {
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Gives the root key, and may make one for an empty store.
    pub root_key: &'a dyn Fn(StoreState) -> Result<Box<dyn RootKeyProvider>, RootKeyError>,
    /// What the operator decides.
    pub settings: EngineSettings,
    /// What the first start is to make.
    pub bootstrap: Bootstrap,
}

/// An engine, ready to serve.
pub struct Opened {
    /// The engine.
    pub engine: Arc<Engine>,
    /// What the first start made; none on a later start.
    pub first_start: Option<FirstStart>,
}

/// What a first start made.
#[derive(Debug)]
pub struct FirstStart {
    /// The organisation's name.
    pub org_name: Box<str>,
    /// The owner's API key, shown this once; none when it was given.
    pub token: Option<ApiKeyToken>,
}

/// Why an engine was not opened: one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenRefused {
    /// The root key is missing, unreadable or malformed.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// The root key is not the one that the store is sealed under, or the store's keys are damaged.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The database does not answer.
    #[error("the database cannot be read: {0}")]
    Store(StoreError),
    /// The store is a copy that did not come to its end.
    #[error("the store is an unfinished copy: finish it first, with the same command that began it")]
    UnfinishedCopy,
    /// The first start could not be written.
    #[error("the first start could not be written to the database; see the log")]
    FirstStart,
    /// The first start may have been written, and nobody was given its API key.
    #[error(
        "whether the first start was written is unknown, and its API key, if one was made, is lost: look with `keyholt doctor`; \
         where it finds nothing start again, else delete the data directory or empty the database first (docs/postgresql.md, Several nodes)"
    )]
    FirstStartUnknown,
}

/// Not as its source: whoever prints both would tell it twice.
impl From<StoreError> for OpenRefused {
    fn from(problem: StoreError) -> Self {
        Self::Store(problem)
    }
}

/// Opens an engine. On an empty store this makes, in one transaction, the installation's keys, an
/// organisation with its project `default`, and an owner's API key with the operator's mark.
///
/// # Errors
/// When the root key is missing or wrong, the database does not answer or is not whole: the server must not start.
pub async fn open(options: OpenOptions<'_>) -> Result<Opened, OpenRefused> {
    if options.store.find_unfinished_copy().await?.is_some() {
        return Err(OpenRefused::UnfinishedCopy);
    }
    match options.store.find_deployment().await? {
        Some(deployment) => reopen(options, deployment).await,
        None => found(options).await,
    }
}

async fn reopen(options: OpenOptions<'_>, deployment: DeploymentRow) -> Result<Opened, OpenRefused> {
    let root = (options.root_key)(StoreState::InUse)?;
    let keyring = open_keyring(&options.store, &*root, &deployment).await?;
    let head = options.store.find_audit_head().await?;
    let ids = IdMinter::after(head.map(|head| head.highest_id.uuid()));
    let engine = engine(options.store, keyring, options.clock, ids, options.settings)?;
    Ok(Opened { engine: Arc::new(engine), first_start: None })
}

/// Opens the keys of an installation.
pub(crate) async fn open_keyring(
    store: &Store,
    root: &dyn RootKeyProvider,
    deployment: &DeploymentRow,
) -> Result<Keyring, OpenRefused> {
    let rings: Vec<WrappedRingKey> = (store.list_ring_keys().await?.into_iter())
        .map(|row| WrappedRingKey { generation: row.generation, wrapped: row.wrapped })
        .collect();
    Ok(Keyring::open(root, deployment.id, &rings, &deployment.check_value)?)
}

async fn found(options: OpenOptions<'_>) -> Result<Opened, OpenRefused> {
    let OpenOptions { store, clock, root_key, settings, bootstrap } = options;
    let root = root_key(StoreState::Empty)?;
    let ids = IdMinter::after(None);
    let now = clock.now();
    let id = DeploymentId::new(ids.mint(now));
    let (keyring, ring, check_value) = Keyring::create(&*root, id)?;
    let deployment = DeploymentRow { id, created_at: now, check_value };
    let ring = RingKeyRow { generation: ring.generation, wrapped: ring.wrapped, created_at: now };
    let founder = engine(store, keyring, Arc::clone(&clock), ids, EngineSettings::default())?;
    let founded = first_start(&founder, &deployment, &ring, bootstrap).await;
    let Engine { store, keyring, ids, .. } = founder;
    match founded {
        Ok(first_start) => {
            let engine = Engine::new(store, keyring, clock, ids, settings);
            Ok(Opened { engine: Arc::new(engine), first_start: Some(first_start) })
        }
        Err(NotCommitted::Taken | NotCommitted::Stale) => {
            tracing::info!("another node made the installation meanwhile");
            let deployment = store.find_deployment().await?.ok_or(OpenRefused::FirstStart)?;
            let bootstrap = Bootstrap::default();
            reopen(OpenOptions { store, clock, root_key, settings, bootstrap }, deployment).await
        }
        Err(NotCommitted::Failed(Error::OutcomeUnknown)) => Err(OpenRefused::FirstStartUnknown),
        Err(NotCommitted::Failed(error)) => {
            tracing::error!(?error, "the first start failed");
            Err(OpenRefused::FirstStart)
        }
    }
}

async fn first_start(
    engine: &Engine,
    deployment: &DeploymentRow,
    ring: &RingKeyRow,
    bootstrap: Bootstrap,
) -> Result<FirstStart, NotCommitted> {
    let failed = NotCommitted::Failed;
    let name = match bootstrap.org {
        Some(name) => name,
        None => OrgName::parse("default").map_err(|_| failed(Error::Internal))?,
    };
    let org = NewOrgRows::make(engine, &name).map_err(failed)?;
    let (token, credential) = match bootstrap.api_key {
        Some(given) => (None, given),
        None => {
            let token = ApiKeyToken::make().map_err(|_| failed(Error::Internal))?;
            let credential = token.credential();
            (Some(token), credential)
        }
    };
    let key = KeyToIssue {
        name: "owner".into(),
        principal: None,
        grants: vec![(org.org.id, Role::Owner.rights())],
        project_org: org.org.id,
        project: org.project.id,
        operator: true,
        expires_at: None,
        restrictions: Restrictions::default(),
        temporary: None,
    }
    .rows(engine, None, &credential)
    .map_err(failed)?;
    let subject = Subject { kind: SubjectKind::Deployment, id: deployment.id.uuid(), name: Box::default() };
    let founded = Changes::new().insert_deployment(deployment, ring).record(engine.event(
        None,
        org.org.id,
        Action::DeploymentCreate,
        subject,
    ));
    let housed = org.inserted(engine, None);
    let issued = key.inserted(engine, None, Changes::new());
    let change = founded.and(housed).and(issued);
    engine.commit(Action::DeploymentCreate, change).await?;
    Ok(FirstStart { org_name: org.org.name, token })
}

fn engine(
    store: Store,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    ids: IdMinter,
    settings: EngineSettings,
) -> Result<Engine, OpenRefused> {
    let ring_generation = keyring.primary_generation();
    let key = keyring.audit_key(ring_generation).ok_or(OpenRefused::FirstStart)?;
    let ids = Arc::new(ids);
    let (minter, time) = (Arc::clone(&ids), Arc::clone(&clock));
    let make_id = Arc::new(move || ChainId::new(minter.mint(time.now())));
    let step = Arc::new(move |previous: &[u8], record: &[u8]| key.step(previous, record));
    store.begin_chain(ChainStart { make_id, ring_generation, step });
    Ok(Engine::new(store, keyring, clock, ids, settings))
}
