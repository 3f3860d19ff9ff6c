//! Proofs of every kind: both verifiers accept them, and no other public inputs.

use winter_air::{Air, BatchingMethod, ProofOptions};
use winter_crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winter_prover::{Proof, TraceTable};
use winterfell::AcceptableOptions;
use winterlane_air::{
    Hiding, PrivateAir, PrivateStatement,
    hiding::InPlace,
    presets::{HidingPreset, HidingPresetName, SecurityLevel},
};
use winterlane_ledger::{
    Amount, BaseElement, Domain,
    codec::CanonicalBytes,
    private::{
        AnswerError, AskedPredicate, BalanceQuestion, CredentialQuestion, PrivateInputs,
        PrivateInputsError, PrivateProof, Question, SessionError,
    },
};
use winterlane_verifier::{
    PRIVATE_PRESETS, PrivateVerifyError, verify_answer, verify_private, verify_private_bytes,
};

use super::{
    people,
    world::{Case, PRESET, digest, honest},
};
use crate::{
    EngineOptions, HidingRng, ProverError,
    engine::prove_inlined,
    hiding::prove_hiding_inlined,
    private::{PrivateError, PrivateProver, PrivateTraceError, prove_private},
    statement::{ProveError, statement_memory},
};

type Hash = Blake3_256<BaseElement>;

fn prove(case: &Case, preset: HidingPreset) -> Result<Vec<u8>, PrivateError> {
    let mut rng = HidingRng::from_system().unwrap();
    let proven = prove_private(
        &case.inputs,
        &case.witness,
        preset,
        &mut rng,
        &EngineOptions::default(),
    )?;
    assert_eq!(proven.public_inputs, case.inputs);
    Ok(proven.proof)
}

/// Winterfell's own verifier.
fn stock(proof: Proof, inputs: &PrivateInputs) -> bool {
    let options = AcceptableOptions::OptionSet(vec![proof.options().clone()]);
    winterfell::verify::<Hiding<PrivateAir, InPlace>, Hash, DefaultRandomCoin<Hash>, MerkleTree<Hash>>(
        proof,
        inputs.clone(),
        &options,
    )
    .is_ok()
}

/// The same public inputs but for one thing that no cell has: what the transcript alone binds.
fn elsewhere(inputs: &PrivateInputs) -> Vec<PrivateInputs> {
    match inputs {
        PrivateInputs::Withdrawal(inputs) => {
            let mut others = [*inputs; 6];
            others[0].recipient[19] ^= 1;
            others[1].domain = Domain(digest(1));
            others[2].valid_until.0 += 1;
            others[3].ciphertexts[0] ^= 1;
            // the same sum
            others[4].amount.0 -= 1;
            others[4].fee.0 += 1;
            others[5].nullifier.0 = digest(1);
            others.map(PrivateInputs::Withdrawal).to_vec()
        }
        PrivateInputs::Transfer(inputs) => {
            let mut others = [*inputs; 4];
            others[0].domain = Domain(digest(1));
            others[1].valid_until.0 += 1;
            others[2].ciphertexts[31] ^= 1;
            others[3].nullifiers.swap(0, 1);
            others.map(PrivateInputs::Transfer).to_vec()
        }
        PrivateInputs::Balance(inputs) => {
            let mut others = [*inputs; 4];
            others[0].domain = Domain(digest(1));
            others[1].session.verifier = digest(2);
            others[2].session.challenge[0] ^= 1;
            others[3].session.expires += 1;
            others.map(PrivateInputs::Balance).to_vec()
        }
        PrivateInputs::Credential(inputs) => {
            let mut others = [0; 4].map(|_| inputs.clone());
            others[0].session.verifier = digest(2);
            others[1].session.challenge[31] ^= 1;
            others[2].session.expires += 1;
            // a day before is as true
            others[3].today -= 1;
            others.map(PrivateInputs::Credential).to_vec()
        }
        _ => vec![],
    }
}

#[test]
fn both_verifiers_accept_what_is_true_and_nothing_else() {
    let cases = [honest(), people::honest()].concat();
    for number in [1, 3, 7, 9, 15] {
        let case = &cases[number];
        let bytes = prove(case, PRESET).unwrap();
        let proof = Proof::from_bytes(&bytes).unwrap();
        let verified = verify_private(&bytes, &case.inputs, &PRIVATE_PRESETS).unwrap();
        let rows = case.air().trace_length();
        assert_eq!((verified.bits, verified.trace_length), (128, rows));
        assert!(stock(proof.clone(), &case.inputs));
        let others = elsewhere(&case.inputs);
        assert!(others.len() >= 4);
        for other in others {
            assert!(verify_private(&bytes, &other, &PRIVATE_PRESETS).is_err());
            assert!(!stock(proof.clone(), &other));
        }
        for other in &cases {
            if other.inputs != case.inputs {
                assert!(verify_private(&bytes, &other.inputs, &PRIVATE_PRESETS).is_err());
            }
        }
    }
}

#[test]
fn what_is_false_is_not_proven() {
    let mut case = honest().swap_remove(0);
    if let PrivateInputs::Withdrawal(inputs) = &mut case.inputs {
        inputs.amount.0 += 1;
    }
    let refused = prove(&case, PRESET);
    assert!(
        matches!(
            refused,
            Err(ProveError::Trace(PrivateTraceError::Unsatisfied(_)))
        ),
        "{refused:?}"
    );
    case.witness = honest().swap_remove(4).witness;
    let refused = prove(&case, PRESET);
    assert!(matches!(
        refused,
        Err(ProveError::Trace(PrivateTraceError::Kind))
    ));
    let fast = HidingPreset::new(HidingPresetName::Fast, SecurityLevel::Bits128);
    assert!(matches!(
        prove(&case, fast),
        Err(ProveError::Unsupported { .. })
    ));
    if let PrivateInputs::Withdrawal(inputs) = &mut case.inputs {
        (inputs.amount, inputs.fee) = (Amount::MAX, Amount::new(1));
    }
    assert!(matches!(
        prove(&case, PRESET),
        Err(ProveError::Inputs(PrivateInputsError::TooMuch))
    ));
}

/// The functions over any statement know what a private one takes, before there is a witness.
#[test]
fn the_memory_of_a_private_proof_is_known_beforehand() {
    for case in [honest().swap_remove(0), people::honest().swap_remove(0)] {
        let memory =
            |limit| statement_memory::<PrivateStatement>(&case.inputs, PRESET, Some(limit));
        let estimate = memory(u64::MAX).unwrap();
        let info = case.air().trace_info().clone();
        // the trace alone, extended by 8
        let least = (info.length() * info.main_trace_width() * 8 * 8) as u64;
        assert!(estimate.peak > least && estimate.extended_trace >= least);
        assert!(memory(estimate.peak).is_ok());
        let refused = memory(estimate.peak - 1);
        assert!(matches!(
            refused,
            Err(ProveError::Engine(ProverError::Memory { .. }))
        ));
    }
}

/// The question that a case answers.
fn question(case: &Case) -> Question {
    match &case.inputs {
        PrivateInputs::Balance(inputs) => Question::Balance(BalanceQuestion {
            state_roots: vec![inputs.state_root],
            domain: inputs.domain,
            asset: inputs.asset,
            at_least: inputs.at_least,
            at_most: inputs.at_most,
            session: inputs.session,
        }),
        PrivateInputs::Credential(inputs) => {
            let asked = inputs.predicates.iter().map(|predicate| AskedPredicate {
                places: predicate.place..predicate.place + 1,
                test: predicate.test,
            });
            Question::Credential(CredentialQuestion {
                issuers: vec![inputs.issuer],
                schema: inputs.schema,
                predicates: asked.collect(),
                today: inputs.today,
                revocation: inputs.revocation,
                pseudonym: inputs.pseudonym.is_some(),
                session: inputs.session,
            })
        }
        _ => panic!("nobody asks for it"),
    }
}

#[test]
fn an_answer_is_taken_by_who_asked_in_time_and_unchanged() {
    for case in [honest().swap_remove(6), people::honest().swap_remove(0)] {
        let sent = PrivateProof {
            inputs: case.inputs.clone(),
            proof: prove(&case, PRESET).unwrap(),
        };
        let bytes = sent.to_bytes();
        let asked = question(&case);
        let expires = asked.session().expires;
        let answer = |bytes: &[u8], now| verify_answer(bytes, &asked, now, &PRIVATE_PRESETS);
        let (inputs, verified) = answer(&bytes, expires).unwrap();
        assert_eq!((inputs, verified.bits), (case.inputs.clone(), 128));
        assert!(verify_private_bytes(&bytes, &PRIVATE_PRESETS).is_ok());
        let late = Err(PrivateVerifyError::Answer(AnswerError::Session(
            SessionError::Expired { late: 1 },
        )));
        assert_eq!(answer(&bytes, expires + 1), late);
        // true, and another's
        let other = Err(PrivateVerifyError::Answer(AnswerError::Session(
            SessionError::Challenge,
        )));
        let mut elsewhere = asked.clone();
        if let Question::Balance(question) = &mut elsewhere {
            question.session.challenge[0] ^= 1;
        } else if let Question::Credential(question) = &mut elsewhere {
            question.session.challenge[0] ^= 1;
        }
        let found = verify_answer(&bytes, &elsewhere, expires, &PRIVATE_PRESETS);
        assert_eq!(found, other);
        // the same with what was asked written over what was proven
        for inputs in self::elsewhere(&case.inputs) {
            let changed = PrivateProof {
                inputs,
                ..sent.clone()
            };
            let found = verify_private_bytes(&changed.to_bytes(), &PRIVATE_PRESETS);
            assert!(
                matches!(found, Err(PrivateVerifyError::Proof(_))),
                "{found:?}"
            );
        }
        for end in (0..bytes.len()).step_by(997).chain([bytes.len() - 1]) {
            let found = answer(&bytes[..end], expires);
            assert!(matches!(found, Err(PrivateVerifyError::Bytes(_))), "{end}");
        }
        for at in (bytes.len() - sent.proof.len()..bytes.len()).step_by(4999) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(matches!(
                answer(&changed, expires),
                Err(PrivateVerifyError::Proof(_))
            ));
        }
    }
}

/// A sound proof that does not hide its witness, or with other options than a preset's, is none.
#[test]
fn a_proof_that_does_not_hide_is_refused() {
    let case = people::honest().swap_remove(0);
    let air = case.air();
    let prover = PrivateProver::new(air.options().clone(), case.inputs.clone());
    let trace = || TraceTable::init(case.trace());
    let engine = EngineOptions::default();
    let plain = prove_inlined(&prover, trace(), &engine).unwrap();
    let plain = plain.to_bytes();
    let found = verify_private(&plain, &case.inputs, &PRIVATE_PRESETS);
    assert!(
        matches!(found, Err(PrivateVerifyError::Proof(_))),
        "{found:?}"
    );
    // one query fewer
    let options = PrivateAir::options(&case.inputs, PRESET).unwrap();
    let fewer = ProofOptions::new(
        options.num_queries() - 1,
        options.blowup_factor(),
        options.grinding_factor(),
        options.field_extension(),
        options.to_fri_options().folding_factor(),
        options.to_fri_options().remainder_max_degree(),
        BatchingMethod::Linear,
        BatchingMethod::Linear,
    );
    let prover = PrivateProver::new(fewer, case.inputs.clone());
    let mut rng = HidingRng::from_system().unwrap();
    let hidden = prove_hiding_inlined::<_, InPlace>(&prover, trace(), &mut rng, &engine).unwrap();
    let found = verify_private(&hidden.to_bytes(), &case.inputs, &PRIVATE_PRESETS);
    assert!(
        matches!(found, Err(PrivateVerifyError::Proof(_))),
        "{found:?}"
    );
    // and the same proof with the preset's options is accepted
    let proof = prove(&case, PRESET).unwrap();
    assert!(verify_private(&proof, &case.inputs, &PRIVATE_PRESETS).is_ok());
    let tiny = HidingPreset::new(HidingPresetName::Tiny, SecurityLevel::Bits128);
    assert!(verify_private(&proof, &case.inputs, &[tiny]).is_err());
    assert_eq!(
        verify_private(&proof, &case.inputs, &[]),
        Err(PrivateVerifyError::NoPreset)
    );
}

/// `cargo test --release -p winterlane-prover figures -- --ignored --nocapture`: times and sizes.
#[test]
#[ignore = "prints times"]
fn figures() {
    let names = [
        "withdrawal",
        "transfer",
        "balance",
        "bound",
        "age and citizenship",
    ];
    let cases = [honest(), people::honest()].concat();
    for (name, case) in names.iter().zip([0, 3, 7, 9, 10]) {
        let case = &cases[case];
        for preset in PRIVATE_PRESETS {
            let mut best = (f64::MAX, f64::MAX);
            let mut sizes = Vec::new();
            for _ in 0..21 {
                let start = std::time::Instant::now();
                let bytes = prove(case, preset).unwrap();
                best.0 = best.0.min(start.elapsed().as_secs_f64());
                sizes.push(bytes.len());
                let start = std::time::Instant::now();
                assert!(verify_private(&bytes, &case.inputs, &[preset]).is_ok());
                best.1 = best.1.min(start.elapsed().as_secs_f64());
            }
            sizes.sort_unstable();
            let size = sizes[sizes.len() / 2];
            println!(
                "{name} {preset}: {:.1} ms, verified in {:.1} ms, {size} bytes (median)",
                best.0 * 1e3,
                best.1 * 1e3
            );
        }
    }
}
