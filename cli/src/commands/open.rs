//! `open`: the state that a replay starts from, so that a chain's first root can be known without
//! believing whoever proved it.

use std::fmt::Write as _;

use serde::Serialize;
use winterlane::replay::{Plan, Replay, ReplayKeys};
use winterlane_ledger::{Domain, Root, hash::domain_digest};
use winterlane_prover::SimdCompressor;

use super::{CHAIN_ID, ROLLUP_ID, plan, transfers};
use crate::{
    Failure,
    args::OpenArgs,
    show::{self, Lines, counted, grouped},
    threads,
};

/// The opening state. Balances are text: they may be beyond what programs take for a number.
#[derive(Debug, Serialize)]
struct Opening {
    opening_root: Root,
    domain: Domain,
    transfers: usize,
    batches: usize,
    accounts: Vec<OpenAccount>,
}

#[derive(Debug, Serialize)]
struct OpenAccount {
    id: usize,
    /// None of the operator.
    address: Option<String>,
    opening_balance: String,
}

/// Runs `open`.
pub(super) fn open(args: &OpenArgs) -> Result<String, Failure> {
    let rows = transfers(&args.replay)?;
    let plan = plan(&args.replay, &rows)?;
    threads::start(args.threads)?;
    let opening = opening(plan)?;
    if args.json {
        return show::json(&opening);
    }
    let mut lines = Lines::default();
    lines.add("opening root", opening.opening_root);
    lines.add("domain", opening.domain);
    lines.add("transfers", grouped(opening.transfers));
    lines.add("batches", grouped(opening.batches));
    lines.add("accounts", counted(opening.accounts.len(), "account"));
    let Lines(mut text) = lines;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{:<10} {:<42} opening balance", "id", "address");
    for account in &opening.accounts {
        let address = account.address.as_deref().unwrap_or("(the operator)");
        let _ = writeln!(
            text,
            "{:<10} {address:<42} {}",
            account.id, account.opening_balance
        );
    }
    Ok(text)
}

fn opening(plan: Plan) -> Result<Opening, Failure> {
    let compressor = SimdCompressor;
    let domain = domain_digest(CHAIN_ID, ROLLUP_ID);
    let accounts = (0..).zip(&plan.accounts).map(|(id, account)| OpenAccount {
        id,
        address: account.address.map(|address| address.to_string()),
        opening_balance: account.opening_balance.to_string(),
    });
    let accounts = accounts.collect();
    let (transfers, batches) = (plan.transfers, plan.batches.len());
    let keys = ReplayKeys::generate(&plan, &compressor).map_err(Failure::invalid)?;
    let replay = Replay::open(plan, keys, domain, compressor).map_err(Failure::invalid)?;
    Ok(Opening {
        opening_root: replay.ledger().root(),
        domain,
        transfers,
        batches,
        accounts,
    })
}
