//! What a pool of files asks of those who spend: `policy.json` beside its operations, and association sets as files.
//!
//! The policy is of whoever appends to the pool. It is no rule of the pool itself, so that who reads a pool is asked for
//! nothing by it; a reader who asks for something names a policy of their own (`private scan --policy`).

use std::{io::ErrorKind, path::Path};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use winterlane_ledger::{
    Amount, AssetId, Root,
    pool::{PolicyRefusal, PoolError, PoolPolicy},
    private::{Association, AssociationMode},
};
use winterlane_prover::SimdCompressor;
use winterlane_wallet::notes::AssociationSet;

use super::store;
use crate::{
    Failure,
    args_private::{NamedSet, PolicyArgs},
    commands::named,
    files::{self, Access, DirectoryLock},
    show::{self, Lines, counted},
};

/// The policy of a pool's directory.
const POLICY: &str = "policy.json";

/// Least fees, and as many sets, at most.
const MOST: usize = 1024;

/// The contents of `policy.json`. Amounts are text: they may be beyond what programs take for a number.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    format: String,
    /// By rising asset. Empty: nothing is asked for.
    #[serde(default)]
    fees: Vec<LeastFee>,
    /// The sets that count. Empty: none is asked for.
    #[serde(default)]
    association: Vec<Set>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeastFee {
    asset: AssetId,
    minimum: String,
}

/// An association set, by what stands for it in a proof.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    mode: Mode,
    root: Root,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Approved,
    NotRefused,
}

impl From<Association> for Set {
    fn from(Association { mode, root }: Association) -> Self {
        let mode = match mode {
            AssociationMode::Approved => Mode::Approved,
            AssociationMode::NotRefused => Mode::NotRefused,
        };
        Self { mode, root }
    }
}

impl From<Set> for Association {
    fn from(Set { mode, root }: Set) -> Self {
        let mode = match mode {
            Mode::Approved => AssociationMode::Approved,
            Mode::NotRefused => AssociationMode::NotRefused,
        };
        Self { mode, root }
    }
}

impl PolicyFile {
    const FORMAT: &'static str = "winterlane-policy-1";

    fn of(policy: &PoolPolicy) -> Self {
        let fees = policy.minimum_fees().map(|(asset, least)| LeastFee {
            asset,
            minimum: least.to_string(),
        });
        let sets = policy.association_sets().unwrap_or_default().iter();
        Self {
            format: Self::FORMAT.into(),
            fees: fees.collect(),
            association: sets.map(|set| Set::from(*set)).collect(),
        }
    }

    /// The policy, if the file is one.
    fn policy(&self) -> Result<PoolPolicy, PolicyFileError> {
        if self.format != Self::FORMAT {
            let found = self.format.clone();
            return Err(PolicyFileError::Format { found });
        }
        for (count, what) in [
            (self.fees.len(), "least fee"),
            (self.association.len(), "association set"),
        ] {
            if count > MOST {
                let said = counted(count, what);
                return Err(PolicyFileError::TooMany { said });
            }
        }
        let mut policy = PoolPolicy::open();
        for (entry, LeastFee { asset, minimum }) in (1..).zip(&self.fees) {
            let digits = minimum.bytes().all(|byte| byte.is_ascii_digit());
            let least = minimum.parse::<Amount>().ok().filter(|_| digits);
            let least = least.ok_or(PolicyFileError::Minimum { entry })?;
            let asset = *asset;
            if policy.minimum_fees().any(|(known, _)| known == asset) {
                return Err(PolicyFileError::Twice { entry, asset });
            }
            policy = policy.with_minimum_fee(asset, least);
        }
        if self.association.is_empty() {
            return Ok(policy);
        }
        let sets = self.association.iter().map(|set| Association::from(*set));
        Ok(policy.with_association_sets(sets))
    }
}

/// Why a file is no policy.
#[derive(Debug, PartialEq, Eq, Error)]
enum PolicyFileError {
    #[error("the format is {found:?}, not {:?}", PolicyFile::FORMAT)]
    Format { found: String },
    #[error("{said}; there may be {MOST}")]
    TooMany { said: String },
    #[error("fees, entry {entry}: the minimum is no whole number below 2^128 as text")]
    Minimum { entry: usize },
    #[error("fees, entry {entry}: asset {asset} for the second time")]
    Twice { entry: usize, asset: AssetId },
}

/// Reads a policy from a file.
pub(super) fn read(path: &Path) -> Result<PoolPolicy, Failure> {
    let file: PolicyFile = files::read_json(path).map_err(Failure::unusable)?;
    file.policy().map_err(|error| named(path, error))
}

/// The policy of a pool: open, if its directory has none.
pub(super) fn of_pool(directory: &Path) -> Result<PoolPolicy, Failure> {
    let path = directory.join(POLICY);
    // A link that leads nowhere is no open policy.
    let found = path.symlink_metadata();
    if found.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(PoolPolicy::open());
    }
    read(&path)
}

/// Reads an association set.
pub(super) fn read_set(path: &Path) -> Result<AssociationSet, Failure> {
    let bytes = files::read_limited(path, AssociationSet::MAX_BYTES as u64);
    let bytes = bytes.map_err(Failure::unusable)?;
    let set = AssociationSet::parse(&bytes, &SimdCompressor);
    set.map_err(|error| named(path, error))
}

/// Why a pool does not take an operation, with what to do where its policy is in the way.
pub(super) fn refused(policy: &PoolPolicy, error: &PoolError) -> Failure {
    let hint = match error {
        PoolError::Policy(PolicyRefusal::NoFee | PolicyRefusal::FeeAsset { .. }) => {
            let fees = policy.minimum_fees();
            let fees: Vec<_> = fees
                .take(8)
                .map(|(asset, least)| format!("{least} of asset {asset}"))
                .collect();
            format!("; --fee: at least {}", fees.join(" or "))
        }
        PoolError::Policy(PolicyRefusal::FeeTooLow { .. }) => " (--fee)".to_owned(),
        PoolError::Policy(PolicyRefusal::NoAssociation) => {
            format!(" (--association); what counts: {}", sets_of(policy))
        }
        PoolError::Policy(PolicyRefusal::UnknownSet(_)) => {
            format!("; what counts: {}", sets_of(policy))
        }
        _ => String::new(),
    };
    Failure::Invalid(format!("{error}{hint}"))
}

/// The sets that count, the newest ones.
fn sets_of(policy: &PoolPolicy) -> String {
    let sets = policy.association_sets().unwrap_or_default();
    let said = sets.iter().rev().take(4).map(said);
    said.collect::<Vec<_>>().join(", ")
}

/// A set in words.
pub(super) fn said(Association { mode, root }: &Association) -> String {
    match mode {
        AssociationMode::Approved => format!("approved notes, root {root}"),
        AssociationMode::NotRefused => format!("refused notes, root {root}"),
    }
}

/// Prints the policy of a pool, or changes it; without a pool, prints what the options say.
pub(super) fn policy(args: &PolicyArgs) -> Result<String, Failure> {
    let sets = args.association.iter().map(|path| read_set(path));
    let sets = sets.collect::<Result<Vec<_>, _>>()?;
    let policy = match &args.pool {
        None => changed(args, &PoolPolicy::open(), &sets)?,
        Some(pool) => of_changed(pool, args, &sets)?,
    };
    if args.json {
        return show::json(&PolicyFile::of(&policy));
    }
    let mut lines = Lines::default();
    for (asset, least) in policy.minimum_fees() {
        lines.add("least fee", format_args!("{least} of asset {asset}"));
    }
    for set in policy.association_sets().unwrap_or_default() {
        lines.add("a set that counts", said(set));
    }
    if policy == PoolPolicy::open() {
        lines.add("asked for", "nothing");
    }
    Ok(lines.0)
}

/// The policy of a pool after the change that is asked for, if any is.
fn of_changed(
    pool: &Path,
    args: &PolicyArgs,
    sets: &[AssociationSet],
) -> Result<PoolPolicy, Failure> {
    store::check_there(pool)?;
    if !args.open && args.fee.is_empty() && sets.is_empty() && args.forget.is_empty() {
        return of_pool(pool);
    }
    // Whoever appends sees the policy of before or the new one.
    let lock = DirectoryLock::take(pool).map_err(Failure::unusable)?;
    // To ask for nothing takes no policy that can be read.
    let before = match args.open {
        true => PoolPolicy::open(),
        false => of_pool(pool)?,
    };
    let policy = changed(args, &before, sets)?;
    lock.check().map_err(Failure::unusable)?;
    let (path, file) = (pool.join(POLICY), PolicyFile::of(&policy));
    files::write_json(&path, &file, Access::Published, files::write_over)
        .map_err(Failure::unusable)?;
    Ok(policy)
}

/// The set that somebody names, of those that count.
fn one_of(counting: &[Association], named: &NamedSet) -> Result<Association, Failure> {
    let NamedSet { mode, root } = named;
    let meant = |set: &&Association| set.root == *root && mode.is_none_or(|mode| set.mode == mode);
    let found: Vec<_> = counting.iter().filter(meant).collect();
    match found[..] {
        [set] => Ok(*set),
        [] => {
            let of_mode = mode.map_or("", |mode| match mode {
                AssociationMode::Approved => " of approved notes",
                AssociationMode::NotRefused => " of refused notes",
            });
            Err(Failure::Unusable(format!(
                "no set{of_mode} with root {root} counts"
            )))
        }
        _ => Err(Failure::Unusable(format!(
            "a set of approved notes and one of refused notes have the root {root}: say approved:{root} or \
             not-refused:{root}"
        ))),
    }
}

/// The policy that somebody asks for, from the one before.
fn changed(
    args: &PolicyArgs,
    before: &PoolPolicy,
    sets: &[AssociationSet],
) -> Result<PoolPolicy, Failure> {
    if args.open {
        return Ok(PoolPolicy::open());
    }
    let mut policy = PoolPolicy::open();
    if args.fee.is_empty() {
        policy = before
            .minimum_fees()
            .fold(policy, |policy, (asset, least)| {
                policy.with_minimum_fee(asset, least)
            });
    }
    for (asset, least) in &args.fee {
        if policy.minimum_fees().any(|(known, _)| known == *asset) {
            return Err(Failure::Unusable(format!(
                "two least fees of asset {asset}: say which one is asked for"
            )));
        }
        policy = policy.with_minimum_fee(*asset, *least);
    }
    let mut counting = before.association_sets().unwrap_or_default().to_vec();
    for set in sets.iter().map(AssociationSet::association) {
        // The newest is the last.
        counting.retain(|known| *known != set);
        counting.push(set);
    }
    for set in &args.forget {
        let forgotten = one_of(&counting, set)?;
        counting.retain(|known| *known != forgotten);
        if counting.is_empty() {
            // Without a set none would be asked for: nobody means that by forgetting one.
            return Err(Failure::Unusable(
                "no set would be left, so that none would be asked for: name another one by --association first, or, if \
                 that is meant, ask for nothing by --open"
                    .into(),
            ));
        }
    }
    if counting.len() > MOST || policy.minimum_fees().count() > MOST {
        return Err(Failure::Unusable(format!(
            "more than {MOST} least fees or sets: --forget the roots of old sets"
        )));
    }
    if counting.is_empty() {
        return Ok(policy);
    }
    Ok(policy.with_association_sets(counting))
}

#[cfg(test)]
mod tests {
    use winterlane_ledger::Digest;

    use super::*;

    /// Two sets of the same notes have one root, so that the root alone is not enough.
    #[test]
    fn a_set_is_named_by_its_mode_and_root() {
        let root = |n: u32| Root(Digest([n, 2, 3, 4].map(Into::into)));
        let [approved, refused] = [AssociationMode::Approved, AssociationMode::NotRefused];
        let set = |mode, n| Association {
            mode,
            root: root(n),
        };
        let counting = [set(approved, 1), set(refused, 1), set(refused, 2)];
        let find = |mode, n| {
            let root = root(n);
            one_of(&counting, &NamedSet { mode, root }).map_err(|failure| match failure {
                Failure::Unusable(said) => said,
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(find(Some(approved), 1), Ok(set(approved, 1)));
        assert_eq!(find(Some(refused), 1), Ok(set(refused, 1)));
        assert_eq!(find(None, 2), Ok(set(refused, 2)));
        for (mode, n, words) in [
            (None, 1, "say approved:"),
            (None, 3, "no set with root"),
            (Some(approved), 2, "no set of approved notes with root"),
        ] {
            let said = find(mode, n).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }

    fn read_text(text: &str) -> Result<PoolPolicy, String> {
        let file: PolicyFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
        file.policy().map_err(|error| error.to_string())
    }

    #[test]
    fn a_policy_is_written_as_it_is_read() {
        let root = Root(Digest([1_u32, 2, 3, 4].map(Into::into)));
        let [approved, refused] = [AssociationMode::Approved, AssociationMode::NotRefused]
            .map(|mode| Association { mode, root });
        let policies = [
            PoolPolicy::open(),
            PoolPolicy::open().with_minimum_fee(AssetId::new(7), Amount::MAX),
            PoolPolicy::open()
                .with_minimum_fee(AssetId::ZERO, Amount::ZERO)
                .with_minimum_fee(AssetId::new(9), Amount::new(10))
                .with_association_sets([approved, refused]),
        ];
        for policy in policies {
            let text = serde_json::to_string(&PolicyFile::of(&policy)).unwrap();
            assert_eq!(read_text(&text).as_ref(), Ok(&policy), "{text}");
        }
        let short = r#"{"format": "winterlane-policy-1"}"#;
        assert_eq!(read_text(short), Ok(PoolPolicy::open()));
    }

    #[test]
    fn a_policy_that_is_none_says_where() {
        let with = |more: &str| format!(r#"{{"format": "winterlane-policy-1", {more}}}"#);
        let root = "0".repeat(64);
        let many: Vec<_> = (0..=MOST)
            .map(|asset| format!(r#"{{"asset": {asset}, "minimum": "1"}}"#))
            .collect();
        for (text, said) in [
            (
                r#"{"format": "winterlane-policy-2"}"#.to_owned(),
                "winterlane-policy-2",
            ),
            (r#"{"fees": []}"#.into(), "format"),
            (with(r#""fee": []"#), "unknown field `fee`"),
            (with(r#""fees": [{"asset": 0, "minimum": 1}]"#), "string"),
            (
                with(r#""fees": [{"asset": 0, "minimum": "+1"}]"#),
                "fees, entry 1",
            ),
            (
                with(r#""fees": [{"asset": 0, "minimum": ""}]"#),
                "fees, entry 1",
            ),
            (
                with(&format!(
                    r#""fees": [{{"asset": 0, "minimum": "{}0"}}]"#,
                    u128::MAX
                )),
                "below 2^128",
            ),
            (
                with(r#""fees": [{"asset": 0, "minimum": "1"}, {"asset": 0, "minimum": "2"}]"#),
                "entry 2: asset 0 for the second time",
            ),
            (
                with(&format!(r#""fees": [{}]"#, many.join(", "))),
                "1,025 least fees",
            ),
            (
                with(&format!(
                    r#""association": [{{"mode": "refused", "root": "{root}"}}]"#
                )),
                "not-refused",
            ),
            (
                with(r#""association": [{"mode": "approved", "root": "00"}]"#),
                "64 hexadecimal digits",
            ),
        ] {
            let error = read_text(&text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
