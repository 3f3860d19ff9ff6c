//! The work of wallets and sequencers, over anyone's hash function.

use core::fmt::Debug;
use std::time::Instant;

use rayon::prelude::*;
use winterlane_ledger::{
    BaseElement, Digest, Domain, Nonce, check_orders,
    record::RecordDigest,
    signature::{KeyIndex, KeyTree, bound_message},
    tree::AccountTree,
};
use winterlane_prover::trace::fill_columns;
use winterlane_wallet::{KeySecret, MasterSeed, generate_key};

use crate::{
    Failure, Run, WitnessStep, Workload,
    batches::{Bulk, Signed, check_all},
    data,
};

/// A step as a closure that times itself, its last output, and how that is compared.
struct Step<F, T> {
    work: F,
    output: Option<T>,
    digest: fn(&T) -> String,
}

impl<T, F: FnMut() -> Result<(Run, T), String>> Workload for Step<F, T> {
    fn run(&mut self) -> Result<Run, String> {
        self.output = None;
        let (run, output) = (self.work)()?;
        self.output = Some(output);
        Ok(run)
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        let output = self.output.as_ref().ok_or("no run yet")?;
        Ok(Some((self.digest)(output)))
    }
}

fn step<T: 'static>(
    work: impl FnMut() -> Result<(Run, T), String> + 'static,
    digest: fn(&T) -> String,
) -> Box<dyn Workload> {
    Box::new(Step {
        work,
        output: None,
        digest,
    })
}

/// The time of fallible work, and its result.
fn timed<T, E: Debug>(work: impl FnOnce() -> Result<T, E>) -> Result<(Run, T), String> {
    let start = Instant::now();
    let result = work();
    let run = Run::new(start.elapsed());
    Ok((run, result.map_err(|error| format!("{error:?}"))?))
}

/// A digest of all that a value shows of itself.
fn digest_of<T: Debug>(value: &T) -> String {
    blake3::hash(format!("{value:?}").as_bytes())
        .to_hex()
        .to_string()
}

/// The workload of a step over `count` things, which hashes by `C`.
///
/// # Errors
/// When the data cannot be prepared.
pub fn prepare<C: Bulk>(kind: WitnessStep, count: usize) -> Result<Box<dyn Workload>, Failure> {
    let hash = C::default();
    Ok(match kind {
        WitnessStep::GenerateKeys => {
            let secret = secret(count);
            step(move || timed(|| generate_key(&secret, &hash)), digest_of)
        }
        WitnessStep::Sign => sign(count, hash)?,
        WitnessStep::CheckSignatures => {
            let signed = Signed::<C>::new(count)?;
            let domain = *signed.ledger().domain();
            let work = move || {
                let orders = signed.orders().to_vec();
                let check = |chunk| check_orders(chunk, &domain, &hash);
                timed(|| {
                    check_all(orders, check)
                        .into_iter()
                        .collect::<Result<Vec<_>, _>>()
                })
            };
            step(work, digest_of)
        }
        // Of as many accounts as updates, side by side, each is updated once.
        WitnessStep::UpdateTree => update(count, 1, |i| i, hash),
        WitnessStep::UpdateAmongDense => update(count, ACCOUNTS_AN_UPDATE, |i| i, hash),
        WitnessStep::UpdateAmongScattered => update(count, ACCOUNTS_AN_UPDATE, scattered, hash),
        WitnessStep::Seal => {
            let signed = Signed::<C>::new(count)?;
            let work = move || {
                let signed = signed.clone();
                timed(|| signed.seal())
            };
            step(work, digest_of)
        }
        WitnessStep::FillTrace => {
            let batch = Signed::<C>::new(count)?.seal()?;
            step(
                move || timed(|| fill_columns(&batch)),
                |trace| {
                    let cells = trace.columns().flatten();
                    data::digest(cells.map(BaseElement::as_int))
                },
            )
        }
    })
}

/// Accounts for each of the updates among many.
const ACCOUNTS_AN_UPDATE: usize = 1 << 12;

/// A different id for each number: a product with an odd constant, as of a hash table, scatters them over all ids.
const fn scattered(i: u32) -> u32 {
    i.wrapping_mul(0x9e37_79b1)
}

/// `count` updates of a tree with `spread` times as many accounts, whose ids `id` gives; every `spread`-th is updated.
fn update<C: Bulk>(count: usize, spread: usize, id: fn(u32) -> u32, hash: C) -> Box<dyn Workload> {
    let digest = |i: usize| {
        let lane = |k| BaseElement::new(data::value((4 * i + k) as u64));
        Digest(core::array::from_fn(lane))
    };
    let accounts = count * spread;
    let leaves = (0..accounts).map(|i| (id(i as u32), digest(i)));
    let mut tree = AccountTree::from_leaves(leaves, &hash);
    // Two values for each account take turns: a tree of so many is not copied for each run.
    let values = |first: usize| -> Vec<_> {
        let account = |i: usize| id((i * spread) as u32);
        (0..count)
            .map(|i| (account(i), digest(first + i)))
            .collect()
    };
    let (mut next, mut after) = (values(accounts), values(accounts + count));
    let work = move || {
        let run = timed(|| {
            tree.update_many(&next, &hash);
            Ok::<_, String>(tree.root().0)
        });
        core::mem::swap(&mut next, &mut after);
        run
    };
    step(work, digest_of)
}

/// A key with the least power of two of one-time keys from `count` up.
fn secret(count: usize) -> KeySecret {
    MasterSeed::from_bytes([7; 32]).key_secret(0, count.next_power_of_two().ilog2())
}

fn sign<C: Bulk>(count: usize, hash: C) -> Result<Box<dyn Workload>, Failure> {
    let secret = secret(count);
    let key: KeyTree = generate_key(&secret, &hash)?;
    let work = move || {
        timed(|| {
            (0..count as u32)
                .into_par_iter()
                .map(|index| {
                    let record = RecordDigest(Digest(core::array::from_fn(|k| {
                        BaseElement::new(data::value(4 * u64::from(index) + k as u64))
                    })));
                    let bound = bound_message(&record, &Domain::ZERO);
                    key.sign(&secret, KeyIndex(index), &bound, Nonce::new(index), &hash)
                })
                .collect::<Result<Vec<_>, _>>()
        })
    };
    Ok(step(work, digest_of))
}
