//! What issuers and holders do before anything is proven.
//!
//! | file of an issuer | |
//! |---|---|
//! | `keys/` | its wallet: seed, and what each one-time key has signed |
//! | `heights.json` | how many credentials each key can sign |
//! | `issuer.json` | what it publishes: name, schema, keys, revoked credentials |

use std::{collections::BTreeMap, path::Path};

use indicatif::MultiProgress;
use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    Digest, Root,
    private::RESERVED_KEY_INDEX,
    signature::{KEY_CAPACITY, KeyError},
};
use winterlane_machine::Keeper;
use winterlane_prover::SimdCompressor;
use winterlane_wallet::{
    Wallet, WalletError,
    credentials::{IssueError, Issuer, Schema, attributes},
};

use super::super::{passphrase, spinner};
use crate::{
    Failure,
    args_credential::{HolderArgs, IssueArgs, IssuerArgs, RevokeArgs},
    args_passphrase::UnlockArgs,
    files::{self, Access, DirectoryLock},
    show::{self, Lines},
};

/// What a holder sends to an issuer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HolderKey {
    format: String,
    holder: Digest,
}

const HOLDER_FORMAT: &str = "winterlane-holder-1";

/// An issuer's directory, opened.
struct Opened {
    wallet: Wallet<SimdCompressor>,
    heights: Vec<u32>,
    issuer: Issuer,
    _lock: DirectoryLock,
}

impl Opened {
    /// Opens an issuer: its wallet knows the last key.
    fn open(directory: &Path, unlock: &UnlockArgs) -> Result<Self, Failure> {
        let published = directory.join("issuer.json");
        if !published.exists() {
            return Err(Failure::Unusable(format!(
                "{}: no issuer; `winterlane credential issuer --issuer {} --name NAME --schema FILE` makes one",
                directory.display(),
                directory.display()
            )));
        }
        let lock = DirectoryLock::take(directory).map_err(Failure::unusable)?;
        let issuer: Issuer = files::read_json(&published).map_err(Failure::unusable)?;
        let mut heights: Vec<u32> =
            files::read_json(&directory.join("heights.json")).map_err(Failure::unusable)?;
        // The height of a key that was not published: its making was interrupted.
        heights.truncate(issuer.keys.len());
        let wallet = passphrase::open(&directory.join("keys"), unlock)?;
        let mut opened = Self {
            wallet: wallet.with_compressor(SimdCompressor),
            heights,
            issuer,
            _lock: lock,
        };
        let number = opened.issuer.keys.len().saturating_sub(1);
        if opened.key(number)? != opened.issuer.keys.get(number).copied() {
            return Err(Failure::Unusable(format!(
                "{}: its last key is not one of the wallet beside it",
                published.display()
            )));
        }
        Ok(opened)
    }

    /// Makes the key with that number, if there is one.
    fn key(&mut self, number: usize) -> Result<Option<Root>, Failure> {
        let Some(&height) = self.heights.get(number) else {
            return Ok(None);
        };
        let root = self.wallet.add_key(number as u64, height);
        root.map(Some).map_err(Failure::unusable)
    }

    /// Refuses a number that no credential has yet: a later one would be revoked before it is issued.
    fn check_issued(&self, number: u32) -> Result<(), Failure> {
        let (key, index) = (number / KEY_CAPACITY, number % KEY_CAPACITY);
        let root = self.issuer.keys.get(key as usize);
        if root.is_some_and(|root| index < self.wallet.journal().next_index(root)) {
            return Ok(());
        }
        Err(Failure::Unusable(format!(
            "no credential with number {number} was issued: the number was printed when it was issued, and the credential \
             has it"
        )))
    }

    /// Writes what the issuer publishes.
    fn publish(&self, directory: &Path) -> Result<(), Failure> {
        let path = directory.join("issuer.json");
        files::write_json(&path, &self.issuer, Access::Published, files::write_over)
            .map_err(Failure::unusable)
    }
}

pub(super) fn issuer(args: &IssuerArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let directory = &args.issuer;
    let progress = || {
        let progress = spinner(screen, args.json);
        progress.set_message("making a key");
        progress
    };
    let (opened, progress) = if args.new_key {
        let mut opened = Opened::open(directory, &args.unlock)?;
        let progress = progress();
        opened.heights.push(args.height);
        let number = opened.heights.len() - 1;
        let key = opened.key(number)?;
        opened.issuer.keys.extend(key);
        (opened, progress)
    } else {
        let (Some(name), Some(schema)) = (&args.name, &args.schema) else {
            return Err(Failure::Unusable(
                "a new issuer has --name and --schema".into(),
            ));
        };
        if directory.join("issuer.json").exists() {
            return Err(Failure::Unusable(format!(
                "{}: an issuer already; add --new-key for another key, or name another directory",
                directory.display()
            )));
        }
        let schema: Schema = files::read_json(schema).map_err(Failure::unusable)?;
        files::make_directory_of(directory, Keeper::Issuer).map_err(Failure::unusable)?;
        let lock = DirectoryLock::take(directory).map_err(Failure::unusable)?;
        let keys = directory.join("keys");
        let (wallet, _) = passphrase::open_or_make(&keys, &args.unlock, &args.encrypting)?;
        let progress = progress();
        let mut opened = Opened {
            wallet: wallet.with_compressor(SimdCompressor),
            heights: vec![args.height],
            issuer: Issuer {
                format: Issuer::FORMAT.into(),
                name: name.clone(),
                schema,
                keys: Vec::new(),
                revoked: Vec::new(),
            },
            _lock: lock,
        };
        let key = opened.key(0)?;
        opened.issuer.keys.extend(key);
        (opened, progress)
    };
    // The heights first: a key that is published must be one that can be made again.
    files::write_json(
        &directory.join("heights.json"),
        &opened.heights,
        Access::Owner,
        files::write_over,
    )
    .map_err(Failure::unusable)?;
    opened.publish(directory)?;
    progress.finish_and_clear();
    let key = opened.issuer.keys.last().copied().unwrap_or_default();
    let can_sign = (1u32 << args.height).min(RESERVED_KEY_INDEX);
    let encrypted = opened.wallet.is_encrypted().map_err(Failure::unusable)?;
    if args.json {
        return show::json(&serde_json::json!({
            "issuer": opened.issuer.name,
            "key": key,
            "can_sign": can_sign,
            "encrypted": encrypted,
        }));
    }
    let mut lines = Lines::default();
    lines.add("issuer", &opened.issuer.name);
    lines.add("seed", passphrase::said(encrypted));
    lines.add("key", key);
    lines.add("it can sign", format_args!("{can_sign} credentials"));
    lines.add("to publish", directory.join("issuer.json").display());
    Ok(lines.0)
}

pub(super) fn holder(args: &HolderArgs) -> Result<String, Failure> {
    // Before a wallet is made for it.
    files::check_place(&args.out).map_err(Failure::unusable)?;
    let (wallet, made) = passphrase::open_or_make(&args.wallet, &args.unlock, &args.encrypting)?;
    let encrypted = wallet.is_encrypted().map_err(Failure::unusable)?;
    let key = HolderKey {
        format: HOLDER_FORMAT.into(),
        holder: wallet.holder_secret(args.number).key(),
    };
    files::write_json(&args.out, &key, Access::Published, files::write_same)
        .map_err(Failure::unusable)?;
    if args.json {
        return show::json(&serde_json::json!({
            "made": made,
            "encrypted": encrypted,
            "holder": key.holder,
        }));
    }
    let mut lines = Lines::default();
    lines.add(
        "wallet",
        format_args!(
            "{} ({})",
            args.wallet.display(),
            if made { "made" } else { "opened" }
        ),
    );
    lines.add("seed", passphrase::said(encrypted));
    lines.add(
        "holder key",
        format_args!("in {}: send it to the issuer", args.out.display()),
    );
    Ok(lines.0)
}

/// What an issuer says of a holder, by attribute: each once, since what is signed cannot be taken back.
#[derive(Deserialize)]
struct Attributes(
    #[serde(deserialize_with = "winterlane_ledger::maps::unique")]
    BTreeMap<String, serde_json::Value>,
);

pub(super) fn issue(args: &IssueArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let holder: HolderKey = files::read_json(&args.holder).map_err(Failure::unusable)?;
    if holder.format != HOLDER_FORMAT {
        let (path, format) = (args.holder.display(), holder.format);
        let error = format!("{path}: the format is {format:?}, not {HOLDER_FORMAT:?}");
        return Err(Failure::Unusable(error));
    }
    // Before a one-time key is used for it.
    files::check_new(&args.out).map_err(Failure::unusable)?;
    let Attributes(json) = files::read_json(&args.attributes).map_err(Failure::unusable)?;
    let json = json.into_iter().collect();
    let mut opened = Opened::open(&args.issuer, &args.unlock)?;
    let progress = spinner(screen, args.json);
    progress.set_message("signing");
    let stated = attributes(&opened.issuer.schema, &json)
        .map_err(|error| Failure::Unusable(format!("{}: {error}", args.attributes.display())))?;
    let issued = opened
        .wallet
        .issue(&opened.issuer, stated, holder.holder, args.valid_until);
    let credential = issued.map_err(|error| match error {
        IssueError::NoKey
        | IssueError::Wallet(WalletError::Key(KeyError::Exhausted { .. })) => {
            Failure::Unusable(format!(
                "the issuer's key has signed all it can: `winterlane credential issuer --issuer {} --new-key` \
                 makes another",
                args.issuer.display()
            ))
        }
        error => Failure::unusable(error),
    })?;
    files::write_json(&args.out, &credential, Access::Owner, files::write_new)
        .map_err(Failure::unusable)?;
    progress.finish_and_clear();
    if args.json {
        return show::json(&serde_json::json!({
            "number": credential.number,
            "valid_until": credential.last_day,
        }));
    }
    let mut lines = Lines::default();
    lines.add(
        "issued",
        format_args!("in {}: send it to the holder", args.out.display()),
    );
    lines.add("number", format_args!("{} (revokes it)", credential.number));
    lines.add("valid until", credential.last_day);
    Ok(lines.0)
}

pub(super) fn revoke(args: &RevokeArgs) -> Result<String, Failure> {
    let mut opened = Opened::open(&args.issuer, &args.unlock)?;
    opened.check_issued(args.number)?;
    let revoked = &mut opened.issuer.revoked;
    match revoked.binary_search(&args.number) {
        Ok(_) => {
            let error = format!("credential {} is revoked already", args.number);
            return Err(Failure::Unusable(error));
        }
        Err(place) => revoked.insert(place, args.number),
    }
    opened.publish(&args.issuer)?;
    if args.json {
        return show::json(&serde_json::json!({ "revoked": args.number }));
    }
    let mut lines = Lines::default();
    lines.add("revoked", args.number);
    lines.add("to publish", args.issuer.join("issuer.json").display());
    Ok(lines.0)
}
