//! Forcing: an order of an account, private withdrawals of notes, a note that was paid for.

use std::path::Path;

use indicatif::ProgressBar;
use serde_json::json;
use winterlane_ledger::{
    AccountId, Amount, BatchNumber, Order, Record, Transfer, Withdraw,
    pool::{Payment, PrivateOperation, Shield},
    private::PrivateInputs,
    wire,
};
use winterlane_settlement::{Call, CallError, Client, Opening, Outcome, Party, Settlement as _};
use winterlane_wallet::notes::{Found, NoteBook};

use super::{
    Keys, Place, Steps,
    args::Payee,
    failed,
    leave::{Withdrawing, withdraw_note},
    note, rebuilt, spending_slot, told, wallet,
};
use crate::{
    Failure,
    show::{self, Lines},
};

/// For how many batches what is forced is valid: for as long as the proof of a batch can compare, about. That it expires
/// is no excuse.
const LIFETIME: u64 = 1 << 40;

pub(super) fn order(
    place: &Place,
    keys: &Keys,
    (id, amount): (AccountId, Option<Amount>),
    payee: &Payee,
    progress: &ProgressBar,
) -> Result<String, Failure> {
    let client = place.client()?;
    let rebuilt = rebuilt(&client, progress)?;
    let account = rebuilt.ledger.account(id).copied();
    let account = account.ok_or_else(|| {
        Failure::Unusable(format!(
            "account {id} is in no published batch: `exit accounts` lists all"
        ))
    })?;
    let mut wallet = wallet(keys, &rebuilt, progress)?;
    let slot = spending_slot(&wallet, &account).ok_or_else(|| {
        Failure::Unusable(format!(
            "the wallet has no key that may spend from account {id}: it has been made for another, or its numbers must be \
             named by --key and --key-height"
        ))
    })?;
    let valid_until = rebuilt.ledger.batch_number().saturating_add(LIFETIME);
    let withdraw = |recipient: [u8; 20], amount: Amount| {
        Order::Withdraw(Withdraw {
            from: id,
            amount,
            // the operator takes it because it must
            fee: Amount::ZERO,
            recipient,
            valid_until,
        })
    };
    let all = amount.unwrap_or(account.balance);
    let order = if let Some(to) = payee.to_account {
        Order::Transfer(Transfer {
            from: id,
            to,
            amount: all,
            fee: Amount::ZERO,
            valid_until,
        })
    } else if let Some(path) = &payee.note {
        let note = note::read(path)?;
        if (note.asset, note.amount) != (account.asset, amount.unwrap_or(note.amount)) {
            return Err(Failure::Unusable(format!(
                "{}: the note is of {} of asset {}, and account {id} would pay another amount or asset",
                path.display(),
                note.amount,
                note.asset,
            )));
        }
        withdraw(note.recipient(), note.amount)
    } else {
        withdraw(payee.to.unwrap_or(Party::NOBODY).0, all)
    };
    let request = wallet.request(&account, slot, order);
    let order = wallet
        .sign(&request, rebuilt.ledger.domain())
        .map_err(Failure::unusable)?;
    let opening = Some(Opening {
        version: rebuilt.ledger.batch_number(),
        proof: rebuilt.ledger.prove(id),
    });
    progress.set_message("posting the order");
    let outcome = client.call(&Call::Force { order, opening });
    told(&outcome.map_err(failed)?, place.json)
}

/// Each note of the wallet as a whole, by a private withdrawal that says nothing of which note it is.
pub(super) fn notes(
    place: &Place,
    keys: &Keys,
    notes: u32,
    to: Party,
    progress: &ProgressBar,
) -> Result<String, Failure> {
    let client = place.client()?;
    let rebuilt = rebuilt(&client, progress)?;
    let secret = wallet(keys, &rebuilt, progress)?.note_secret(notes);
    let mut book = NoteBook::new(*rebuilt.ledger.domain());
    book.scan(&secret.viewing_key(), &rebuilt.operations);
    let last = rebuilt.ledger.batch_number();
    let mut steps = Steps::new(progress, place.json);
    let mut found = 0;
    let mut force = |note: &Found| {
        found += 1;
        let what = format!("note {}", note.position);
        steps.begin(&format!("{what}: proving its withdrawal"));
        let withdrawn = withdraw_note(&Withdrawing {
            rebuilt: &rebuilt,
            secret: &secret,
            found: note,
            anchor: rebuilt.notes.root(),
            domain: *rebuilt.ledger.domain(),
            to,
            valid_until: last.saturating_add(LIFETIME),
        });
        let (inputs, proof) = match withdrawn {
            Ok(withdrawn) => withdrawn,
            Err(failure) => {
                steps.fail(&what, failure);
                return Ok(());
            }
        };
        let operation = PrivateOperation {
            inputs: PrivateInputs::Withdrawal(inputs),
            sealed: Vec::new(),
            proof,
        };
        let call = client.call(&Call::ForcePrivate(operation));
        // the command may be run again
        steps.add(&what, call, ("note_forced", "is forced already"))
    };
    let mut mine = book
        .spendable(last)
        .filter(|found| found.note.value > Amount::ZERO);
    let ended = mine.try_for_each(&mut force);
    if found == 0 {
        // nothing went wrong, and nothing is forced: whoever asked must not take it for done
        let why = format!(
            "the pool has no unspent note of the account of notes {notes} of {}; name another by --notes",
            keys.wallet.display()
        );
        steps.fail("nothing is forced", Failure::Unusable(why));
    }
    steps.end(ended)
}

/// A note that a settled withdrawal has paid for comes into the pool, or its money returns.
///
/// A record does not say its asset, and anybody may pay to the note's address: as much of another asset, which pays for
/// nothing, or the same again. So every withdrawal to it is tried, those of the newest batch first.
pub(super) fn shield(
    place: &Place,
    path: &Path,
    progress: &ProgressBar,
) -> Result<String, Failure> {
    let client = place.client()?;
    let shield = note::read(path)?;
    let status = client.status().map_err(failed)?;
    let (mut outcome, mut taken) = (None, false);
    let numbers = (status.first_batch.get()..status.next_batch.get()).rev();
    'batches: for batch in numbers.map(BatchNumber::new) {
        progress.set_message(format!("looking for the withdrawal: batch {batch}"));
        for payment in payments(&client, batch, &shield)? {
            match demand(&client, payment, &shield) {
                Err(error) if error.is("no_claim") => taken = true,
                Err(error) if error.is("not_paid") => {}
                found => {
                    outcome = Some(found);
                    break 'batches;
                }
            }
        }
    }
    let before = match outcome {
        Some(Ok(outcome)) => return told(&outcome, place.json),
        Some(Err(error)) if error.is("already_forced") => "is forced already",
        Some(Err(error)) => return Err(failed(error)),
        None if taken => "is in the pool, or its money has returned",
        None => {
            return Err(Failure::Invalid(format!(
                "no settled batch has a withdrawal that pays for {}: `exit force --note` makes one",
                path.display()
            )));
        }
    };
    if place.json {
        return show::json(&json!({ "before": before }));
    }
    let mut lines = Lines::default();
    lines.add("note", before);
    Ok(lines.0)
}

/// Demands the note for this withdrawal; its money, where the note can come no more.
fn demand(client: &Client, payment: Payment, shield: &Shield) -> Result<Outcome, CallError> {
    let force = Call::ForceShield {
        payment,
        shield: shield.clone(),
    };
    match client.call(&force) {
        // a later payment came before it, or there are no batches any more
        Err(error) if error.is("pool") || error.is("frozen") => {
            let shield = shield.clone();
            client.call(&Call::ReturnShield { payment, shield })
        }
        outcome => outcome,
    }
}

/// The withdrawals of a settled batch to the note's recipient.
fn payments(client: &Client, batch: BatchNumber, shield: &Shield) -> Result<Vec<Payment>, Failure> {
    let recipient = shield.recipient();
    let data = client.batch(batch).map_err(failed)?;
    let data = data.ok_or_else(|| {
        Failure::Invalid(format!(
            "batch {batch} is settled, and its data are not there"
        ))
    })?;
    let records = wire::decode(&data.records, batch).map_err(Failure::invalid)?;
    let pays = |record: &Record| {
        matches!(record, Record::Signed(Order::Withdraw(order), _)
            if order.recipient == recipient && order.amount == shield.amount)
    };
    let paying = (0..).zip(&records).filter(|(_, record)| pays(record));
    Ok(paying
        .map(|(record, _)| Payment { batch, record })
        .collect())
}
