//! Why an account's wallet does not do what it is asked to.

use std::path::PathBuf;

use thiserror::Error;
use winterlane_ledger::{
    AccountId, AccountProofError, Amount, AssetId, BatchNumber, Domain, Nonce, Root, SlotIndex,
};

use crate::{
    WalletError,
    client::{ClientError, Refused},
};

/// Why an account's wallet does not do what it is asked to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Seed or journal.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The node gave no answer, or refused.
    #[error(transparent)]
    Node(#[from] ClientError),
    /// There is a wallet, and nothing says which account it is for.
    #[error("{path} is missing, which says whose keys these are: restore the wallet from its seed, in another directory", path = path.display())]
    NoProfile {
        /// Where the file should be.
        path: PathBuf,
    },
    /// The file beside the seed is not what a wallet writes.
    #[error("{path}: {reason}; restore the wallet from its seed, in another directory", path = path.display())]
    Profile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The node runs another rollup than the one that the wallet signs for.
    #[error(
        "the node runs rollup {found}, and this wallet's account is in rollup {wanted}: ask another node"
    )]
    OtherRollup {
        /// The domain of the wallet.
        wanted: Domain,
        /// The domain of the node.
        found: Domain,
    },
    /// The node's state is not the one that was asked for.
    #[error(
        "the node's state has root {found}, not {wanted}: it is older or newer than that root, or false"
    )]
    OtherRoot {
        /// The root that was asked for.
        wanted: Root,
        /// The root of the node.
        found: Root,
    },
    /// The Merkle path does not lead to the node's root.
    #[error("the node's proof is false: {0}; do not rely on this node")]
    FalseProof(#[from] AccountProofError),
    /// The node shows an older state than it, or another, showed before.
    #[error(
        "the node shows account {account} with {found} signed operations, and {known} were proven before: it shows an old state, or was restored from one; ask another node"
    )]
    Older {
        /// The account.
        account: AccountId,
        /// Its nonce before.
        known: Nonce,
        /// Its nonce now.
        found: Nonce,
    },
    /// There is no such account, or none that is sealed yet.
    #[error(
        "account {account} is not in the last sealed state: it is created by the rollup's first state or by a deposit; \
             if that was just now, wait for a batch"
    )]
    NoAccount {
        /// The account.
        account: AccountId,
    },
    /// The account holds another asset than the wallet was made for.
    #[error("account {account} holds asset {found}, and this wallet was made for asset {wanted}")]
    OtherAsset {
        /// The account.
        account: AccountId,
        /// The asset of the wallet.
        wanted: AssetId,
        /// The asset of the account.
        found: AssetId,
    },
    /// A slot holds a key that the wallet does not have.
    #[error("slot {slot} of account {account} holds a key that is not this wallet's ({root}): another wallet of this account \
             replaced it, or the account is not yours", slot = slot.index())]
    ForeignKey {
        /// The account.
        account: AccountId,
        /// The slot.
        slot: SlotIndex,
        /// The key there.
        root: Root,
    },
    /// A key has no one-time key left.
    #[error("the key in slot {slot} is used up: {hint}", slot = slot.index(), hint = hint(*slot))]
    UsedUp {
        /// The slot.
        slot: SlotIndex,
    },
    /// The account does not hold what is to be proven.
    #[error(
        "the account holds {holds} in the last sealed state, which is not what is asked for: there is no proof"
    )]
    OtherBalance {
        /// What it holds.
        holds: Amount,
    },
    /// A key without a reserved one-time key, by which a balance is proven.
    #[error(
        "the key that pays has 2^{height} one-time keys, and a proof of a balance takes a key of 2^10, whose last one-time key \
             never signs: `winterlane wallet rotate --height 10` installs one"
    )]
    SmallKey {
        /// The height of the key.
        height: u32,
    },
    /// The key that replaces others has signed as much as it may before the ledger shows it.
    #[error(
        "the key that replaces keys has signed {ahead} orders that no sealed batch has, as many as it may: wait for a batch"
    )]
    TooFarAhead {
        /// How many.
        ahead: u16,
    },
    /// An order that the node refused or denies may still be taken beside the next one.
    #[error(
        "the node says that the account is at nonce {found}, and an order that was signed for nonce {signed} can be taken until \
             batch {valid_until}: one more now could pay twice. Wait until {over}, and look with `--root` whether it was taken",
        over = if found > signed { "an order with that nonce is sealed" } else { "an order with that nonce, or that batch, is sealed" }
    )]
    NonceBehind {
        /// The nonce that the node names.
        found: Nonce,
        /// The nonce of the order.
        signed: Nonce,
        /// Its last batch.
        valid_until: BatchNumber,
    },
    /// An order had no answer: it may have been taken. It is kept, and is sent again by the next command.
    #[error(
        "no answer to the order ({what}): {source}. Whether it was taken is not known; it is kept, and the next command sends the \
             same order again, which does nothing twice"
    )]
    Unanswered {
        /// The order in words.
        what: String,
        /// What came in between.
        source: ClientError,
    },
    /// The node asks for a high fee, and nobody has agreed to it.
    #[error(
        "the node asks for a fee of {asked}, and a wallet pays {most} here without being told: no more than a hundredth of what the \
             account holds, and than what the order pays. `--fee {asked}` agrees to it"
    )]
    HighFee {
        /// What the node asks for, in the asset's smallest unit.
        asked: Amount,
        /// The most that would be paid.
        most: Amount,
    },
    /// An order waits for an answer.
    #[error("an earlier order ({what}) waits for an answer: send it again first")]
    Waiting {
        /// The order in words.
        what: String,
    },
    /// The node refused an order.
    #[error("the order ({what}) was refused, and by the node's word nothing changed: {refused}")]
    Refused {
        /// The order in words.
        what: String,
        /// The node's reason.
        refused: Refused,
    },
    /// No key of the seed is the account's.
    #[error(
        "no key of this seed replaces keys of account {account}: the seed or the account is another one, or the keys were made with \
             another --cold-height"
    )]
    NotOurs {
        /// The account.
        account: AccountId,
    },
    /// An order is not as far as wanted after the time given.
    #[error(
        "the order is {stage} in batch {batch} after {seconds} s, and not {wanted} yet; `winterlane wallet show` tells how it goes on"
    )]
    NotYet {
        /// How far it is.
        stage: &'static str,
        /// How far it was to be.
        wanted: &'static str,
        /// Its batch.
        batch: BatchNumber,
        /// How long was waited.
        seconds: u64,
    },
    /// No proof of an order's batch could be made.
    #[error(
        "batch {batch}, which has the order, is held: no proof of it could be made, and the operator has to look"
    )]
    Held {
        /// The batch.
        batch: BatchNumber,
    },
}

impl AccountError {
    /// Whether the same may succeed later without that anybody does anything: the node is away or busy, another program has the
    /// wallet for a moment, or a batch has to be sealed first.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Node(error) | Self::Unanswered { source: error, .. } => error.passes(),
            Self::Refused { refused, .. } => refused.passes(),
            Self::Wallet(WalletError::Locked { .. }) | Self::TooFarAhead { .. } => true,
            _ => false,
        }
    }
}

const fn hint(slot: SlotIndex) -> &'static str {
    match slot {
        SlotIndex::Zero => "`winterlane wallet rotate` replaces it",
        SlotIndex::One => {
            "keys of this account cannot be replaced any more; pay what it holds to another account while slot 0 can sign"
        }
    }
}
