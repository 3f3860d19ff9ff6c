//! What private withdrawals and transfers take from their witness.

use winterlane_air::private::Role;
use winterlane_ledger::{
    Amount, AssetId, BaseElement, Digest,
    amount::limb_elements,
    private::{Address, Commitment, Note, NoteKeys, NotePath, Nullifier},
};

use super::machine::{self, Free, Registers};

/// A note that is spent, and how.
#[derive(Clone)]
pub struct SpentNote {
    /// The owner's keys.
    pub keys: NoteKeys,
    /// The note's randomness.
    pub rho: Digest,
    /// The asset.
    pub asset: AssetId,
    /// The value.
    pub value: Amount,
    /// Where the note is in the tree with the anchor's root; `None` for a dummy, of value 0, which is in no
    /// tree.
    pub path: Option<NotePath>,
    /// The siblings of the note's position in the association set, if there is one.
    pub association: Option<Vec<Digest>>,
}

// What it holds would name the note or the account in a log.
impl core::fmt::Debug for SpentNote {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SpentNote(..)")
    }
}

impl SpentNote {
    /// A dummy for the asset of the other input. `keys` and `rho` must be random: the nullifier is published.
    #[must_use]
    pub const fn dummy(keys: NoteKeys, rho: Digest, asset: AssetId) -> Self {
        Self {
            keys,
            rho,
            asset,
            value: Amount::ZERO,
            path: None,
            association: None,
        }
    }

    /// The note.
    #[must_use]
    pub fn note(&self) -> Note {
        Note {
            owner: self.keys.address(),
            asset: self.asset,
            value: self.value,
            rho: self.rho,
        }
    }

    /// Where it is; a dummy is at 0.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.path.map_or(0, |path| path.position)
    }

    /// The nullifier.
    #[must_use]
    pub fn nullifier(&self) -> Nullifier {
        self.note().nullifier(&self.keys.nullifier, self.position())
    }
}

/// A new note, as far as its maker has to know it: a blinded owner and a value.
#[derive(Clone, Copy)]
pub struct NewNote {
    /// The blinded owner ([`Address::blinded`]).
    pub blinded: Digest,
    /// The value.
    pub value: Amount,
}

// What it holds would name the note or the account in a log.
impl core::fmt::Debug for NewNote {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NewNote(..)")
    }
}

impl NewNote {
    /// The note for an address.
    #[must_use]
    pub fn new(owner: &Address, rho: &Digest, value: Amount) -> Self {
        Self {
            blinded: owner.blinded(rho),
            value,
        }
    }

    /// The commitment.
    #[must_use]
    pub fn commitment(&self, asset: AssetId) -> Commitment {
        Commitment::new(&self.blinded, asset, self.value)
    }
}

/// What shows a private withdrawal.
#[derive(Clone, Debug)]
pub struct WithdrawalWitness {
    /// The note that is spent.
    pub note: SpentNote,
    /// The change.
    pub change: NewNote,
}

/// What shows a private transfer.
#[derive(Clone, Debug)]
pub struct TransferWitness {
    /// The notes that are spent, real ones or dummies.
    pub inputs: [SpentNote; 2],
    /// The new notes.
    pub outputs: [NewNote; 2],
}

/// Both statements, as the machine asks.
pub(super) struct Filler<'a> {
    inputs: Vec<&'a SpentNote>,
    outputs: Vec<NewNote>,
}

impl<'a> Filler<'a> {
    pub(super) fn withdrawal(witness: &'a WithdrawalWitness) -> Self {
        Self {
            inputs: vec![&witness.note],
            outputs: vec![witness.change],
        }
    }

    pub(super) fn transfer(witness: &'a TransferWitness) -> Self {
        Self {
            inputs: witness.inputs.iter().collect(),
            outputs: witness.outputs.to_vec(),
        }
    }
}

/// A value as the right half of a row: lane 0 comes from a register.
pub(super) fn value(value: u128) -> [BaseElement; 4] {
    let [low, middle, high] = limb_elements(value);
    [BaseElement::from(0_u32), low, middle, high]
}

impl machine::Filler for Filler<'_> {
    fn free(&self, role: Role) -> Free {
        let mut free = Free::default();
        let on_path = |free: &mut Free, k: usize, level: usize, sibling: Option<Digest>| {
            free.sibling = sibling.unwrap_or_default().0;
            free.is_right = self.inputs[k].position() >> level & 1 == 1;
        };
        match role {
            Role::Authority(k) => free.lo = self.inputs[k].keys.spend.0.0,
            Role::Address(k) => free.hi = self.inputs[k].keys.nullifier.0,
            Role::Owner(k) => free.hi = self.inputs[k].rho.0,
            Role::Commitment(k) => free.hi = value(self.inputs[k].value.get()),
            Role::Output(k) => {
                free.lo = self.outputs[k].blinded.0;
                free.hi = value(self.outputs[k].value.get());
            }
            Role::NotePath(k, level) => {
                let path = self.inputs[k].path;
                on_path(&mut free, k, level, path.map(|path| path.siblings[level]));
            }
            Role::AssociationPath(k, level) => {
                let siblings = self.inputs[k].association.as_ref();
                let sibling = siblings.and_then(|siblings| siblings.get(level)).copied();
                on_path(&mut free, k, level, sibling);
            }
            _ => {}
        }
        free
    }

    fn registers(&self, role: Role) -> Registers {
        // the last row is of no input
        let Role::Authority(k) = role else {
            return Registers::default();
        };
        Registers {
            position: self.inputs[k].position(),
            is_real: self.inputs[k].path.is_some(),
        }
    }

    fn asset(&self) -> AssetId {
        self.inputs[0].asset
    }
}
