//! Public values: enums of the crates that grow can grow, and what a value is asked for is not dropped.

use super::errors::sources;

/// What is never a bare integer: its type in `winterlane-ledger` has the same name or one near to it.
const TYPED: &[&str] = &[
    "account",
    "account_id",
    "amount",
    "asset",
    "asset_id",
    "at_least",
    "at_most",
    "balance",
    "batch",
    "batch_number",
    "chain_id",
    "fee",
    "first_batch",
    "id",
    "last_batch",
    "minimum",
    "nonce",
    "open_batch",
    "pool_asset",
    "rollup_id",
    "valid_until",
];

/// Where such a name means something else.
const OTHERWISE: &[(&str, &str)] = &[
    // of a proof's proof of work
    ("prover/src/engine/channel.rs", "nonce"),
    ("prover/src/engine/coin.rs", "nonce"),
    ("prover/src/engine/session.rs", "nonce"),
    ("prover/src/engine/transcript.rs", "nonce"),
    ("verifier/src/door/layout.rs", "nonce"),
    // of a seed: which of its accounts of notes
    ("cli/src/args_private.rs", "account"),
    ("cli/src/commands/private/mod.rs", "account"),
    // how many updates there are in one
    ("node/src/bench/updates.rs", "batch"),
    // short numbers of the module's own tests
    ("node/src/testing.rs", "id"),
];

/// Crates whose enums name what others do: stages, roles, events. Those of the protocol, such as its orders and
/// records, are closed: whoever matches one of them must have thought of all.
const GROWING: &[&str] = &["wallet/", "settlement/", "node/"];

/// Enums there whose variants are all that there can be: a caller that leaves one out has forgotten it.
const CLOSED: &[(&str, &str)] = &[
    // a note can be spent, is on its way, or is spent
    ("wallet/src/notes/book.rs", "State"),
    ("node/src/handle/pool.rs", "NullifierState"),
    // an order that had no answer was taken or was not
    ("wallet/src/account/orders.rs", "Resumed"),
    // an account is there or is created
    ("settlement/src/call/mod.rs", "DepositTo"),
    // a proof holds or is refused
    ("node/src/panel/verdict.rs", "Verdict"),
    // exit statuses 1 and 2
    ("node/src/command.rs", "Failure"),
];

/// The attributes and comments right before a line.
fn before<'a>(lines: &'a [&str], at: usize) -> impl Iterator<Item = &'a str> {
    let above = lines[..at].iter().rev().map(|line| line.trim());
    above.take_while(|line| !line.is_empty() && !line.ends_with(['{', '}', ';']))
}

#[test]
fn enums_of_what_grows_can_grow() {
    let (mut closed, mut forgotten) = (Vec::new(), CLOSED.to_vec());
    let mut found = 0;
    for (file, text) in sources() {
        if !GROWING.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(rest) = line.strip_prefix("pub enum ") else {
                continue;
            };
            found += 1;
            let name = rest.split(|c: char| !c.is_alphanumeric()).next();
            let name = name.unwrap_or_default();
            let expected = CLOSED.contains(&(file.as_str(), name));
            forgotten.retain(|row| *row != (file.as_str(), name));
            let open = before(&lines, at).any(|line| line == "#[non_exhaustive]");
            if open == expected {
                closed.push(format!("{file}: {name}"));
            }
        }
    }
    // that they are found at all
    assert!(found > 40, "{found} enums");
    assert!(
        closed.is_empty(),
        "#[non_exhaustive] or CLOSED: {closed:#?}"
    );
    assert!(
        forgotten.is_empty(),
        "CLOSED, and not there: {forgotten:#?}"
    );
}

/// A method that changes nothing is called for what it returns.
#[test]
fn answers_must_be_used() {
    let mut dropped = Vec::new();
    let mut found = 0;
    for (file, text) in sources() {
        // lanes and kernels: arithmetic, as `+` is
        if file.starts_with("field-simd/") {
            continue;
        }
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let line = line.trim();
            if !line.starts_with("pub fn ") && !line.starts_with("pub const fn ") {
                continue;
            }
            let mut signature = String::new();
            for line in &lines[at..] {
                signature.push_str(line.trim());
                if line.ends_with(['{', ';']) {
                    break;
                }
            }
            let Some((_, arguments)) = signature.split_once('(') else {
                continue;
            };
            let Some((arguments, answer)) = arguments.rsplit_once("-> ") else {
                continue;
            };
            // what must be used by its own type
            let by_type = ["Result<", "impl ", "io::Result<", "std::io::Result<"];
            let by_type = by_type.iter().any(|kind| answer.starts_with(kind));
            if !arguments.starts_with("&self")
                || arguments.contains("&mut")
                || by_type
                || answer.contains("Guard<")
            {
                continue;
            }
            found += 1;
            if !before(&lines, at).any(|line| line.starts_with("#[must_use")) {
                dropped.push(format!("{file}: {line}"));
            }
        }
    }
    assert!(found > 200, "{found} methods");
    assert!(dropped.is_empty(), "not #[must_use]: {dropped:#?}");
}

/// The names in a line of code that are declared as bare integers: fields, arguments, and methods without any.
fn bare_integers(line: &str) -> impl Iterator<Item = &str> {
    let declarations = line
        .match_indices(": ")
        .chain(line.match_indices("(&self) -> "));
    declarations.filter_map(move |(at, between)| {
        let declared = line[at + between.len()..].trim_start_matches('&');
        let declared = declared.strip_prefix("Option<").unwrap_or(declared);
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let declared = declared.split(|c| !word(c)).next()?;
        let name = line[..at].rsplit(|c| !word(c)).next()?;
        ["u32", "u64", "u128"].contains(&declared).then_some(name)
    })
}

#[test]
fn numbers_that_mean_something_have_types() {
    let found: Vec<_> =
        bare_integers("pub fn pay(&self, asset: u32, fee: &Option<u128>, to: AccountId)").collect();
    assert_eq!(found, ["asset", "fee"]);
    let found: Vec<_> = bare_integers("pub const fn nonce(&self) -> u32 {").collect();
    assert_eq!(found, ["nonce"]);

    let (mut bare, mut forgotten) = (Vec::new(), OTHERWISE.to_vec());
    for (file, text) in sources() {
        for line in text.lines() {
            let code = line.trim_start();
            if code.starts_with("//") {
                continue;
            }
            for name in bare_integers(code).filter(|name| TYPED.contains(name)) {
                forgotten.retain(|row| *row != (file.as_str(), name));
                if !OTHERWISE.contains(&(file.as_str(), name)) {
                    bare.push(format!("{file}: {code}"));
                }
            }
        }
    }
    assert!(bare.is_empty(), "bare integers: {bare:#?}");
    assert!(
        forgotten.is_empty(),
        "OTHERWISE, and not there: {forgotten:#?}"
    );
}
