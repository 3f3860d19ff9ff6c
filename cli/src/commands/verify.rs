//! `verify`: every proof, its published records, and the links between batches.

use std::{borrow::Cow, path::Path, time::Instant};

use rayon::prelude::*;
use serde::Serialize;
use winterlane_air::presets::{Preset, SecurityLevel};
use winterlane_ledger::{BatchNumber, Domain, Order, PublicInputs, Record, Root, wire};
use winterlane_prover::SimdCompressor;
use winterlane_verifier::{Policy, Verified, verify_batch, verify_links};

use crate::{
    Failure,
    args::VerifyArgs,
    args_balance::BatchesArgs,
    files::{self, BatchFiles, PublicFile},
    show::{self, Lines, counted, grouped},
    threads,
};

/// What was accepted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Accepted {
    /// Always true: what is invalid ends with an error.
    valid: bool,
    pub(crate) domain: Domain,
    pub(crate) first_batch: BatchNumber,
    pub(crate) last_batch: BatchNumber,
    pub(crate) batches: usize,
    pub(crate) transfers: usize,
    /// Provable bits, the least of all batches.
    pub(crate) security_bits: u32,
    proof_bytes: usize,
    pub(crate) old_root: Root,
    pub(crate) new_root: Root,
    /// What the reader did not say, and whoever made the batches chose.
    pub(super) taken_as_found: Vec<Found>,
    verify_seconds: f64,
}

/// What nobody said beforehand, so that it was taken as it was found. JSON has the names, as the browser's verifier does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Found {
    Domain,
    OldRoot,
    End,
}

impl Found {
    const ALL: [Self; 3] = [Self::Domain, Self::OldRoot, Self::End];

    /// In words, with the option of `verify` that says it.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Domain => "which rollup (--domain)",
            Self::OldRoot => "where it starts (--old-root)",
            Self::End => "where it ends (--new-root or --batches)",
        }
    }
}

/// A line for what was taken as found, if anything was.
pub(super) fn add_found(lines: &mut Lines, found: &[Found]) {
    if !found.is_empty() {
        let words: Vec<_> = found.iter().map(|found| found.words()).collect();
        lines.add("taken as found", words.join(", "));
    }
}

/// What was not.
#[derive(Debug, Serialize)]
struct Refused<'a> {
    valid: bool,
    reason: &'a str,
}

/// Runs `verify`.
pub(super) fn verify(args: &VerifyArgs) -> Result<String, Failure> {
    threads::start(args.threads)?;
    let accepted = match check(args) {
        Ok(accepted) => accepted,
        Err(Failure::Invalid(reason)) if args.json => {
            let refused = Refused {
                valid: false,
                reason: &reason,
            };
            show::print(&show::json(&refused)?)?;
            return Err(Failure::Invalid(reason));
        }
        Err(error) => return Err(error),
    };
    if args.json {
        return show::json(&accepted);
    }
    Ok(accepted.text())
}

impl Accepted {
    /// What batches that were written to a directory say.
    pub(super) fn text_of(&self, directory: &Path) -> String {
        let mut lines = self.lines();
        lines.add("written to", directory.display());
        add_found(&mut lines, &self.taken_as_found);
        // The options are not those of the command that wrote them.
        lines.add(
            "to compare",
            format_args!("winterlane verify {}", directory.display()),
        );
        lines.0
    }

    fn lines(&self) -> Lines {
        let mut lines = Lines::default();
        let said = format!(
            "{} in {}, {} provable bits",
            counted(self.transfers, "transfer"),
            counted(self.batches, "batch"),
            self.security_bits,
        );
        lines.0 = format!("verified: {said}\n");
        lines.add("domain", self.domain);
        lines.add(
            "batch numbers",
            format_args!("{} to {}", self.first_batch, self.last_batch),
        );
        lines.add("first root", self.old_root);
        lines.add("last root", self.new_root);
        lines.add("proof bytes", grouped(self.proof_bytes));
        lines.add("seconds", format_args!("{:.3}", self.verify_seconds));
        lines
    }

    fn text(&self) -> String {
        let mut lines = self.lines();
        add_found(&mut lines, &self.taken_as_found);
        lines.0
    }

    /// Compares with what the caller knows.
    fn check_pins(&self, args: &VerifyArgs) -> Result<(), Failure> {
        self.check_start(args.old_root)?;
        let what = "--new-root: the last batch ends with";
        check_root(what, args.new_root, self.new_root)
    }

    /// Compares where the batches start with what the caller knows.
    fn check_start(&self, old_root: Option<Root>) -> Result<(), Failure> {
        let what = "--old-root: the first batch starts from";
        check_root(what, old_root, self.old_root)
    }
}

fn check_root(what: &str, expected: Option<Root>, found: Root) -> Result<(), Failure> {
    match expected.filter(|expected| *expected != found) {
        Some(expected) => Err(Failure::Invalid(format!("{what} {found}, not {expected}"))),
        None => Ok(()),
    }
}

/// What one batch says, its records checked and let go.
struct Claim {
    inputs: PublicInputs,
    /// Shortened: all claims of a directory are in memory at once.
    preset: String,
    transfers: usize,
}

impl Claim {
    /// Checks that the published records are those of the public inputs, and counts the transfers.
    fn new(public: &PublicFile) -> Result<Self, Failure> {
        let inputs = public.public_inputs;
        let records = wire::decode_published(&public.records, &inputs, &SimdCompressor)
            .map_err(|error| Failure::Invalid(format!("batch {}: {error}", inputs.batch_number)))?;
        let is_transfer =
            |record: &&Record| matches!(record, Record::Signed(Order::Transfer(_), _));
        Ok(Self {
            inputs,
            preset: show::shortened(&public.preset),
            transfers: records.iter().filter(is_transfer).count(),
        })
    }
}

/// Verifies a directory. What is cheap comes first: which batches there are, the sizes of all files, the
/// public files, the links. Proofs are read last, as many at a time as there are threads.
fn check(args: &VerifyArgs) -> Result<Accepted, Failure> {
    let directory = &args.directory;
    let numbers = files::numbers(directory).map_err(Failure::unusable)?;
    check_numbers(directory, &numbers, args.first_batch, args.batches)?;
    for &number in &numbers {
        let path = files::proof_path(directory, number);
        files::proof_size(&path).map_err(Failure::unusable)?;
    }
    let claims = claims(directory, &numbers)?;
    if let (Some(expected), Some(first)) = (args.domain, claims.first()) {
        let found = first.inputs.domain;
        if found != expected {
            return Err(Failure::Invalid(format!(
                "--domain: the batches are of {found}, not of {expected}"
            )));
        }
    }
    let mut accepted = verify_proofs(directory, &claims, args.security.level())?;
    accepted.check_pins(args)?;
    accepted.taken_as_found.retain(|found| match found {
        Found::Domain => args.domain.is_none(),
        Found::OldRoot => args.old_root.is_none(),
        // Either of the two fixes the end.
        Found::End => args.new_root.is_none() && args.batches.is_none(),
    });
    Ok(accepted)
}

/// Verifies the batches that a run has just written to a directory.
pub(super) fn verify_written(directory: &Path, level: SecurityLevel) -> Result<Accepted, Failure> {
    let numbers = files::numbers(directory).map_err(Failure::unusable)?;
    verify_proofs(directory, &claims(directory, &numbers)?, level)
}

/// Batches of a directory that were verified.
pub(super) struct Chain {
    pub(super) domain: Domain,
    /// The root before the first of them.
    pub(super) old_root: Root,
    /// The roots after the last of them, the newest last.
    pub(super) recent: Vec<Root>,
}

/// Verifies the batches of a directory; of the last `recent` of them the roots are wanted.
pub(super) fn chain(directory: &Path, args: &BatchesArgs, recent: usize) -> Result<Chain, Failure> {
    let numbers = files::numbers(directory).map_err(Failure::unusable)?;
    check_numbers(directory, &numbers, args.first_batch, None)?;
    let claims = claims(directory, &numbers)?;
    let accepted = verify_proofs(directory, &claims, SecurityLevel::Bits128)?;
    accepted.check_start(args.old_root)?;
    let roots = claims.iter().map(|claim| claim.inputs.new_root);
    Ok(Chain {
        domain: accepted.domain,
        old_root: accepted.old_root,
        recent: roots.skip(claims.len().saturating_sub(recent)).collect(),
    })
}

/// What the public files of a directory say.
fn claims(directory: &Path, numbers: &[BatchNumber]) -> Result<Vec<Claim>, Failure> {
    // All results are kept, so that the error is that of the first batch and not of the fastest thread.
    let claims: Vec<_> = numbers
        .par_iter()
        .map(|&number| claim(directory, number))
        .collect();
    claims.into_iter().collect()
}

/// Verifies the claims by the proofs of a directory.
fn verify_proofs(
    directory: &Path,
    claims: &[Claim],
    level: SecurityLevel,
) -> Result<Accepted, Failure> {
    verify_claims(claims, level, |claim| {
        let path = files::proof_path(directory, claim.inputs.batch_number);
        files::read_proof(&path)
            .map(Cow::Owned)
            .map_err(Failure::unusable)
    })
}

/// Whether the files of a directory are those of batches without a gap, from the first expected to the
/// last expected.
fn check_numbers(
    directory: &Path,
    numbers: &[BatchNumber],
    first_batch: BatchNumber,
    batches: Option<u64>,
) -> Result<(), Failure> {
    let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) else {
        let error = files::FilesError::NoBatches(directory.to_owned());
        return Err(Failure::unusable(error));
    };
    if first != first_batch {
        return Err(Failure::Invalid(format!(
            "the first batch here is {first}, not {first_batch}: what comes before is missing, or was never meant to \
             be here (then say --first-batch {first})"
        )));
    }
    let gap = numbers
        .windows(2)
        .find(|pair| pair[0].next() != Some(pair[1]));
    if let Some(pair) = gap {
        return Err(Failure::Invalid(format!(
            "batch {} is missing: there are {} and {}",
            pair[0].saturating_add(1),
            pair[0],
            pair[1]
        )));
    }
    match batches {
        Some(expected) if expected != numbers.len() as u64 => Err(Failure::Invalid(format!(
            "--batches: there are {}, {first} to {last}, not {expected}",
            counted(numbers.len(), "batch")
        ))),
        _ => Ok(()),
    }
}

/// What the public file of that number says.
fn claim(directory: &Path, number: BatchNumber) -> Result<Claim, Failure> {
    let path = files::public_path(directory, number);
    let public = files::read_public(&path).map_err(Failure::unusable)?;
    let said = public.public_inputs.batch_number;
    if said != number {
        return Err(Failure::Invalid(format!(
            "{}: it says that it is batch {said}, and its name that it is {number}",
            path.display()
        )));
    }
    Claim::new(&public)
}

/// Verifies batches in memory.
pub(super) fn verify_batches(
    batches: &[BatchFiles],
    level: SecurityLevel,
) -> Result<Accepted, Failure> {
    let claims: Vec<_> = batches
        .par_iter()
        .map(|batch| Claim::new(&batch.public))
        .collect();
    let claims = claims.into_iter().collect::<Result<Vec<_>, _>>()?;
    let first = claims
        .first()
        .map_or(BatchNumber::ZERO, |claim| claim.inputs.batch_number);
    verify_claims(&claims, level, |claim| {
        let index = claim.inputs.batch_number.since(first).map(usize::try_from);
        let batch = index
            .and_then(Result::ok)
            .and_then(|index| batches.get(index));
        Ok(Cow::Borrowed(batch.map_or(&[], |batch| &batch.proof)))
    })
}

/// Verifies that the batches follow one another and that each is proven at `level` or above, by the
/// proof that `read` has for it.
fn verify_claims<'a>(
    claims: &[Claim],
    level: SecurityLevel,
    read: impl Fn(&Claim) -> Result<Cow<'a, [u8]>, Failure> + Sync,
) -> Result<Accepted, Failure> {
    let start = Instant::now();
    let (Some(first), Some(last)) = (claims.first(), claims.last()) else {
        return Err(Failure::Invalid("no batch".into()));
    };
    let number_of = |index: usize| first.inputs.batch_number.saturating_add(index as u64);
    let inputs: Vec<_> = claims.iter().map(|claim| claim.inputs).collect();
    verify_links(&inputs).map_err(|error| {
        let number = inputs
            .get(error.index)
            .map_or(BatchNumber::ZERO, |inputs| inputs.batch_number);
        Failure::Invalid(format!("batch {number}: {}", error.fault))
    })?;

    let policy = policy(level);
    let (mut bits, mut bytes) = (u32::MAX, 0);
    let threads = rayon::current_num_threads().max(1);
    for (chunk_index, chunk) in claims.chunks(threads).enumerate() {
        let results: Vec<_> = chunk
            .par_iter()
            .map(|claim| {
                let proof = read(claim)?;
                verify_claim(claim, &proof, &policy).map(|verified| (verified.bits, proof.len()))
            })
            .collect();
        for (index, result) in results.into_iter().enumerate() {
            let (proof_bits, proof_bytes) = result.map_err(|failure| match failure {
                Failure::Invalid(reason) => {
                    let number = number_of(chunk_index * threads + index);
                    Failure::Invalid(format!("batch {number}: {reason}"))
                }
                failure => failure,
            })?;
            bits = bits.min(proof_bits);
            bytes += proof_bytes;
        }
    }
    Ok(Accepted {
        valid: true,
        domain: first.inputs.domain,
        first_batch: first.inputs.batch_number,
        last_batch: last.inputs.batch_number,
        batches: claims.len(),
        transfers: claims.iter().map(|claim| claim.transfers).sum(),
        security_bits: bits,
        proof_bytes: bytes,
        old_root: first.inputs.old_root,
        new_root: last.inputs.new_root,
        // Until it is compared.
        taken_as_found: Found::ALL.to_vec(),
        verify_seconds: start.elapsed().as_secs_f64(),
    })
}

/// Verifies one proof, and that it is of the preset that its public file names.
fn verify_claim(claim: &Claim, proof: &[u8], policy: &Policy) -> Result<Verified, Failure> {
    let verified = verify_batch(proof, &claim.inputs, policy).map_err(Failure::invalid)?;
    match verified.preset {
        Some(preset) if preset.to_string() == claim.preset => Ok(verified),
        Some(preset) => Err(Failure::Invalid(format!(
            "its proof holds and is of the preset {preset}, but its public file says {:?}",
            claim.preset
        ))),
        None => Err(Failure::Invalid("its proof is of no preset".into())),
    }
}

/// What to accept: every preset with at least these bits.
pub(super) fn policy(level: SecurityLevel) -> Policy {
    let accepted = Preset::ALL
        .into_iter()
        .filter(|preset| preset.level >= level);
    accepted.fold(Policy::default(), Policy::and)
}
