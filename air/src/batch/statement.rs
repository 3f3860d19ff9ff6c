//! One batch of the rollup as a [`Statement`].

use thiserror::Error;
use winter_air::{ProofOptions, TraceInfo};
use winter_crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winter_math::fields::f64::BaseElement;
use winterlane_ledger::{
    BatchNumber, PublicInputs,
    public::{BATCH_NUMBER_BITS, MAX_OPERATIONS},
};

use super::{BatchAir, schedule::BLOCK_ROWS};
use crate::{
    presets::Preset,
    statement::{Open, PresetOptions, Statement},
};

/// One batch of the rollup: these operations lead from this root to that one. Its proofs hide nothing.
#[derive(Clone, Copy, Debug)]
pub enum BatchStatement {}

/// Public inputs that no batch has, whatever its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InputsError {
    /// The number of operation slots is not a power of two, or is too large.
    #[error("{0} is not a number of operation slots: a power of two up to {MAX_OPERATIONS}")]
    NumOperations(u32),
    /// The batch number is too large.
    #[error("batch number {0} is not below 2^{BATCH_NUMBER_BITS}")]
    BatchNumber(BatchNumber),
}

impl Statement for BatchStatement {
    const NAME: &'static str = "batch";
    type Inputs = PublicInputs;
    type Air = BatchAir;
    type Secrecy = Open;
    type Hash = Blake3_256<BaseElement>;
    type Coin = DefaultRandomCoin<Self::Hash>;
    type Tree = MerkleTree<Self::Hash>;
    type Preset = Preset;
    type InputsError = InputsError;

    fn check_inputs(inputs: &PublicInputs) -> Result<(), InputsError> {
        let operations = inputs.num_operations;
        if !operations.is_power_of_two() || operations > MAX_OPERATIONS {
            return Err(InputsError::NumOperations(operations));
        }
        if !inputs.batch_number.in_range() {
            return Err(InputsError::BatchNumber(inputs.batch_number));
        }
        Ok(())
    }

    fn rows(inputs: &PublicInputs) -> usize {
        (inputs.num_operations as usize).saturating_mul(BLOCK_ROWS)
    }

    fn options(inputs: &PublicInputs, preset: Preset) -> Option<PresetOptions> {
        let rows = Self::rows(inputs);
        Some(PresetOptions {
            options: preset.options(rows)?,
            bits: preset.parameters(rows)?.bits,
        })
    }

    fn trace_info(inputs: &PublicInputs, _options: &ProofOptions) -> TraceInfo {
        BatchAir::trace_info(inputs)
    }

    fn batch_preset(preset: Preset) -> Option<Preset> {
        Some(preset)
    }
}
