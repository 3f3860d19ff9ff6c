//! The verifier of private statements.

use thiserror::Error;
use winterlane_air::{
    Hiding, PrivateAir,
    hiding::InPlace,
    presets::{HidingPreset, HidingPresetName, SecurityLevel},
};
use winterlane_ledger::private::{PrivateInputs, PrivateInputsError};

use crate::{
    AirPolicy, BatchCoin, BatchHash, BatchTree, PolicyError, Verified, VerifyError, verify,
};

/// Why a proof of a private statement was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PrivateVerifyError {
    /// No statement has these public inputs. No proof was looked at.
    #[error("public inputs: {0}")]
    Inputs(#[from] PrivateInputsError),
    /// None of the presets has options for this statement.
    #[error("no preset that is accepted has options for this statement")]
    NoPreset,
    /// The policy of a preset.
    #[error("policy: {0}")]
    Policy(#[from] PolicyError),
    /// The proof.
    #[error(transparent)]
    Proof(#[from] VerifyError),
}

/// The presets of private statements with 128 provable bits, the smallest proofs first.
pub const PRIVATE_PRESETS: [HidingPreset; 4] = {
    let bits = SecurityLevel::Bits128;
    [
        HidingPreset::new(HidingPresetName::Smallest, bits),
        HidingPreset::new(HidingPresetName::Compact, bits),
        HidingPreset::new(HidingPresetName::Tiny, bits),
        HidingPreset::new(HidingPresetName::Balanced, bits),
    ]
};

/// Verifies that `proof` shows the private statement with these public inputs, made with one of `presets`
/// ([`PRIVATE_PRESETS`] are all of 128 provable bits).
///
/// The proof alone says nothing of time and state. Whoever accepts it also checks, by the public inputs: that
/// the anchor, state root or revocation root is one that counts, that no nullifier was taken before, and that
/// domain, expiry, challenge and verifier are the ones asked for.
///
/// # Errors
/// See [`PrivateVerifyError`].
pub fn verify_private(
    proof: &[u8],
    inputs: &PrivateInputs,
    presets: &[HidingPreset],
) -> Result<Verified, PrivateVerifyError> {
    inputs.check()?;
    let mut refused = PrivateVerifyError::NoPreset;
    for &preset in presets {
        let Some(options) = PrivateAir::options(inputs, preset) else {
            continue;
        };
        let info = PrivateAir::trace_info(inputs, &options);
        let bits = preset.level.bits();
        let policy = AirPolicy::<BatchHash>::hiding::<PrivateAir, InPlace>(
            &info,
            inputs.clone(),
            options,
            bits,
        )?;
        match verify::<Hiding<PrivateAir, InPlace>, BatchHash, BatchCoin, BatchTree>(
            proof,
            inputs.clone(),
            &policy,
        ) {
            Ok(verified) => return Ok(verified),
            // of another preset, perhaps: the header says so before anything else is looked at
            Err(error) => {
                if !matches!(refused, PrivateVerifyError::Proof(ref e) if is_specific(e)) {
                    refused = error.into();
                }
            }
        }
    }
    Err(refused)
}

/// Whether the proof's options were accepted, so that the error is about the proof itself.
const fn is_specific(error: &VerifyError) -> bool {
    matches!(error, VerifyError::Mismatch(_))
}
