//! The verifier's side: the question, and the check of an answer.

use std::collections::BTreeMap;

use serde::Serialize;
use winterlane_ledger::{Digest, private::PrivateInputs};
use winterlane_wallet::credentials::{
    self, Challenge, Code, Day, Issuer, Predicate, PredicateError, Question, Value,
};

use super::super::session::{mark_answered, now, verified};
use crate::{
    Failure,
    args_credential::{ChallengeArgs, CheckArgs},
    files::{self, Access},
    show::{self, Lines, grouped},
};

/// Says where in the predicate the mistake is, in lines of their own.
fn mistaken(error: &PredicateError) -> Failure {
    for line in error.pointing().to_string().lines() {
        show::say(line);
    }
    Failure::Unusable(format!("the predicate, {error}"))
}

pub(super) fn challenge(args: &ChallengeArgs) -> Result<String, Failure> {
    let predicate: Predicate = args
        .predicate
        .parse()
        .map_err(|error: PredicateError| mistaken(&error))?;
    let issuer: Issuer = files::read_json(&args.issuer).map_err(Failure::unusable)?;
    let mut sets = BTreeMap::new();
    for name in predicate.files() {
        let values: Vec<Value> =
            files::read_json(&args.sets.join(name)).map_err(Failure::unusable)?;
        sets.insert(name.to_owned(), values);
    }
    let challenge = credentials::ask(Question {
        verifier: args.verifier.clone(),
        expires: now().saturating_add(u64::from(args.minutes) * 60),
        today: args.today.unwrap_or_else(Day::today),
        predicate,
        sets,
        issuer,
        pseudonym: args.pseudonym,
    })
    .map_err(Failure::unusable)?;
    let code = args.qr.then(|| code(&challenge)).transpose()?;
    files::write_json(&args.out, &challenge, Access::Published, files::write_new)
        .map_err(Failure::unusable)?;
    if args.json {
        return show::json(&serde_json::json!({
            "predicate": challenge.predicate,
            "issuer": challenge.issuer.name,
            "today": challenge.today,
            "expires": challenge.expires,
        }));
    }
    let mut lines = Lines::default();
    lines.add("asked", &challenge.predicate);
    lines.add("of credentials of", &challenge.issuer.name);
    lines.add("valid on", challenge.today);
    lines.add("answer within", format_args!("{} minutes", args.minutes));
    lines.add(
        "challenge",
        format_args!(
            "in {}: send it to the holder, and keep it",
            args.out.display()
        ),
    );
    if let Some(code) = code {
        lines.0.push('\n');
        lines.0.push_str(&code.to_half_blocks());
    }
    Ok(lines.0)
}

/// The challenge as a QR code.
fn code(challenge: &Challenge) -> Result<Code, Failure> {
    let text = serde_json::to_string(challenge).map_err(Failure::unusable)?;
    Code::of(&text).ok_or_else(|| {
        Failure::Unusable(format!(
            "the challenge has {} bytes, too long for a QR code (at most {}): leave out --qr, and send the file",
            grouped(text.len()),
            grouped(Code::MAX_BYTES),
        ))
    })
}

#[derive(Serialize)]
struct Checked {
    valid: bool,
    predicate: String,
    issuer: String,
    security_bits: u32,
    proof_bytes: usize,
    verify_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<Digest>,
}

pub(super) fn verify(args: &CheckArgs) -> Result<String, Failure> {
    let checked = show::or_refused(check(args), args.json)?;
    if args.json {
        return show::json(&checked);
    }
    let mut lines = Lines::default();
    lines.add("verified", &checked.predicate);
    lines.add("of a credential of", &checked.issuer);
    if let Some(pseudonym) = checked.pseudonym {
        lines.add("pseudonym", pseudonym);
    }
    lines.add("provable bits", checked.security_bits);
    lines.add("proof bytes", grouped(checked.proof_bytes));
    lines.add("seconds", format_args!("{:.4}", checked.verify_seconds));
    Ok(lines.0)
}

fn check(args: &CheckArgs) -> Result<Checked, Failure> {
    let challenge: Challenge = files::read_json(&args.challenge).map_err(Failure::unusable)?;
    let question = challenge.question().map_err(Failure::unusable)?;
    let answer = verified(&args.proof, &question)?;
    let pseudonym = match answer.inputs {
        PrivateInputs::Credential(inputs) => inputs.pseudonym,
        _ => None,
    };
    mark_answered(&args.challenge)?;
    Ok(Checked {
        valid: true,
        predicate: challenge.predicate,
        issuer: challenge.issuer.name,
        security_bits: answer.bits,
        proof_bytes: answer.bytes,
        verify_seconds: answer.time.as_secs_f64(),
        pseudonym,
    })
}
