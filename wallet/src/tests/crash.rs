//! Whatever fails, and whenever: a one-time key never signs two messages.

use std::collections::HashMap;

use proptest::prelude::*;
use winterlane_ledger::{BaseElement, Digest, Nonce, Root};

use super::simulated::{Fault, Simulated};
use crate::{Journal, MasterSeed, Signed, WalletError, journal, place};

fn seed() -> MasterSeed {
    MasterSeed::from_bytes([5; 32])
}

fn entry(key: u8, index: u8, message: u8) -> Signed {
    let digest = |n: u8| Digest([n, 1, 0, 0].map(|n| BaseElement::from(u32::from(n))));
    Signed {
        root: Root(digest(key)),
        index: index.into(),
        nonce: Nonce::new(index.into()),
        bound: digest(message % 2),
        // One message with two randomisers reveals as much as two messages.
        rho: [u32::from(message / 2), 7].map(BaseElement::from),
    }
}

/// A step of a history: something the wallet does, or something that happens to it.
#[derive(Clone, Debug)]
enum Step {
    /// One of two programs signs.
    Reserve(usize, Vec<(u8, u8, u8)>),
    /// A program opens the wallet, closing it first if it had it open.
    Open(usize),
    /// An operation on the disk will fail or kill the process.
    Fault(u32, Fault),
    /// The power fails.
    PowerLoss(u64),
    /// The journal is moved away and a copy put in its place.
    CopyBack,
}

fn step() -> impl Strategy<Value = Step> {
    let messages = prop::collection::vec((0..2u8, 0..4u8, 0..4u8), 1..5);
    let fault = prop_oneof![Just(Fault::Fails), Just(Fault::Kills)];
    prop_oneof![
        6 => (0..2usize, messages).prop_map(|(who, messages)| Step::Reserve(who, messages)),
        4 => (0..2usize).prop_map(Step::Open),
        3 => (0..12u32, fault).prop_map(|(after, fault)| Step::Fault(after, fault)),
        2 => any::<u64>().prop_map(Step::PowerLoss),
        1 => Just(Step::CopyBack),
    ]
}

/// Everything that left the wallet.
#[derive(Default)]
struct Released(HashMap<([u8; 32], u32), Signed>);

impl Released {
    fn release(&mut self, signed: Signed) {
        let first = self.0.entry((signed.root.to_bytes(), signed.index));
        assert_eq!(
            *first.or_insert(signed),
            signed,
            "a one-time key signed twice"
        );
    }
}

fn run(steps: Vec<Step>) {
    let disk = Simulated::default();
    let mut programs: [Option<Journal>; 2] = [const { None }; 2];
    programs[0] = Some(place::make(disk.boxed(), &seed(), None).unwrap());
    let mut released = Released::default();
    for step in steps {
        match step {
            Step::Reserve(who, messages) => {
                let Some(journal) = &mut programs[who] else {
                    continue;
                };
                let messages: Vec<_> = messages
                    .into_iter()
                    .map(|(key, index, message)| entry(key, index, message))
                    .collect();
                if journal.reserve(&messages).is_ok() {
                    messages.into_iter().for_each(|m| released.release(m));
                }
            }
            Step::Open(who) => {
                programs[who] = None;
                let undisturbed = !disk.has_fault();
                // Adopting, as somebody would who knows that the copy is fresh.
                match place::open(disk.boxed(), true, None) {
                    Ok((_, journal)) => programs[who] = Some(journal),
                    Err(WalletError::Locked { .. }) => assert!(programs[1 - who].is_some()),
                    Err(WalletError::Io { .. }) if !undisturbed => {
                        // The process has ended, or the operation can be tried again.
                        programs = [const { None }; 2];
                        disk.restart();
                    }
                    Err(error) => panic!("locked out: {error}"),
                }
            }
            Step::Fault(after, fault) => disk.fault(after, fault),
            Step::PowerLoss(random) => {
                programs = [const { None }; 2];
                disk.power_loss(random);
            }
            Step::CopyBack => disk.copy_back("journal"),
        }
        if disk.has_ended() {
            programs = [const { None }; 2];
            disk.restart();
        }
    }
    // In the end the wallet opens, and still knows all that left it.
    programs = [const { None }; 2];
    drop(programs);
    disk.power_loss(0);
    let (_, mut journal) = place::open(disk.boxed(), true, None).unwrap();
    for signed in released.0.values() {
        journal.reserve(&[*signed]).unwrap();
        let other = Signed {
            nonce: Nonce::new(signed.nonce.get() + 1),
            ..*signed
        };
        assert!(matches!(
            journal.reserve(&[other]),
            Err(WalletError::AlreadySigned { .. })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_history_makes_a_one_time_key_sign_twice(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        run(steps);
    }
}

/// An entry that was written and not synchronised is found when the journal is opened again. The
/// synchronisation that failed will not be made good by a later one.
#[test]
fn an_entry_that_a_failed_synchronisation_left_is_on_the_disk_before_it_counts() {
    for random in 0..64 {
        let disk = Simulated::default();
        let mut journal = place::make(disk.boxed(), &seed(), None).unwrap();
        journal.reserve(&[entry(0, 0, 0)]).unwrap();
        disk.fault(1, Fault::Fails);
        assert!(matches!(
            journal.reserve(&[entry(0, 1, 0)]),
            Err(WalletError::Io { .. })
        ));
        // For good: it is not tried again, not even for what was signed before.
        for signed in [entry(0, 1, 0), entry(0, 2, 0), entry(0, 0, 0)] {
            assert!(matches!(
                journal.reserve(&[signed]),
                Err(WalletError::Poisoned)
            ));
        }
        drop(journal);
        let (_, mut journal) = place::open(disk.boxed(), false, None).unwrap();
        assert_eq!(journal.len(), 2, "a read finds it");
        journal.reserve(&[entry(0, 1, 0)]).unwrap();
        drop(journal);
        disk.power_loss(random);
        let (_, mut journal) = place::open(disk.boxed(), false, None).unwrap();
        assert!(matches!(
            journal.reserve(&[entry(0, 1, 1)]),
            Err(WalletError::AlreadySigned { index: 1, .. })
        ));
    }
}

/// Wherever the making of a wallet is interrupted, it is finished or can be made again.
#[test]
fn a_half_made_wallet_is_finished_or_made_again() {
    let mut ends = [0; 3];
    for fault in [Fault::Fails, Fault::Kills] {
        for after in 0.. {
            let mut whole = false;
            for random in 0..16 {
                let disk = Simulated::default();
                disk.fault(after, fault);
                let made = place::make(disk.boxed(), &seed(), None).is_ok();
                whole = disk.has_fault();
                assert_eq!(made, whole, "operation {after}");
                disk.restart();
                if random > 0 {
                    disk.power_loss(random);
                }
                match place::open(disk.boxed(), false, None) {
                    Ok((found, mut journal)) => {
                        ends[0] += 1;
                        assert_eq!(found, seed());
                        journal.reserve(&[entry(0, 0, 0)]).unwrap();
                    }
                    Err(WalletError::HalfMade { .. }) => ends[1] += 1,
                    Err(WalletError::Missing { .. } | WalletError::SeedMissing { .. }) => {
                        ends[2] += 1;
                    }
                    Err(error) => panic!("operation {after}: {error}"),
                }
                match place::make(disk.boxed(), &seed(), None) {
                    Ok(mut journal) => journal.reserve(&[entry(0, 0, 0)]).unwrap(),
                    Err(WalletError::Exists { .. }) => {}
                    Err(error) => panic!("operation {after}: {error}"),
                }
                let (_, journal) = place::open(disk.boxed(), false, None).unwrap();
                assert_eq!(journal.len(), 1);
            }
            if whole {
                break;
            }
        }
    }
    assert!(ends.iter().all(|&count| count > 10), "{ends:?}");
}

/// Wherever the migration from version 1 is interrupted, nothing is lost, and it goes on.
#[test]
fn a_wallet_of_version_1_is_migrated_wherever_that_is_interrupted() {
    let old = journal::format::old_journal(&[entry(0, 0, 0), entry(1, 3, 1)]);
    for fault in [Fault::Fails, Fault::Kills] {
        for after in 0.. {
            let mut whole = false;
            for random in 0..8 {
                let disk = Simulated::default();
                disk.put("seed", &[5; 32]);
                disk.put("journal", &old);
                disk.fault(after, fault);
                whole = place::open(disk.boxed(), false, None).is_ok() && disk.has_fault();
                disk.restart();
                if random > 0 {
                    disk.power_loss(random);
                }
                let (found, mut journal) = place::open(disk.boxed(), false, None).unwrap();
                assert_eq!((found, journal.len()), (seed(), 2));
                assert!(disk.read("seed").unwrap().starts_with(b"winterlane-seed2"));
                let conflict = journal.reserve(&[entry(1, 3, 0)]);
                assert!(matches!(
                    conflict,
                    Err(WalletError::AlreadySigned { index: 3, .. })
                ));
                // The randomiser is written down when it is known, and stays.
                journal.reserve(&[entry(1, 3, 1)]).unwrap();
                let other = Signed {
                    rho: [9u32, 9].map(BaseElement::from),
                    ..entry(1, 3, 1)
                };
                for _ in 0..2 {
                    assert!(journal.reserve(&[entry(1, 3, 1)]).is_ok());
                    assert!(matches!(
                        journal.reserve(&[other]),
                        Err(WalletError::AlreadySigned { index: 3, .. })
                    ));
                    drop(journal);
                    (_, journal) = place::open(disk.boxed(), false, None).unwrap();
                    assert_eq!(journal.len(), 2);
                }
            }
            if whole {
                break;
            }
        }
    }
}

/// Two programs, one wallet: whoever opened the copy goes on, the other one never signs again.
#[test]
fn a_journal_that_is_moved_away_and_copied_back_has_one_holder() {
    let disk = Simulated::default();
    let mut first = place::make(disk.boxed(), &seed(), None).unwrap();
    first.reserve(&[entry(0, 0, 0)]).unwrap();
    assert!(matches!(
        place::open(disk.boxed(), false, None),
        Err(WalletError::Locked { .. })
    ));
    disk.copy_back("journal");
    assert!(matches!(
        place::open(disk.boxed(), false, None),
        Err(WalletError::Copied { .. })
    ));
    let (_, mut second) = place::open(disk.boxed(), true, None).unwrap();
    second.reserve(&[entry(0, 1, 0)]).unwrap();
    assert!(matches!(
        first.reserve(&[entry(0, 1, 1)]),
        Err(WalletError::Disturbed { .. })
    ));
    assert!(matches!(
        first.reserve(&[entry(0, 2, 1)]),
        Err(WalletError::Poisoned)
    ));
    second.reserve(&[entry(0, 2, 0)]).unwrap();
    // Opened once, it is an original again.
    drop((first, second));
    assert!(place::open(disk.boxed(), false, None).is_ok());
}

/// A copy of the moment before, put in place while the entry is written: it lacks the entry.
#[test]
fn a_journal_that_is_replaced_while_it_is_written_releases_nothing() {
    let disk = Simulated::default();
    let mut first = place::make(disk.boxed(), &seed(), None).unwrap();
    disk.swap_in_sync(disk.read("journal").unwrap());
    assert!(matches!(
        first.reserve(&[entry(0, 0, 0)]),
        Err(WalletError::Disturbed { .. })
    ));
    let (_, mut second) = place::open(disk.boxed(), true, None).unwrap();
    second.reserve(&[entry(0, 0, 1)]).unwrap();
}

#[test]
fn a_fork_does_not_sign() {
    let disk = Simulated::default();
    let mut journal = place::make(disk.boxed(), &seed(), None).unwrap();
    let parent = journal.pretend_to_be_forked();
    assert!(matches!(
        journal.reserve(&[entry(0, 0, 0)]),
        Err(WalletError::Forked { opener }) if opener == parent
    ));
    assert!(journal.is_empty());
}
