//! Private statements: their public inputs, their tables of selectors and their AIR.

mod air;
mod selectors;

use alloc::{vec, vec::Vec};

use winter_math::{ToElements, fields::f64::BaseElement};
use winterlane_ledger::{
    Amount, Anchor, AssetId, BatchNumber, Digest, Domain, Root,
    private::{
        Association, AssociationMode, BalanceInputs, Commitment, CredentialInputs, Fee, Nullifier,
        Predicate, PrivateInputs, SHOWN_CHAINS, Session, Test, TransferInputs, ValueSet,
        WithdrawalInputs,
    },
    signature::{CHAIN_LENGTH, CHAIN_STEPS, CHAINS},
};

use super::Schedule;

fn digest(n: u32) -> Digest {
    Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
}

/// A set whose tree has so many levels.
fn set(levels: u8) -> Test {
    let root = Root(digest(50));
    Test::InSet(ValueSet { root, levels })
}

/// Inputs of every kind, with and without what is optional.
fn all_inputs() -> Vec<PrivateInputs> {
    let association = |mode| Association {
        mode,
        root: Root(digest(5)),
    };
    let sets = [
        None,
        Some(association(AssociationMode::Approved)),
        Some(association(AssociationMode::NotRefused)),
    ];
    let mut all = Vec::new();
    for association in sets {
        all.push(PrivateInputs::Withdrawal(WithdrawalInputs {
            anchor: Anchor(digest(10)),
            nullifier: Nullifier(digest(20)),
            change: Commitment(digest(30)),
            recipient: [1; 20],
            amount: Amount::new(1 << 100 | 1 << 60 | 7),
            fee: Amount::new(3),
            asset: AssetId::new(4),
            domain: Domain(digest(40)),
            valid_until: BatchNumber::new(9),
            ciphertexts: [9; 32],
            association,
        }));
        let fee = Some(Fee {
            amount: Amount::new(3),
            asset: AssetId::new(4),
        });
        for fee in [None, fee] {
            all.push(PrivateInputs::Transfer(TransferInputs {
                anchor: Anchor(digest(10)),
                nullifiers: [20, 25].map(digest).map(Nullifier),
                commitments: [30, 35].map(digest).map(Commitment),
                fee,
                domain: Domain(digest(40)),
                valid_until: BatchNumber::new(9),
                ciphertexts: [9; 32],
                association,
            }));
        }
    }
    let session = Session {
        verifier: digest(1),
        challenge: [2; 32],
        expires: 3,
    };
    for at_most in [None, Some(100)] {
        all.push(PrivateInputs::Balance(BalanceInputs {
            state_root: Root(digest(10)),
            domain: Domain(digest(40)),
            asset: AssetId::new(4),
            at_least: Amount::new(50),
            at_most: at_most.map(Amount::new),
            session,
        }));
    }
    for tests in all_predicates() {
        for pseudonym in [None, Some(digest(60))] {
            let predicates = tests.iter().enumerate().map(|(place, &test)| Predicate {
                place: 5 * place as u8,
                test,
            });
            all.push(PrivateInputs::Credential(CredentialInputs {
                issuer: Root(digest(10)),
                schema: digest(20),
                predicates: predicates.collect(),
                today: 20_000,
                revocation: Root(digest(30)),
                pseudonym,
                session,
            }));
        }
    }
    all
}

/// Every choice of at most four forms of tests: those that need no range check come first, and are moved.
fn all_predicates() -> Vec<Vec<Test>> {
    let forms = [
        set(16),
        Test::Equals(1 << 60),
        Test::AtLeast(5),
        Test::AtMost(1 << 101),
        Test::Between(7, 1 << 90),
    ];
    let mut lists: Vec<Vec<usize>> = vec![vec![]];
    let mut from = 0;
    for _ in 0..4 {
        let to = lists.len();
        for list in from..to {
            for form in lists[list].last().copied().unwrap_or(0)..forms.len() {
                let longer = lists[list].iter().copied().chain([form]);
                lists.push(longer.collect());
            }
        }
        from = to;
    }
    let tests = |list: &Vec<usize>| list.iter().map(|&form| forms[form]).collect();
    lists.iter().map(tests).collect()
}

/// What `SHOWN_CHAINS` says: the digits of a signed message have a fixed sum, and few messages have the digit 0 in all
/// chains whose starts a balance shows.
#[test]
fn hardly_any_signature_shows_all_starts() {
    let sum = CHAINS * (usize::from(CHAIN_LENGTH) - 1) - CHAIN_STEPS;
    assert_eq!((sum, SHOWN_CHAINS % 2), (122, 0));
    // how many ways there are for so many digits to have this sum
    let ways = |digits: usize| {
        let mut ways = vec![0_u128; sum + 1];
        ways[0] = 1;
        for _ in 0..digits {
            let before = ways.clone();
            for (at, ways) in ways.iter_mut().enumerate() {
                let from = at.saturating_sub(usize::from(CHAIN_LENGTH) - 1);
                *ways = before[from..=at].iter().sum();
            }
        }
        ways[sum]
    };
    let (all, rest) = (ways(CHAINS), ways(CHAINS - SHOWN_CHAINS));
    assert!(rest < all >> 49 && rest > all >> 50);
}

#[test]
fn public_inputs_are_bound_by_cells_or_by_the_transcript() {
    // equal tables for unequal inputs are what the transcript keeps apart
    let [first, ..] = &all_inputs()[..] else {
        return;
    };
    let PrivateInputs::Withdrawal(inputs) = first else {
        return;
    };
    let mut other = *inputs;
    other.recipient[0] ^= 1;
    let other = PrivateInputs::Withdrawal(other);
    let tables = [first, &other].map(|inputs| Schedule::of(inputs).assertions().to_vec());
    assert_eq!(tables[0], tables[1]);
    assert_ne!(first.to_elements(), other.to_elements());
}
