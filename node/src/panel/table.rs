//! The cases that are open, and who is drawn for them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Case, Roster, SignedVerdict, Verdict};
use crate::{
    keys::{ClientName, PublicKey},
    private::encode,
    run::verify::PrivateSubmission,
};

/// Cases that one client's workers may have at once. At some milliseconds each they are through with them before anybody
/// loses patience.
const PLACES: usize = 64;
/// How long a worker that did not answer in time is left alone.
const REST: Duration = Duration::from_secs(10);

/// A case that two workers are to be asked about.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) challenge: [u8; 32],
    /// The operation in the bytes in which it is sent.
    pub(crate) operation: Arc<[u8]>,
    /// Who is asked.
    pub(crate) seats: [PublicKey; 2],
}

/// One of the two.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) client: ClientName,
    pub(super) key: PublicKey,
    pub(super) said: Option<Verdict>,
}

/// A case that is open, or was.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) case: Case,
    pub(super) submission: Box<PrivateSubmission>,
    pub(super) seats: [Seat; 2],
    until: Instant,
}

/// What became of a verdict.
#[derive(Debug)]
pub(super) enum Heard {
    /// It counts for nothing.
    Ignored(&'static str),
    /// The other one is waited for.
    First,
    /// Both have answered.
    Both(Box<Open>),
}

/// What cases have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) rollup: [u8; 32],
    pub(super) policy: [u8; 32],
    pub(super) patience: Duration,
}

/// The cases that are open. Nobody holds it while he waits for a queue.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: HashMap<[u8; 32], Open>,
    /// Cases that nobody was asked about yet.
    fresh: Vec<Ask>,
    /// Cases that are over, and still in the queue.
    over: Vec<[u8; 32]>,
    /// Who is present, by client.
    present: BTreeMap<ClientName, Vec<PublicKey>>,
    /// Open cases of each client.
    busy: BTreeMap<ClientName, usize>,
    /// Who did not answer in time, and since when.
    resting: HashMap<PublicKey, Instant>,
}

/// Random numbers of the system, as they are needed for one case.
struct Lot {
    challenge: [u8; 32],
    draws: [u64; 4],
}

impl Lot {
    fn draw() -> Option<Self> {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).ok()?;
        let (challenge, rest) = bytes.split_first_chunk::<32>()?;
        let (words, _) = rest.as_chunks::<8>();
        let mut draws = [0; 4];
        for (draw, word) in draws.iter_mut().zip(words) {
            *draw = u64::from_le_bytes(*word);
        }
        Some(Self {
            challenge: *challenge,
            draws,
        })
    }

    /// One of so many, which is not none. (2^64 is not a multiple of their number: the bias is far below anybody's notice.)
    fn one_of(&self, draw: usize, many: usize) -> usize {
        (self.draws[draw] % many as u64) as usize
    }
}

impl Inner {
    /// Two workers of different clients, by lot; `None` when there are no two with a free place.
    fn draw(&self, lot: &Lot, now: Instant) -> Option<[Seat; 2]> {
        let rested = |key: &&PublicKey| {
            let since = self.resting.get(*key);
            since.is_none_or(|since| now.saturating_duration_since(*since) >= REST)
        };
        let free: Vec<(&ClientName, Vec<&PublicKey>)> = self
            .present
            .iter()
            .filter(|(client, _)| self.busy.get(*client).is_none_or(|busy| *busy < PLACES))
            .map(|(client, keys)| (client, keys.iter().filter(rested).collect::<Vec<_>>()))
            .filter(|(_, keys)| !keys.is_empty())
            .collect();
        if free.len() < 2 {
            return None;
        }
        let first = lot.one_of(0, free.len());
        let second = (first + 1 + lot.one_of(1, free.len() - 1)) % free.len();
        let seat = |at: usize, draw| {
            let (client, keys) = &free[at];
            Seat {
                client: (*client).clone(),
                key: *keys[lot.one_of(draw, keys.len())],
                said: None,
            }
        };
        Some([seat(first, 2), seat(second, 3)])
    }

    fn remove(&mut self, challenge: &[u8; 32]) -> Option<Open> {
        let open = self.open.remove(challenge)?;
        for seat in &open.seats {
            if let Some(busy) = self.busy.get_mut(&seat.client) {
                *busy = busy.saturating_sub(1);
            }
        }
        self.over.push(*challenge);
        Some(open)
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a case. The operation comes back when there are no two workers for it.
    pub(super) fn open(
        &self,
        submission: Box<PrivateSubmission>,
        terms: &Terms,
    ) -> Result<(), Box<PrivateSubmission>> {
        let Some(lot) = Lot::draw() else {
            return Err(submission);
        };
        let now = Instant::now();
        let Some(seats) = self.lock().draw(&lot, now) else {
            return Err(submission);
        };
        // outside of the lock: a proof has 150 KiB
        let operation: Arc<[u8]> = encode(&submission.operation).into();
        let challenge = lot.challenge;
        let ask = Ask {
            challenge,
            operation,
            seats: seats.each_ref().map(|seat| seat.key),
        };
        let open = Open {
            case: Case {
                challenge,
                rollup: terms.rollup,
                policy: terms.policy,
                operation: submission.id,
            },
            submission,
            until: now + terms.patience,
            seats,
        };
        let mut inner = self.lock();
        for seat in &open.seats {
            *inner.busy.entry(seat.client.clone()).or_default() += 1;
        }
        inner.open.insert(challenge, open);
        inner.fresh.push(ask);
        Ok(())
    }

    /// Who is present from now on.
    pub(super) fn set_present(&self, workers: Vec<(ClientName, PublicKey)>) {
        let mut present = BTreeMap::<ClientName, Vec<PublicKey>>::new();
        for (client, key) in workers {
            present.entry(client).or_default().push(key);
        }
        let mut inner = self.lock();
        inner.resting.retain(|_, since| since.elapsed() < REST);
        inner.present = present;
    }

    /// Clients that are present, and cases that are open.
    pub(super) fn counts(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.present.len(), inner.open.len())
    }

    /// Cases that nobody was asked about yet; they are to be asked about now.
    pub(super) fn fresh(&self) -> Vec<Ask> {
        std::mem::take(&mut self.lock().fresh)
    }

    /// Cases that are over; they are to be closed in the queue now.
    pub(super) fn over(&self) -> Vec<[u8; 32]> {
        std::mem::take(&mut self.lock().over)
    }

    /// Hears a verdict. It counts when it is of an open case, by one of its two, who may verify at this moment, for the
    /// first time, and signed.
    pub(super) fn hear(&self, verdict: SignedVerdict, roster: &dyn Roster) -> Heard {
        let mut inner = self.lock();
        let Some(open) = inner.open.get_mut(&verdict.challenge) else {
            return Heard::Ignored("no such case is open");
        };
        let case = open.case;
        let Some(seat) = open.seats.iter_mut().find(|seat| seat.key == verdict.key) else {
            return Heard::Ignored("another worker was asked");
        };
        if seat.said.is_some() {
            return Heard::Ignored("it was answered before");
        }
        if roster.verifier(&seat.key).as_ref() != Some(&seat.client) {
            return Heard::Ignored("the key may not verify any more");
        }
        if !verdict.is_of(&case) {
            return Heard::Ignored("the signature is none of this case");
        }
        seat.said = Some(verdict.verdict);
        if open.seats.iter().any(|seat| seat.said.is_none()) {
            return Heard::First;
        }
        match inner.remove(&case.challenge) {
            Some(open) => Heard::Both(Box::new(open)),
            None => Heard::Ignored("no such case is open"),
        }
    }

    /// Takes the cases whose time is over. Who did not answer is left alone for a while.
    pub(super) fn overdue(&self, now: Instant) -> Vec<Open> {
        let mut inner = self.lock();
        let late = inner.open.iter().filter(|(_, open)| open.until <= now);
        let late: Vec<[u8; 32]> = late.map(|(challenge, _)| *challenge).collect();
        let taken: Vec<Open> = late
            .iter()
            .filter_map(|challenge| inner.remove(challenge))
            .collect();
        for seat in taken.iter().flat_map(|open| &open.seats) {
            if seat.said.is_none() {
                inner.resting.insert(seat.key, now);
            }
        }
        taken
    }

    /// Takes every case, and draws nobody until it is said again who is present: the queue cannot be used.
    pub(super) fn clear(&self) -> Vec<Open> {
        let mut inner = self.lock();
        inner.present.clear();
        inner.fresh.clear();
        let all: Vec<[u8; 32]> = inner.open.keys().copied().collect();
        let taken = all.iter().filter_map(|challenge| inner.remove(challenge));
        let taken = taken.collect();
        // whoever makes the queue usable again empties it
        inner.over.clear();
        taken
    }

    /// The first moment at which a case's time is over.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.lock().open.values().map(|open| open.until).min()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use winterlane_ledger::Anchor;

    use super::*;
    use crate::{
        OrderId,
        keys::PrivateKey,
        panel::{policy, tests::Known},
        testing::{digest, private_transfer},
    };

    fn terms(patience: u64) -> Terms {
        Terms {
            rollup: [1; 32],
            policy: policy(),
            patience: Duration::from_secs(patience),
        }
    }

    fn submission(number: u64) -> Box<PrivateSubmission> {
        let operation = private_transfer([number, number + 1], Anchor(digest(0)));
        Box::new(PrivateSubmission {
            id: OrderId::of_private(&encode(&operation)),
            operation,
            answer: oneshot::channel().0,
        })
    }

    /// The two are of different clients, whatever keys these have; over many cases everybody is drawn; who has as many
    /// cases as he may is drawn no more.
    #[test]
    fn two_clients_are_drawn_by_lot() {
        let table = Table::default();
        let known = Known::new(&[("a", 1), ("a", 2), ("b", 3), ("c", 4)]);
        // one client is no panel, however many keys it has
        table.set_present(known.list(&[1, 2]));
        assert!(table.open(submission(0), &terms(9)).is_err());
        table.set_present(known.list(&[1, 2, 3, 4]));
        let mut drawn = BTreeMap::<PublicKey, usize>::new();
        let mut taken = 0;
        while table.open(submission(2 * taken), &terms(9)).is_ok() {
            taken += 1;
            for ask in table.fresh() {
                let clients = ask.seats.map(|key| known.verifier(&key).unwrap());
                assert_ne!(clients[0], clients[1]);
                for key in ask.seats {
                    *drawn.entry(key).or_default() += 1;
                }
            }
        }
        // at least two of three are full, and nobody has more than he may
        assert!(
            (PLACES as u64..=3 * PLACES as u64 / 2).contains(&taken),
            "{taken}"
        );
        assert_eq!(drawn.len(), 4, "{drawn:?}");
        assert!(drawn.values().all(|cases| *cases <= PLACES));
        // places are free again when cases are over
        assert_eq!(table.clear().len() as u64, taken);
        table.set_present(known.list(&[3, 4]));
        assert!(table.open(submission(1), &terms(9)).is_ok());
    }

    #[test]
    fn a_verdict_counts_once_for_its_case_by_whom_was_asked() {
        let table = Table::default();
        let known = Known::new(&[("a", 1), ("b", 2), ("c", 3)]);
        table.set_present(known.list(&[1, 2]));
        for number in [0, 2] {
            assert!(table.open(submission(number), &terms(9)).is_ok());
        }
        let asks = table.fresh();
        let case = |ask: &Ask| Case {
            challenge: ask.challenge,
            rollup: [1; 32],
            policy: policy(),
            operation: OrderId::of_private(&ask.operation),
        };
        let [first, second] = [case(&asks[0]), case(&asks[1])];
        let says = |number: u8, case: &Case| {
            SignedVerdict::new(case, Verdict::Holds, &PrivateKey::from_seed(&[number; 32]))
        };
        let ignored = |verdict| matches!(table.hear(verdict, &known), Heard::Ignored(_));
        // who was not asked, and a case that is none
        assert!(ignored(says(3, &first)));
        let unknown = Case {
            challenge: [9; 32],
            ..first
        };
        assert!(ignored(says(1, &unknown)));
        // a verdict of another case, told as one of this
        let replayed = SignedVerdict {
            challenge: first.challenge,
            ..says(1, &second)
        };
        assert!(ignored(replayed));
        // a verdict in another's name
        let forged = SignedVerdict {
            key: known.key(2),
            ..says(1, &first)
        };
        assert!(ignored(forged));
        // by a key that was revoked meanwhile; it counts again when it may again
        known.revoke(1);
        assert!(ignored(says(1, &first)));
        known.restore(1);
        assert!(matches!(table.hear(says(1, &first), &known), Heard::First));
        assert!(ignored(says(1, &first)));
        let Heard::Both(open) = table.hear(says(2, &first), &known) else {
            panic!("both have answered");
        };
        assert_eq!(open.case, first);
        assert!(ignored(says(2, &first)));
        assert_eq!(table.over(), [first.challenge]);
        assert_eq!(table.counts(), (2, 1));
    }

    /// Whoever does not answer is not drawn again for a while, and those who did are.
    #[test]
    fn who_does_not_answer_rests() {
        let table = Table::default();
        let known = Known::new(&[("a", 1), ("b", 2)]);
        table.set_present(known.list(&[1, 2]));
        assert!(table.open(submission(0), &terms(60)).is_ok());
        assert!(table.overdue(Instant::now()).is_empty());
        let asks = table.fresh();
        let case = table.lock().open[&asks[0].challenge].case;
        let verdict = SignedVerdict::new(&case, Verdict::Holds, &PrivateKey::from_seed(&[1; 32]));
        assert!(matches!(table.hear(verdict, &known), Heard::First));
        let due = table.next_due().unwrap();
        let late = table.overdue(due);
        assert_eq!(late.len(), 1);
        assert_eq!(table.next_due(), None);
        let inner = table.lock();
        let lot = Lot::draw().unwrap();
        assert!(inner.resting.contains_key(&known.key(2)) && inner.resting.len() == 1);
        assert!(inner.draw(&lot, due).is_none());
        assert!(inner.draw(&lot, due + REST).is_some());
    }
}
