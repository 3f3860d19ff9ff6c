//! Private statements, from public inputs and witness to the bytes of a proof.

use std::time::{Duration, Instant};

use winterlane_air::presets::HidingPreset;
use winterlane_ledger::private::PrivateInputs;
use winterlane_prover::{
    EngineOptions,
    hiding::HidingRng,
    private::{PrivateWitness, prove_private},
};

use crate::Failure;

/// Proves a private statement: the bytes of the proof, and how long it took.
pub(crate) fn prove_statement(
    inputs: &PrivateInputs,
    witness: &PrivateWitness,
    preset: HidingPreset,
) -> Result<(Vec<u8>, Duration), Failure> {
    let start = Instant::now();
    let mut rng = HidingRng::from_system().map_err(Failure::unusable)?;
    let proof = prove_private(inputs, witness, preset, &mut rng, &EngineOptions::default());
    let proof = proof.map_err(Failure::unproven_private)?.proof;
    Ok((proof, start.elapsed()))
}
