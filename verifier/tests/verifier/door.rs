//! The door on small proofs: each field of the encoding is looked at, and what differs is named.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::{Case, Claim, Coin, Hash, Squares, Tree};
use winter_air::TraceInfo;
use winter_utils::Serializable;
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_verifier::{AirPolicy, Mismatch, Reason, Section, TraceShape, VerifyError, verify};

/// What the door says, if it is the door that refuses.
fn refusal(case: &Case, proof: &[u8]) -> Option<(Section, usize, Reason)> {
    match case.verify(proof) {
        Err(VerifyError::Refused {
            section,
            offset,
            reason,
        }) => Some((section, offset, reason)),
        _ => None,
    }
}

fn changed(case: &Case, at: usize, byte: u8) -> Vec<u8> {
    let mut proof = case.proof.clone();
    proof[at] = byte;
    proof
}

#[test]
fn honest_proofs_pass_and_what_was_accepted_is_said() {
    for case in Case::all() {
        let verified = case.verify(&case.proof).unwrap();
        assert_eq!(verified.trace_length, case.rows);
        assert_eq!(verified.options, case.options);
        assert_eq!(verified.preset, None);
        assert_eq!(verified.proof_bytes, case.proof.len());
        let bits = case.policy.bits(&case.options, case.rows.ilog2());
        assert_eq!(Some(verified.bits), bits);
        assert!(verified.bits > 1);
    }
}

#[test]
fn another_claim_is_refused() {
    for mut case in Case::all() {
        case.claim.values.swap(0, 1);
        assert!(case.verify(&case.proof).is_err());
    }
}

#[test]
fn the_cap_is_a_cap() {
    for case in Case::all() {
        let found = case.proof.len();
        let cap = |bytes| case.policy.clone().with_max_proof_bytes(bytes);
        assert!(case.verify_with(&case.proof, &cap(found)).is_ok());
        let limit = found - 1;
        assert_eq!(
            case.verify_with(&case.proof, &cap(limit)),
            Err(VerifyError::TooLarge { limit, found })
        );
    }
}

#[test]
fn every_byte_counts_and_none_crashes() {
    std::panic::set_hook(Box::new(|_| {}));
    for case in Case::all() {
        for at in 0..case.proof.len() {
            let old = case.proof[at];
            // every value of a few kinds where counts and lengths stand, one bit elsewhere
            let near = at < 100 || at + 20 > case.proof.len();
            let bytes = [old ^ 1, old ^ 0x80, 0xff, 0];
            for &byte in &bytes[..if near { 4 } else { 1 }] {
                let proof = changed(&case, at, byte);
                if proof == case.proof {
                    continue;
                }
                let result = catch_unwind(AssertUnwindSafe(|| case.verify(&proof)));
                assert!(matches!(result, Ok(Err(_))), "byte {at} = {byte}");
            }
        }
    }
    let _ = std::panic::take_hook();
}

#[test]
fn the_door_knows_where_a_proof_ends() {
    for case in Case::all() {
        let end = case.proof.len();
        for len in 0..end {
            assert!(refusal(&case, &case.proof[..len]).is_some(), "cut to {len}");
        }
        let longer = [case.proof.as_slice(), &[0; 3]].concat();
        let expected = (Section::End, end, Reason::TrailingBytes(3));
        assert_eq!(refusal(&case, &longer), Some(expected));
        assert_eq!(
            refusal(&case, &case.proof[..end - 1]),
            Some((
                Section::Nonce,
                end - 8,
                Reason::UnexpectedEnd { needed: 8, left: 7 }
            ))
        );
    }
}

#[test]
fn every_field_of_the_header_is_the_policys() {
    for case in Case::all() {
        let aux = u64::from(case.metadata > 0);
        let value = |what, expected, found| Reason::Value {
            what,
            expected,
            found,
        };
        let log2: u64 = case.rows.ilog2().into();
        let trace = Section::TraceInfo;
        let meta = case.metadata;
        let constraints = case.policy.shape().num_constraints() as u64;
        // the byte that is changed, where that is noticed, and as what
        let fields = [
            (0, 9, trace, 0, value("main trace width", 1, 9)),
            (1, 9, trace, 1, value("auxiliary trace width", aux, 9)),
            (
                2,
                9,
                trace,
                2,
                value("number of auxiliary random elements", aux, 9),
            ),
            (
                3,
                9,
                trace,
                3,
                Reason::Range {
                    what: "log2 of the trace length",
                    min: log2,
                    max: log2,
                    found: 9,
                },
            ),
            (
                4,
                9,
                trace,
                4,
                value("length of the metadata", meta as u64, 9),
            ),
            (
                6 + meta,
                9,
                Section::FieldModulus,
                6 + meta,
                value("length of the modulus", 8, 9),
            ),
            (
                9 + meta,
                9,
                Section::FieldModulus,
                7 + meta,
                Reason::Bytes {
                    what: "the modulus",
                },
            ),
            (
                25 + meta,
                9 << 1 | 1,
                Section::NumConstraints,
                25 + meta,
                value("number of constraints", constraints, 9),
            ),
        ];
        for (at, byte, section, offset, reason) in fields {
            let found = refusal(&case, &changed(&case, at, byte));
            assert_eq!(found, Some((section, offset, reason)), "byte {at}");
        }
        if meta > 0 {
            let reason = Reason::Bytes { what: "metadata" };
            let found = refusal(&case, &changed(&case, 7, b'?'));
            assert_eq!(found, Some((trace, 6, reason)));
        }
    }
}

/// Options that the policy does not accept are said in words, whatever bytes they are; those of a preset
/// by its name and its bits.
#[test]
fn other_options_are_named() {
    for case in Case::all() {
        let at = case.num_queries_at() - 11;
        for (field, byte) in (0..10).flat_map(|field| [0, 9, 255].map(|byte| (field, byte))) {
            let proof = changed(&case, at + field, byte);
            if proof == case.proof {
                continue;
            }
            let Err(VerifyError::OptionsNotAccepted { found, log2_length }) = case.verify(&proof)
            else {
                panic!("byte {field} of the options, {byte}");
            };
            assert_eq!(log2_length, case.rows.ilog2());
            let fields = [
                found.queries,
                found.blowup,
                found.grinding,
                found.extension_degree,
                found.folding,
                found.remainder_max_degree,
                found.batching[0],
                found.batching[1],
                found.partitions[0],
                found.partitions[1],
            ];
            assert_eq!(fields, proof[at..at + 10]);
        }
    }

    // A header with a preset's options is enough to hear of its bits.
    let shape = TraceShape::new(1, 3, 8..=8).unwrap();
    let preset = |name, level| Preset::new(name, level);
    let weak = preset(PresetName::Compact, SecurityLevel::Bits100);
    let strong = preset(PresetName::Compact, SecurityLevel::Bits128);
    let other = preset(PresetName::Balanced, SecurityLevel::Bits128);
    let case = &Case::all()[0];
    let refused = |made_with: Preset, policy: &AirPolicy<Hash>| {
        let mut proof = changed(case, 3, 8);
        let at = case.num_queries_at() - 11;
        let options = made_with.options(256).unwrap().to_bytes();
        proof[at..at + 10].copy_from_slice(&options);
        case.verify_with(&proof, policy).unwrap_err()
    };
    let policy = AirPolicy::new(shape.clone(), 128);
    let policy = policy.accept(strong.options(256).unwrap()).unwrap();
    let (bits, required) = (100, 128);
    let preset = weak;
    let too_few = VerifyError::TooFewBits {
        preset,
        bits,
        required,
    };
    assert_eq!(refused(weak, &policy), too_few);
    let message = "the proof has 100 provable bits (compact-100) and the policy asks for 128: ask \
                   for a proof with more, or accept 100 bits";
    assert_eq!(too_few.to_string(), message);
    let (preset, bits) = (other, 128);
    let not_accepted = VerifyError::PresetNotAccepted { preset, bits };
    assert_eq!(refused(other, &policy), not_accepted);
    // A minimum counts though nothing is accepted.
    let empty = AirPolicy::new(shape, 101);
    let (preset, bits, required) = (weak, 100, 101);
    let too_few = VerifyError::TooFewBits {
        preset,
        bits,
        required,
    };
    assert_eq!(refused(weak, &empty), too_few);
}

/// The counts of the body; and the number of queries, which only the transcript knows.
#[test]
fn the_counts_of_the_body() {
    for case in Case::all() {
        let at = case.num_queries_at();
        let queries = case.options.num_queries() as u64;
        let range = |found| Reason::Range {
            what: "number of queries",
            min: 1,
            max: queries,
            found,
        };
        for found in [0, queries as u8 + 1, 255] {
            assert_eq!(
                refusal(&case, &changed(&case, at, found)),
                Some((Section::NumQueries, at, range(found.into())))
            );
        }
        let (section, offset, _) = refusal(&case, &changed(&case, at + 1, 1)).unwrap();
        assert_eq!((section, offset), (Section::Commitments, at + 1));
        // the number of FRI partitions, before the nonce
        let end = case.proof.len();
        assert_eq!(
            refusal(&case, &changed(&case, end - 9, 1)),
            Some((
                Section::FriRemainder,
                end - 9,
                Reason::Value {
                    what: "log2 of the number of FRI partitions",
                    expected: 0,
                    found: 1
                }
            ))
        );
    }
}

/// Other nonces: too little work, another number of distinct positions, or other openings.
#[test]
fn a_nonce_shows_its_work() {
    let mut kinds = [0; 3];
    for case in Case::all() {
        let required = case.options.grinding_factor();
        let end = case.proof.len() - 8;
        for nonce in 0..64_u64 {
            let mut proof = case.proof.clone();
            proof[end..].copy_from_slice(&nonce.to_le_bytes());
            if proof == case.proof {
                continue;
            }
            match case.verify(&proof).unwrap_err() {
                VerifyError::Mismatch(Mismatch::ProofOfWork {
                    required: said,
                    found,
                }) => {
                    assert_eq!(said, required);
                    assert!(found < required);
                    kinds[0] += 1;
                }
                VerifyError::Mismatch(Mismatch::NumPositions { expected, found }) => {
                    assert_eq!(found, usize::from(proof[case.num_queries_at()]));
                    assert_ne!(expected, found);
                    kinds[1] += 1;
                }
                // The openings are of other positions, in their shape or in their values.
                VerifyError::Refused { .. } | VerifyError::Mismatch(Mismatch::NotCommitted(_)) => {
                    kinds[2] += 1;
                }
                other => panic!("{other}"),
            }
        }
    }
    assert!(kinds.iter().all(|&count| count > 0), "{kinds:?}");
}

/// The remainder stands before the number of partitions and the nonce.
#[test]
fn the_remainder_is_the_one_committed_to() {
    for case in Case::all() {
        let at = case.proof.len() - 9 - 8;
        let proof = changed(&case, at, case.proof[at] ^ 1);
        let refused = Err(Mismatch::RemainderNotCommitted.into());
        assert_eq!(case.verify(&proof), refused);
    }
}

/// An AIR that makes of a trace something else than the policy says is noticed.
#[test]
fn the_air_is_the_policys() {
    let [case, _, with_aux] = Case::all();
    let mismatch = |case: &Case, info| {
        let values = case.claim.values;
        let claim = Claim {
            values,
            info: Some(info),
        };
        match verify::<Squares, Hash, Coin, Tree>(&case.proof, claim, &case.policy) {
            Err(VerifyError::AirMismatch {
                what,
                declared,
                actual,
            }) => (what, declared, actual),
            other => panic!("{other:?}"),
        }
    };
    let multi = |main, aux, rands, rows| {
        TraceInfo::new_multi_segment(main, aux, rands, rows, b"squares".to_vec())
    };
    assert_eq!(
        mismatch(&case, TraceInfo::new(2, 32)),
        ("main columns", 1, 2)
    );
    assert_eq!(mismatch(&case, TraceInfo::new(1, 64)), ("rows", 32, 64));
    assert_eq!(
        mismatch(&case, multi(1, 1, 1, 32)),
        ("auxiliary columns", 0, 1)
    );
    assert_eq!(
        mismatch(&with_aux, multi(1, 2, 1, 16)),
        ("auxiliary columns", 1, 2)
    );
    assert_eq!(
        mismatch(&with_aux, multi(1, 1, 3, 16)),
        ("auxiliary random elements", 1, 3)
    );

    // three constraints are declared as four, in the policy and in the proof
    let shape = TraceShape::new(1, 4, 5..=5).unwrap();
    let policy = AirPolicy::new(shape, 0)
        .accept(case.options.clone())
        .unwrap();
    let proof = changed(&case, case.num_queries_at() - 1, 4 << 1 | 1);
    assert_eq!(
        case.verify_with(&proof, &policy),
        Err(VerifyError::AirMismatch {
            what: "constraints",
            declared: 4,
            actual: 3
        })
    );
}
