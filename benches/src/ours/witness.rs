//! The work of wallets and sequencers.

use std::time::Instant;

use rayon::prelude::*;
use winterlane_air::{
    BaseElement, Digest, SealedBatch, SignedOrder, check_orders,
    signature::{KeyTree, bound_message},
    tree::AccountTree,
};
use winterlane_prover::{
    SimdCompressor,
    trace::fill_trace,
    wallet::{KeySecret, MasterSeed, generate_key},
};

use crate::{
    Failure, Run, WitnessStep, Workload,
    batches::{Signed, check_all},
    data,
};

/// A step as a closure that times itself.
struct Step<F>(F);

impl<F: FnMut() -> Result<Run, String>> Workload for Step<F> {
    fn run(&mut self) -> Result<Run, String> {
        (self.0)()
    }
}

fn step(run: impl FnMut() -> Result<Run, String> + 'static) -> Box<dyn Workload> {
    Box::new(Step(run))
}

fn timed<T>(work: impl FnOnce() -> T) -> (Run, T) {
    let start = Instant::now();
    let result = work();
    (Run::new(start.elapsed()), result)
}

/// The workload of a step over `count` things.
pub(super) fn prepare(kind: WitnessStep, count: usize) -> Result<Box<dyn Workload>, Failure> {
    Ok(match kind {
        WitnessStep::GenerateKeys => {
            let secret = secret(count);
            step(move || {
                let (run, key) = timed(|| generate_key(&secret, &SimdCompressor));
                key.map_err(|error| error.to_string())?;
                Ok(run)
            })
        }
        WitnessStep::Sign => sign(count)?,
        WitnessStep::CheckSignatures => {
            let signed = Signed::new(count)?;
            let domain = *signed.ledger().domain();
            step(move || {
                let orders: Vec<SignedOrder> = signed.orders().to_vec();
                let check = |chunk| check_orders(chunk, &domain, &SimdCompressor);
                let (run, checked) = timed(|| check_all(orders, check));
                match checked.into_iter().find_map(Result::err) {
                    Some(error) => Err(error.to_string()),
                    None => Ok(run),
                }
            })
        }
        WitnessStep::UpdateTree => {
            let digest = |i: usize| {
                let lane = |k| BaseElement::new(data::value((4 * i + k) as u64));
                Digest(core::array::from_fn(lane))
            };
            // As many accounts as updates, side by side; each is updated once.
            let leaves = (0..count).map(|i| (i as u32, digest(i)));
            let tree = AccountTree::from_leaves(leaves, &SimdCompressor);
            let updates: Vec<_> = (0..count).map(|i| (i as u32, digest(count + i))).collect();
            step(move || {
                let mut tree = tree.clone();
                Ok(timed(|| tree.update_many(&updates, &SimdCompressor)).0)
            })
        }
        WitnessStep::Seal => {
            let signed = Signed::new(count)?;
            step(move || {
                let signed = signed.clone();
                let (run, sealed) = timed(|| signed.seal());
                sealed.map_err(|failure| format!("{failure:?}"))?;
                Ok(run)
            })
        }
        WitnessStep::FillTrace => {
            let batch: SealedBatch = Signed::new(count)?.seal()?;
            step(move || {
                let (run, trace) = timed(|| fill_trace(&batch));
                trace.map_err(|error| error.to_string())?;
                Ok(run)
            })
        }
    })
}

/// A key with the least power of two of one-time keys from `count` up.
fn secret(count: usize) -> KeySecret {
    MasterSeed::from_bytes([7; 32]).key_secret(0, count.next_power_of_two().ilog2())
}

fn sign(count: usize) -> Result<Box<dyn Workload>, Failure> {
    let secret = secret(count);
    let key: KeyTree = generate_key(&secret, &SimdCompressor)?;
    Ok(step(move || {
        let (run, signatures) = timed(|| {
            (0..count as u32)
                .into_par_iter()
                .map(|index| {
                    let record = Digest(core::array::from_fn(|k| {
                        BaseElement::new(data::value(4 * u64::from(index) + k as u64))
                    }));
                    let bound = bound_message(&record, &Digest::ZERO);
                    key.sign(&secret, index, &bound, index, &SimdCompressor)
                })
                .collect::<Result<Vec<_>, _>>()
        });
        signatures.map_err(|error| error.to_string())?;
        Ok(run)
    }))
}
