//! Verifying proofs of private operations: the cases that this worker's key is drawn for.

use std::time::{Duration, Instant};

use super::{Checking, Stop, WorkerOptions, backoff, idle, metrics, stop::connected};
use crate::{
    panel::{self, SignedVerdict},
    queue::{
        QueueError,
        postgres::panel::{Assigned, Assignments},
    },
};

/// How often a worker says that it is present.
const APPEAR: Duration = Duration::from_secs(2);
/// Cases that are taken at once: few, so that others with the same key take the rest.
const MOST: u32 = 4;

/// Judges until the worker is asked to stop.
pub(super) fn serve(options: &WorkerOptions, checking: &Checking, id: &str, stop: &Stop) {
    let policy = panel::policy();
    let (mut failures, mut told) = (0, false);
    while !stop.asked() {
        let (address, key) = (options.queue.clone(), checking.key.public());
        let connect = move || Assignments::connect(&address, key);
        let ended = connected(|| stop.asked(), connect).and_then(|queue| {
            if told {
                tracing::info!("private operations are verified again");
            }
            (failures, told) = (0, false);
            judge_all(queue, checking, (id, &policy), options.poll, stop)
        });
        if let Err(error) = ended
            && !stop.asked()
        {
            // before a node has made the tables this is how it is
            if !told {
                tracing::warn!(%error, "no private operations can be verified; it is asked again");
                told = true;
            }
            failures += 1;
            stop.sleep(backoff(failures));
        }
    }
}

fn judge_all(
    mut queue: Assignments,
    checking: &Checking,
    (id, policy): (&str, &[u8; 32]),
    poll: Duration,
    stop: &Stop,
) -> Result<(), QueueError> {
    let mut appeared: Option<Instant> = None;
    while !stop.asked() {
        if appeared.is_none_or(|last| last.elapsed() >= APPEAR) {
            queue.appear(id, policy)?;
            appeared = Some(Instant::now());
        }
        let assigned = queue.take(MOST)?;
        if assigned.is_empty() {
            idle(poll.min(APPEAR), stop, |time| queue.wait(time))?;
        }
        for Assigned { case, operation } in assigned {
            let begun = Instant::now();
            // another version's verdict would be about another question
            let verdict = (case.policy == *policy)
                .then(|| panel::judge(&operation))
                .flatten();
            metrics::checked(verdict.as_ref(), begun.elapsed());
            match verdict {
                Some(verdict) => {
                    let said = SignedVerdict::new(&case, verdict, &checking.key);
                    queue.answer(&case.rollup, &said)?;
                }
                None => tracing::warn!(
                    operation = %case.operation,
                    "not judged: the node is of another version; upgrade both"
                ),
            }
        }
    }
    Ok(())
}
