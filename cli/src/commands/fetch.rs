//! `fetch`: the proven batches of a node, verified and as files.

use std::path::PathBuf;

use clap::Args;
use indicatif::MultiProgress;
use serde::Deserialize;
use winterlane_ledger::{BatchNumber, Digest, Domain, PublicInputs, Root};
use winterlane_verifier::verify_batch;
use winterlane_wallet::client::{Ask as _, NodeClient};

use super::{
    spinner,
    verify::{self, Found},
    wallet::connect,
};
use crate::{
    Failure,
    args::Security,
    args_numbers,
    files::{BatchFiles, PublicFile, Staging},
    show, threads,
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
    #[arg(long, value_name = "N")]
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
    let end = match args.batches {
        Some(batches) => first.saturating_add(batches),
        None => proven,
    };
    if first >= end || end > proven {
        return Err(Failure::Unusable(format!(
            "{} has proofs of the batches before {proven}, and batches {first} to {} are asked for",
            node.address(),
            end.saturating_sub(1)
        )));
    }
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
    staging.publish().map_err(Failure::unusable)?;
    progress.finish_and_clear();
    if args.json {
        return show::json(&accepted);
    }
    Ok(accepted.text_of(&args.out))
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
