//! Private statements: from what a person knows to a hiding proof.
//!
//! [`prove_private`] takes the public inputs of a statement and its [witness](PrivateWitness). The trace is
//! filled by one machine for all statements, which follows the statement's
//! [schedule](winterlane_air::private::Schedule): a statement says only which halves of the hashed inputs
//! are its own.

mod balance;
mod chains;
mod credential;
mod machine;
mod pool;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use thiserror::Error;
use winter_air::Air;
use winter_prover::{Proof, TraceTable};
use winterlane_air::{
    PrivateAir,
    hiding::InPlace,
    presets::HidingPreset,
    private::{Violation, violations},
};
use winterlane_ledger::{
    BaseElement,
    private::{PrivateInputs, PrivateInputsError},
};

pub use self::{
    balance::{BalanceWitness, KeyWitness},
    credential::{CredentialWitness, SetPath},
    pool::{NewNote, SpentNote, TransferWitness, WithdrawalWitness},
};
use crate::{
    PlainProver,
    engine::{EngineOptions, ProverError},
    hiding::{HidingRng, prove_hiding_with},
    threads,
};

/// Rows whose constraints are checked by one task before a proof.
const CHECKED_ROWS: usize = 32;

/// A winterfell prover of a private statement: BLAKE3 commitments and transcript.
pub type PrivateProver = PlainProver<PrivateAir>;

/// What only the person who proves knows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PrivateWitness {
    /// Of a private withdrawal.
    Withdrawal(Box<WithdrawalWitness>),
    /// Of a private transfer.
    Transfer(Box<TransferWitness>),
    /// Of an account's balance.
    Balance(Box<BalanceWitness>),
    /// Of a credential.
    Credential(Box<CredentialWitness>),
}

/// Why there is no proof of a private statement.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrivateError {
    /// No statement has these public inputs.
    #[error("public inputs: {0}")]
    Inputs(#[from] PrivateInputsError),
    /// The witness is of another kind of statement.
    #[error("the witness is of another kind of statement than the public inputs")]
    Kind,
    /// The statement is false, or the witness is not of it: a proof would not verify.
    #[error("the witness does not show the statement: {0} does not hold")]
    Unsatisfied(Violation),
    /// The preset has no options for this statement: `fast` has for none.
    #[error("the preset {0} has no options for this statement: take compact, smallest or tiny")]
    Preset(HidingPreset),
    /// Proving failed.
    #[error(transparent)]
    Prover(#[from] ProverError),
}

/// Fills the trace of a statement, whether the witness shows it or not.
///
/// # Errors
/// [`PrivateError::Kind`] when the witness is of another kind of statement.
pub fn fill_private(
    air: &PrivateAir,
    witness: &PrivateWitness,
) -> Result<Vec<Vec<BaseElement>>, PrivateError> {
    let rows = air.trace_length();
    match (air.public_inputs(), witness) {
        (PrivateInputs::Withdrawal(inputs), PrivateWitness::Withdrawal(witness)) => {
            let filler = pool::Filler::withdrawal(inputs, witness);
            Ok(machine::fill(air.schedule(), rows, &filler))
        }
        (PrivateInputs::Transfer(inputs), PrivateWitness::Transfer(witness)) => {
            let filler = pool::Filler::transfer(inputs, witness);
            Ok(machine::fill(air.schedule(), rows, &filler))
        }
        (PrivateInputs::Balance(inputs), PrivateWitness::Balance(witness)) => {
            let filler = balance::Filler::new(inputs, witness);
            Ok(machine::fill(air.schedule(), rows, &filler))
        }
        (PrivateInputs::Credential(inputs), PrivateWitness::Credential(witness)) => {
            let filler = credential::Filler::new(inputs, witness);
            Ok(machine::fill(air.schedule(), rows, &filler))
        }
        _ => Err(PrivateError::Kind),
    }
}

/// Proves a private statement: a hiding proof of `Hiding<PrivateAir, InPlace>`.
///
/// The witness is checked first, against every constraint: what is proven verifies.
///
/// # Errors
/// See [`PrivateError`].
pub fn prove_private(
    inputs: &PrivateInputs,
    witness: &PrivateWitness,
    preset: HidingPreset,
    rng: &mut HidingRng,
    engine: &EngineOptions<'_>,
) -> Result<Proof, PrivateError> {
    inputs.check()?;
    threads::ensure().map_err(ProverError::from)?;
    // So short a proof is many short loops.
    threads::enter_reporting(|| prove_checked(inputs, witness, preset, rng, engine))
}

/// [`prove_private`] of public inputs that have a statement, on a thread of the pool.
fn prove_checked(
    inputs: &PrivateInputs,
    witness: &PrivateWitness,
    preset: HidingPreset,
    rng: &mut HidingRng,
    engine: &EngineOptions<'_>,
) -> Result<Proof, PrivateError> {
    let options = PrivateAir::options(inputs, preset).ok_or(PrivateError::Preset(preset))?;
    let air = PrivateAir::new(
        PrivateAir::trace_info(inputs, &options),
        inputs.clone(),
        options.clone(),
    );
    let columns = fill_private(&air, witness)?;
    if let Some(violation) = first_violation(&air, &columns) {
        return Err(PrivateError::Unsatisfied(violation));
    }
    let prover = PrivateProver::new(options, inputs.clone());
    let trace = TraceTable::init(columns);
    Ok(prove_hiding_with::<_, InPlace>(
        &prover, trace, rng, engine,
    )?)
}

/// The first constraint that a trace breaks: of the transitions in order, then of the public values.
fn first_violation(air: &PrivateAir, columns: &[Vec<BaseElement>]) -> Option<Violation> {
    let rows = air.trace_length();
    let starts = (0..rows).into_par_iter().step_by(CHECKED_ROWS);
    let in_part = |from| {
        violations(air, columns, (from, from + CHECKED_ROWS))
            .into_iter()
            .min()
    };
    starts.filter_map(in_part).min()
}
