//! Leaving: every account of the wallet by a signature, every note by a proof.

use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_ledger::{
    Anchor, Domain,
    exit::Exit,
    private::{Note, PrivateInputs, WithdrawalInputs},
};
use winterlane_prover::{
    EngineOptions, HidingRng, PrivateWitness, SimdCompressor,
    private::{NewNote, SpentNote, WithdrawalWitness},
    prove_private,
};
use winterlane_settlement::{Call, Client, FrozenView, Party, Settlement as _, rebuild::Rebuilt};
use winterlane_wallet::{
    Wallet,
    notes::{Found, NoteBook, NoteSecret},
};

use super::{Keys, Place, add_outcome, failed, rebuilt, spending_slot, wallet};
use crate::{Failure, show::Lines};

/// The proofs of notes that leave: small ones, since settlement keeps them.
const PRESET: HidingPreset = HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128);

pub(super) fn leave(place: &Place, keys: &Keys, notes: u32, to: Party) -> Result<String, Failure> {
    let client = place.client()?;
    let frozen = client.status().map_err(failed)?.frozen;
    let frozen = frozen.ok_or_else(|| {
        Failure::Invalid(
            "the rollup is not frozen: send a withdrawal to its node, or force one by `exit force`"
                .into(),
        )
    })?;
    let rebuilt = rebuilt(&client)?;
    if (rebuilt.ledger.root(), rebuilt.notes.root()) != (frozen.root, frozen.anchor) {
        let what =
            "the published batches do not lead to the frozen root: settlement contradicts itself";
        return Err(Failure::Invalid(what.into()));
    }
    let mut wallet = wallet(keys)?;
    let mut leaving = Leaving {
        client: &client,
        rebuilt: &rebuilt,
        frozen: &frozen,
        to,
        lines: Lines::default(),
        found: 0,
    };
    leaving.accounts(&mut wallet)?;
    leaving.notes(&wallet.note_secret(notes))?;
    if leaving.found == 0 {
        leaving
            .lines
            .add("found", "no account and no note of these keys");
    }
    Ok(leaving.lines.0)
}

struct Leaving<'a> {
    client: &'a Client,
    rebuilt: &'a Rebuilt<SimdCompressor>,
    frozen: &'a FrozenView,
    to: Party,
    lines: Lines,
    found: usize,
}

impl Leaving<'_> {
    fn accounts(&mut self, wallet: &mut Wallet<SimdCompressor>) -> Result<(), Failure> {
        let mut mine = Vec::new();
        for (id, account) in self.rebuilt.accounts() {
            mine.extend(spending_slot(wallet, account).map(|slot| (id, *account, slot)));
        }
        for (id, account, slot) in mine {
            let exit = Exit {
                account: id,
                recipient: self.to.0,
            };
            let exit = wallet.sign_exit(&account, slot, exit, &self.frozen.exit_domain);
            let call = Call::ExitAccount {
                proof: self.rebuilt.ledger.prove(id),
                exit: exit.map_err(Failure::unusable)?,
            };
            self.call(&format!("account {id}"), &call)?;
        }
        Ok(())
    }

    fn notes(&mut self, secret: &NoteSecret) -> Result<(), Failure> {
        let mut book = NoteBook::new(*self.rebuilt.ledger.domain());
        book.scan(&secret.viewing_key(), &self.rebuilt.operations);
        let last = self.rebuilt.ledger.batch_number();
        for found in book.spendable(last) {
            // what is worth nothing pays for no proof
            if found.note.value > 0 {
                let (inputs, proof) = withdraw_note(&Withdrawing {
                    rebuilt: self.rebuilt,
                    secret,
                    found,
                    anchor: self.frozen.anchor,
                    domain: self.frozen.exit_domain,
                    to: self.to,
                    valid_until: last,
                })?;
                let call = Call::ExitNote { inputs, proof };
                self.call(&format!("note {}", found.position), &call)?;
            }
        }
        Ok(())
    }

    /// One that has left is no failure: the command may be run again.
    fn call(&mut self, what: &str, call: &Call) -> Result<(), Failure> {
        self.found += 1;
        match self.client.call(call) {
            Ok(outcome) => add_outcome(&mut self.lines, &outcome),
            Err(error) if error.is("left_already") => {
                self.lines.add(what, "has left already");
            }
            Err(error) => return Err(failed(error)),
        }
        Ok(())
    }
}

/// A note that is withdrawn as a whole: in a frozen rollup the tree takes no change any more.
pub(super) struct Withdrawing<'a> {
    pub(super) rebuilt: &'a Rebuilt<SimdCompressor>,
    pub(super) secret: &'a NoteSecret,
    pub(super) found: &'a Found,
    pub(super) anchor: Anchor,
    pub(super) domain: Domain,
    pub(super) to: Party,
    pub(super) valid_until: u64,
}

/// Proves the withdrawal.
pub(super) fn withdraw_note(
    withdrawing: &Withdrawing<'_>,
) -> Result<(WithdrawalInputs, Vec<u8>), Failure> {
    let Withdrawing {
        rebuilt,
        secret,
        found,
        anchor,
        domain,
        to,
        valid_until,
    } = *withdrawing;
    let Note {
        asset, value, rho, ..
    } = found.note;
    let keys = secret.keys();
    let change_rho = secret.viewing_key().change_rho(&found.nullifier);
    let change = NewNote::new(&found.note.owner, &change_rho, 0);
    let inputs = WithdrawalInputs {
        anchor,
        nullifier: found.nullifier,
        change: change.commitment(asset),
        recipient: to.0,
        amount: value,
        fee: 0,
        asset,
        domain,
        valid_until,
        ciphertexts: [0; 32],
        association: None,
    };
    let note = SpentNote {
        keys,
        rho,
        asset,
        value,
        path: rebuilt.notes.path(found.position),
        association: None,
    };
    let witness = PrivateWitness::Withdrawal(Box::new(WithdrawalWitness { note, change }));
    let proof = prove_private(
        &PrivateInputs::Withdrawal(inputs),
        &witness,
        PRESET,
        &mut HidingRng::from_system().map_err(Failure::unusable)?,
        &EngineOptions::default(),
    );
    let proof = proof.map_err(Failure::unusable)?.proof;
    Ok((inputs, proof))
}
