//! `exit`: money out of a rollup without its operator, from what settlement has published and nothing else.

mod args;
mod force;
mod leave;
mod note;
mod steps;

use std::{collections::HashSet, fmt::Write as _};

use indicatif::{MultiProgress, ProgressBar};
use serde::Serialize;
use serde_json::json;
use winterlane_ledger::{AccountId, AssetId, Scope, SlotIndex};
use winterlane_prover::SimdCompressor;
use winterlane_settlement::{
    Call, CallError, Client, Outcome, Owed, Payment, Secret, Settlement, rebuild::Rebuilt,
};
use winterlane_wallet::{Passphrase, Wallet, account::add_hot_keys};

pub(crate) use self::args::ExitArgs;
use self::{
    args::{Keys, Place, Task},
    steps::Steps,
};
use super::{passphrase, spinner};
use crate::{
    Failure,
    show::{self, Lines, counted},
    threads,
};

/// Runs `exit`.
pub(super) fn exit(args: &ExitArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let progress = spinner(screen, args.task.json());
    let done = carry_out(&args.task, &progress);
    progress.finish_and_clear();
    done
}

fn carry_out(task: &Task, progress: &ProgressBar) -> Result<String, Failure> {
    match task {
        Task::Status { place } => status(place),
        Task::Accounts { place } => accounts(place, progress),
        Task::Force {
            place,
            keys,
            account,
            amount,
            payee,
        } => force::order(place, keys, (*account, *amount), payee, progress),
        Task::ForceNotes {
            place,
            keys,
            notes,
            to,
        } => force::notes(place, keys, *notes, *to, progress),
        Task::Note {
            to,
            amount,
            asset,
            out,
            json,
        } => note::make(to, (*asset, *amount), out, *json),
        Task::ForceShield { place, note } => force::shield(place, note, progress),
        Task::Freeze { place } => freeze(place),
        Task::Leave {
            place,
            keys,
            account,
            notes,
            to,
        } => leave::leave(place, keys, (account.as_slice(), *notes), *to, progress),
        Task::Deposits { place } => deposits(place, progress),
        Task::Collect { place } => collect(place, progress),
        Task::Payments { place } => payments(place),
    }
}

impl Place {
    fn client(&self) -> Result<Client, Failure> {
        let secret = self.secret.as_deref().map(Secret::load).transpose();
        let secret = secret.map_err(Failure::unusable)?;
        Client::new(&self.settlement, secret).map_err(failed)
    }
}

/// What settlement refuses is invalid; that it cannot be asked is another thing.
fn failed(error: CallError) -> Failure {
    match error {
        CallError::Refused { .. } => Failure::invalid(error),
        _ => Failure::unusable(error),
    }
}

/// The rollup from its published batches.
fn rebuilt(client: &Client, progress: &ProgressBar) -> Result<Rebuilt<SimdCompressor>, Failure> {
    threads::start(None)?;
    let next = client.status().map_err(failed)?.next_batch;
    progress.set_message("following the published batches");
    let rebuilt = Rebuilt::of(client, SimdCompressor, |batch| {
        tracing::info!(batch = batch.get(), "followed");
        progress.set_message(format!(
            "following the published batches: {} of {next}",
            batch.get().saturating_add(1)
        ));
    });
    let (rebuilt, _) = rebuilt.map_err(Failure::invalid)?;
    Ok(rebuilt)
}

/// The wallet, with those of its keys that accounts of the rollup have.
fn wallet(
    keys: &Keys,
    rebuilt: &Rebuilt<SimdCompressor>,
    progress: &ProgressBar,
) -> Result<Wallet<SimdCompressor>, Failure> {
    let open = |passphrase: Option<&Passphrase>| Wallet::open_with(&keys.wallet, passphrase);
    let file = keys.passphrase_file.as_deref();
    progress.set_message("opening the wallet");
    // its passphrase may be asked for where progress is shown
    let wallet = progress.suspend(|| passphrase::unlocked(&mut None, file, &keys.wallet, open))?;
    let mut wallet = wallet.with_compressor(SimdCompressor);
    if keys.key.is_empty() {
        let slots = rebuilt.accounts().flat_map(|(_, account)| account.slots);
        let used: HashSet<_> = slots.map(|slot| slot.root.to_bytes()).collect();
        let written = add_hot_keys(&mut wallet, |root| used.contains(&root.to_bytes()));
        if written.map_err(Failure::unusable)? {
            return Ok(wallet);
        }
    }
    let named = match keys.key.as_slice() {
        [] => &[0][..],
        named => named,
    };
    for number in named {
        wallet
            .add_key(*number, keys.key_height)
            .map_err(Failure::unusable)?;
    }
    Ok(wallet)
}

fn status(place: &Place) -> Result<String, Failure> {
    let client = place.client()?;
    let status = client.status().map_err(failed)?;
    if place.json {
        return show::json(&status);
    }
    let mut lines = Lines::default();
    lines.add("domain", status.domain);
    lines.add("next batch", status.next_batch);
    lines.add("root", status.root);
    lines.add("notes", status.notes);
    lines.add(
        "operator",
        format_args!("{}, epoch {}", status.operator, status.epoch),
    );
    for (asset, total) in &status.totals {
        lines.add("held", format_args!("{total} of asset {asset}"));
    }
    lines.add("obligations", status.obligations);
    match (&status.frozen, status.next_due) {
        (Some(frozen), _) => {
            let (number, due) = (frozen.obligation, frozen.due);
            lines.add(
                "frozen",
                format_args!("obligation {number} was due at {due}"),
            );
            lines.add("left", counted(frozen.accounts, "account"));
            lines.add("left", counted(frozen.notes, "note"));
        }
        (None, Some(due)) => lines.add("next due", due),
        (None, None) => {}
    }
    Ok(lines.0)
}

#[derive(Serialize)]
struct AccountLine {
    id: AccountId,
    asset: AssetId,
    balance: String,
}

fn accounts(place: &Place, progress: &ProgressBar) -> Result<String, Failure> {
    let rebuilt = rebuilt(&place.client()?, progress)?;
    let accounts = rebuilt.accounts().map(|(id, account)| AccountLine {
        id,
        asset: account.asset,
        balance: account.balance.to_string(),
    });
    let accounts: Vec<_> = accounts.collect();
    let (root, batch) = (rebuilt.ledger.root(), rebuilt.ledger.batch_number());
    let (anchor, notes) = (rebuilt.notes.root(), rebuilt.notes.count());
    if place.json {
        return show::json(&json!({
            "root": root, "next_batch": batch, "anchor": anchor, "notes": notes, "accounts": accounts,
        }));
    }
    let mut lines = Lines::default();
    lines.add("root", root);
    lines.add("next batch", batch);
    lines.add("notes", notes);
    let Lines(mut text) = lines;
    // writing to a string cannot fail
    let _ = writeln!(text, "\n{:<10} {:<10} balance", "id", "asset");
    for AccountLine { id, asset, balance } in &accounts {
        let _ = writeln!(text, "{id:<10} {asset:<10} {balance}");
    }
    Ok(text)
}

/// The slot of an account that holds a spending key of the wallet.
fn spending_slot(
    wallet: &Wallet<SimdCompressor>,
    account: &winterlane_ledger::Account,
) -> Option<SlotIndex> {
    SlotIndex::ALL.into_iter().find(|slot| {
        let held = account.slots[slot.index()];
        held.scope.allows(Scope::SPEND) && wallet.key(&held.root).is_some()
    })
}

fn freeze(place: &Place) -> Result<String, Failure> {
    let mut lines = Lines::default();
    let outcome = place.client()?.call(&Call::Freeze).map_err(failed)?;
    if place.json {
        return show::json(&json!({ "outcome": outcome }));
    }
    match outcome {
        Outcome::Frozen(view) => {
            lines.add("frozen at root", view.root);
            lines.add("anchor", view.anchor);
            let (number, due) = (view.obligation, view.due);
            lines.add(
                "because",
                format_args!("obligation {number} was due at {due}"),
            );
        }
        other => lines.add("settlement", format_args!("{other:?}")),
    }
    Ok(lines.0)
}

/// A payment, in words.
fn add_payment(lines: &mut Lines, payment: &Payment) {
    let Payment {
        to, asset, amount, ..
    } = payment;
    lines.add("paid", format_args!("{amount} of asset {asset} to {to}"));
}

fn add_outcome(lines: &mut Lines, outcome: &Outcome) {
    match outcome {
        Outcome::Paid(Some(payment)) => add_payment(lines, payment),
        Outcome::Paid(None) => lines.add("paid", "nothing: there was nothing"),
        Outcome::Forced { number, due } => {
            lines.add("forced", format_args!("obligation {number}"));
            lines.add("due", due);
        }
        Outcome::Credited { account, amount } => {
            lines.add("returns", format_args!("{amount} to account {account}"));
        }
        other => lines.add("settlement", format_args!("{other:?}")),
    }
}

/// What became of the one call of a command.
fn told(outcome: &Outcome, as_json: bool) -> Result<String, Failure> {
    if as_json {
        return show::json(&json!({ "outcome": outcome }));
    }
    let mut lines = Lines::default();
    add_outcome(&mut lines, outcome);
    Ok(lines.0)
}

fn deposits(place: &Place, progress: &ProgressBar) -> Result<String, Failure> {
    let client = place.client()?;
    let mut steps = Steps::new(progress, place.json);
    let obligations = client.obligations(0, usize::MAX).map_err(failed)?;
    let deposit = |what: &Owed| matches!(what, Owed::Deposit { .. });
    if !place.json && !obligations.iter().any(|(_, owed)| deposit(&owed.what)) {
        return Ok(nothing("deposits", "nothing to return"));
    }
    let ended = obligations.iter().try_for_each(|(number, obligation)| {
        let Owed::Deposit { .. } = obligation.what else {
            return Ok(());
        };
        let (number, what) = (*number, format!("deposit {number}"));
        steps.begin(&what);
        let call = client.call(&Call::ReturnDeposit { number });
        // somebody else has returned it meanwhile
        steps.add(&what, call, ("no_obligation", "has been returned"))
    });
    steps.end(ended)
}

fn collect(place: &Place, progress: &ProgressBar) -> Result<String, Failure> {
    if place.secret.is_none() {
        let need = "only whom it is owed to collects: name the file of your secret by --secret";
        return Err(Failure::Unusable(need.into()));
    }
    let client = place.client()?;
    let mut steps = Steps::new(progress, place.json);
    let claims = client.claims().map_err(failed)?;
    if claims.is_empty() && !place.json {
        return Ok(nothing("owed", "nothing, to the address of this secret"));
    }
    let ended = claims.iter().try_for_each(|(claim, asset, amount)| {
        let what = format!("{amount} of asset {asset}");
        steps.begin(&what);
        let call = client.call(&Call::Collect(*claim));
        steps.add(&what, call, ("no_claim", "has been collected"))
    });
    steps.end(ended)
}

fn payments(place: &Place) -> Result<String, Failure> {
    let payments = place.client()?.payments(0, usize::MAX).map_err(failed)?;
    if place.json {
        return show::json(&json!({ "payments": payments }));
    }
    if payments.is_empty() {
        return Ok(nothing("paid", "nothing so far"));
    }
    let mut lines = Lines::default();
    for payment in &payments {
        add_payment(&mut lines, payment);
    }
    Ok(lines.0)
}

/// Where there is nothing to list: a command that says nothing could be taken for one that did not look.
fn nothing(name: &str, what: &str) -> String {
    let mut lines = Lines::default();
    lines.add(name, what);
    lines.0
}
