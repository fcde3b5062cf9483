//! A whole life of the server, counted.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use keyholt_testkit::{Setup, StartError};

use super::operation::{OPERATIONS, Operation, store};

/// The counting program. Its file of calls is not wanted, only the sum. Threads take turns in a fixed order, so that no
/// run is unlike the other because one of them happened to wait.
const COUNTER: [&str; 5] =
    ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--fair-sched=yes", "--log-fd=2"];

/// How long an answer may take: the counted program is fifty times slower, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many instructions the server carries out from its start to its end, with one round of each operation, and two
/// of this one.
///
/// # Errors
/// When it cannot be counted, fails or refuses.
pub(super) fn count(binary: &Path, twice: Option<Operation>) -> anyhow::Result<u64> {
    let setup = Setup::new(binary)?
        .wrapper(&COUNTER)
        // All of the load comes with one API key.
        .variable("KEYHOLT_LIMITS_PER_API_KEY", "0")
        .variable("KEYHOLT_LOG_LEVEL", "warn")
        // One thread that answers: how threads share work depends on how fast they are.
        .variable("TOKIO_WORKER_THREADS", "1");
    let server = setup.start().map_err(why)?;
    let mut client = server.client().patience(PATIENCE);
    let stored = store(&mut client)?;
    for operation in OPERATIONS {
        for round in 0..if twice == Some(operation) { 2 } else { 1 } {
            operation.round(&mut client, &stored, round)?;
        }
    }
    drop(client);
    let finished = server.stop()?;
    ensure!(finished.success(), "the server ended badly: {}", finished.stderr);
    sum(&finished.stderr).context("valgrind told no sum")
}

/// The sum in what the counter says at the end: `==1234== Collected : 519966467`.
fn sum(output: &str) -> Option<u64> {
    let (_, sum) = output
        .lines()
        .filter(|line| line.starts_with("=="))
        .find_map(|line| line.split_once(':').filter(|(name, _)| name.trim_end().ends_with("Collected")))?;
    sum.trim().parse().ok()
}

fn why(error: StartError) -> anyhow::Error {
    match error {
        StartError::Ended(finished) => anyhow!("the server ended at its start: {}", finished.stderr),
        StartError::Late(finished) => anyhow!("the server did not start in time: {}", finished.stderr),
        StartError::Io(error) => anyhow!("valgrind could not be started (Debian: valgrind): {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_counters_own() {
        let output = "Collected : 3\n==7== Events    : Ir\n==7== Collected : 519966467\n==7== \n==7== I   refs:      519,966,467\n";
        assert_eq!(sum(output), Some(519_966_467));
        assert_eq!(sum("==7== Events    : Ir\n"), None);
    }
}
