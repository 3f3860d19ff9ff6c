//! The public inputs of the private statements.
//!
//! All of a statement's public inputs enter the transcript before the first challenge: a proof is of these
//! inputs, and changing one of them takes the witness.

use alloc::{vec, vec::Vec};

use thiserror::Error;
use winter_math::{ToElements, fields::f64::BaseElement};

use super::{
    credential::{ATTRIBUTES, shows_holder_key},
    note::{Commitment, Nullifier},
    session::Session,
    sparse::SET_LEVELS,
};
use crate::{Amount, Anchor, AssetId, BatchNumber, Digest, Domain, Root, amount::limb_elements};

/// The one-time key that shows control of an account: the last of a full key. A wallet that wants to show
/// balances never signs with it.
///
/// Any other unused key would not do: an order that was signed and has not landed shows part of one.
pub const RESERVED_KEY_INDEX: u32 = crate::signature::KEY_CAPACITY - 1;

/// How many of that key's chains, the first ones, a balance shows knowledge of the starts of.
///
/// A signature shows the starts of the chains whose digit is 0. Fewer than one in 2^49 shows all of these: a
/// wallet that signed with the reserved key by mistake has not given away what a balance takes.
pub const SHOWN_CHAINS: usize = 14;

/// Most predicates of one proof about a credential.
pub const MAX_PREDICATES: usize = 4;

/// What a private statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrivateInputs {
    /// A note leaves the pool.
    Withdrawal(WithdrawalInputs),
    /// Two notes become two others.
    Transfer(TransferInputs),
    /// An account of the rollup holds at least so much.
    Balance(BalanceInputs),
    /// A credential satisfies predicates.
    Credential(CredentialInputs),
}

/// Which notes an association set names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssociationMode {
    /// The set is of approved notes: what is spent is in it.
    Approved,
    /// The set is of refused notes: what is spent is not in it.
    NotRefused,
}

/// An association set: a [sparse tree](super::SparseTree) with a mark at the positions of some notes.
///
/// The set's publisher marks positions of the note tree. What a proof says is about the notes that it
/// spends, not about where those came from: who wants to follow deposits through transfers marks notes that
/// come of marked notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Association {
    /// Approved notes or refused ones.
    pub mode: AssociationMode,
    /// The root of the sparse tree.
    pub root: Root,
}

/// A private withdrawal: some note in the tree is mine, this is its nullifier, and it pays recipient and
/// fee; the change is a new note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawalInputs {
    /// The root of the note tree.
    pub anchor: Anchor,
    /// The nullifier of the note that is spent.
    pub nullifier: Nullifier,
    /// The commitment of the change, a note of value 0 if there is none.
    pub change: Commitment,
    /// Who gets the amount outside.
    pub recipient: [u8; 20],
    /// How much leaves the pool.
    pub amount: Amount,
    /// What is paid besides.
    pub fee: Amount,
    /// The asset.
    pub asset: AssetId,
    /// The rollup on its chain ([`crate::hash::domain_digest`]).
    pub domain: Domain,
    /// The last batch in which the withdrawal is valid.
    pub valid_until: BatchNumber,
    /// A 256-bit hash of the change's ciphertext, or zeros.
    pub ciphertexts: [u8; 32],
    /// The association set that the note that is spent is in, or not in.
    pub association: Option<Association>,
}

/// A fee in the open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// How much; not zero.
    pub amount: Amount,
    /// The asset. A transfer without a fee shows none.
    pub asset: AssetId,
}

/// A private transfer: two notes of one asset become two others. An input may be a dummy of value 0, which
/// is in no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferInputs {
    /// The root of the note tree.
    pub anchor: Anchor,
    /// The nullifiers of the notes that are spent.
    pub nullifiers: [Nullifier; 2],
    /// The commitments of the new notes.
    pub commitments: [Commitment; 2],
    /// The fee, if one is paid.
    pub fee: Option<Fee>,
    /// The rollup on its chain.
    pub domain: Domain,
    /// The last batch in which the transfer is valid.
    pub valid_until: BatchNumber,
    /// A 256-bit hash of the ciphertexts of the new notes.
    pub ciphertexts: [u8; 32],
    /// The association set that the notes that are spent are in, or not in.
    pub association: Option<Association>,
}

/// An account of the rollup holds at least so much, or an amount in a range, and I control it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceInputs {
    /// The root of the account tree.
    pub state_root: Root,
    /// The rollup on its chain.
    pub domain: Domain,
    /// The asset.
    pub asset: AssetId,
    /// The least balance.
    pub at_least: Amount,
    /// The greatest balance, if it is bounded.
    pub at_most: Option<Amount>,
    /// Who asked.
    pub session: Session,
}

/// A condition on one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predicate {
    /// The place of the attribute, below 16.
    pub place: u8,
    /// The condition.
    pub test: Test,
}

/// What a predicate asks of a value. All bounds are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Not less than this.
    AtLeast(u128),
    /// Not more than this.
    AtMost(u128),
    /// In a range.
    Between(u128, u128),
    /// This value.
    Equals(u128),
    /// In a [set of values](super::SparseTree::set).
    InSet(ValueSet),
}

/// A set of values, as a predicate names it ([`super::SparseTree::value_set`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueSet {
    /// The root of its tree.
    pub root: Root,
    /// The levels of its tree, of which there are rows in the proof: one of [`SET_LEVELS`].
    pub levels: u8,
}

/// A credential of an issuer, which I hold, satisfies predicates; it is neither expired nor revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialInputs {
    /// The root of the issuer's key.
    pub issuer: Root,
    /// The schema of the credential.
    pub schema: Digest,
    /// What is shown of it: at most [`MAX_PREDICATES`].
    pub predicates: Vec<Predicate>,
    /// The day on which it is shown: its last day is not before.
    pub today: u32,
    /// The root of the tree of the issuer's revoked credentials.
    pub revocation: Root,
    /// The holder's name for this verifier ([`super::HolderSecret::pseudonym`]), if it is shown.
    pub pseudonym: Option<Digest>,
    /// Who asked.
    pub session: Session,
}

/// Public inputs that no statement has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PrivateInputsError {
    /// Amount and fee together exceed 2^128.
    #[error("amount and fee together exceed 2^128")]
    TooMuch,
    /// A fee of zero is no fee.
    #[error("a transfer without a fee says none, not a fee of zero")]
    ZeroFee,
    /// One nullifier twice.
    #[error("both nullifiers of the transfer are the same")]
    SameNullifier,
    /// A range whose end is before its beginning.
    #[error("a range that ends before it begins")]
    EmptyRange,
    /// More predicates than [`MAX_PREDICATES`].
    #[error("{0} predicates; a proof has at most {MAX_PREDICATES}")]
    TooManyPredicates(usize),
    /// A set's tree with another number of levels than one of [`SET_LEVELS`].
    #[error("the tree of a set has {0} levels; there are 4, 8, 12 and 16")]
    SetLevels(u8),
    /// The one verifier whose pseudonyms are holder keys.
    #[error("a pseudonym for this verifier would be the holder key, which issuers know")]
    HolderKey,
    /// A credential has no such attribute.
    #[error("attribute {0}; a credential has {ATTRIBUTES}")]
    NoSuchAttribute(u8),
}

/// A proof of a private statement with its public inputs: what a holder sends, as one value.
///
/// Its bytes ([`CanonicalBytes`](crate::codec::CanonicalBytes)) are the public inputs and then the proof.
/// Nothing in it is checked by reading it, but that some statement has these public inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateProof {
    /// What the proof says.
    pub inputs: PrivateInputs,
    /// The bytes of the proof: at most [`MAX_PRIVATE_PROOF_BYTES`].
    pub proof: Vec<u8>,
}

/// The longest proof of a private statement that is read, in bytes. The presets give less than a quarter.
pub const MAX_PRIVATE_PROOF_BYTES: usize = 1 << 20;

impl PrivateInputs {
    /// Whether a statement has these public inputs. A verifier asks before it looks at a proof.
    ///
    /// # Errors
    /// [`PrivateInputsError`] for the first thing that no statement has.
    pub fn check(&self) -> Result<(), PrivateInputsError> {
        let range = |least: u128, most: u128| {
            (least <= most)
                .then_some(())
                .ok_or(PrivateInputsError::EmptyRange)
        };
        match self {
            Self::Withdrawal(inputs) => {
                let sum = inputs.amount.checked_add(inputs.fee);
                sum.map(drop).ok_or(PrivateInputsError::TooMuch)
            }
            Self::Transfer(inputs) => {
                if inputs.fee.is_some_and(|fee| fee.amount == Amount::ZERO) {
                    return Err(PrivateInputsError::ZeroFee);
                }
                if inputs.nullifiers[0] == inputs.nullifiers[1] {
                    return Err(PrivateInputsError::SameNullifier);
                }
                Ok(())
            }
            Self::Balance(inputs) => range(
                inputs.at_least.get(),
                inputs.at_most.map_or(u128::MAX, Amount::get),
            ),
            Self::Credential(inputs) => {
                let count = inputs.predicates.len();
                if count > MAX_PREDICATES {
                    return Err(PrivateInputsError::TooManyPredicates(count));
                }
                if inputs.pseudonym.is_some() && shows_holder_key(&inputs.session.verifier) {
                    return Err(PrivateInputsError::HolderKey);
                }
                for predicate in &inputs.predicates {
                    if usize::from(predicate.place) >= ATTRIBUTES {
                        return Err(PrivateInputsError::NoSuchAttribute(predicate.place));
                    }
                    match predicate.test {
                        Test::Between(least, most) => range(least, most)?,
                        Test::InSet(ValueSet { levels, .. }) if !SET_LEVELS.contains(&levels) => {
                            return Err(PrivateInputsError::SetLevels(levels));
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
        }
    }
}

/// Collects elements.
struct Elements(Vec<BaseElement>);

impl Elements {
    fn number(&mut self, number: u64) {
        let halves = [number & u64::from(u32::MAX), number >> 32];
        self.0.extend(halves.map(BaseElement::new));
    }

    fn digest(&mut self, digest: &Digest) {
        self.0.extend_from_slice(&digest.0);
    }

    fn amount(&mut self, amount: Amount) {
        self.0.extend(limb_elements(amount.get()));
    }

    /// Four bytes an element.
    fn bytes(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<4>();
        let words = words.iter().map(|word| u32::from_le_bytes(*word));
        self.0.extend(words.map(BaseElement::from));
    }

    fn association(&mut self, association: Option<&Association>) {
        let mode = match association.map(|association| association.mode) {
            None => 0,
            Some(AssociationMode::Approved) => 1,
            Some(AssociationMode::NotRefused) => 2,
        };
        self.0.push(BaseElement::new(mode));
        let root = association.map_or(Root::ZERO, |association| association.root);
        self.digest(&root.0);
    }

    fn session(&mut self, session: &Session) {
        self.digest(&session.verifier);
        self.bytes(&session.challenge);
        self.number(session.expires);
    }
}

impl ToElements<BaseElement> for PrivateInputs {
    /// The number of the kind, and then each field in order. No two different inputs have the same elements:
    /// the kind fixes the fields, and what is optional or of several forms says which.
    fn to_elements(&self) -> Vec<BaseElement> {
        let kind = match self {
            Self::Withdrawal(_) => 1,
            Self::Transfer(_) => 2,
            Self::Balance(_) => 3,
            Self::Credential(_) => 4,
        };
        let mut out = Elements(vec![BaseElement::new(kind)]);
        match self {
            Self::Withdrawal(inputs) => {
                out.digest(&inputs.anchor.0);
                out.digest(&inputs.nullifier.0);
                out.digest(&inputs.change.0);
                out.bytes(&inputs.recipient);
                out.amount(inputs.amount);
                out.amount(inputs.fee);
                out.number(inputs.asset.get().into());
                out.digest(&inputs.domain.0);
                out.number(inputs.valid_until.get());
                out.bytes(&inputs.ciphertexts);
                out.association(inputs.association.as_ref());
            }
            Self::Transfer(inputs) => {
                out.digest(&inputs.anchor.0);
                for nullifier in &inputs.nullifiers {
                    out.digest(&nullifier.0);
                }
                for commitment in &inputs.commitments {
                    out.digest(&commitment.0);
                }
                out.number(inputs.fee.is_some().into());
                let fee = inputs.fee.unwrap_or(Fee {
                    amount: Amount::ZERO,
                    asset: AssetId::ZERO,
                });
                out.amount(fee.amount);
                out.number(fee.asset.get().into());
                out.digest(&inputs.domain.0);
                out.number(inputs.valid_until.get());
                out.bytes(&inputs.ciphertexts);
                out.association(inputs.association.as_ref());
            }
            Self::Balance(inputs) => {
                out.digest(&inputs.state_root.0);
                out.digest(&inputs.domain.0);
                out.number(inputs.asset.get().into());
                out.amount(inputs.at_least);
                out.number(inputs.at_most.is_some().into());
                out.amount(inputs.at_most.unwrap_or(Amount::ZERO));
                out.session(&inputs.session);
            }
            Self::Credential(inputs) => {
                out.digest(&inputs.issuer.0);
                out.digest(&inputs.schema);
                out.number(inputs.predicates.len() as u64);
                for predicate in &inputs.predicates {
                    out.number(predicate.place.into());
                    let (form, first, second, root) = match predicate.test {
                        Test::AtLeast(least) => (1, least, 0, Root::ZERO),
                        Test::AtMost(most) => (2, most, 0, Root::ZERO),
                        Test::Between(least, most) => (3, least, most, Root::ZERO),
                        Test::Equals(value) => (4, value, 0, Root::ZERO),
                        Test::InSet(ValueSet { root, levels }) => (5, levels.into(), 0, root),
                    };
                    out.number(form);
                    out.amount(Amount::new(first));
                    out.amount(Amount::new(second));
                    out.digest(&root.0);
                }
                out.number(inputs.today.into());
                out.digest(&inputs.revocation.0);
                out.number(inputs.pseudonym.is_some().into());
                out.digest(&inputs.pseudonym.unwrap_or_default());
                out.session(&inputs.session);
            }
        }
        out.0
    }
}
