//! Private statements: from what a person knows to a hiding proof.
//!
//! [`prove_private`] takes the public inputs of a statement and its [witness](PrivateWitness). It is
//! [`prove_statement_with`] of the [`PrivateStatement`]: what is particular to private statements is how a trace is
//! filled, and that it is checked before it is proven.
//!
//! The trace is filled by one machine for all statements, which follows the statement's
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
use winter_math::FieldElement;
use winterlane_air::{
    PrivateAir, PrivateStatement,
    presets::HidingPreset,
    private::{Violation, violations},
};
use winterlane_ledger::{BaseElement, private::PrivateInputs};

pub use self::{
    balance::{BalanceWitness, KeyWitness},
    credential::{CredentialWitness, SetPath},
    pool::{NewNote, SpentNote, TransferWitness, WithdrawalWitness},
};
use crate::{
    engine::EngineOptions,
    hiding::HidingRng,
    statement::{Provable, StatementError, StatementProof, StatementProver, prove_statement_with},
};

/// Rows whose constraints are checked by one task before a proof.
const CHECKED_ROWS: usize = 32;

/// A winterfell prover of a private statement: BLAKE3 commitments and transcript.
pub type PrivateProver = StatementProver<PrivateStatement>;

/// Why there is no proof of a private statement.
pub type PrivateError = StatementError<PrivateStatement>;

/// A proof of a private statement, and what it took.
pub type PrivateStatementProof = StatementProof<PrivateStatement>;

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

/// What is claimed in public, and what shows it.
#[derive(Clone, Copy, Debug)]
pub struct PrivateClaim<'w> {
    /// The public inputs.
    pub inputs: &'w PrivateInputs,
    /// The witness, of the same kind of statement.
    pub witness: &'w PrivateWitness,
}

/// Why a trace of a private statement is not filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PrivateTraceError {
    /// The witness is of another kind of statement.
    #[error("the witness is of another kind of statement than the public inputs")]
    Kind,
    /// The statement is false, or the witness is not of it: a proof would not verify.
    #[error("the witness does not show the statement: {0} does not hold")]
    Unsatisfied(Violation),
}

impl Provable for PrivateStatement {
    type Witness<'w> = PrivateClaim<'w>;
    type TraceError = PrivateTraceError;

    fn inputs(claim: PrivateClaim<'_>) -> PrivateInputs {
        claim.inputs.clone()
    }

    /// The trace is checked against every constraint: what is proven verifies.
    fn fill(
        claim: PrivateClaim<'_>,
        air: &PrivateAir,
        mut columns: Vec<&mut [BaseElement]>,
    ) -> Result<(), PrivateTraceError> {
        for column in &mut columns {
            column.fill(BaseElement::ZERO);
        }
        fill(air, claim.witness, &mut columns)?;
        match first_violation(air, &columns) {
            Some(violation) => Err(PrivateTraceError::Unsatisfied(violation)),
            None => Ok(()),
        }
    }
}

/// The trace of a statement, whether the witness shows it or not.
///
/// # Errors
/// [`PrivateTraceError::Kind`] when the witness is of another kind of statement.
pub fn fill_private(
    air: &PrivateAir,
    witness: &PrivateWitness,
) -> Result<Vec<Vec<BaseElement>>, PrivateTraceError> {
    let mut columns = vec![vec![BaseElement::ZERO; air.trace_length()]; air.schedule().width()];
    let mut slices: Vec<_> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    fill(air, witness, &mut slices)?;
    Ok(columns)
}

/// Fills columns that hold zeros.
fn fill(
    air: &PrivateAir,
    witness: &PrivateWitness,
    columns: &mut [&mut [BaseElement]],
) -> Result<(), PrivateTraceError> {
    let (table, rows) = (air.schedule(), air.trace_length());
    match (air.public_inputs(), witness) {
        (PrivateInputs::Withdrawal(_), PrivateWitness::Withdrawal(witness)) => {
            let filler = pool::Filler::withdrawal(witness);
            machine::fill_columns(table, rows, &filler, columns);
        }
        (PrivateInputs::Transfer(_), PrivateWitness::Transfer(witness)) => {
            let filler = pool::Filler::transfer(witness);
            machine::fill_columns(table, rows, &filler, columns);
        }
        (PrivateInputs::Balance(_), PrivateWitness::Balance(witness)) => {
            let filler = balance::Filler::new(witness);
            machine::fill_columns(table, rows, &filler, columns);
        }
        (PrivateInputs::Credential(inputs), PrivateWitness::Credential(witness)) => {
            let filler = credential::Filler::new(inputs, witness);
            machine::fill_columns(table, rows, &filler, columns);
        }
        _ => return Err(PrivateTraceError::Kind),
    }
    Ok(())
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
    options: &EngineOptions<'_>,
) -> Result<PrivateStatementProof, PrivateError> {
    let claim = PrivateClaim { inputs, witness };
    prove_statement_with::<PrivateStatement>(claim, preset, rng, options)
}

/// The first constraint that a trace breaks: of the transitions in order, then of the public values.
fn first_violation(air: &PrivateAir, columns: &[&mut [BaseElement]]) -> Option<Violation> {
    let rows = air.trace_length();
    let starts = (0..rows).into_par_iter().step_by(CHECKED_ROWS);
    let in_part = |from| {
        violations(air, columns, (from, from + CHECKED_ROWS))
            .into_iter()
            .min()
    };
    starts.filter_map(in_part).min()
}
