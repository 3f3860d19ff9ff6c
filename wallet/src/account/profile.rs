//! What the wallet of an account knows beside its secrets: which account, which keys, which order waits for an answer.
//!
//! The file `account.json` lies beside the seed. It holds no secret. It is replaced as a whole, and is on the disk before
//! what it says is relied on.

use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    AccountId, AssetId, BatchNumber, Domain, Nonce, Root, SlotIndex, objects::from_json,
};

use super::AccountError;
use crate::{
    WalletError,
    journal::{publish, read_all, stage},
    medium::Medium,
};

pub(crate) const PROFILE: &str = "account.json";
pub(crate) const NEW_PROFILE: &str = "account.json.new";
const FORMAT: &str = "winterlane-account-1";

/// What is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    format: String,
    pub(super) account: AccountId,
    pub(super) asset: AssetId,
    /// Where its node is.
    pub(super) node: String,
    /// Which rollup: what the first node that was asked said. Signatures are bound to it.
    pub(super) domain: Option<Domain>,
    /// Every key, in the order in which they were made.
    pub(super) keys: Vec<HeldKey>,
    /// The number of the next key for slot 1.
    pub(super) next_cold: u64,
    /// The account's nonce in the newest state that was proven.
    pub(super) proven_nonce: Nonce,
    /// The order with the greatest nonce that was signed.
    pub(super) signed: Option<LastSigned>,
    /// An order without an answer.
    pub(super) outbox: Option<Outbox>,
}

/// A key of the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeldKey {
    pub(super) slot: SlotIndex,
    pub(super) number: u64,
    pub(super) height: u32,
    pub(super) root: Root,
    /// The first one-time key that this wallet may use: those below it may have signed for the wallet that was lost.
    pub(super) first: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LastSigned {
    pub(super) nonce: Nonce,
    pub(super) valid_until: BatchNumber,
    /// Whether a node acknowledged it.
    pub(super) taken: bool,
}

/// An order whose answer did not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outbox {
    /// What it does, for people.
    pub(super) what: String,
    /// Its canonical bytes, hexadecimal.
    pub(super) order: String,
}

impl Profile {
    pub(super) fn new(account: AccountId, asset: AssetId, node: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            account,
            asset,
            node: node.to_owned(),
            domain: None,
            keys: Vec::new(),
            next_cold: 1,
            proven_nonce: Nonce::ZERO,
            signed: None,
            outbox: None,
        }
    }

    /// Reads it; `None` when there is none.
    pub(super) fn read(medium: &dyn Medium) -> Result<Option<Self>, AccountError> {
        let path = || medium.path(PROFILE);
        let file = medium
            .open(PROFILE, false)
            .map_err(WalletError::io(path()))?;
        let Some(file) = file else { return Ok(None) };
        let bytes = read_all(&*file).map_err(WalletError::io(path()))?;
        let wrong = |reason: String| AccountError::Profile {
            path: path(),
            reason,
        };
        let profile: Self = from_json(&bytes).map_err(|error| wrong(error.to_string()))?;
        if profile.format != FORMAT {
            return Err(wrong(format!(
                "the format is {:?}, not {FORMAT:?}",
                profile.format
            )));
        }
        Ok(Some(profile))
    }

    /// Puts it in the place of the one before. It is on the disk when this returns.
    pub(super) fn write(&self, medium: &dyn Medium) -> Result<(), AccountError> {
        let path = || medium.path(PROFILE);
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| AccountError::Profile {
            path: path(),
            reason: error.to_string(),
        })?;
        let file = stage(medium, NEW_PROFILE)?;
        file.write_at(0, &bytes).map_err(WalletError::io(path()))?;
        publish(medium, &*file, NEW_PROFILE, PROFILE)?;
        Ok(())
    }

    /// The key with this root.
    pub(super) fn key(&self, root: &Root) -> Option<&HeldKey> {
        self.keys.iter().find(|key| key.root == *root)
    }
}
