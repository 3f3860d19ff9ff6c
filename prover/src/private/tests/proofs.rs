//! Proofs of every kind: both verifiers accept them, and no other public inputs.

use winter_air::Air;
use winter_crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winter_prover::Proof;
use winterfell::AcceptableOptions;
use winterlane_air::{
    Hiding, PrivateAir,
    hiding::InPlace,
    presets::{HidingPreset, HidingPresetName, SecurityLevel},
};
use winterlane_ledger::{BaseElement, private::PrivateInputs};
use winterlane_verifier::{PRIVATE_PRESETS, verify_private};

use super::{
    people,
    world::{Case, PRESET, digest, honest},
};
use crate::{
    EngineOptions, HidingRng,
    private::{PrivateError, prove_private},
};

type Hash = Blake3_256<BaseElement>;

fn prove(case: &Case, preset: HidingPreset) -> Result<Proof, PrivateError> {
    let mut rng = HidingRng::from_system().unwrap();
    prove_private(
        &case.inputs,
        &case.witness,
        preset,
        &mut rng,
        &EngineOptions::default(),
    )
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
            others[1].domain = digest(1);
            others[2].valid_until += 1;
            others[3].ciphertexts[0] ^= 1;
            // the same sum
            others[4].amount -= 1;
            others[4].fee += 1;
            others[5].nullifier.0 = digest(1);
            others.map(PrivateInputs::Withdrawal).to_vec()
        }
        PrivateInputs::Transfer(inputs) => {
            let mut others = [*inputs; 4];
            others[0].domain = digest(1);
            others[1].valid_until += 1;
            others[2].ciphertexts[31] ^= 1;
            others[3].nullifiers.swap(0, 1);
            others.map(PrivateInputs::Transfer).to_vec()
        }
        PrivateInputs::Balance(inputs) => {
            let mut others = [*inputs; 4];
            others[0].domain = digest(1);
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
        let proof = prove(case, PRESET).unwrap();
        let bytes = proof.to_bytes();
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
        inputs.amount += 1;
    }
    assert!(matches!(
        prove(&case, PRESET),
        Err(PrivateError::Unsatisfied(_))
    ));
    case.witness = honest().swap_remove(4).witness;
    assert!(matches!(prove(&case, PRESET), Err(PrivateError::Kind)));
    let fast = HidingPreset::new(HidingPresetName::Fast, SecurityLevel::Bits128);
    assert!(matches!(prove(&case, fast), Err(PrivateError::Preset(_))));
}

/// `cargo test --release -p winterlane-prover figures -- --ignored --nocapture`: times and sizes.
#[test]
#[ignore = "prints times"]
fn figures() {
    for (name, case) in ["withdrawal", "transfer", "balance"].iter().zip([0, 3, 7]) {
        let case = &honest()[case];
        for preset in PRIVATE_PRESETS {
            let mut best = (f64::MAX, f64::MAX);
            let mut size = 0;
            for _ in 0..9 {
                let start = std::time::Instant::now();
                let bytes = prove(case, preset).unwrap().to_bytes();
                best.0 = best.0.min(start.elapsed().as_secs_f64());
                size = bytes.len();
                let start = std::time::Instant::now();
                assert!(verify_private(&bytes, &case.inputs, &[preset]).is_ok());
                best.1 = best.1.min(start.elapsed().as_secs_f64());
            }
            println!(
                "{name} {preset}: {:.1} ms, verified in {:.1} ms, {size} bytes",
                best.0 * 1e3,
                best.1 * 1e3
            );
        }
    }
}
