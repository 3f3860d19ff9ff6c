//! The private statements as one [`Statement`].

use winter_air::{ProofOptions, TraceInfo};
use winter_crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winter_math::fields::f64::BaseElement;
use winterlane_ledger::private::{PrivateInputs, PrivateInputsError};

use super::{PrivateAir, Schedule};
use crate::{
    hiding::InPlace,
    presets::HidingPreset,
    statement::{Hides, PresetOptions, Statement},
};

/// What a person proves without showing it: a withdrawal, a transfer, a balance or a credential, as the public
/// inputs say. Its proofs hide the witness, in rows that the statement leaves free.
#[derive(Clone, Copy, Debug)]
pub enum PrivateStatement {}

impl Statement for PrivateStatement {
    const NAME: &'static str = "private";
    type Inputs = PrivateInputs;
    type Air = PrivateAir;
    type Secrecy = Hides<InPlace>;
    type Hash = Blake3_256<BaseElement>;
    type Coin = DefaultRandomCoin<Self::Hash>;
    type Tree = MerkleTree<Self::Hash>;
    type Preset = HidingPreset;
    type InputsError = PrivateInputsError;

    fn check_inputs(inputs: &PrivateInputs) -> Result<(), PrivateInputsError> {
        inputs.check()
    }

    fn rows(inputs: &PrivateInputs) -> usize {
        Schedule::of(inputs).rows()
    }

    /// The trace is as long as statement and hiding need together, so that the length follows from the preset.
    fn options(inputs: &PrivateInputs, preset: HidingPreset) -> Option<PresetOptions> {
        let options = PrivateAir::options(inputs, preset)?;
        let rows = PrivateAir::trace_info(inputs, &options).length();
        let bits = preset.parameters(rows)?.bits;
        Some(PresetOptions { options, bits })
    }

    fn trace_info(inputs: &PrivateInputs, options: &ProofOptions) -> TraceInfo {
        PrivateAir::trace_info(inputs, options)
    }
}
