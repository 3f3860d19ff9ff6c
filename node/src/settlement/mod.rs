//! Settlement: where batches are published, and whose word on the order of them is final.
//!
//! A node that was cloned, or restored from an old copy, would make other batches from the same state.
//! Settlement takes one: it compares the number and the old root of a batch with what it has, and sets both in
//! one step. The other node is told that it is not the operator any more.
//!
//! | settlement | what it does |
//! |---|---|
//! | [`Folder`] | keeps what is published, and compares |
//! | [`Chain`] | [`winterlane_settlement`], here or at an address: verifies, holds the money, and obliges the operator to take deposits and forced orders |

mod chain;
mod folder;

use std::time::Duration;

use thiserror::Error;
use winterlane_air::presets::Preset;
use winterlane_ledger::{BatchNumber, PublicInputs, Root};
pub use winterlane_settlement::{Obligation, Opening, Owed, PoolData};

pub use self::{
    chain::{Chain, ChainSettings},
    folder::Folder,
};

/// What settlement has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// The number of the next batch.
    pub next_batch: BatchNumber,
    /// The root after the last one.
    pub root: Root,
}

/// A batch to be published.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// What its proof says.
    pub public_inputs: &'a PublicInputs,
    /// Its records ([`winterlane_ledger::wire`]).
    pub records: &'a [u8],
    /// Its proof, verified by the node.
    pub proof: &'a [u8],
    /// What it did to the shielded pool: the published bytes of its operations
    /// ([`winterlane_ledger::pool::encode_operation`]) in order, each with its proof.
    pub pool: &'a [PoolData],
}

/// Why a batch is not published.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettlementError {
    /// Settlement is elsewhere: another node publishes for this rollup.
    #[error(
        "batch {batch} begins at root {root}; settlement is at batch {} and root {}: another node publishes",
        .settled.next_batch, .settled.root
    )]
    Forked {
        /// The batch.
        batch: BatchNumber,
        /// Its old root.
        root: Root,
        /// What settlement has.
        settled: Settled,
    },
    /// Settlement refuses, and would refuse the same again.
    #[error("settlement refuses: {message} ({code})")]
    Refused {
        /// Which refusal ([`winterlane_settlement::Refusal::code`]).
        code: String,
        /// The same in words.
        message: String,
    },
    /// The proofs of this node have too few provable bits for settlement's rules.
    #[error(
        "settlement's rules ask for proofs of {asked} provable bits, and proofs.preset = \"{preset}\" has {}: set a preset \
         of {asked} bits", .preset.level.bits()
    )]
    TooFewBits {
        /// The preset that this node proves with.
        preset: Preset,
        /// What the rules ask for.
        asked: u32,
    },
    /// Settlement cannot be used as the settings say.
    #[error("settlement.at: {0}")]
    Unusable(String),
    /// Settlement cannot be reached. It is asked again.
    #[error("settlement cannot be reached: {0}")]
    Unreachable(String),
}

impl SettlementError {
    /// Whether asking again soon may help.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    /// Whether settlement has ended the rollup.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "frozen")
    }
}

/// That proofs of this preset have the bits that settlement's rules ask for.
///
/// # Errors
/// [`SettlementError::TooFewBits`]; [`SettlementError`] when settlement does not say.
pub(crate) fn check_bits(
    settlement: &mut dyn Settlement,
    preset: Preset,
) -> Result<(), SettlementError> {
    let asked = settlement.bits()?;
    if preset.level.bits() < asked {
        return Err(SettlementError::TooFewBits { preset, asked });
    }
    Ok(())
}

/// Where batches are published.
pub trait Settlement: Send + 'static {
    /// What settlement has; `None` when it has nothing of this rollup yet.
    ///
    /// # Errors
    /// [`SettlementError::Unreachable`], [`SettlementError::Unusable`].
    fn settled(&mut self) -> Result<Option<Settled>, SettlementError>;

    /// Publishes a batch, if settlement is where the batch begins: that is compared and set in one step.
    /// A batch that settlement has already, with the same new root, is published: the caller may have died
    /// before it heard so.
    ///
    /// # Errors
    /// [`SettlementError`].
    fn publish(&mut self, batch: Published<'_>) -> Result<(), SettlementError>;

    /// Whether the operator is obliged to anything: then deposits come from settlement and from nowhere else.
    fn obliges(&self) -> bool {
        false
    }

    /// Whether it verifies the proofs of all that it takes: batches and private operations. What is false is never final then.
    fn verifies(&self) -> bool {
        false
    }

    /// How many provable bits the proof of a batch must have at least, by its rules.
    ///
    /// # Errors
    /// [`SettlementError`].
    fn bits(&mut self) -> Result<u32, SettlementError> {
        Ok(0)
    }

    /// How long is left until the first obligation is due; `None` when there is none.
    ///
    /// # Errors
    /// [`SettlementError`].
    fn time_left(&mut self) -> Result<Option<Duration>, SettlementError> {
        Ok(None)
    }

    /// What the operator must do, by its number, from `first` on and at most `limit` of it.
    ///
    /// # Errors
    /// [`SettlementError`]; [`SettlementError::Refused`] once the rollup is frozen.
    fn obligations(
        &mut self,
        _first: u64,
        _limit: usize,
    ) -> Result<Vec<(u64, Obligation)>, SettlementError> {
        Ok(Vec::new())
    }

    /// For how long an obligation may wait, in seconds.
    ///
    /// # Errors
    /// [`SettlementError`].
    fn window(&mut self) -> Result<u64, SettlementError> {
        Ok(u64::MAX)
    }

    /// For how many batches a forced order is valid, at least, after the one that settlement waits for when it is posted:
    /// the operator must not go further ahead. `None` where no orders are forced.
    ///
    /// # Errors
    /// [`SettlementError`].
    fn lifetime(&mut self) -> Result<Option<u64>, SettlementError> {
        Ok(None)
    }

    /// Shows that a forced order could not have run.
    ///
    /// # Errors
    /// [`SettlementError`].
    fn refute(&mut self, _number: u64, _opening: &Opening) -> Result<(), SettlementError> {
        Ok(())
    }
}
