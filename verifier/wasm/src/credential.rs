//! A verifier's challenge about a credential, and the proof that answers it.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use winterlane_credentials::{Challenge, Code, Day, Issuer, Predicate, Question as Asked, Value};
use winterlane_ledger::{
    Digest, Root,
    objects::from_json,
    private::{AnswerError, PrivateInputs, PrivateProof},
};
use winterlane_verifier::{PRIVATE_PRESETS, PrivateVerifyError, verify_private};

use crate::{
    Answer, Fault, Stage,
    said::{ProofSaid, bytes32, refused},
    statement::read_statement,
};

/// The most bytes of a challenge, or of what one is to ask.
pub const MAX_CHALLENGE_BYTES: usize = 1 << 20;

/// What a challenge is to ask, as JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    /// The name of who asks.
    verifier: String,
    predicate: String,
    /// What the issuer published.
    issuer: Issuer,
    /// The sets that the predicate names.
    #[serde(default)]
    sets: BTreeMap<String, Vec<Value>>,
    today: Day,
    /// Seconds since 1970, as text.
    expires: String,
    #[serde(default)]
    pseudonym: bool,
    /// 32 random bytes in hexadecimal digits, which nobody has seen.
    random: String,
}

/// A challenge that was made.
#[derive(Debug, Serialize)]
struct AskedSaid {
    valid: bool,
    /// The challenge as its file has it.
    text: String,
    /// The predicate in its one spelling.
    predicate: String,
    /// The text as a QR code, a row of `0` and `1` (dark) each; none when the text is too long for one.
    code: Option<Vec<String>>,
}

/// What an accepted answer says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerSaid<'a> {
    valid: bool,
    kind: &'static str,
    #[serde(flatten)]
    proof: ProofSaid,
    /// Each condition that was proven, in its one spelling.
    predicates: Vec<String>,
    /// The sets that the conditions name.
    sets: &'a BTreeMap<String, Vec<Value>>,
    issuer: &'a str,
    /// The root of the issuer's key that signed.
    issuer_key: Root,
    /// How many keys of the issuer count.
    issuer_keys: usize,
    schema: &'a str,
    schema_digest: Digest,
    /// The day for which the credential is valid.
    today: Day,
    /// How many credentials of the issuer are revoked, of which this is none.
    revoked: usize,
    revocation: Root,
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<Digest>,
    verifier: &'a str,
    challenge: Digest,
    expires: String,
    /// What this module cannot know: whether the challenge was answered before, and whether the issuer's file is the
    /// issuer's.
    taken_as_found: [&'static str; 2],
}

fn unusable(reason: impl core::fmt::Display) -> Fault {
    Fault::new(Stage::Challenge, reason)
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Fault> {
    if json.len() > MAX_CHALLENGE_BYTES {
        return Err(unusable("more than 1 MiB: no challenge is that long"));
    }
    from_json(json).map_err(unusable)
}

/// Makes a challenge: `request` is a JSON object with `verifier` (a name), `predicate` (as people write it), `issuer`
/// (what the issuer published), `sets` (by name, where the predicate names any), `today` (`2026-11-28`), `expires`
/// (seconds since 1970, as text), `pseudonym`, and `random`, 32 fresh random bytes in hexadecimal digits.
///
/// ```
/// let answer = winterlane_verifier_wasm::ask(b"{}");
/// assert_eq!(answer.status, 2);
/// assert!(answer.json.starts_with(br#"{"valid":false,"stage":"challenge""#));
/// ```
#[must_use]
pub fn ask(request: &[u8]) -> Answer {
    Answer::of(try_ask(request))
}

fn try_ask(request: &[u8]) -> Result<AskedSaid, Fault> {
    let request: Request = read(request)?;
    let random = bytes32(&request.random)
        .ok_or_else(|| unusable("random is not 32 bytes in hexadecimal digits"))?;
    let expires = request.expires.parse();
    let predicate: Predicate = request
        .predicate
        .parse()
        .map_err(|error| unusable(format_args!("the predicate, {error}")))?;
    // Only what is asked goes to the holder.
    let named: Vec<String> = predicate.files().map(Into::into).collect();
    let mut sets = request.sets;
    sets.retain(|name, _| named.contains(name));
    let asked = Asked {
        verifier: request.verifier,
        expires: expires.map_err(|_| unusable("expires is no number of seconds"))?,
        today: request.today,
        predicate,
        sets,
        issuer: request.issuer,
        pseudonym: request.pseudonym,
    };
    let challenge = Challenge::new(asked, &random).map_err(unusable)?;
    let text = serde_json::to_string(&challenge).map_err(unusable)?;
    Ok(AskedSaid {
        valid: true,
        code: Code::of(&text).map(|code| rows(&code)),
        predicate: challenge.predicate,
        text,
    })
}

fn rows(code: &Code) -> Vec<String> {
    let size = code.size();
    let row = |y| {
        (0..size)
            .map(|x| if code.is_dark(x, y) { '1' } else { '0' })
            .collect()
    };
    (0..size).map(row).collect()
}

/// Verifies the bytes of a private proof as the answer to a challenge, the contents of its file, in the second `now`
/// since 1970. The challenge is the verifier's own copy: nothing of it is taken from the answer.
///
/// A challenge of 1 MiB takes some million compressions. They are for a true proof alone, made for this challenge by somebody who has a
/// credential of its issuer: anything else is refused before.
///
/// ```
/// let answer = winterlane_verifier_wasm::answer(b"no challenge", b"no proof", 0);
/// assert_eq!(answer.status, 2);
/// ```
#[must_use]
pub fn answer(challenge: &[u8], bytes: &[u8], now: u64) -> Answer {
    let challenge: Challenge = match read(challenge) {
        Ok(challenge) => challenge,
        Err(fault) => return Answer::of::<()>(Err(fault)),
    };
    Answer::of(try_answer(&challenge, bytes, now))
}

fn try_answer<'a>(
    challenge: &'a Challenge,
    bytes: &[u8],
    now: u64,
) -> Result<AnswerSaid<'a>, Fault> {
    let unanswered = |error: AnswerError| refused(&PrivateVerifyError::Answer(error));
    let PrivateProof { inputs, proof } = read_statement(bytes)?;
    let PrivateInputs::Credential(of) = &inputs else {
        return Err(unanswered(AnswerError::Kind));
    };
    // The trees of a challenge may be large, and are hashed anew for each answer. What is cheap comes first: who has no true proof
    // for this challenge, of a credential by a key of its issuer, has none of them built.
    of.session
        .check(&challenge.session(), now)
        .map_err(|error| unanswered(error.into()))?;
    if !challenge.issuer.keys.contains(&of.issuer) {
        return Err(unanswered(AnswerError::Issuer));
    }
    let verified =
        verify_private(&proof, &inputs, &PRIVATE_PRESETS).map_err(|error| refused(&error))?;
    let question = challenge.question().map_err(unusable)?;
    question.check(&inputs, now).map_err(unanswered)?;
    let predicate: Predicate = challenge.predicate.parse().map_err(unusable)?;
    let requirements = predicate.requirements().iter();
    Ok(AnswerSaid {
        valid: true,
        kind: "credential",
        proof: ProofSaid::new(&inputs, &verified),
        predicates: requirements.map(ToString::to_string).collect(),
        sets: &challenge.sets,
        issuer: &challenge.issuer.name,
        issuer_key: of.issuer,
        issuer_keys: challenge.issuer.keys.len(),
        schema: challenge.issuer.schema.name(),
        schema_digest: of.schema,
        today: challenge.today,
        revoked: challenge.issuer.revoked.len(),
        revocation: of.revocation,
        pseudonym: of.pseudonym,
        verifier: &challenge.verifier,
        challenge: challenge.challenge,
        expires: challenge.expires.to_string(),
        taken_as_found: ["answered", "issuer"],
    })
}
