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
    Challenge, Credential, CredentialError, Day, Issuer, Known, Showing,
};

use super::super::{private::open_wallet, spinner, statement::prove_statement};
use crate::{
    Failure,
    args_credential::AnswerArgs,
    files::{self, Access, FilesError},
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
    if args.out.exists() {
        // Before the proof is made for it.
        return Err(Failure::unusable(FilesError::Exists(args.out.clone())));
    }
    let challenge: Challenge = files::read_json(&args.challenge).map_err(Failure::unusable)?;
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
    lines.add("proven", &proven.predicate);
    for (name, values) in &challenge.sets {
        lines.add(
            "",
            format_args!("{name} has {}", counted(values.len(), "value")),
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
