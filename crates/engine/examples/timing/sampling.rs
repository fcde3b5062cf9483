//! Taking the samples.

use keyholt_engine::Error;
use keyholt_testkit::{Random, Stopwatch, TestEngine, Timed};
use keyholt_types::RequestContext;
use tokio::task::unconstrained;

use crate::classes::{Class, Keys, OUTSIDE};

/// How many credentials are made at a time: what making one leaves behind in caches is not between two samples.
const BATCH: usize = 512;
/// After how many batches what was refused is written down, as a server does it every few seconds.
const BATCHES_BETWEEN_NOTES: usize = 8;

/// The times of the same credentials.
pub(crate) struct Samples {
    /// When each was shown for the first time in its turn: its rows may be in no cache.
    pub(crate) first: Vec<Timed>,
    /// When it was shown again right after that: whatever it needs is at hand, as whoever tries one credential again
    /// and again will have it.
    pub(crate) again: Vec<Timed>,
}

/// Shows so many credentials of each class to the engine, in random order, each of them twice; drops the first
/// twentieth.
pub(crate) async fn sample(
    test: &TestEngine,
    keys: &Keys,
    [first, second]: [Class; 2],
    samples: usize,
    random: &mut Random,
) -> Samples {
    // The reads of one request are never parted for the sake of other tasks, of which there are none here.
    unconstrained(async {
        let total = 2 * samples;
        let dropped = total / 20;
        let mut samples = Samples { first: Vec::new(), again: Vec::new() };
        for batch in 0.. {
            if samples.first.len() >= total + dropped {
                break;
            }
            let shown: Vec<_> = (0..BATCH)
                .map(|_| {
                    let is_second = random.below(2) == 1;
                    let class = if is_second { second } else { first };
                    let request = RequestContext { id: test.engine.make_request_id(), address: Some(OUTSIDE) };
                    (is_second, keys.credential(class, random), request)
                })
                .collect();
            for (is_second, credential, request) in &shown {
                for times in [&mut samples.first, &mut samples.again] {
                    let watch = Stopwatch::start();
                    let answer = test.engine.authenticate(credential, *request).await;
                    let nanos = watch.elapsed().as_nanos();
                    assert_eq!(answer.err(), Some(Error::Unauthenticated), "every one is refused");
                    times.push((*is_second, u64::try_from(nanos).unwrap_or(u64::MAX)));
                }
            }
            if batch % BATCHES_BETWEEN_NOTES == 0 {
                test.engine.write_down_observations().await;
            }
        }
        let Samples { first, again } = &mut samples;
        Samples { first: first.split_off(dropped), again: again.split_off(dropped) }
    })
    .await
}
