//! One private proof with what it says, by itself.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};
use winterlane_credentials::verifier_digest;
use winterlane_ledger::{
    Anchor, AssetId, BatchNumber, Digest, Domain, Root,
    codec::CanonicalBytes,
    private::{
        Association, AssociationMode, BalanceQuestion, Nullifier, PrivateInputs, PrivateProof,
        Question, Session, inputs::MAX_PRIVATE_PROOF_BYTES,
    },
};
use winterlane_verifier::{PRIVATE_PRESETS, PrivateVerifyError, verify_private};

use crate::{
    Answer, Fault, Stage,
    expected::{compare, number, read},
    said::{BalanceSaid, ProofSaid, TransferSaid, WithdrawalSaid, bytes32, mode_name, refused},
};

/// The most bytes of a private proof with what it says.
pub const MAX_STATEMENT_BYTES: usize = MAX_PRIVATE_PROOF_BYTES + 4096;

/// The most bytes of what a caller knows of a statement: 1,024 anchors and as many nullifiers fit.
const MAX_KNOWN_BYTES: usize = 1 << 18;

/// As JSON. Whatever is not said is taken as found.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Known {
    domain: Option<Domain>,
    /// The roots of the note tree that count.
    anchors: Option<Vec<Anchor>>,
    /// The number of the batch in which it would run, as text.
    batch_number: Option<String>,
    /// The nullifiers that were taken.
    spent: Option<Vec<Digest>>,
    /// The association set that the spent notes must be in, or not in.
    association: Option<AskedSet>,
    /// What was asked about a balance.
    balance: Option<AskedBalance>,
}

/// An association set, in the words in which an answer has it. Its root alone would not do: an approved and a refused set of
/// the same notes have one root, and whoever is not approved could show that they are not in it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedSet {
    mode: AskedMode,
    root: Root,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum AskedMode {
    Approved,
    NotRefused,
}

impl From<AskedSet> for Association {
    fn from(AskedSet { mode, root }: AskedSet) -> Self {
        let mode = match mode {
            AskedMode::Approved => AssociationMode::Approved,
            AskedMode::NotRefused => AssociationMode::NotRefused,
        };
        Self { mode, root }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskedBalance {
    /// The state roots that count.
    state_roots: Vec<Root>,
    domain: Domain,
    asset: AssetId,
    at_least: String,
    #[serde(default)]
    at_most: Option<String>,
    /// The name of who asks.
    verifier: String,
    /// 32 random bytes in hexadecimal digits.
    challenge: String,
    /// Seconds since 1970, as text.
    expires: String,
}

impl AskedBalance {
    fn question(&self) -> Result<Question, Fault> {
        let unusable = |reason| Fault::new(Stage::Expected, reason);
        let missing = || unusable("a number is missing");
        let challenge = bytes32(&self.challenge)
            .ok_or_else(|| unusable("challenge is not 32 bytes in hexadecimal digits"))?;
        Ok(Question::Balance(BalanceQuestion {
            state_roots: self.state_roots.clone(),
            domain: self.domain,
            asset: self.asset,
            at_least: number(Some(&self.at_least), "atLeast")?.ok_or_else(missing)?,
            at_most: number(self.at_most.as_deref(), "atMost")?,
            session: Session {
                verifier: verifier_digest(&self.verifier),
                challenge,
                expires: number(Some(&self.expires), "expires")?.ok_or_else(missing)?,
            },
        }))
    }
}

/// What an accepted statement says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatementSaid {
    valid: bool,
    #[serde(flatten)]
    proof: ProofSaid,
    #[serde(flatten)]
    says: Says,
    /// What the caller did not say beforehand, so that whoever made the proof chose it.
    taken_as_found: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Says {
    Withdrawal(WithdrawalSaid),
    Transfer(TransferSaid),
    Balance(BalanceSaid),
}

/// Verifies the bytes of a private proof with what it says, in the second `now` since 1970, and compares it with
/// what a caller knows: a JSON object whose fields are all optional.
///
/// | of | fields |
/// |---|---|
/// | withdrawals, transfers | `domain`, `anchors`, `batchNumber` (text), `spent`, `association` (a set: `mode`, `approved` or `notRefused`, and `root`) |
/// | balances | `balance`, without which none is accepted: `stateRoots`, `domain`, `asset`, `atLeast`, `atMost`, `verifier` (a name), `challenge`, `expires` (numbers as text) |
///
/// A proof about a credential is refused here: it is worth something as the [`answer`](crate::answer()) to a
/// challenge alone.
#[must_use]
pub fn statement(known: &[u8], bytes: &[u8], now: u64) -> Answer {
    Answer::of(try_statement(known, bytes, now))
}

fn try_statement(known: &[u8], bytes: &[u8], now: u64) -> Result<StatementSaid, Fault> {
    let known: Known = read(known, MAX_KNOWN_BYTES)?;
    let PrivateProof { inputs, proof } = read_statement(bytes)?;
    let (says, taken_as_found) = match &inputs {
        PrivateInputs::Withdrawal(of) => {
            let note = Notes {
                domain: of.domain,
                anchor: of.anchor,
                valid_until: of.valid_until,
                nullifiers: &[of.nullifier],
                association: of.association,
            };
            let open = known.check(&note)?;
            (Says::Withdrawal(WithdrawalSaid::new(of)), open)
        }
        PrivateInputs::Transfer(of) => {
            let note = Notes {
                domain: of.domain,
                anchor: of.anchor,
                valid_until: of.valid_until,
                nullifiers: &of.nullifiers,
                association: of.association,
            };
            let open = known.check(&note)?;
            (Says::Transfer(TransferSaid::new(of)), open)
        }
        PrivateInputs::Balance(of) => {
            let Some(asked) = &known.balance else {
                return Err(unasked("a balance"));
            };
            let question = asked.question()?;
            question
                .check(&inputs, now)
                .map_err(|error| refused(&PrivateVerifyError::Answer(error)))?;
            let says = Says::Balance(BalanceSaid::new(of, &asked.verifier));
            (says, alloc::vec!["answered"])
        }
        _ => return Err(unasked("a credential")),
    };
    let verified =
        verify_private(&proof, &inputs, &PRIVATE_PRESETS).map_err(|error| refused(&error))?;
    Ok(StatementSaid {
        valid: true,
        proof: ProofSaid::new(&inputs, &verified),
        says,
        taken_as_found,
    })
}

/// Takes a proof and what it says apart.
pub(crate) fn read_statement(bytes: &[u8]) -> Result<PrivateProof, Fault> {
    if bytes.len() > MAX_STATEMENT_BYTES {
        return Err(Fault::new(
            Stage::ProofSize,
            "more than 1 MiB: no private proof is that long",
        ));
    }
    PrivateProof::from_bytes(bytes).map_err(|error| refused(&PrivateVerifyError::Bytes(error)))
}

fn unasked(what: &str) -> Fault {
    Fault::new(
        Stage::Question,
        format_args!(
            "it is a proof about {what}, which answers a question, and no question was asked: whoever takes the \
             question from the answer accepts a proof about anything"
        ),
    )
}

/// What the ledger compares of an operation on notes.
struct Notes<'a> {
    domain: Domain,
    anchor: Anchor,
    valid_until: BatchNumber,
    nullifiers: &'a [Nullifier],
    association: Option<Association>,
}

impl Known {
    /// Compares an operation; what was taken as found.
    fn check(&self, notes: &Notes<'_>) -> Result<Vec<&'static str>, Fault> {
        let pin = |reason: &dyn core::fmt::Display| Err(Fault::new(Stage::Pin, reason));
        compare("the domain is", self.domain, notes.domain)?;
        if let Some(anchors) = &self.anchors
            && !anchors.contains(&notes.anchor)
        {
            return pin(&format_args!(
                "its anchor {} is none of the {} roots of the note tree that count",
                notes.anchor,
                anchors.len()
            ));
        }
        let batch = number::<u64>(self.batch_number.as_deref(), "batchNumber")?;
        if let Some(batch) = batch.filter(|batch| *batch > notes.valid_until.get()) {
            return pin(&format_args!(
                "it was valid until batch {}, and this is batch {batch}",
                notes.valid_until
            ));
        }
        let spent = self.spent.iter().flatten();
        if let Some(taken) = notes
            .nullifiers
            .iter()
            .find(|one| spent.clone().any(|taken| *taken == one.0))
        {
            return pin(&format_args!(
                "the note with nullifier {} is spent already",
                taken.0
            ));
        }
        match (self.association.map(Association::from), notes.association) {
            (Some(asked), Some(found)) => {
                compare(
                    "the mode of the association set is",
                    Some(mode_name(asked.mode)),
                    mode_name(found.mode),
                )?;
                compare(
                    "the root of the association set is",
                    Some(asked.root),
                    found.root,
                )?;
            }
            (Some(_), None) => return pin(&"it names no association set"),
            _ => {}
        }
        let open = [
            ("domain", self.domain.is_none()),
            ("anchor", self.anchors.is_none()),
            ("batchNumber", self.batch_number.is_none()),
            ("spent", self.spent.is_none()),
            (
                "association",
                self.association.is_none() && notes.association.is_some(),
            ),
        ];
        let open = open.into_iter().filter(|(_, open)| *open);
        Ok(open.map(|(name, _)| name).collect())
    }
}
