//! The demo's age proof: somebody with a credential of a town shows to be 18, and nothing else.

use std::{collections::BTreeMap, time::Instant};

use serde_json::json;
use winterlane_ledger::{codec::CanonicalBytes, private::PrivateProof};
use winterlane_prover::SimdCompressor;
use winterlane_verifier::{PRIVATE_PRESETS, verify_answer};
use winterlane_wallet::{
    MasterSeed, Wallet,
    credentials::{CredentialError, Day, Issuer, Known, Question, ask, attributes},
};

use super::{
    super::{session::now, statement::prove_statement},
    answer::statement,
};
use crate::{
    Failure,
    args_private::ProofSize,
    interrupt,
    show::{Lines, grouped, milliseconds},
};

/// Who was born on this day or before is 18.
const PREDICATE: &str = "birth_date <= 2008-11-28";

/// Issues, asks, proves, verifies.
pub(crate) fn demo() -> Result<String, Failure> {
    // The issuer's one-time keys are on the disk, as any issuer's.
    let place = interrupt::temporary().map_err(Failure::unusable)?;
    let town = Wallet::create(&place.path().join("keys")).map_err(Failure::unusable)?;
    let mut town = town.with_compressor(SimdCompressor);
    let alice = MasterSeed::random()
        .map_err(Failure::unusable)?
        .holder_secret(0);
    let schema = json!({"name": "identity", "attributes": {"birth_date": "date", "name": "text"}});
    let issuer = Issuer {
        format: Issuer::FORMAT.into(),
        name: "Town of Example".into(),
        schema: serde_json::from_value(schema).map_err(Failure::unusable)?,
        keys: vec![town.add_key(0, 3).map_err(Failure::unusable)?],
        revoked: Vec::new(),
    };
    let person = json!({"birth_date": "1990-05-17", "name": "Alice"});
    let unusable = |error: CredentialError| Failure::unusable(error);
    let stated = person.as_object().cloned().unwrap_or_default();
    let stated = attributes(&issuer.schema, &stated).map_err(Failure::unusable)?;
    let today = Day::today();
    let credential = town
        .issue(&issuer, stated, alice.key(), Day::LAST)
        .map_err(Failure::unusable)?;

    let challenge = ask(Question {
        verifier: "bar.example".into(),
        expires: now().saturating_add(600),
        today,
        predicate: PREDICATE.parse().map_err(Failure::unusable)?,
        sets: BTreeMap::new(),
        issuer: issuer.clone(),
        pseudonym: false,
    })
    .map_err(Failure::unusable)?;
    let known = Known {
        issuer: &issuer,
        today,
    };
    let showing = challenge
        .answer(&known, &credential, alice)
        .map_err(unusable)?;
    let (inputs, witness) = statement(&showing);
    let (proof, proven) = prove_statement(&inputs, &witness, ProofSize::Compact.preset())?;
    let proof_bytes = proof.len();
    let sent = PrivateProof { inputs, proof }.to_bytes();
    let start = Instant::now();
    let question = challenge.question().map_err(unusable)?;
    verify_answer(&sent, &question, now(), &PRIVATE_PRESETS).map_err(Failure::invalid)?;
    let verified = start.elapsed();

    let mut lines = Lines::default();
    lines.add(
        "age proof",
        format_args!("{PREDICATE}, of a credential: name and birth date stay hidden"),
    );
    lines.add("  proven in", milliseconds(proven));
    lines.add("  verified in", milliseconds(verified));
    lines.add("  bytes", format_args!("{} of proof", grouped(proof_bytes)));
    Ok(lines.0)
}
