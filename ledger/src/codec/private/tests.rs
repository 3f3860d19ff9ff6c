//! Forms of public inputs: one for each, bounded, and every byte counts.

use alloc::vec;

use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};

use super::*;
use crate::{Anchor, AssetId, BatchNumber, Digest, Domain, Root, codec::CanonicalBytes};

fn digest(n: u32) -> Digest {
    Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
}

fn session() -> Session {
    Session {
        verifier: digest(1),
        challenge: [7; 32],
        expires: 1 << 40,
    }
}

fn association() -> Association {
    Association {
        mode: AssociationMode::Approved,
        root: Root(digest(5)),
    }
}

/// One of each kind, with and without what is optional.
fn samples() -> Vec<PrivateInputs> {
    let withdrawal = WithdrawalInputs {
        anchor: Anchor(digest(10)),
        nullifier: Nullifier(digest(20)),
        change: Commitment(digest(30)),
        recipient: core::array::from_fn(|i| i as u8),
        amount: Amount::new(1 << 100),
        fee: Amount::new(3),
        asset: AssetId::new(4),
        domain: Domain(digest(40)),
        valid_until: BatchNumber::new(1 << 50),
        ciphertexts: [9; 32],
        association: Some(association()),
    };
    let transfer = TransferInputs {
        anchor: Anchor(digest(10)),
        nullifiers: [20, 25].map(digest).map(Nullifier),
        commitments: [30, 35].map(digest).map(Commitment),
        fee: Some(Fee {
            amount: Amount::new(3),
            asset: AssetId::new(4),
        }),
        domain: Domain(digest(40)),
        valid_until: BatchNumber::new(1 << 50),
        ciphertexts: [9; 32],
        association: Some(association()),
    };
    let balance = BalanceInputs {
        state_root: Root(digest(10)),
        domain: Domain(digest(40)),
        asset: AssetId::new(4),
        at_least: Amount::new(1 << 100),
        at_most: Some(Amount::new(1 << 101)),
        session: session(),
    };
    let tests = [
        Test::AtLeast(1 << 70),
        Test::AtMost(1 << 71),
        Test::Between(5, 1 << 72),
        Test::InSet(ValueSet {
            root: Root(digest(50)),
            levels: 8,
        }),
    ];
    let predicate = |(place, test): (usize, &Test)| Predicate {
        place: place as u8,
        test: *test,
    };
    let credential = CredentialInputs {
        issuer: Root(digest(10)),
        schema: digest(20),
        predicates: tests.iter().enumerate().map(predicate).collect(),
        today: 20_000,
        revocation: Root(digest(30)),
        pseudonym: Some(digest(40)),
        session: session(),
    };
    let mut equals = credential.clone();
    equals.predicates = vec![Predicate {
        place: 15,
        test: Test::Equals(8),
    }];
    equals.pseudonym = None;
    vec![
        PrivateInputs::Withdrawal(withdrawal),
        PrivateInputs::Withdrawal(WithdrawalInputs {
            association: None,
            ..withdrawal
        }),
        PrivateInputs::Transfer(transfer),
        PrivateInputs::Transfer(TransferInputs {
            fee: None,
            association: None,
            ..transfer
        }),
        PrivateInputs::Balance(balance),
        PrivateInputs::Balance(BalanceInputs {
            at_most: None,
            ..balance
        }),
        PrivateInputs::Credential(credential),
        PrivateInputs::Credential(equals),
    ]
}

#[test]
fn bytes_round_trip_and_no_prefix_is_read() {
    for inputs in samples() {
        assert_eq!(inputs.check(), Ok(()));
        let bytes = inputs.to_bytes();
        assert_eq!(PrivateInputs::from_bytes(&bytes), Ok(inputs));
        for end in 0..bytes.len() {
            assert!(PrivateInputs::from_bytes(&bytes[..end]).is_err());
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(PrivateInputs::from_bytes(&longer).is_err());
    }
}

#[test]
fn a_proof_is_read_with_its_inputs_and_is_bounded() {
    for inputs in samples() {
        let proof = vec![3; 300];
        let sent = PrivateProof { inputs, proof };
        let bytes = sent.to_bytes();
        assert_eq!(PrivateProof::from_bytes(&bytes), Ok(sent.clone()));
        for end in 0..bytes.len() {
            assert!(PrivateProof::from_bytes(&bytes[..end]).is_err());
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(PrivateProof::from_bytes(&longer).is_err());
        // refused by the length that is announced, whether the bytes are there or not
        let long = |len: usize| PrivateProof {
            proof: vec![0; len],
            ..sent.clone()
        };
        let most = long(MAX_PRIVATE_PROOF_BYTES).to_bytes();
        assert!(PrivateProof::from_bytes(&most).is_ok());
        let more = long(MAX_PRIVATE_PROOF_BYTES + 1).to_bytes();
        let error = PrivateProof::from_bytes(&more);
        assert!(
            matches!(error, Err(DecodeError::OutOfRange { .. })),
            "{error:?}"
        );
    }
}

/// Every change of the bytes that is read as other inputs gives other elements, and is written as those
/// bytes again.
#[test]
fn every_byte_reaches_the_elements() {
    for inputs in samples() {
        let (bytes, elements) = (inputs.to_bytes(), inputs.to_elements());
        for at in 0..bytes.len() {
            for flip in [1, 2, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                if let Ok(other) = PrivateInputs::from_bytes(&changed) {
                    assert_ne!(other, inputs);
                    assert_ne!(other.to_elements(), elements);
                    assert_eq!(other.to_bytes(), changed);
                }
            }
        }
    }
}

#[test]
fn what_no_statement_says_is_refused() {
    use crate::private::PrivateInputsError as E;
    let mut refused = Vec::new();
    for inputs in samples() {
        match inputs {
            PrivateInputs::Withdrawal(mut inputs) => {
                inputs.fee = Amount::MAX;
                refused.push((PrivateInputs::Withdrawal(inputs), E::TooMuch));
            }
            PrivateInputs::Transfer(inputs) => {
                let fee = Some(Fee {
                    amount: Amount::ZERO,
                    asset: AssetId::ZERO,
                });
                let other = TransferInputs { fee, ..inputs };
                refused.push((PrivateInputs::Transfer(other), E::ZeroFee));
                let nullifiers = [inputs.nullifiers[1]; 2];
                let other = TransferInputs {
                    nullifiers,
                    ..inputs
                };
                refused.push((PrivateInputs::Transfer(other), E::SameNullifier));
            }
            PrivateInputs::Balance(mut inputs) => {
                inputs.at_most = inputs.at_least.checked_sub(Amount::new(1));
                refused.push((PrivateInputs::Balance(inputs), E::EmptyRange));
            }
            PrivateInputs::Credential(inputs) => {
                let mut other = inputs.clone();
                other.predicates[0].place = 16;
                refused.push((PrivateInputs::Credential(other), E::NoSuchAttribute(16)));
                let mut other = inputs.clone();
                other.predicates[0].test = Test::Between(2, 1);
                refused.push((PrivateInputs::Credential(other), E::EmptyRange));
                let mut other = inputs.clone();
                let (root, levels) = (Root(digest(50)), 5);
                other.predicates[0].test = Test::InSet(ValueSet { root, levels });
                refused.push((PrivateInputs::Credential(other), E::SetLevels(5)));
                let mut other = inputs;
                other.predicates.resize(5, other.predicates[0]);
                refused.push((PrivateInputs::Credential(other), E::TooManyPredicates(5)));
            }
        }
    }
    for (inputs, error) in refused {
        assert_eq!(inputs.check(), Err(error));
        assert!(PrivateInputs::from_bytes(&inputs.to_bytes()).is_err());
    }
    assert_ne!(digest(1), digest(2));
    assert_ne!(BaseElement::ONE, BaseElement::ZERO);
}
