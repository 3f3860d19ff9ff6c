//! `fetch`: the proven batches of a node, verified and as files.

use std::path::PathBuf;

use clap::Args;
use indicatif::MultiProgress;
use serde::Deserialize;
use winterlane_ledger::{BatchNumber, Digest, Domain, PublicInputs, Root};
use winterlane_verifier::verify_batch;
use winterlane_wallet::client::{Ask as _, NodeClient};

use super::{
    publish_verified, spinner,
    verify::{self, Found},
    wallet::connect,
};
use crate::{
    Failure,
    args::Security,
    args_numbers,
    files::{BatchFiles, PublicFile, Staging},
    show::{self, counted},
    threads,
};

#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// Where the node is: http://HOST:PORT or https://HOST:PORT.
    #[arg(long, value_name = "URL")]
    node: String,
    /// Certificates (PEM) that the node's must lead to, in place of the public authorities'.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Directory for `batch-NNNN.proof` and `batch-NNNN.public.json`; made if missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The first batch to fetch.
    #[arg(long, value_name = "N", default_value_t, value_parser = args_numbers::batch())]
    first_batch: BatchNumber,
    /// How many batches to fetch; all that are proven if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    batches: Option<u64>,
    /// Least provable bits to accept.
    #[arg(long, value_enum, default_value_t = Security::Bits128)]
    security: Security,
    /// Put the batches in the place of those that are in the directory already.
    #[arg(long)]
    replace: bool,
    /// Print one JSON object on standard output.
    #[arg(long)]
    json: bool,
}

/// A batch as a node tells of it.
#[derive(Deserialize)]
struct Told {
    number: BatchNumber,
    slots: u32,
    domain: Domain,
    old_root: Root,
    new_root: Root,
    operations_digest: Digest,
}

/// Runs `fetch`.
pub(super) fn fetch(args: &FetchArgs, screen: &MultiProgress) -> Result<String, Failure> {
    threads::start(None)?;
    let node = connect(&args.node, args.certificate.as_deref())?;
    let proven = node.status().map_err(Failure::unusable)?.next_to_prove;
    let first = args.first_batch;
    let end = end(first, args.batches, proven)
        .map_err(|why| Failure::Unusable(format!("{} {why}", node.address())))?;
    let staging = Staging::new(&args.out, args.replace).map_err(Failure::unusable)?;
    let progress = spinner(screen, args.json);
    for number in (first.get()..end.get()).map(BatchNumber::new) {
        progress.set_message(format!(
            "fetching and verifying batch {number}, the last is {}",
            end.saturating_sub(1)
        ));
        let batch = batch(&node, number, args.security)?;
        staging.write(&batch).map_err(Failure::unusable)?;
    }
    progress.set_message("verifying what was written");
    // The links between them, and what is on the disk.
    let mut accepted = verify::verify_written(staging.path(), args.security.level())?;
    // So many were asked for and came; the rest is as the node tells it.
    let end_is_said = args.batches.is_some();
    let open = |found: &Found| *found != Found::End || !end_is_said;
    accepted.taken_as_found.retain(open);
    progress.finish_and_clear();
    publish_verified(staging)?;
    if args.json {
        return show::json(&accepted);
    }
    Ok(accepted.text_of(&args.out))
}

/// The batch after the last that is asked for, of a node that has proofs of those before `proven`; or what it has instead.
fn end(
    first: BatchNumber,
    batches: Option<u64>,
    proven: BatchNumber,
) -> Result<BatchNumber, String> {
    let end = match batches {
        Some(batches) => first.saturating_add(batches),
        None => proven,
    };
    if first < end && end <= proven {
        return Ok(end);
    }
    let has = match proven.previous() {
        Some(last) => format!("has proofs of batches up to {last}"),
        None => "has proven no batch yet".to_owned(),
    };
    let asked = match batches.map(usize::try_from) {
        Some(batches) => counted(batches.unwrap_or(usize::MAX), "batch"),
        None => "all".to_owned(),
    };
    Err(format!(
        "{has}, and {asked} from batch {first} on are asked for"
    ))
}

/// One batch. Which preset its proof is of the verifier says.
fn batch(
    node: &NodeClient,
    number: BatchNumber,
    security: Security,
) -> Result<BatchFiles, Failure> {
    let path = format!("/v1/batches/{number}");
    let told: Told = node.get(&path).map_err(Failure::unusable)?;
    let invalid =
        |reason: &dyn std::fmt::Display| Failure::Invalid(format!("batch {number}: {reason}"));
    if told.number != number {
        return Err(invalid(&format_args!(
            "the node answered with batch {}",
            told.number
        )));
    }
    let inputs = PublicInputs {
        domain: told.domain,
        batch_number: number,
        old_root: told.old_root,
        new_root: told.new_root,
        operations_digest: told.operations_digest,
        num_operations: told.slots,
    };
    let records = node
        .bytes(&format!("{path}/records"))
        .map_err(Failure::unusable)?;
    let proof = node
        .bytes(&format!("{path}/proof"))
        .map_err(Failure::unusable)?;
    let policy = verify::policy(security.level());
    let verified = verify_batch(&proof, &inputs, &policy).map_err(|error| invalid(&error))?;
    let preset = verified
        .preset
        .ok_or_else(|| invalid(&"its proof is of no preset"))?;
    Ok(BatchFiles {
        public: PublicFile::new(&preset.to_string(), inputs, records),
        proof,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_does_not_have_is_told_by_what_it_has() {
        let number = BatchNumber::new;
        let end = |first, batches, proven| end(number(first), batches, number(proven));
        assert_eq!(end(0, None, 5), Ok(number(5)));
        assert_eq!(end(4, None, 5), Ok(number(5)));
        assert_eq!(end(2, Some(3), 5), Ok(number(5)));
        for (first, batches, proven, words) in [
            (
                0,
                None,
                0,
                "has proven no batch yet, and all from batch 0 on",
            ),
            (
                0,
                Some(2),
                0,
                "has proven no batch yet, and 2 batches from batch 0 on",
            ),
            (
                5,
                None,
                5,
                "has proofs of batches up to 4, and all from batch 5 on",
            ),
            (
                3,
                Some(3),
                5,
                "has proofs of batches up to 4, and 3 batches from batch 3 on",
            ),
            (
                u64::MAX,
                Some(1),
                u64::MAX,
                "has proofs of batches up to 18446744073709551614, and 1 batch",
            ),
            (
                0,
                Some(u64::MAX),
                1,
                "has proofs of batches up to 0, and 18,446,744,073,709,551,615 batches",
            ),
        ] {
            let said = end(first, batches, proven).unwrap_err();
            assert!(said.starts_with(words), "{said}");
        }
    }
}
