//! `send` and `withdraw`: notes are chosen, the proof is made, the operation appended.

use std::time::Duration;

use indicatif::MultiProgress;
use serde::Serialize;
use winterlane_air::presets::HidingPreset;
use winterlane_ledger::{
    AccountId, Amount,
    codec::CanonicalBytes,
    pool::{PoolError, PoolOperation, PrivateOperation, account_recipient},
    private::{Note, NoteKeys, Nullifier, PrivateInputs, PrivateProof},
};
use winterlane_prover::private::{
    NewNote, PrivateWitness, SpentNote, TransferWitness, WithdrawalWitness,
};
use winterlane_wallet::notes::{
    self, AssociationSet, Input, NoteStore, SelectError, SpendError, Terms, expiry_after,
};

use super::{
    super::{spinner, statement::prove_statement},
    Appended, PoolStore, address, open_wallet, policy, say_appended,
    store::check_there,
};
use crate::{
    Failure,
    args_private::{ProofSize, SendArgs, SpendArgs, WithdrawArgs},
    files::{self, Access, FilesError},
    interrupt,
    show::{self, Lines},
};

/// What is reported of an operation that spent.
#[derive(Serialize)]
struct Spent {
    #[serde(flatten)]
    appended: Appended,
    /// Notes of the pool that may be the spent one, by what is public.
    hidden_among: u64,
    /// The set that they are in, or not in.
    #[serde(skip_serializing_if = "Option::is_none")]
    association: Option<policy::Set>,
    prove_seconds: f64,
}

pub(super) fn send(args: &SendArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let to = address(&args.to)?;
    spend(&args.spend, screen, "sent", |notes, store, terms| {
        let transfer = notes
            .book()
            .transfer(notes.secret(), &store.tree, terms, &to);
        let transfer = transfer.map_err(refused)?;
        Ok(prepared_transfer(&notes.secret().keys(), &transfer))
    })
}

pub(super) fn withdraw(args: &WithdrawArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let recipient = match (args.recipient, args.to_account) {
        (Some(recipient), _) => recipient,
        (None, account) => account_recipient(account.unwrap_or(AccountId::ZERO)),
    };
    spend(&args.spend, screen, "withdrawn", |notes, store, terms| {
        let book = notes.book();
        let withdrawal = book.withdrawal(notes.secret(), &store.tree, terms, recipient);
        let withdrawal = withdrawal.map_err(refused)?;
        if !args.linkable {
            check_unlinkable(notes, store, terms, &withdrawal)?;
        }
        Ok(prepared_withdrawal(&notes.secret().keys(), &withdrawal))
    })
}

/// Refuses to take out exactly what one shield alone put in, from the note of that very shield: everybody
/// would see that the two belong together.
fn check_unlinkable(
    notes: &NoteStore<'_>,
    store: &PoolStore,
    terms: &Terms<'_>,
    withdrawal: &notes::Withdrawal,
) -> Result<(), Failure> {
    let nullifier = withdrawal.inputs.nullifier;
    let mut found = notes.book().notes().iter();
    let made = found
        .find(|found| found.nullifier == nullifier)
        .map(|found| found.made);
    let amounts = [terms.amount, terms.amount.saturating_add(terms.fee)];
    let only = amounts
        .into_iter()
        .filter_map(|amount| store.only_shield_of(terms.asset, amount));
    match only.into_iter().find(|only| Some(*only) == made) {
        None => Ok(()),
        Some(number) => Err(Failure::Unusable(format!(
            "operation {number} alone has shielded this amount, so that everybody would see whose it is: withdraw \
             another amount, send it to yourself in parts first, or add --linkable"
        ))),
    }
}

/// Why an operation cannot be made, with what to do.
fn refused(error: SpendError) -> Failure {
    match error {
        SpendError::Select(SelectError::NotEnough { pending, .. }) if pending > Amount::ZERO => {
            Failure::Unusable(format!(
                "{error}; if that operation was lost, `winterlane private scan --rescan` frees its notes"
            ))
        }
        SpendError::Tree { .. } => Failure::Unusable(format!(
            "{error} (`winterlane private scan --rescan`, when the pool was replaced)"
        )),
        error => Failure::unusable(error),
    }
}

/// An operation that only lacks its proof.
pub(crate) struct Prepared {
    inputs: PrivateInputs,
    witness: PrivateWitness,
    sealed: Vec<Vec<u8>>,
    nullifiers: Vec<Nullifier>,
}

fn spent_note(keys: &NoteKeys, input: &Input) -> SpentNote {
    SpentNote {
        keys: *keys,
        rho: input.note.rho,
        asset: input.note.asset,
        value: input.note.value,
        path: input.path,
        association: input.association.map(Vec::from),
    }
}

fn new_note(note: &Note) -> NewNote {
    NewNote::new(&note.owner, &note.rho, note.value)
}

pub(super) fn prepared_withdrawal(keys: &NoteKeys, withdrawal: &notes::Withdrawal) -> Prepared {
    let witness = WithdrawalWitness {
        note: spent_note(keys, &withdrawal.input),
        change: new_note(&withdrawal.change),
    };
    Prepared {
        inputs: PrivateInputs::Withdrawal(withdrawal.inputs),
        witness: PrivateWitness::Withdrawal(Box::new(witness)),
        sealed: Vec::new(),
        nullifiers: vec![withdrawal.inputs.nullifier],
    }
}

fn prepared_transfer(keys: &NoteKeys, transfer: &notes::Transfer) -> Prepared {
    let witness = TransferWitness {
        inputs: transfer
            .spent
            .each_ref()
            .map(|input| spent_note(keys, input)),
        outputs: transfer.made.each_ref().map(new_note),
    };
    Prepared {
        inputs: PrivateInputs::Transfer(transfer.inputs),
        witness: PrivateWitness::Transfer(Box::new(witness)),
        sealed: transfer.sealed.clone(),
        nullifiers: transfer.inputs.nullifiers.to_vec(),
    }
}

/// How small proofs are unless somebody asks otherwise.
pub(crate) const PROOF_SIZE: ProofSize = ProofSize::Compact;

/// Proves an operation, and says how long it took.
pub(crate) fn prove(
    prepared: Prepared,
    preset: HidingPreset,
) -> Result<(PrivateOperation, Duration), Failure> {
    let (proof, time) = prove_statement(&prepared.inputs, &prepared.witness, preset)?;
    let operation = PrivateOperation {
        inputs: prepared.inputs,
        sealed: prepared.sealed,
        proof,
    };
    Ok((operation, time))
}

/// Refuses what the pool's policy does not take, before it is proven.
fn check_policy(store: &PoolStore, prepared: &Prepared) -> Result<(), Failure> {
    let operation = PrivateOperation {
        inputs: prepared.inputs.clone(),
        sealed: prepared.sealed.clone(),
        // A policy does not look at it.
        proof: Vec::new(),
    };
    let checked: Result<(), PoolError> = store.policy.check(&operation);
    checked.map_err(|error| policy::refused(&store.policy, &error))
}

fn spend(
    args: &SpendArgs,
    screen: &MultiProgress,
    done: &str,
    prepare: impl FnOnce(&NoteStore<'_>, &PoolStore, &Terms<'_>) -> Result<Prepared, Failure>,
) -> Result<String, Failure> {
    if let Some(path) = args.statement.as_ref().filter(|path| path.exists()) {
        // Before a note is spent for it.
        return Err(Failure::unusable(FilesError::Exists(path.clone())));
    }
    check_there(&args.pool)?;
    let set = args.association.as_deref().map(policy::read_set);
    let set = set.transpose()?;
    // Before anything that takes long: the terminal may be asked for a passphrase.
    let wallet = open_wallet(&args.wallet.wallet, &args.wallet.unlock)?;
    let progress = spinner(screen, args.json);
    let mut store = PoolStore::open_to_append(&args.pool, false, &progress)?;
    let notes = wallet.notes(args.wallet.account, store.domain());
    let mut notes = notes.map_err(Failure::unusable)?;
    progress.set_message("scanning");
    notes
        .scan(store.new_for(notes.book())?)
        .map_err(Failure::unusable)?;
    let batch_number = store.pool.batch_number();
    let terms = Terms {
        asset: args.asset,
        amount: args.amount,
        fee: args.fee,
        batch_number,
        valid_until: expiry_after(batch_number, args.lifetime),
        association: set.as_ref(),
    };
    // Before notes are reserved for it.
    if let Some(path) = &args.statement {
        files::check_new(path).map_err(Failure::unusable)?;
    }
    let prepared = prepare(&notes, &store, &terms)?;
    check_policy(&store, &prepared)?;
    progress.set_message("proving");
    let nullifiers = prepared.nullifiers.clone();
    let (operation, time) = prove(prepared, args.proof_size.preset())?;
    let (asset, least) = match &operation.inputs {
        PrivateInputs::Withdrawal(inputs) => {
            (Some(inputs.asset), inputs.amount.saturating_add(inputs.fee))
        }
        _ => (operation.payout().map(|out| out.asset), Amount::ZERO),
    };
    let hidden_among = store.candidates(asset, least, set.as_ref());
    let statement = args.statement.as_ref().map(|path| {
        let (inputs, proof) = (operation.inputs.clone(), operation.proof.clone());
        (path, PrivateProof { inputs, proof }.to_bytes())
    });
    // An operation that the pool refuses reserves nothing.
    let checked = store.check(PoolOperation::Private(operation))?;
    progress.set_message("writing");
    let appended = {
        // Short, and not stopped halfway.
        let mut whole = interrupt::unfinished();
        // Before the operation leaves: whatever happens now, no other is made from these notes.
        notes
            .reserve(&nullifiers, terms.valid_until)
            .map_err(Failure::unusable)?;
        if let Some((path, bytes)) = &statement {
            files::write_new(path, bytes, Access::Published).map_err(Failure::unusable)?;
        }
        let appended = store.append(checked)?;
        whole.published(true);
        appended
    };
    notes
        .scan(store.new_for(notes.book())?)
        .map_err(Failure::unusable)?;
    progress.finish_and_clear();
    let spent = Spent {
        appended,
        hidden_among,
        association: set.as_ref().map(|set| set.association().into()),
        prove_seconds: time.as_secs_f64(),
    };
    if args.json {
        return show::json(&spent);
    }
    let mut lines = Lines::default();
    lines.add(
        done,
        format_args!("{} of asset {}, fee {}", args.amount, args.asset, args.fee),
    );
    say_appended(&mut lines, &spent.appended);
    lines.add(
        "hidden among",
        show::counted(usize::try_from(hidden_among).unwrap_or(usize::MAX), "note"),
    );
    if let Some(set) = set.as_ref().map(AssociationSet::association) {
        lines.add("shown with", policy::said(&set));
    }
    lines.add(
        "seconds to prove",
        format_args!("{:.3}", spent.prove_seconds),
    );
    Ok(lines.0)
}
