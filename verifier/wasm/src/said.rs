//! What private statements say, for a reader. Amounts, seconds and batch numbers are text: JavaScript's numbers
//! end at 2^53.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde::Serialize;
use winterlane_air::PrivateAir;
use winterlane_ledger::{
    AccountId, Anchor, AssetId, Digest, Domain, Root,
    pool::account_recipient,
    private::{
        Association, AssociationMode, BalanceInputs, Fee, PrivateInputs, TransferInputs,
        WithdrawalInputs,
    },
};
use winterlane_verifier::{PRIVATE_PRESETS, PrivateVerifyError, Verified};

use crate::{Fault, Stage, records::hex};

/// What is known of a private proof.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProofSaid {
    /// Provable bits.
    bits: u32,
    preset: String,
    /// Rows of the trace.
    rows: usize,
    proof_bytes: usize,
}

impl ProofSaid {
    pub(crate) fn new(inputs: &PrivateInputs, verified: &Verified) -> Self {
        let of =
            |preset: &&_| PrivateAir::options(inputs, **preset).as_ref() == Some(&verified.options);
        let preset = PRIVATE_PRESETS.iter().find(of);
        Self {
            bits: verified.bits,
            preset: preset.map(ToString::to_string).unwrap_or_default(),
            rows: verified.trace_length,
            proof_bytes: verified.proof_bytes,
        }
    }

    pub(crate) const fn bits(&self) -> u32 {
        self.bits
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssociationSaid {
    /// `approved`: what is spent is in the set; `notRefused`: it is not.
    mode: &'static str,
    root: Root,
}

impl AssociationSaid {
    fn new(association: &Association) -> Self {
        Self {
            mode: mode_name(association.mode),
            root: association.root,
        }
    }
}

/// Which notes a set names, in the word that answers and expectations have for it.
pub(crate) const fn mode_name(mode: AssociationMode) -> &'static str {
    match mode {
        AssociationMode::Approved => "approved",
        AssociationMode::NotRefused => "notRefused",
    }
}

/// A private withdrawal.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WithdrawalSaid {
    amount: String,
    asset: AssetId,
    fee: String,
    /// The address outside that is paid.
    recipient: String,
    /// The account of the rollup that the recipient stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    anchor: Anchor,
    nullifiers: Vec<Digest>,
    commitments: Vec<Digest>,
    domain: Domain,
    /// The last batch in which it is valid.
    valid_until: String,
    ciphertexts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    association: Option<AssociationSaid>,
}

impl WithdrawalSaid {
    pub(crate) fn new(inputs: &WithdrawalInputs) -> Self {
        let [.., a, b, c, d] = inputs.recipient;
        let account = u32::from_be_bytes([a, b, c, d]);
        Self {
            amount: inputs.amount.to_string(),
            asset: inputs.asset,
            fee: inputs.fee.to_string(),
            recipient: hex("0x", &inputs.recipient),
            account: (account_recipient(AccountId::new(account)) == inputs.recipient)
                .then_some(AccountId::new(account)),
            anchor: inputs.anchor,
            nullifiers: alloc::vec![inputs.nullifier.0],
            commitments: alloc::vec![inputs.change.0],
            domain: inputs.domain,
            valid_until: inputs.valid_until.to_string(),
            ciphertexts: hex("", &inputs.ciphertexts),
            association: inputs.association.as_ref().map(AssociationSaid::new),
        }
    }
}

#[derive(Debug, Serialize)]
struct FeeSaid {
    amount: String,
    asset: AssetId,
}

/// A private transfer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransferSaid {
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<FeeSaid>,
    anchor: Anchor,
    nullifiers: Vec<Digest>,
    commitments: Vec<Digest>,
    domain: Domain,
    valid_until: String,
    ciphertexts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    association: Option<AssociationSaid>,
}

impl TransferSaid {
    pub(crate) fn new(inputs: &TransferInputs) -> Self {
        let fee = |Fee { amount, asset }: Fee| FeeSaid {
            amount: amount.to_string(),
            asset,
        };
        Self {
            fee: inputs.fee.map(fee),
            anchor: inputs.anchor,
            nullifiers: inputs.nullifiers.iter().map(|one| one.0).collect(),
            commitments: inputs.commitments.iter().map(|one| one.0).collect(),
            domain: inputs.domain,
            valid_until: inputs.valid_until.to_string(),
            ciphertexts: hex("", &inputs.ciphertexts),
            association: inputs.association.as_ref().map(AssociationSaid::new),
        }
    }
}

/// A balance, in bounds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BalanceSaid {
    state_root: Root,
    domain: Domain,
    asset: AssetId,
    at_least: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<String>,
    verifier: String,
    challenge: String,
    /// The second since 1970 after which the answer counts no more.
    expires: String,
}

impl BalanceSaid {
    pub(crate) fn new(inputs: &BalanceInputs, verifier: &str) -> Self {
        Self {
            state_root: inputs.state_root,
            domain: inputs.domain,
            asset: inputs.asset,
            at_least: inputs.at_least.to_string(),
            at_most: inputs.at_most.map(|most| most.to_string()),
            verifier: verifier.into(),
            challenge: hex("", &inputs.session.challenge),
            expires: inputs.session.expires.to_string(),
        }
    }
}

/// What is said of a proof that was not accepted.
pub(crate) fn refused(error: &PrivateVerifyError) -> Fault {
    let stage = match error {
        PrivateVerifyError::Bytes(_) => Stage::Statement,
        PrivateVerifyError::Answer(_) => Stage::Question,
        _ => Stage::Proof,
    };
    Fault::new(stage, error)
}

/// 32 bytes in hexadecimal digits.
pub(crate) fn bytes32(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |&[high, low]: &[u8; 2]| u8::try_from(digit(high)? << 4 | digit(low)?).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    rest.is_empty().then(|| bytes?.try_into().ok()).flatten()
}
