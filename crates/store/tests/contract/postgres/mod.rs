//! What only a store does that several nodes share.

mod commits;
mod nodes;
mod opening;
mod plans;
mod takeover;

use std::time::Duration;

use keyholt_store::{OpenError, PostgresOptions, PostgresUrl, Store};
use keyholt_testkit::Deadline;

use crate::fixture::chain;

/// A node on a database, whose chains are of this number.
async fn node(url: &str, number: u8) -> Store {
    let store = connect(url).await.unwrap();
    store.begin_chain(chain(number));
    store
}

async fn connect(url: &str) -> Result<Store, OpenError> {
    let url = PostgresUrl::parse(url).unwrap();
    Store::connect(&PostgresOptions { url, connections: 6, for_reading: false }).await
}

/// Waits until it is so; for what another process or task does and announces nowhere.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = Deadline::after(Duration::from_secs(20));
    while !is_so().await {
        assert!(!deadline.has_passed(), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
