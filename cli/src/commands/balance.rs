//! `balance`: an account of the rollup holds at least so much, and nobody sees which account, or how much.

use indicatif::MultiProgress;
use serde::Serialize;
use winterlane_ledger::{
    AssetId, BatchNumber, Domain, Root,
    codec::CanonicalBytes,
    private::{PrivateInputs, PrivateProof},
};
use winterlane_prover::private::{BalanceWitness, KeyWitness, PrivateWitness};
use winterlane_wallet::{
    account::HeldBalance,
    credentials::{AskedBalance, BalanceChallenge, ask_balance},
};

use super::{
    named,
    session::{mark_answered, now, verified},
    spinner,
    statement::prove_statement,
    verify::{Found, add_found, chain},
    wallet::{client, failure, open},
};
use crate::{
    Failure,
    args_balance::{BalanceCommand, ChallengeArgs, CheckArgs, ProveArgs},
    files::{self, Access},
    show::{self, Lines, grouped},
    threads,
};

/// Runs a command of `balance`.
pub(super) fn balance(command: &BalanceCommand, screen: &MultiProgress) -> Result<String, Failure> {
    threads::start(None)?;
    match command {
        BalanceCommand::Challenge(args) => challenge(args),
        BalanceCommand::Prove(args) => prove(args, screen),
        BalanceCommand::Verify(args) => verify(args),
    }
}

/// What is asked, in words.
fn asked(challenge: &BalanceChallenge) -> String {
    let BalanceChallenge {
        asset, at_least, ..
    } = challenge;
    match challenge.at_most {
        None => format!("at least {at_least} of asset {asset}"),
        Some(at_most) => format!("from {at_least} to {at_most} of asset {asset}"),
    }
}

/// The domain that is asked about: as it is given, and as batches say it.
fn domain(args: &ChallengeArgs) -> Result<Domain, Failure> {
    let batches = args.chain.batches.as_deref();
    let found = batches.map(|directory| chain(directory, &args.chain, 0));
    let found = found.transpose()?.map(|chain| chain.domain);
    match (args.domain, found) {
        (Some(given), Some(found)) if given != found => Err(Failure::Invalid(format!(
            "--domain: the batches are of {found}, not of {given}"
        ))),
        (Some(domain), _) | (None, Some(domain)) => Ok(domain),
        (None, None) => Err(Failure::Unusable(
            "which rollup is meant? Name its --domain, or --batches of it".into(),
        )),
    }
}

/// A challenge that was made, as JSON: what is in its file, and what nobody said of it.
#[derive(Serialize)]
struct Challenged<'a> {
    #[serde(flatten)]
    challenge: &'a BalanceChallenge,
    taken_as_found: &'a [Found],
}

fn challenge(args: &ChallengeArgs) -> Result<String, Failure> {
    let domain = domain(args)?;
    let challenge = ask_balance(AskedBalance {
        verifier: args.verifier.clone(),
        expires: now().saturating_add(u64::from(args.minutes) * 60),
        domain,
        asset: args.asset,
        at_least: args.at_least,
        at_most: args.at_most,
        state_roots: args.root.clone(),
    })
    .map_err(Failure::unusable)?;
    files::write_json(&args.out, &challenge, Access::Published, files::write_new)
        .map_err(Failure::unusable)?;
    let taken_as_found: &[Found] = match args.domain {
        Some(_) => &[],
        // Batches of any domain can be proven by anybody.
        None => &[Found::Domain],
    };
    if args.json {
        return show::json(&Challenged {
            challenge: &challenge,
            taken_as_found,
        });
    }
    let mut lines = Lines::default();
    lines.add("asked", asked(&challenge));
    lines.add("of an account of", challenge.domain);
    lines.add("answer within", format_args!("{} minutes", args.minutes));
    lines.add(
        "challenge",
        format_args!(
            "in {}: send it to the account's owner, and keep it",
            args.out.display()
        ),
    );
    add_found(&mut lines, taken_as_found);
    Ok(lines.0)
}

/// Reads a challenge, whose owner is told what it asks: it may be a stranger's.
fn read(path: &std::path::Path) -> Result<BalanceChallenge, Failure> {
    let challenge: BalanceChallenge = files::read_json(path).map_err(Failure::unusable)?;
    challenge.check().map_err(|error| named(path, error))?;
    Ok(challenge)
}

#[derive(Serialize)]
struct Proven {
    verifier: String,
    asset: AssetId,
    at_least: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<String>,
    state_root: Root,
    batch: Option<BatchNumber>,
    proof_bytes: usize,
    prove_seconds: f64,
}

fn prove(args: &ProveArgs, screen: &MultiProgress) -> Result<String, Failure> {
    // Before the proof is made for it.
    files::check_new(&args.out).map_err(Failure::unusable)?;
    let challenge = read(&args.challenge)?;
    let mut wallet = open(&args.place)?;
    if challenge.asset != wallet.asset() {
        return Err(Failure::Unusable(format!(
            "the challenge asks about asset {}, and the wallet's account holds asset {}",
            challenge.asset,
            wallet.asset()
        )));
    }
    if challenge.expires < now() {
        return Err(Failure::Unusable(
            "the challenge has expired: ask the verifier for a new one".into(),
        ));
    }
    let node = client(&args.asked, &wallet)?;
    let progress = spinner(screen, args.json);
    progress.set_message(format!("asking {}", show::Escaped(node.address())));
    let bounds = (challenge.at_least, challenge.at_most);
    let held = wallet.held_balance(&node, args.asked.root, bounds);
    let held = held.map_err(failure)?;
    if held.domain != challenge.domain {
        return Err(Failure::Unusable(format!(
            "the challenge is about rollup {}, and the wallet's account is in rollup {}",
            challenge.domain, held.domain
        )));
    }
    progress.set_message("proving");
    let (state_root, batch) = (held.root, held.batch);
    let inputs = PrivateInputs::Balance(challenge.inputs(state_root));
    let (proof, time) = prove_statement(&inputs, &witness(held), args.proof_size.preset())?;
    let proof_bytes = proof.len();
    let bytes = PrivateProof { inputs, proof }.to_bytes();
    files::write_new(&args.out, &bytes, Access::Published).map_err(Failure::unusable)?;
    progress.finish_and_clear();
    let said = asked(&challenge);
    let proven = Proven {
        asset: challenge.asset,
        at_least: challenge.at_least.to_string(),
        at_most: challenge.at_most.map(|most| most.to_string()),
        state_root,
        batch,
        proof_bytes,
        prove_seconds: time.as_secs_f64(),
        verifier: challenge.verifier,
    };
    if args.json {
        return show::json(&proven);
    }
    let mut lines = Lines::default();
    lines.add("proven", format_args!("an account holds {said}"));
    lines.add("to", &proven.verifier);
    lines.add("state root", state_root);
    if !challenge.state_roots.is_empty() && !challenge.state_roots.contains(&state_root) {
        lines.add(
            "note",
            "the challenge names other roots: the verifier takes this one only if it is known there by now",
        );
    }
    lines.add("proof bytes", grouped(proof_bytes));
    lines.add(
        "seconds to prove",
        format_args!("{:.3}", proven.prove_seconds),
    );
    lines.add(
        "proof",
        format_args!("in {}: send it to the verifier", args.out.display()),
    );
    Ok(lines.0)
}

/// What the prover takes of an account.
fn witness(held: HeldBalance) -> PrivateWitness {
    let control = held.control;
    PrivateWitness::Balance(Box::new(BalanceWitness {
        id: held.id,
        account: held.account,
        siblings: held.siblings,
        slot: held.slot,
        key: KeyWitness {
            seed: control.seed,
            key_index: control.key_index,
            starts: control.starts,
            ends: control.ends,
            auth: control.auth,
        },
    }))
}

#[derive(Serialize)]
struct Checked {
    valid: bool,
    verifier: String,
    domain: Domain,
    asset: AssetId,
    at_least: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<String>,
    state_root: Root,
    /// Where the batches start that were verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_root: Option<Root>,
    /// What the verifier did not say: whoever made the batches chose it, and the verdict holds if it is right.
    taken_as_found: Vec<Found>,
    security_bits: u32,
    proof_bytes: usize,
    verify_seconds: f64,
}

fn verify(args: &CheckArgs) -> Result<String, Failure> {
    let challenge = read(&args.challenge)?;
    let checked = show::or_refused(check(args, &challenge), args.json)?;
    if args.json {
        return show::json(&checked);
    }
    let mut lines = Lines::default();
    let condition = condition(&checked.taken_as_found);
    lines.add(
        "verified",
        format_args!("{condition}an account holds {}", asked(&challenge)),
    );
    lines.add("in the rollup", checked.domain);
    lines.add("state root", checked.state_root);
    if let Some(first) = checked.old_root {
        lines.add("first root", first);
    }
    add_found(&mut lines, &checked.taken_as_found);
    lines.add("provable bits", checked.security_bits);
    lines.add("proof bytes", grouped(checked.proof_bytes));
    lines.add("seconds", format_args!("{:.4}", checked.verify_seconds));
    Ok(lines.0)
}

/// What a verdict holds under, for its first line. The values are in lines below.
fn condition(found: &[Found]) -> String {
    let conditions: Vec<_> = found
        .iter()
        .filter_map(|found| match found {
            Found::Domain => Some("the rollup below is the one that is meant"),
            Found::OldRoot => Some("the first root below is the rollup's"),
            // Which states count the verifier says, by --recent.
            Found::End => None,
        })
        .collect();
    if conditions.is_empty() {
        return String::new();
    }
    format!("if {}: ", conditions.join(" and "))
}

fn check(args: &CheckArgs, challenge: &BalanceChallenge) -> Result<Checked, Failure> {
    if let Some(domain) = args.domain.filter(|domain| *domain != challenge.domain) {
        return Err(Failure::Invalid(format!(
            "--domain: the challenge is about {}, not about {domain}",
            challenge.domain
        )));
    }
    let mut roots = args.root.clone();
    let mut first_root = None;
    if let Some(directory) = &args.chain.batches {
        let chain = chain(directory, &args.chain, args.recent.into())?;
        if chain.domain != challenge.domain {
            return Err(Failure::Invalid(format!(
                "{}: its batches are of the rollup {}, and the challenge is about {}",
                directory.display(),
                chain.domain,
                challenge.domain
            )));
        }
        roots.extend(chain.recent);
        first_root = Some(chain.old_root);
    }
    let question = challenge.question(&roots).map_err(|error| {
        Failure::Unusable(format!(
            "{error}: name --batches of the rollup, which are verified, or a --root, as settlement says"
        ))
    })?;
    let answer = verified(&args.proof, &question)?;
    let PrivateInputs::Balance(inputs) = answer.inputs else {
        // The question was about one.
        return Err(Failure::Invalid("it is no proof of a balance".into()));
    };
    // A state that the verifier names is known, wherever the batches start, and whatever they call their rollup.
    let named = args.root.contains(&inputs.state_root)
        || challenge.state_roots.contains(&inputs.state_root);
    let mut taken_as_found = Vec::new();
    if !named {
        // The challenge may have its domain from these very batches: that the two agree says nothing then.
        taken_as_found.extend(args.domain.is_none().then_some(Found::Domain));
        taken_as_found.extend(args.chain.old_root.is_none().then_some(Found::OldRoot));
    }
    mark_answered(&args.challenge)?;
    Ok(Checked {
        valid: true,
        verifier: challenge.verifier.clone(),
        domain: inputs.domain,
        asset: inputs.asset,
        at_least: inputs.at_least.to_string(),
        at_most: inputs.at_most.map(|most| most.to_string()),
        state_root: inputs.state_root,
        old_root: first_root,
        taken_as_found,
        security_bits: answer.bits,
        proof_bytes: answer.bytes,
        verify_seconds: answer.time.as_secs_f64(),
    })
}
