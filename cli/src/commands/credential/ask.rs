//! The verifier's side: the question.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use winterlane_wallet::credentials::{
    Challenge, Day, Issuer, Predicate, PredicateError, Question, Value,
};

use crate::{
    Failure,
    args_credential::ChallengeArgs,
    files::{self, Access},
    show::{self, Lines},
};

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

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
    let challenge = Challenge::new(Question {
        verifier: args.verifier.clone(),
        expires: now().saturating_add(u64::from(args.minutes) * 60),
        today: args.today.unwrap_or_else(Day::today),
        predicate,
        sets,
        issuer,
        pseudonym: args.pseudonym,
    })
    .map_err(Failure::unusable)?;
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
    Ok(lines.0)
}
