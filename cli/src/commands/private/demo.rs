//! The demo's private withdrawal: a pool of a few notes in memory, one of which pays somebody outside.

use std::time::Instant;

use winterlane_ledger::{
    Amount, AssetId,
    hash::domain_digest,
    pool::{Payment, Pool, PoolOperation, VerifyPrivate, encode_operation},
    private::NoteTree,
};
use winterlane_wallet::{
    MasterSeed,
    notes::{NoteBook, Terms, expiry_after, shield},
};

use super::{
    spend::{PROOF_SIZE, prepared_withdrawal, prove},
    store::{Verifier, apply},
};
use crate::{
    Failure,
    commands::{CHAIN_ID, ROLLUP_ID},
    show::{Lines, grouped, milliseconds},
};

/// Notes in the pool, one of them Alice's.
const NOTES: u128 = 16;
/// What the shop outside gets.
const AMOUNT: Amount = Amount::new(600);
/// What the node gets.
const FEE: Amount = Amount::new(1);

/// Shields, withdraws privately, verifies.
pub(crate) fn demo() -> Result<String, Failure> {
    let seed = || MasterSeed::random().map_err(Failure::unusable);
    let (alice, others) = (seed()?.note_secret(0), seed()?.note_secret(0));
    let domain = domain_digest(CHAIN_ID, ROLLUP_ID);
    let (mut pool, mut tree) = (Pool::new(domain), NoteTree::default());
    let mut published = Vec::new();
    for index in 0..NOTES {
        let to = if index == 7 { &alice } else { &others };
        let note = shield(
            &to.payment_address(),
            AssetId::ZERO,
            Amount::new(1000 + index),
        );
        let payment = Payment {
            batch: pool.batch_number(),
            record: 0,
        };
        let operation = PoolOperation::Shield(note.map_err(Failure::unusable)?.0, payment);
        let sealed = apply(&mut pool, &operation, &Verifier).map_err(Failure::invalid)?;
        for commitment in sealed.commitments {
            tree.append(commitment).map_err(Failure::unusable)?;
        }
        published.push(operation);
    }
    let mut book = NoteBook::new(domain);
    book.scan(&alice.viewing_key(), &published);
    let batch_number = pool.batch_number();
    let terms = Terms {
        asset: AssetId::ZERO,
        amount: AMOUNT,
        fee: FEE,
        batch_number,
        valid_until: expiry_after(batch_number, 100),
        association: None,
    };
    let withdrawal = book.withdrawal(&alice, &tree, &terms, [0xc3; 20]);
    let prepared = prepared_withdrawal(&alice.keys(), &withdrawal.map_err(Failure::unusable)?);
    let (operation, proven) = prove(prepared, PROOF_SIZE.preset())?;
    let start = Instant::now();
    let verified = Verifier.verify(&operation.inputs, &operation.proof);
    verified.map_err(Failure::invalid)?;
    let verified = start.elapsed();
    let proof_bytes = operation.proof.len();
    let operation = PoolOperation::Private(operation);
    let public_bytes = encode_operation(&pool, &operation).map_or(0, |bytes| bytes.len());
    apply(&mut pool, &operation, &Verifier).map_err(Failure::invalid)?;

    let mut lines = Lines::default();
    lines.add(
        "private withdrawal",
        format_args!(
            "{AMOUNT} and a fee of {FEE}, from one of {NOTES} notes: which one stays hidden"
        ),
    );
    lines.add("  proven in", milliseconds(proven));
    lines.add("  verified in", milliseconds(verified));
    lines.add(
        "  bytes",
        format_args!(
            "{} published, {} of proof",
            grouped(public_bytes),
            grouped(proof_bytes)
        ),
    );
    Ok(lines.0)
}
