//! Leaving: every account of the wallet by a signature, every note by a proof.

use indicatif::ProgressBar;
use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_ledger::{
    AccountId, Amount, Anchor, BatchNumber, Domain,
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

use super::{Keys, Place, Steps, failed, rebuilt, spending_slot, wallet};
use crate::Failure;

/// The proofs of notes that leave: small ones, since settlement keeps them.
const PRESET: HidingPreset = HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128);

pub(super) fn leave(
    place: &Place,
    keys: &Keys,
    (accounts, notes): (&[AccountId], u32),
    to: Party,
    progress: &ProgressBar,
) -> Result<String, Failure> {
    let client = place.client()?;
    let frozen = client.status().map_err(failed)?.frozen;
    let frozen = frozen.ok_or_else(|| {
        Failure::Invalid(
            "the rollup is not frozen: send a withdrawal to its node, or force one by `exit force`"
                .into(),
        )
    })?;
    let rebuilt = rebuilt(&client, progress)?;
    if (rebuilt.ledger.root(), rebuilt.notes.root()) != (frozen.root, frozen.anchor) {
        let what =
            "the published batches do not lead to the frozen root: settlement contradicts itself";
        return Err(Failure::Invalid(what.into()));
    }
    let mut wallet = wallet(keys, &rebuilt, progress)?;
    let mut leaving = Leaving {
        client: &client,
        rebuilt: &rebuilt,
        frozen: &frozen,
        to,
        steps: Steps::new(progress, place.json),
        found: 0,
    };
    let ended = leaving
        .accounts(&mut wallet, accounts)
        .and_then(|()| leaving.notes(&wallet.note_secret(notes)));
    if ended.is_ok() && leaving.found == 0 {
        // nothing went wrong, and nothing has left: whoever asked must not take it for done
        let why = format!(
            "no account of the rollup has a key of {} that may spend, and no note is its account's of notes {notes}; name \
             other keys by --key and --key-height, another account of notes by --notes",
            keys.wallet.display()
        );
        leaving.steps.fail("nothing leaves", Failure::Unusable(why));
    }
    leaving.steps.end(ended)
}

struct Leaving<'a> {
    client: &'a Client,
    rebuilt: &'a Rebuilt<SimdCompressor>,
    frozen: &'a FrozenView,
    to: Party,
    steps: Steps,
    found: usize,
}

impl Leaving<'_> {
    /// The accounts with these numbers; all that have the wallet's keys, if none are named.
    fn accounts(
        &mut self,
        wallet: &mut Wallet<SimdCompressor>,
        named: &[AccountId],
    ) -> Result<(), Failure> {
        let mut mine = Vec::new();
        for (id, account) in self.rebuilt.accounts() {
            if named.is_empty() || named.contains(&id) {
                mine.extend(spending_slot(wallet, account).map(|slot| (id, *account, slot)));
            }
        }
        for id in named {
            if !mine.iter().any(|(found, ..)| found == id) {
                let what = "the wallet has no key that may spend from it";
                let failure = Failure::Unusable(what.into());
                self.steps.fail(&format!("account {id}"), failure);
            }
        }
        // each takes a one-time key, of which there may be too few: those that hold something come first
        mine.sort_by_key(|(_, account, _)| account.balance == Amount::ZERO);
        self.found += mine.len();
        for (id, account, slot) in mine {
            let exit = Exit {
                account: id,
                recipient: self.to.0,
            };
            let what = format!("account {id}");
            self.steps.begin(&what);
            match wallet.sign_exit(&account, slot, exit, &self.frozen.exit_domain) {
                Ok(exit) => {
                    let proof = self.rebuilt.ledger.prove(id);
                    self.call(&what, &Call::ExitAccount { proof, exit })?;
                }
                Err(error) => self.steps.fail(&what, Failure::unusable(error)),
            }
        }
        Ok(())
    }

    fn notes(&mut self, secret: &NoteSecret) -> Result<(), Failure> {
        let mut book = NoteBook::new(*self.rebuilt.ledger.domain());
        book.scan(&secret.viewing_key(), &self.rebuilt.operations);
        let last = self.rebuilt.ledger.batch_number();
        // what is worth nothing pays for no proof
        for found in book
            .spendable(last)
            .filter(|found| found.note.value > Amount::ZERO)
        {
            self.found += 1;
            let what = format!("note {}", found.position);
            self.steps.begin(&format!("{what}: proving its withdrawal"));
            let withdrawn = withdraw_note(&Withdrawing {
                rebuilt: self.rebuilt,
                secret,
                found,
                anchor: self.frozen.anchor,
                domain: self.frozen.exit_domain,
                to: self.to,
                valid_until: last,
            });
            match withdrawn {
                Ok((inputs, proof)) => self.call(&what, &Call::ExitNote { inputs, proof })?,
                Err(failure) => self.steps.fail(&what, failure),
            }
        }
        Ok(())
    }

    /// One that has left is no failure: the command may be run again.
    fn call(&mut self, what: &str, call: &Call) -> Result<(), Failure> {
        let before = ("left_already", "has left already");
        self.steps.add(what, self.client.call(call), before)
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
    pub(super) valid_until: BatchNumber,
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
    let change = NewNote::new(&found.note.owner, &change_rho, Amount::ZERO);
    let inputs = WithdrawalInputs {
        anchor,
        nullifier: found.nullifier,
        change: change.commitment(asset),
        recipient: to.0,
        amount: value,
        fee: Amount::ZERO,
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
