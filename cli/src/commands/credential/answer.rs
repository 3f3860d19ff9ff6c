//! The holder's side: an answer to a challenge.

use indicatif::MultiProgress;
use serde::Serialize;
use winterlane_ledger::{
    Digest,
    codec::CanonicalBytes,
    private::{HolderSecret, PrivateInputs, PrivateProof},
};
use winterlane_prover::private::{CredentialWitness, PrivateWitness};
use winterlane_wallet::credentials::{
    Challenge, Credential, CredentialError, Day, Issuer, Known, Predicate, Showing, Value,
};

use super::super::{private::open_wallet, session::now, spinner, statement::prove_statement};
use crate::{
    Failure,
    args_credential::AnswerArgs,
    files::{self, Access},
    show::{self, Lines, counted, grouped},
};

#[derive(Serialize)]
struct Proven {
    predicate: String,
    verifier: String,
    proof_bytes: usize,
    prove_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<Digest>,
}

pub(super) fn prove(args: &AnswerArgs, screen: &MultiProgress) -> Result<String, Failure> {
    // Before the proof is made for it.
    files::check_new(&args.out).map_err(Failure::unusable)?;
    let challenge: Challenge = files::read_json(&args.challenge).map_err(Failure::unusable)?;
    if challenge.expires < now() {
        // Nobody would take the proof.
        return Err(Failure::Unusable(
            "the challenge has expired: ask the verifier for a new one".into(),
        ));
    }
    let credential: Credential = files::read_json(&args.credential).map_err(Failure::unusable)?;
    let issuer: Issuer = files::read_json(&args.issuer).map_err(Failure::unusable)?;
    let known = Known {
        issuer: &issuer,
        today: Day::today(),
    };
    let wallet = open_wallet(&args.wallet, &args.unlock)?;
    let showing = answer(
        &challenge,
        &known,
        &credential,
        wallet.holder_secret(args.number),
    )?;
    let predicate: Predicate = challenge.predicate.parse().map_err(Failure::unusable)?;
    let progress = spinner(screen, args.json);
    progress.set_message("proving");
    let (inputs, witness) = statement(&showing);
    let (proof, time) = prove_statement(&inputs, &witness, args.proof_size.preset())?;
    let proof_bytes = proof.len();
    let bytes = PrivateProof { inputs, proof }.to_bytes();
    files::write_new(&args.out, &bytes, Access::Published).map_err(Failure::unusable)?;
    progress.finish_and_clear();
    let proven = Proven {
        proof_bytes,
        prove_seconds: time.as_secs_f64(),
        pseudonym: showing.inputs.pseudonym,
        predicate: challenge.predicate,
        verifier: challenge.verifier,
    };
    if args.json {
        return show::json(&proven);
    }
    let mut lines = Lines::default();
    // a line each: in one line the last may stand behind a screen of spaces, or of a long text
    for requirement in predicate.requirements() {
        lines.add("proven", requirement);
    }
    for (name, values) in &challenge.sets {
        lines.add(
            "",
            format_args!(
                "{name} has {}: {}",
                counted(values.len(), "value"),
                listed(values)
            ),
        );
    }
    lines.add("to", &proven.verifier);
    if let Some(pseudonym) = proven.pseudonym {
        lines.add("known there as", pseudonym);
    }
    lines.add("proof bytes", grouped(proven.proof_bytes));
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

/// Values of a set that are listed; of larger sets the file has the others.
const LISTED: usize = 64;

/// The values of a set. The verifier has named it: a file by the name of a union with one country in it asks for that country,
/// and so does one that is filled up with what nobody has.
fn listed(values: &[Value]) -> String {
    let shown: Vec<_> = values
        .iter()
        .take(LISTED)
        .map(ToString::to_string)
        .collect();
    let shown = shown.join(", ");
    match values.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!(
            "{shown}, and {} more: read them in the challenge",
            grouped(more)
        ),
    }
}

/// What the prover takes of an answer.
pub(super) fn statement(showing: &Showing) -> (PrivateInputs, PrivateWitness) {
    let witness = CredentialWitness::new(
        showing.credential.clone(),
        showing.holder,
        &showing.revoked,
        &showing.members,
    );
    (
        PrivateInputs::Credential(showing.inputs.clone()),
        PrivateWitness::Credential(Box::new(witness)),
    )
}

/// The answer to a challenge: what does not hold is invalid, what cannot be used unusable.
fn answer(
    challenge: &Challenge,
    known: &Known<'_>,
    credential: &Credential,
    holder: HolderSecret,
) -> Result<Showing, Failure> {
    let answer = challenge.answer(known, credential, holder);
    answer.map_err(|error| match error {
        CredentialError::NotSatisfied { .. }
        | CredentialError::Expired { .. }
        | CredentialError::Revoked => Failure::invalid(error),
        error => Failure::unusable(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_shows_what_is_in_it() {
        let set = |count: i64| listed(&Vec::from_iter((1..=count).map(Value::Integer)));
        assert_eq!(listed(&[Value::Text("DE".into())]), "\"DE\"");
        assert_eq!(set(3), "1, 2, 3");
        assert!(set(64).ends_with(", 64"));
        assert!(set(1_065).ends_with(", 64, and 1,001 more: read them in the challenge"));
    }
}
