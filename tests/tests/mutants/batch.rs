//! Batches: what is accepted of them, what is not, and proofs of a real batch broken.
//!
//! One test, so that nothing else allocates while a mutant is verified.

use winterfell::math::FieldElement;
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::{BaseElement, BatchNumber, MAX_OPERATIONS, PublicInputs};
use winterlane_prover::{BatchProof, Engine, EngineOptions, prove_batch, prove_batches};
use winterlane_tests::hostile::{Case, Parts, Tally, mutants, structured};
use winterlane_tests::scenario::{Opening, World, by_first, transfer};
use winterlane_verifier::{
    Batch, ChainFault, DEFAULT_MAX_PROOF_BYTES, InputsError, Mismatch, Policy, Reason, Section,
    VerifyError, verify_batch, verify_chain,
};

const COMPACT: Preset = Preset::new(PresetName::Compact, SecurityLevel::Bits100);

/// Three consecutive batches of one, two and one operation.
fn batches() -> Vec<BatchProof> {
    let mut world = World::new(5, &[Opening::new(1, 7, 1000), Opening::new(2, 7, 500)]);
    let pay = |amount| by_first(transfer(1, 2, amount, 0));
    let operations = [vec![pay(10)], vec![pay(20), pay(30)], vec![pay(40)]];
    let sealed = operations.map(|operations| world.seal(&operations, None).unwrap());
    let options = EngineOptions::default();
    let proofs = prove_batches(&sealed, COMPACT, Engine::Simd, &options).unwrap();
    let second = prove_batch(&sealed[1], COMPACT, Engine::Simd, &options).unwrap();
    assert_eq!(proofs[1].proof, second.proof);
    proofs
}

fn chain(batches: &[BatchProof]) -> Vec<Batch<'_>> {
    batches
        .iter()
        .map(|batch| Batch {
            inputs: batch.public_inputs,
            proof: &batch.proof,
        })
        .collect()
}

#[test]
fn batches_and_chains() {
    let _alone = crate::alone();
    let batches = batches();
    what_is_accepted_is_said(&batches[1]);
    no_other_statement(&batches[0]);
    no_statement_at_all(&batches[0]);
    chains(&batches);
    mutants_of_a_batch(&batches[0], &batches[2]);
}

fn what_is_accepted_is_said(batch: &BatchProof) {
    let verify = |policy: &Policy| verify_batch(&batch.proof, &batch.public_inputs, policy);
    let policy = Policy::only(COMPACT);
    let verified = verify(&policy).unwrap();
    let bits = COMPACT.parameters(512).unwrap().bits;
    assert_eq!(verified.preset, Some(COMPACT));
    assert_eq!(verified.bits, bits);
    assert_eq!(verified.trace_length, 512);
    assert_eq!(verified.proof_bytes, batch.proof.len());
    assert_eq!(COMPACT.options(512).as_ref(), Some(&verified.options));
    assert_eq!(verify(&Policy::default().and(COMPACT)).unwrap(), verified);
    assert_eq!(
        verify(&policy.clone().with_max_proof_bytes(batch.proof.len())),
        Ok(verified)
    );

    // Fewer than 128 bits are not accepted by accident.
    let too_few = VerifyError::TooFewBits {
        preset: COMPACT,
        bits,
        required: 128,
    };
    assert_eq!(verify(&Policy::default()), Err(too_few.clone()));
    for preset in Preset::ALL.into_iter().filter(|&preset| preset != COMPACT) {
        let required = preset.parameters(512).unwrap().bits;
        let refused = if required > bits {
            VerifyError::TooFewBits {
                preset: COMPACT,
                bits,
                required,
            }
        } else {
            let preset = COMPACT;
            VerifyError::PresetNotAccepted { preset, bits }
        };
        assert_eq!(verify(&Policy::only(preset)), Err(refused));
    }

    let limit = batch.proof.len() - 1;
    let too_large = VerifyError::TooLarge {
        limit,
        found: batch.proof.len(),
    };
    assert_eq!(verify(&policy.with_max_proof_bytes(limit)), Err(too_large));
}

fn no_other_statement(batch: &BatchProof) {
    let changes: [fn(&mut PublicInputs); 8] = [
        |inputs| inputs.domain.0.0[0] += BaseElement::ONE,
        |inputs| inputs.old_root.0.0[1] += BaseElement::ONE,
        |inputs| inputs.new_root.0.0[2] += BaseElement::ONE,
        |inputs| inputs.operations_digest.0[3] += BaseElement::ONE,
        |inputs| inputs.batch_number.0 += 1,
        |inputs| inputs.num_operations *= 2,
        |inputs| std::mem::swap(&mut inputs.old_root, &mut inputs.new_root),
        |inputs| inputs.operations_digest = inputs.domain.0,
    ];
    for change in changes {
        let mut inputs = batch.public_inputs;
        change(&mut inputs);
        let refused = verify_batch(&batch.proof, &inputs, &Policy::only(COMPACT)).unwrap_err();
        assert_is_of_another_statement(&refused);
        match refused {
            // Another number of operations is another length, which the header says.
            VerifyError::Refused {
                section, reason, ..
            } => {
                assert_eq!(section, Section::TraceInfo);
                assert!(matches!(reason, Reason::Range { .. }), "{reason}");
            }
            VerifyError::Mismatch(cause) => {
                let work = matches!(cause, Mismatch::ProofOfWork { .. });
                assert!(work, "{cause}");
            }
            other => panic!("{other}"),
        }
    }
    // A byte of every part of the proof, from the first row to the last digest.
    for at in (30..batch.proof.len()).step_by(997) {
        let mut proof = batch.proof.clone();
        proof[at] ^= 1;
        let policy = Policy::only(COMPACT);
        let refused = verify_batch(&proof, &batch.public_inputs, &policy).unwrap_err();
        assert_is_of_another_statement(&refused);
    }
}

/// The message starts with what a person can act on; the check that failed comes after it.
fn assert_is_of_another_statement(refused: &VerifyError) {
    let first = "the proof is not of these public inputs, or was changed: ";
    let message = refused.to_string();
    let detail = message.strip_prefix(first);
    assert!(detail.is_some_and(|detail| !detail.is_empty()), "{message}");
    if let VerifyError::Mismatch(cause) = refused {
        let source = std::error::Error::source(refused).expect("the precise cause");
        assert_eq!(source.to_string(), cause.to_string());
    }
}

fn no_statement_at_all(batch: &BatchProof) {
    let policy = Policy::only(COMPACT);
    let mut inputs = batch.public_inputs;
    for number in [0, 3, 5, MAX_OPERATIONS - 1, MAX_OPERATIONS * 2, u32::MAX] {
        inputs.num_operations = number;
        let error = VerifyError::Inputs(InputsError::NumOperations(number));
        assert_eq!(verify_batch(&batch.proof, &inputs, &policy), Err(error));
    }
    for shift in 1..=MAX_OPERATIONS.ilog2() {
        inputs.num_operations = 1 << shift;
        assert!(verify_batch(&batch.proof, &inputs, &policy).is_err());
    }
    inputs = batch.public_inputs;
    for number in [1 << 62, u64::MAX] {
        inputs.batch_number = BatchNumber::new(number);
        let error = VerifyError::Inputs(InputsError::BatchNumber(BatchNumber::new(number)));
        assert_eq!(verify_batch(&batch.proof, &inputs, &policy), Err(error));
    }
}

fn chains(batches: &[BatchProof]) {
    let policy = Policy::only(COMPACT);
    let good = chain(batches);
    let verified = verify_chain(&good, &policy).unwrap();
    assert_eq!(verified.first_batch, good[0].inputs.batch_number);
    assert_eq!(verified.domain, good[0].inputs.domain);
    assert_eq!(verified.old_root, good[0].inputs.old_root);
    assert_eq!(verified.new_root, good[2].inputs.new_root);
    let lengths: Vec<_> = verified
        .batches
        .iter()
        .map(|batch| batch.trace_length)
        .collect();
    assert_eq!(lengths, [256, 512, 256]);
    assert!(verify_chain(&good[1..], &policy).is_ok());

    let fault = |chain: &[Batch<'_>]| {
        let error = verify_chain(chain, &policy).unwrap_err();
        (error.index, error.fault)
    };
    assert_eq!(fault(&[]), (0, ChainFault::Empty));
    let (first, last) = (good[0].inputs.batch_number, good[2].inputs.batch_number);
    let gap = ChainFault::Number {
        before: first.get(),
        found: last.get(),
    };
    assert_eq!(fault(&[good[0], good[2]]), (1, gap));
    let repeated = ChainFault::Number {
        before: first.get(),
        found: first.get(),
    };
    assert_eq!(fault(&[good[0], good[0]]), (1, repeated));

    let mut changed = good.clone();
    changed[2].inputs.domain.0.0[0] += BaseElement::ONE;
    assert!(matches!(fault(&changed), (2, ChainFault::Domain { .. })));
    let mut changed = good.clone();
    changed[1].inputs.new_root.0.0[0] += BaseElement::ONE;
    assert!(matches!(fault(&changed), (2, ChainFault::Root { .. })));
    let mut changed = good.clone();
    changed[0].inputs.batch_number = BatchNumber::MAX;
    assert!(matches!(fault(&changed), (1, ChainFault::Number { .. })));

    // The links hold and a proof does not: it is named, the first of them when there are more.
    let mut changed = good.clone();
    changed[1].proof = good[0].proof;
    changed[2].proof = &good[2].proof[1..];
    assert!(matches!(fault(&changed), (1, ChainFault::Proof(_))));
    let mut changed = good;
    changed[2].inputs.operations_digest.0[0] += BaseElement::ONE;
    assert!(matches!(fault(&changed), (2, ChainFault::Proof(_))));
}

/// Samples of a proof a hundred times larger than those of `small.rs`.
fn mutants_of_a_batch(batch: &BatchProof, other: &BatchProof) {
    std::panic::set_hook(Box::new(|_| {}));
    let inputs = batch.public_inputs;
    let case = Case {
        name: "batch",
        proof: batch.proof.clone(),
        other: other.proof.clone(),
        merkle: true,
        digest_bytes: 32,
        verify: Box::new(move |bytes| verify_batch(bytes, &inputs, &Policy::only(COMPACT))),
        stock: Box::new(|_| false),
    };
    let parts = Parts::decode(&case.proof, Some(32)).unwrap();
    let other = Parts::decode(&case.other, Some(32)).unwrap();
    let mut tally = Tally::default();
    mutants::bytes(&case, &mut tally, 101);
    mutants::truncations(&case, &mut tally, 11);
    mutants::appended(&case, &mut tally);
    mutants::splices(&case, &parts, &other, &mut tally, 101);
    mutants::fields(&case, &parts, &mut tally);
    structured::run(&case, &parts, &mut tally, 2_000);
    // As large as the policy lets in: here four times the proof is the bound, not the 16 MiB beside it.
    let mut large = Tally::default();
    mutants::oversized(&case, &parts, &mut large, DEFAULT_MAX_PROOF_BYTES);
    winterlane_tests::report!("batch ({} bytes): {tally}", case.proof.len());
    winterlane_tests::report!("batch, up to 4 MiB: {large}");
    let _ = std::panic::take_hook();
    tally.assert_clean();
    large.assert_clean();
    // One that took the time of a search, or of a quadratic loop over 4 MiB, would not let this suite end. How long the
    // slowest took is printed above: a figure that a busy machine makes large.
    assert!(tally.tried > 30_000);
}
