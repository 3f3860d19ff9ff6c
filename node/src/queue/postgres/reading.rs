//! Reading the proofs that workers say there are.
//!
//! Workers write into the table whatever they like, and an object store may refuse to give what it has (403), or never end its
//! answer. So an object that cannot be read now keeps no other back: it is passed over, left alone for a while, and tried again.
//! Rows are read in the order of their key, on from where the turn before ended, and from the beginning after the last: rows
//! that cannot be read do not fill every page, however many there are.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use postgres::Row;
use winterlane_ledger::BatchNumber;

use super::{hash_of, unsigned};
use crate::{
    blob::BlobError,
    queue::{QueueError, Report},
    run::prover::Outcome,
};

/// Rows of a page, and objects that are asked for in a turn: proofs of one turn are in memory together.
pub(super) const PROOFS: usize = 32;
/// Pages that are looked at in a turn: rows that are left alone cost no more than that.
const PAGES: usize = 32;
/// How long an object that could not be read is left alone; then for twice as long, and so on.
const FIRST: Duration = Duration::from_secs(5);
/// The longest pause between two attempts at an object.
const LONGEST: Duration = Duration::from_secs(320);
/// Objects that are remembered as unreadable. More of them are tried whenever it is their turn.
const REMEMBERED: usize = 4096;
/// Objects of a turn for which the store may be unreachable. One may have an answer that never ends; with a second it is most
/// likely the store, and each takes the time of a connection.
const UNREACHABLE: usize = 2;

/// The key of a proof among those of a rollup: its batch and its hash.
pub(super) type Key = (BatchNumber, [u8; 32]);

/// What the table says of a proof.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) key: Key,
    /// How long it took.
    millis: u64,
    /// Who says that there is one.
    worker: String,
}

pub(super) fn said(row: &Row) -> Result<Said, QueueError> {
    let batch = BatchNumber::new(unsigned(row.try_get(0)?));
    Ok(Said {
        key: (batch, hash_of(row.try_get(1)?)?),
        millis: unsigned(row.try_get(2)?),
        worker: row.try_get(3)?,
    })
}

/// What has come of a row.
pub(super) enum Found {
    /// Its object.
    Proof(Vec<u8>),
    /// There is none, or it is damaged: the row was struck out.
    Struck(String),
}

/// Where the rows and their objects are.
pub(super) trait Rows {
    /// The first [`PROOFS`] rows after a key, in the order of their keys; without one, from the beginning.
    fn page(&mut self, after: Option<Key>) -> Result<Vec<Said>, QueueError>;

    /// The object of a row. [`QueueError::Blob`] when it cannot be read now; every other error ends the turn.
    fn object(&mut self, key: Key) -> Result<Found, QueueError>;
}

/// What is known of rows: which were reported, which are left alone, and where the next turn begins.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Proofs that were reported.
    delivered: BTreeSet<Key>,
    unread: BTreeMap<Key, Pause>,
    /// The next turn begins after this row; without one, at the beginning.
    after: Option<Key>,
    /// Objects that were read, ever.
    read: u64,
}

#[derive(Debug)]
struct Pause {
    since: Instant,
    length: Duration,
    /// Objects that were read until then.
    read: u64,
}

impl Reading {
    /// Reads what is there and due, for one turn; adds what has come of it to the reports, also when an error ends the turn.
    pub(super) fn turn(
        &mut self,
        rows: &mut dyn Rows,
        now: Instant,
        reports: &mut Vec<(BatchNumber, Report)>,
    ) -> Result<(), QueueError> {
        let (mut asked, mut unreachable) = (0, 0);
        for _ in 0..PAGES {
            let page = rows.page(self.after)?;
            let is_last = page.len() < PROOFS;
            for Said {
                key,
                millis,
                worker,
            } in page
            {
                if asked == PROOFS || unreachable == UNREACHABLE {
                    return Ok(());
                }
                if !self.delivered.contains(&key) && self.is_due(key, now) {
                    asked += 1;
                    let report = match rows.object(key) {
                        Ok(Found::Proof(proof)) => {
                            self.was_read(key);
                            self.delivered.insert(key);
                            Report::Outcome(Outcome::Proven { proof, millis })
                        }
                        Ok(Found::Struck(reason)) => {
                            self.was_read(key);
                            let reason = format!("worker {worker}: {reason}");
                            Report::Outcome(Outcome::Failed(reason))
                        }
                        Err(QueueError::Blob(error)) => {
                            unreachable +=
                                usize::from(matches!(error, BlobError::Unreachable { .. }));
                            self.missed(key, now);
                            Report::Unread(error.to_string())
                        }
                        Err(error) => return Err(error),
                    };
                    reports.push((key.0, report));
                }
                self.after = Some(key);
            }
            if is_last {
                self.after = None;
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_due(&self, key: Key, now: Instant) -> bool {
        let pause = self.unread.get(&key);
        pause.is_none_or(|pause| now.saturating_duration_since(pause.since) >= pause.length)
    }

    fn was_read(&mut self, key: Key) {
        self.read += 1;
        self.unread.remove(&key);
    }

    fn missed(&mut self, key: Key, now: Instant) {
        let length = match self.unread.get(&key) {
            // Others were read meanwhile: it is this object. When none was, it may be the store, which is not to be waited for
            // longer than it is away.
            Some(pause) if self.read > pause.read => pause.length.saturating_mul(2).min(LONGEST),
            Some(pause) => pause.length,
            None if self.unread.len() >= REMEMBERED => return,
            None => FIRST,
        };
        let pause = Pause {
            since: now,
            length,
            read: self.read,
        };
        self.unread.insert(key, pause);
    }

    /// The proof was refused: if its row is still there, it is reported again.
    pub(super) fn refused(&mut self, key: Key) {
        self.delivered.remove(&key);
    }

    /// Nobody needs a proof of the batch any more.
    pub(super) fn close(&mut self, batch: BatchNumber) {
        self.delivered.retain(|(of, _)| *of != batch);
        self.unread.retain(|(of, _), _| *of != batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a store answers for an object.
    #[derive(Clone, Copy)]
    enum Answer {
        Gives,
        Refuses,
        NeverEnds,
        Lacks,
    }

    /// A table, its objects, and how often each was asked for.
    #[derive(Default)]
    struct Table {
        rows: BTreeMap<Key, Answer>,
        asked: BTreeMap<Key, usize>,
        /// The database fails when a row is struck out.
        stuck: bool,
    }

    impl Table {
        fn add(&mut self, batch: u64, number: u8, answer: Answer) -> Key {
            let key = (BatchNumber::new(batch), [number; 32]);
            self.rows.insert(key, answer);
            key
        }

        fn asked(&self, key: Key) -> usize {
            self.asked.get(&key).copied().unwrap_or(0)
        }
    }

    impl Rows for Table {
        fn page(&mut self, after: Option<Key>) -> Result<Vec<Said>, QueueError> {
            let keys = self.rows.keys().copied();
            let keys = keys.filter(|key| after.is_none_or(|after| *key > after));
            let said = |key| Said {
                key,
                millis: 1,
                worker: "one".into(),
            };
            Ok(keys.take(PROOFS).map(said).collect())
        }

        fn object(&mut self, key: Key) -> Result<Found, QueueError> {
            *self.asked.entry(key).or_default() += 1;
            let host = || "objects.example".to_owned();
            let answer = self.rows[&key];
            match answer {
                Answer::Gives => Ok(Found::Proof(key.1.to_vec())),
                Answer::Lacks if self.stuck => Err(QueueError::Server("gone".into())),
                Answer::Lacks => {
                    self.rows.remove(&key);
                    Ok(Found::Struck("there is none".into()))
                }
                Answer::Refuses => Err(QueueError::Blob(BlobError::Refused {
                    host: host(),
                    status: 403,
                    what: "GET",
                    answer: String::new(),
                })),
                Answer::NeverEnds => Err(QueueError::Blob(BlobError::Unreachable {
                    host: host(),
                    source: Box::new(ureq::Error::ConnectionFailed),
                })),
            }
        }
    }

    #[derive(Default)]
    struct World {
        table: Table,
        reading: Reading,
    }

    impl World {
        /// A turn; gives the batches with a proof, and the number of objects that could not be read.
        fn turn(&mut self, now: Instant) -> (Vec<u64>, usize) {
            let mut reports = Vec::new();
            let turn = self.reading.turn(&mut self.table, now, &mut reports);
            turn.unwrap();
            let (mut proven, mut unread) = (Vec::new(), 0);
            for (batch, report) in reports {
                match report {
                    Report::Outcome(Outcome::Proven { .. }) => proven.push(batch.get()),
                    Report::Unread(_) => unread += 1,
                    other => panic!("{other:?}"),
                }
            }
            (proven, unread)
        }
    }

    /// Whatever is wrong with an object, the others of the turn are reported.
    #[test]
    fn an_object_that_cannot_be_read_keeps_no_other_back() {
        for answer in [Answer::Refuses, Answer::NeverEnds] {
            let mut world = World::default();
            let wrong = world.table.add(0, 1, answer);
            for batch in 1..4 {
                world.table.add(batch, 2, Answer::Gives);
            }
            let now = Instant::now();
            assert_eq!(world.turn(now), (vec![1, 2, 3], 1));
            // what was reported is not read again, and what could not be read is left alone
            assert_eq!(world.turn(now), (vec![], 0));
            assert_eq!(world.table.asked(wrong), 1);
            // until it is due, and then it is given
            world.table.rows.insert(wrong, Answer::Gives);
            let early = now + FIRST.saturating_sub(Duration::from_millis(1));
            assert_eq!(world.turn(early), (vec![], 0));
            assert_eq!(world.turn(now + FIRST), (vec![0], 0));
        }
    }

    /// More of them than a page has, for one batch: those behind them are read all the same.
    #[test]
    fn rows_that_are_refused_for_ever_do_not_fill_every_page() {
        let mut world = World::default();
        for number in 0..200 {
            world.table.add(0, number, Answer::Refuses);
        }
        world.table.add(0, 255, Answer::Gives);
        world.table.add(1, 0, Answer::Gives);
        let now = Instant::now();
        let mut proven = Vec::new();
        // 202 objects, 32 in a turn
        for _ in 0..7 {
            proven.extend(world.turn(now).0);
        }
        assert_eq!(proven, [0, 1]);
        // each was asked for once, and from now on the pages with them are passed in one turn
        assert!(world.table.asked.values().all(|times| *times == 1));
        world.table.add(2, 0, Answer::Gives);
        world.table.add(0, 254, Answer::Gives);
        assert_eq!(world.turn(now), (vec![0, 2], 0));
        assert!(world.table.asked.values().all(|times| *times == 1));
    }

    /// Proofs of one turn are in memory together.
    #[test]
    fn no_more_is_read_in_a_turn_than_a_page_has() {
        let mut world = World::default();
        for batch in 0..70 {
            world.table.add(batch, 0, Answer::Gives);
        }
        let now = Instant::now();
        let turns = [(); 4].map(|()| world.turn(now).0.len());
        assert_eq!(turns, [32, 32, 6, 0]);
    }

    /// The pause grows when others are read meanwhile, up to a bound; it does not when it may be the store that is away.
    #[test]
    fn an_object_is_left_alone_for_longer_and_longer_if_others_are_read() {
        let mut world = World::default();
        let wrong = world.table.add(0, 1, Answer::NeverEnds);
        let mut now = Instant::now();
        for _ in 0..10 {
            assert_eq!(world.turn(now).1, 1);
            now += FIRST;
        }
        for batch in 1..12 {
            world.table.add(batch, 0, Answer::Gives);
            assert_eq!(world.turn(now).0, [batch]);
            now += world.reading.unread[&wrong].length;
        }
        assert_eq!(world.reading.unread[&wrong].length, LONGEST);
        let asked = world.table.asked(wrong);
        world.turn(now + Duration::from_secs(1));
        assert_eq!(world.table.asked(wrong), asked + 1);
        // a batch that is closed leaves nothing behind
        for batch in 0..12 {
            world.reading.close(BatchNumber::new(batch));
        }
        assert!(world.reading.unread.is_empty() && world.reading.delivered.is_empty());
    }

    /// A store that is away takes the time of two connections a turn, and the next turn goes on behind them.
    #[test]
    fn a_store_that_is_away_is_not_asked_for_every_object() {
        let mut world = World::default();
        for batch in 0..4 {
            world.table.add(batch, 0, Answer::NeverEnds);
        }
        world.table.add(4, 0, Answer::Gives);
        let now = Instant::now();
        assert_eq!(world.turn(now), (vec![], UNREACHABLE));
        assert_eq!(world.turn(now), (vec![], UNREACHABLE));
        assert_eq!(world.turn(now), (vec![4], 0));
    }

    /// What was read before the database failed is reported, and the row that it failed at is tried again.
    #[test]
    fn a_database_that_fails_loses_nothing_that_was_read() {
        let mut world = World::default();
        world.table.add(0, 0, Answer::Gives);
        world.table.add(1, 0, Answer::Lacks);
        world.table.add(2, 0, Answer::Gives);
        world.table.stuck = true;
        let (mut reports, now) = (Vec::new(), Instant::now());
        let turn = world.reading.turn(&mut world.table, now, &mut reports);
        assert!(turn.is_err());
        assert_eq!(reports.len(), 1);
        world.table.stuck = false;
        reports.clear();
        let turn = world.reading.turn(&mut world.table, now, &mut reports);
        turn.unwrap();
        let [(one, struck), (two, proven)] = &reports[..] else {
            panic!("{reports:?}");
        };
        assert_eq!((one.get(), two.get()), (1, 2));
        assert!(
            matches!(struck, Report::Outcome(Outcome::Failed(reason)) if reason == "worker one: there is none")
        );
        assert!(matches!(proven, Report::Outcome(Outcome::Proven { .. })));
        // a proof that is refused, and whose row is there still, is reported again
        world.reading.refused((BatchNumber::ZERO, [0; 32]));
        assert_eq!(world.turn(now).0, [0]);
    }
}
