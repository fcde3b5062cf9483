//! An engine on a disk that may fail.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use keyholt_crypto::{LocalRootKey, RootKeyProvider};
use keyholt_engine::{Bootstrap, Engine, OpenOptions, Verification, open, verify};
use keyholt_store::Store;
use keyholt_types::{Caller, Credential, Identity, RequestContext, RequestId, TestClock, Timestamp};

use crate::disk::{Disk, Image, Plan};
use crate::{Deadline, TestEngine};

/// What does not answer for so long hangs.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// A disk, and the root key of what is on it.
pub(super) struct Installation {
    pub(super) disk: Disk,
    root_key: String,
}

/// An engine that runs, and its owner.
pub(super) struct Running {
    pub(super) engine: Arc<Engine>,
    owner: Arc<Identity>,
}

impl Running {
    /// The owner with a request of its own.
    pub(super) fn owner(&self) -> (Caller, RequestId) {
        let id = self.engine.make_request_id();
        (Caller { identity: Arc::clone(&self.owner), request: RequestContext { id, address: None } }, id)
    }

    /// Whoever holds this API key; none when it is refused.
    ///
    /// # Errors
    /// In words, when nobody can say.
    pub(super) fn is_valid(&self, api_key: &str) -> Result<bool, String> {
        let request = RequestContext { id: self.engine.make_request_id(), address: None };
        let credential = Credential::new(api_key.to_owned());
        match block_on(self.engine.authenticate(&credential, request))? {
            Ok(_) => Ok(true),
            Err(keyholt_engine::Error::Unauthenticated) => Ok(false),
            Err(other) => Err(format!("an API key is not judged: {other}")),
        }
    }
}

impl Installation {
    /// A disk with this on it, in the place of a folder.
    ///
    /// # Errors
    /// In words.
    pub(super) fn new(folder: &Path, image: Image, root_key: &str, seed: u64) -> Result<Self, String> {
        let disk = Disk::mount(folder, image, seed).map_err(|problem| problem.to_string())?;
        Ok(Self { disk, root_key: root_key.to_owned() })
    }

    fn root(&self) -> Result<Box<dyn RootKeyProvider>, keyholt_crypto::RootKeyError> {
        Ok(Box::new(LocalRootKey::parse(&self.root_key, "the test")?))
    }

    /// Opens the engine.
    ///
    /// # Errors
    /// In words, when it refuses.
    pub(super) fn open(&self) -> Result<Running, String> {
        let store = Store::open_directory(self.disk.folder()).map_err(|refused| refused.to_string())?;
        let api_key = || Credential::new(TestEngine::OWNER_KEY.to_owned());
        let options = OpenOptions {
            store,
            clock: Arc::new(TestClock::at(Timestamp::from_micros(TestEngine::BEGINNING))),
            root_key: &|_| self.root(),
            settings: TestEngine::settings(),
            bootstrap: Bootstrap { api_key: Some(api_key()), org: None },
        };
        let engine = block_on(open(options))?.map_err(|refused| refused.to_string())?.engine;
        let request = RequestContext { id: engine.make_request_id(), address: None };
        let owner = block_on(engine.authenticate(&api_key(), request))?;
        let owner = owner.map_err(|error| format!("the owner is not known: {error}"))?.identity;
        Ok(Running { engine, owner })
    }

    /// Opens everything that is sealed, and checks the file and the audit log.
    ///
    /// # Errors
    /// In words, when something is wrong.
    pub(super) fn verify(&self) -> Result<Verification, String> {
        let store =
            Store::open_directory_for_reading(self.disk.folder()).map_err(|refused| refused.to_string())?;
        let root = self.root().map_err(|refused| refused.to_string())?;
        let verified = block_on(verify(&store, Some(&*root), &mut |_| {}))?;
        let verified = verified.map_err(|refused| refused.to_string())?;
        if verified.faults > 0 {
            return Err(format!("{} faults: {:?}", verified.faults, verified.named));
        }
        Ok(verified)
    }

    /// A disk as it is after the first start, for trials that do not begin with that.
    ///
    /// # Errors
    /// In words.
    pub(super) fn founded(folder: &Path, root_key: &str) -> Result<Image, String> {
        let installation = Self::new(folder, Image::default(), root_key, 0)?;
        drop(installation.open()?);
        // Closed in order: all is on the platter.
        let image = installation.disk.image(0);
        installation.disk.set_plan(Plan::default());
        Ok(image)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for what the store's writer does.
///
/// # Errors
/// In words, when it hangs.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let deadline = Deadline::after(PATIENCE);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Ok(done);
        }
        if deadline.has_passed() {
            return Err("it hangs: no answer comes".into());
        }
        thread::park_timeout(deadline.left());
    }
}
