//! Everything that settlement can be asked to do, and the bytes of that.
//!
//! The bytes of a call begin with [`VERSION`] and the number of its kind. They are what travels over HTTP, what the
//! log of settlement has, and what a transaction's data would be.

mod codec;

use winterlane_ledger::{
    AccountId, AccountProof, Amount, AssetId, BatchNumber, NewKeys, PublicInputs, SignedOrder,
    exit::SignedExit,
    pool::{Payment, PrivateOperation, Shield},
    private::{Nullifier, WithdrawalInputs},
};

#[cfg(feature = "store")]
pub(crate) use self::codec::is_publish;
pub use self::codec::{private_bytes, private_from_bytes};
pub(crate) use self::codec::{
    put_payment, put_private, put_shield, take_payment, take_private, take_shield,
};
use crate::Party;
pub use crate::bytes::BytesError;

/// The first byte of every call.
pub const VERSION: u8 = 1;

/// Operations of the shielded pool in one batch, at most.
pub const MAX_POOL_OPERATIONS: usize = 8192;

/// What is published of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchData {
    /// What its proof says.
    pub public: PublicInputs,
    /// Its records ([`winterlane_ledger::wire`]).
    pub records: Vec<u8>,
    /// Its proof.
    pub proof: Vec<u8>,
    /// The operations of the shielded pool that go with it, in order.
    pub pool: Vec<PoolData>,
}

/// What is published of an operation of the shielded pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolData {
    /// The operation ([`winterlane_ledger::pool::encode_operation`]).
    pub operation: Vec<u8>,
    /// Its proof; empty for one that has none.
    pub proof: Vec<u8>,
}

/// What a leaf of the account tree holds, at the root that settlement has before a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The number of that batch.
    pub version: BatchNumber,
    /// The account, or nothing, and the path to that root.
    pub proof: AccountProof,
}

/// Where a deposit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepositTo {
    /// To a new account with these keys. Settlement allots its id.
    New(NewKeys),
    /// To an account that there is, or that a deposit before this one makes.
    Existing(AccountId),
}

/// Something that is owed to whoever it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// A withdrawal of the rollup, by its record's place.
    Withdrawal(Payment),
    /// What left the shielded pool, by the nullifier that names it.
    Payout(Nullifier),
    /// Fees of the shielded pool, of this asset: the operator's, once no batch that is on its way can show them as
    /// deposits.
    Fees(AssetId),
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// A batch becomes final. By the operator.
    Publish {
        /// The operator's epoch.
        epoch: u64,
        /// The batch.
        batch: BatchData,
    },
    /// A new epoch of the same operator: whoever publishes by the one before is refused from now on. By the operator.
    TakeOver {
        /// The epoch that the caller knows of.
        seen: u64,
    },
    /// Another operator, and a new epoch. By the governor.
    Appoint {
        /// Who publishes from now on.
        operator: Party,
        /// The epoch that the caller knows of.
        seen: u64,
    },
    /// Money comes in. The caller has paid it, and gets it back if no batch takes it.
    Deposit {
        /// Of which asset.
        asset: AssetId,
        /// How much.
        amount: Amount,
        /// Where to.
        to: DepositTo,
    },
    /// The operator must take this order.
    Force {
        /// The order, as it would be sent to a node.
        order: SignedOrder,
        /// The signer's account at a root of settlement's, at which the order may run. Without it the operator may
        /// answer that it may not.
        opening: Option<Opening>,
    },
    /// The operator must take this transfer or withdrawal of the shielded pool.
    ForcePrivate(PrivateOperation),
    /// The operator must put this note into the shielded pool, which a withdrawal has paid for.
    ForceShield {
        /// The withdrawal.
        payment: Payment,
        /// The note.
        shield: Shield,
    },
    /// A forced order without opening could not have run.
    Refute {
        /// The order's number.
        number: u64,
        /// The signer's account at a root since it was posted.
        opening: Opening,
    },
    /// The operator has not done its duty in time: the rollup ends here.
    Freeze,
    /// Pays what is owed to the caller.
    Collect(Claim),
    /// An account leaves a frozen rollup.
    ExitAccount {
        /// The account at the frozen root.
        proof: AccountProof,
        /// Who is paid, and the account's signature.
        exit: SignedExit,
    },
    /// A note leaves a frozen rollup: a private withdrawal in the exit domain, against the frozen anchor.
    ExitNote {
        /// What is proven.
        inputs: WithdrawalInputs,
        /// The proof.
        proof: Vec<u8>,
    },
    /// A deposit that no batch took returns to who made it.
    ReturnDeposit {
        /// Its number.
        number: u64,
    },
    /// A withdrawal that was to pay for a note, which no batch made and none can make any more, returns to its account.
    ReturnShield {
        /// The withdrawal.
        payment: Payment,
        /// The note.
        shield: Shield,
    },
}

impl Call {
    /// What it is, in a word: for messages and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Publish { .. } => "publish",
            Self::TakeOver { .. } => "take_over",
            Self::Appoint { .. } => "appoint",
            Self::Deposit { .. } => "deposit",
            Self::Force { .. } => "force",
            Self::ForcePrivate(_) => "force_private",
            Self::ForceShield { .. } => "force_shield",
            Self::Refute { .. } => "refute",
            Self::Freeze => "freeze",
            Self::Collect(_) => "collect",
            Self::ExitAccount { .. } => "exit_account",
            Self::ExitNote { .. } => "exit_note",
            Self::ReturnDeposit { .. } => "return_deposit",
            Self::ReturnShield { .. } => "return_shield",
        }
    }
}
