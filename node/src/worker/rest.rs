//! Resting: no job is taken until the object store has what the next one needs.

use std::time::{Duration, Instant};

use super::{Stop, Worker, backoff, metrics};
use crate::queue::QueueError;

/// How long no job is taken of a rollup whose witness the object store did not have.
const AVOID: Duration = Duration::from_secs(60);
/// Rollups whose jobs are looked at in one rest. Whoever may write to the queue can make up more.
const ROLLUPS: usize = 64;

/// Rollups whose next witness is not there: a node that is gone, or that has another object store. Its jobs must not keep a
/// worker from those of others.
#[derive(Debug, Default)]
pub(super) struct Avoided {
    rollups: Vec<Vec<u8>>,
    since: Option<Instant>,
}

impl Avoided {
    /// These rollups, unless it is so long ago that their jobs are tried again.
    pub(super) fn rollups(&mut self) -> Vec<Vec<u8>> {
        if self.since.is_none_or(|since| since.elapsed() > AVOID) {
            *self = Self::default();
        }
        self.rollups.clone()
    }
}

impl Worker<'_> {
    /// Rests, and looks whether the object store has what the next job needs, of whatever rollup. If so, jobs are taken again,
    /// but for those of the rollups before it.
    pub(super) fn rest(&mut self) -> Result<(), QueueError> {
        self.stop.sleep(backoff(self.rests));
        let unknown = self.unknown.clone();
        let mut missing = Vec::new();
        while !self.stop.asked() && missing.len() < ROLLUPS {
            let wish = self.wish(&unknown, &missing);
            let next = self.with(Stop::asked, |queue| queue.next(&wish))?;
            metrics::reachable(true);
            // without a job there is nothing to look for
            let Some(job) = next else {
                break;
            };
            match self.look(&job) {
                Ok(_) => {
                    tracing::info!(
                        "the object store has what the next job needs: jobs are taken again"
                    );
                    self.avoided = Avoided {
                        rollups: missing,
                        since: Some(Instant::now()),
                    };
                    self.resting = false;
                    metrics::resting(false);
                    return Ok(());
                }
                Err(reason) => {
                    let complaint = reason.to_string();
                    tracing::debug!(batch = job.batch.get(), reason = %complaint, "no job is taken");
                    // said again the next time, if it is not heard now
                    let said = self.with(Stop::asked, |queue| queue.complain(&job, &complaint));
                    if let Err(error) = said {
                        tracing::debug!(%error, "the node is not told");
                    }
                    missing.push(job.rollup.to_vec());
                }
            }
        }
        if !missing.is_empty() {
            self.rests += 1;
        }
        Ok(())
    }
}
