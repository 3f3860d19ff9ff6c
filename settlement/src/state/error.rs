//! Why settlement refuses a call.

use thiserror::Error;
use winterlane_ledger::{
    AccountId, AccountProofError, Amount, AssetId, BatchNumber, Domain, LedgerError, Root,
    exit::ExitError,
    pool::{PoolError, ProofRefusal},
    signature::SignatureError,
    wire::{DecodeError, PublishedError},
};

use crate::Party;

/// Why settlement refuses a call. Nothing changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The rollup has ended.
    #[error("the rollup is frozen at root {root}: it takes exits only")]
    Frozen {
        /// The root.
        root: Root,
    },
    /// It has not.
    #[error("the rollup is not frozen: send orders to its node")]
    NotFrozen,
    /// The call takes a caller.
    #[error("nobody calls, or is to be paid: name an address, or show a caller's secret")]
    Nobody,
    /// Somebody else publishes.
    #[error("{caller} is not the operator: {operator} is")]
    NotOperator {
        /// Who called.
        caller: Party,
        /// Who publishes.
        operator: Party,
    },
    /// Somebody else appoints, or nobody does.
    #[error("operators are appointed by the governor alone")]
    NotGovernor,
    /// The caller knows another epoch.
    #[error(
        "epoch {epoch} is not the present one, which is {current}: another node has taken over"
    )]
    Epoch {
        /// The caller's.
        epoch: u64,
        /// The present one.
        current: u64,
    },
    /// The batch is another rollup's.
    #[error("the batch is of domain {found}, this is {domain}")]
    WrongDomain {
        /// The batch's.
        found: Domain,
        /// Settlement's.
        domain: Domain,
    },
    /// The batch does not begin where settlement is.
    #[error(
        "batch {batch} begins at root {old_root}; settlement is at batch {next_batch} and root {root}"
    )]
    Forked {
        /// The batch.
        batch: BatchNumber,
        /// Its old root.
        old_root: Root,
        /// The next one here.
        next_batch: BatchNumber,
        /// The root here.
        root: Root,
    },
    /// The records are not the batch's.
    #[error("the records: {0}")]
    Records(#[from] PublishedError),
    /// The batch is not proven.
    #[error("the proof of the batch does not hold: {source}")]
    Proof {
        /// What the verifier said.
        source: Box<ProofRefusal>,
    },
    /// A record is of an account that nobody deposited to.
    #[error("record {record}: account {account} was never allotted")]
    Unallotted {
        /// The record's place.
        record: usize,
        /// The account.
        account: AccountId,
    },
    /// A record shows a deposit that nobody made, or out of order.
    #[error("record {record} shows a deposit that is not the next one: {expected}")]
    NotTheNextDeposit {
        /// The record's place.
        record: usize,
        /// What is the next one.
        expected: String,
    },
    /// The bytes of an operation of the pool are none.
    #[error("operation {operation} of the pool: {source}")]
    PoolBytes {
        /// Its place.
        operation: usize,
        /// Why.
        source: DecodeError,
    },
    /// The pool refuses an operation.
    #[error("operation {operation} of the pool: {source}")]
    Pool {
        /// Its place.
        operation: usize,
        /// Why.
        source: Box<PoolError>,
    },
    /// A note without the withdrawal that pays for it.
    #[error(
        "operation {operation} of the pool: there is no withdrawal in batch {batch}, record {record}, that could pay"
    )]
    NoPayment {
        /// Its place.
        operation: usize,
        /// The batch that it names.
        batch: BatchNumber,
        /// The record.
        record: u32,
    },
    /// A private withdrawal to an account that cannot be paid.
    #[error("private withdrawal: account {account} is not there, or holds another asset")]
    PayoutAccount {
        /// The account.
        account: AccountId,
    },
    /// Nothing is deposited.
    #[error("nothing is deposited: the amount is 0")]
    NothingDeposited,
    /// Settlement would hold too much.
    #[error("with this deposit settlement would hold 2^128 of asset {asset} or more")]
    TotalOverflow {
        /// The asset.
        asset: AssetId,
    },
    /// Accounts have run out, or epochs.
    #[error("there is no number left: all are taken")]
    Exhausted,
    /// The account does not exist, or holds another asset.
    #[error("account {account} is not there, or holds another asset than {asset}")]
    WrongAccount {
        /// The account.
        account: AccountId,
        /// The asset.
        asset: AssetId,
    },
    /// The signature of a forced order cannot be one.
    #[error("bad signature: {0}")]
    BadSignature(#[from] SignatureError),
    /// The order ends too early to be forced, or too late to be proven.
    #[error(
        "the order is valid until batch {valid_until}: a forced one must be from batch {least} to {most}"
    )]
    Lifetime {
        /// Its last batch.
        valid_until: BatchNumber,
        /// The least.
        least: BatchNumber,
        /// The greatest.
        most: BatchNumber,
    },
    /// The same order is forced, or another of the account.
    #[error("an order of account {account} is forced already, number {number}")]
    AlreadyForced {
        /// The account.
        account: AccountId,
        /// The obligation.
        number: u64,
    },
    /// There are too many orders without opening.
    #[error(
        "so many orders are forced without opening that this one would be due in {wait}: post it with an opening"
    )]
    Busy {
        /// How long from now.
        wait: u64,
    },
    /// There are as many orders without opening as there may be.
    #[error(
        "{count} orders are forced without opening, as many as may be: post it with an opening"
    )]
    Crowded {
        /// How many.
        count: usize,
    },
    /// There are as many forced operations that take nothing out of the pool as there may be.
    #[error(
        "{count} forced operations take nothing out of the pool, as many as may be: let this one pay a fee, or \
         withdraw"
    )]
    CrowdedPool {
        /// How many.
        count: usize,
    },
    /// An opening is of a root that settlement does not have, or not any more.
    #[error("an opening before batch {version} does not count here: {from} to {to} do")]
    Version {
        /// The batch.
        version: BatchNumber,
        /// The least that counts.
        from: BatchNumber,
        /// The greatest.
        to: BatchNumber,
    },
    /// An opening is not of the account at that root.
    #[error("the opening: {0}")]
    Opening(#[from] AccountProofError),
    /// An opening is of another account.
    #[error("the opening is of account {found}, not of {account}")]
    OtherAccount {
        /// The account it is of.
        found: AccountId,
        /// The account it should be of.
        account: AccountId,
    },
    /// The account has signed since.
    #[error(
        "account {account} signed an order in batch {batch}, after the opening: make a newer one"
    )]
    OldOpening {
        /// The account.
        account: AccountId,
        /// The batch.
        batch: BatchNumber,
    },
    /// The order cannot run, by its opening.
    #[error("the order cannot run: {0}")]
    CannotRun(#[source] LedgerError),
    /// A leaf that no ledger has.
    #[error("the opening is of an account that no ledger has")]
    NoSuchAccount,
    /// The obligation is none, or of another kind.
    #[error("number {number} is nothing of that kind, or not any more")]
    NoObligation {
        /// The number.
        number: u64,
    },
    /// The forced order could run at that root.
    #[error("forced order {number} could run at that root: take it into a batch")]
    CanRun {
        /// Its number.
        number: u64,
    },
    /// A forced operation ends too early.
    #[error(
        "the operation is valid until batch {valid_until}: a forced one must be until {least} or later"
    )]
    PrivateLifetime {
        /// Its last batch.
        valid_until: BatchNumber,
        /// The least.
        least: BatchNumber,
    },
    /// A forced operation is proven against an old root.
    #[error(
        "there are {age} roots of the note tree after the anchor: prove it against one of the last {most}"
    )]
    OldAnchor {
        /// How many roots came after.
        age: u64,
        /// How many may.
        most: u64,
    },
    /// A note of the operation is to be spent by another forced operation.
    #[error("a note of it is spent by forced operation {number}")]
    NoteForced {
        /// The obligation.
        number: u64,
    },
    /// The withdrawal pays for another note, or none.
    #[error("{0}")]
    NotPaid(#[source] Box<PoolError>),
    /// Nothing is due.
    #[error("the operator has done all that was due{}", coming(.next))]
    NothingDue {
        /// The next obligation, its day, and what day it is.
        next: Option<(u64, u64, u64)>,
    },
    /// Nothing of that name is owed.
    #[error("nothing of that name is owed, or it was paid")]
    NoClaim,
    /// It is owed to somebody else.
    #[error("that is owed to {recipient}, who collects it")]
    NotYours {
        /// To whom.
        recipient: Party,
    },
    /// More would be paid than there is. With sound proofs this does not occur.
    #[error("{amount} of asset {asset} were to be paid, and there is {held}")]
    TooMuch {
        /// The asset.
        asset: AssetId,
        /// What was to be paid.
        amount: Amount,
        /// What there is.
        held: Amount,
    },
    /// The account, or the note, has left.
    #[error("that has left already")]
    LeftAlready,
    /// The leaf is empty.
    #[error("account {account} is not in the frozen tree")]
    EmptyLeaf {
        /// The account.
        account: AccountId,
    },
    /// Batches that are made already may need the fees to show deposits.
    #[error(
        "batches that are on their way may show these fees as deposits: they can be collected after batch {until}"
    )]
    FeesHeld {
        /// The batch.
        until: BatchNumber,
    },
    /// The signature does not let the account leave.
    #[error("the exit: {0}")]
    Exit(#[from] ExitError),
    /// An exit pays no fee.
    #[error("a note that leaves pays no fee")]
    ExitFee,
    /// An exit pays nobody in the rollup.
    #[error("the recipient is an account of the rollup, which has ended: name an address outside")]
    ExitInside,
    /// The private withdrawal is not one that counts.
    #[error("the private withdrawal: {0}")]
    ExitNote(#[source] Box<PoolError>),
}

/// What comes next, for a message.
fn coming(next: &Option<(u64, u64, u64)>) -> String {
    match next {
        None => String::new(),
        Some((number, due, now)) => {
            format!(": obligation {number} is due at {due}, and it is {now}")
        }
    }
}

impl Refusal {
    /// The refusal in one word, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Frozen { .. } => "frozen",
            Self::NotFrozen => "not_frozen",
            Self::Nobody => "nobody",
            Self::NotOperator { .. } => "not_operator",
            Self::NotGovernor => "not_governor",
            Self::Epoch { .. } => "epoch",
            Self::WrongDomain { .. } => "wrong_domain",
            Self::Forked { .. } => "forked",
            Self::Records(_) => "records",
            Self::Proof { .. } => "proof",
            Self::Unallotted { .. } => "unallotted",
            Self::NotTheNextDeposit { .. } => "not_the_next_deposit",
            Self::PoolBytes { .. } => "pool_bytes",
            Self::Pool { .. } => "pool",
            Self::NoPayment { .. } => "no_payment",
            Self::PayoutAccount { .. } => "payout_account",
            Self::NothingDeposited => "nothing_deposited",
            Self::TotalOverflow { .. } => "total_overflow",
            Self::Exhausted => "exhausted",
            Self::WrongAccount { .. } => "wrong_account",
            Self::BadSignature(_) => "bad_signature",
            Self::Lifetime { .. } => "lifetime",
            Self::AlreadyForced { .. } => "already_forced",
            Self::Busy { .. } => "busy",
            Self::Crowded { .. } => "crowded",
            Self::CrowdedPool { .. } => "crowded_pool",
            Self::Version { .. } => "version",
            Self::Opening(_) => "opening",
            Self::OtherAccount { .. } => "other_account",
            Self::OldOpening { .. } => "old_opening",
            Self::CannotRun(_) => "cannot_run",
            Self::NoSuchAccount => "no_such_account",
            Self::NoObligation { .. } => "no_obligation",
            Self::CanRun { .. } => "can_run",
            Self::PrivateLifetime { .. } => "private_lifetime",
            Self::OldAnchor { .. } => "old_anchor",
            Self::NoteForced { .. } => "note_forced",
            Self::NotPaid(_) => "not_paid",
            Self::NothingDue { .. } => "nothing_due",
            Self::NoClaim => "no_claim",
            Self::NotYours { .. } => "not_yours",
            Self::TooMuch { .. } => "too_much",
            Self::LeftAlready => "left_already",
            Self::EmptyLeaf { .. } => "empty_leaf",
            Self::FeesHeld { .. } => "fees_held",
            Self::Exit(_) => "exit",
            Self::ExitFee => "exit_fee",
            Self::ExitInside => "exit_inside",
            Self::ExitNote(_) => "exit_note",
        }
    }
}
