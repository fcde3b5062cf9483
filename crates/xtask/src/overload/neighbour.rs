//! One organisation far beyond its limit, beside another that is within its own.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::arguments::OverloadArgs;
use super::arrivals::{Volume, arrive};
use super::bars::Bars;
use super::mix::Mix;
use crate::measure::{KEY, Program, ask, ask_with, fill, fill_with};

/// What one organisation may ask for in a second, in the option's form too.
const LIMIT: u32 = 1_000;
/// How many times of it the noisy one asks for.
const NOISY: f64 = 10.0;
/// What the other one asks for in a second.
const QUIET_RATE: f64 = 200.0;

/// The option of the server that is measured.
pub(super) fn options() -> [String; 2] {
    ["--limits-per-org".to_owned(), LIMIT.to_string()]
}

/// Measures it.
///
/// # Errors
/// When the server fails or a connection breaks.
pub(super) async fn measure(
    arguments: &OverloadArgs,
    keyholt: &Program,
    bars: &mut Bars,
) -> anyhow::Result<()> {
    let address = keyholt.address;
    fill(address, 10_000)?;
    let noisy_key = key_of_another_org(keyholt)?;
    fill_with(&noisy_key, address, 10_000)?;
    let (noisy_mix, quiet_mix) = (Mix::gets(address, &noisy_key), Mix::gets(address, KEY));
    let time = Duration::from_secs((arguments.secs / 6).max(2));
    let quiet = Volume { connections: 8, rate: Some(QUIET_RATE), time, is_impatient: false, first: 0 };
    arrive(address, &quiet_mix, quiet).await?;
    let alone = arrive(address, &quiet_mix, Volume { first: 1 << 32, ..quiet }).await?;
    // It does not do as it is told.
    let noise = Volume { connections: 100, rate: Some(f64::from(LIMIT) * NOISY), is_impatient: true, ..quiet };
    let (noise, beside) = tokio::join!(
        arrive(address, &noisy_mix, Volume { first: 2 << 32, ..noise }),
        arrive(address, &quiet_mix, Volume { first: 3 << 32, ..quiet }),
    );
    let (noise, beside) = (noise?, beside?);
    println!(
        "one organisation: {:.0} served/s, {:.0} refused/s, by status {:?}",
        noise.rate(),
        noise.refused_rate(),
        noise.refused
    );
    for (name, served) in [("the other, alone", &alone), ("the other, beside it", &beside)] {
        let (rate, p50, p99, parts) = (served.rate(), served.p50(), served.p99(), served.p99s());
        println!(
            "{name}: {rate:.0} served/s, p50 {p50:.2} ms, p99 {p99:.2} ms, of parts {parts} ms, refused {:?}",
            served.refused
        );
    }
    bars.at_most("neighbour: p99 beside the noise, to that alone", beside.p99() / alone.p99(), 1.5, "");
    bars.at_most("neighbour: its requests that were refused", beside.refused_rate(), 0.0, "a second");
    bars.at_least("neighbour: the noisy one's share of its limit", noise.rate() / f64::from(LIMIT), 0.9, "");
    bars.at_most("neighbour: the same, at most", noise.rate() / f64::from(LIMIT), 1.7, "");
    Ok(())
}

/// Makes another organisation with secrets to be asked for; gives an API key of it.
fn key_of_another_org(keyholt: &Program) -> anyhow::Result<String> {
    let address = keyholt.address;
    ask(address, "POST", "/keyholt/v1/orgs", &json!({ "name": "noisy" }))?;
    let make = |key: &str, name: &str, orgs: &[&str]| {
        // Operators may import.
        let wanted = json!({ "name": name, "orgs": orgs, "role": "owner", "operator": true });
        let made = ask_with(key, address, "POST", "/keyholt/v1/api-keys", &wanted)?;
        anyhow::Ok(made.get("key").and_then(|key| key.as_str()).context("no key")?.to_owned())
    };
    // Who makes an organisation is no member of it, and makes one who is.
    let owner = make(KEY, "both", &["default", "noisy"])?;
    make(&owner, "noisy", &["noisy"])
}
