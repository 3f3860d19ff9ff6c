//! A note that a withdrawal is to pay for: its file.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;
use winterlane_ledger::{Amount, AssetId, Digest, pool::Shield};
use winterlane_settlement::Party;
use winterlane_wallet::notes::shield;

use crate::{
    Failure,
    commands::private::address,
    files::{self, Access},
    show::{self, Lines},
};

/// What is published of the note. Whoever has the file can have the note put into the pool, and spends nothing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteFile {
    format: String,
    blinded: Digest,
    asset: AssetId,
    amount: String,
    /// The note, encrypted to its owner.
    sealed: String,
}

const FORMAT: &str = "winterlane note 1";

/// Makes a note for the address in a file.
pub(super) fn make(
    to: &Path,
    (asset, amount): (AssetId, Amount),
    out: &Path,
    as_json: bool,
) -> Result<String, Failure> {
    if amount == Amount::ZERO {
        return Err(Failure::Unusable("a note of 0 is worth nothing".into()));
    }
    let (note, _) = shield(&address(to)?, asset, amount).map_err(Failure::unusable)?;
    let file = NoteFile {
        format: FORMAT.into(),
        blinded: note.blinded,
        asset,
        amount: amount.to_string(),
        sealed: note
            .sealed
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    };
    files::write_json(out, &file, Access::Owner, files::write_new).map_err(Failure::unusable)?;
    let address = Party(note.recipient());
    if as_json {
        return show::json(&json!({
            "note": out.display().to_string(), "address": address, "asset": asset, "amount": file.amount,
        }));
    }
    let mut lines = Lines::default();
    lines.add("note", out.display());
    lines.add("paid by", "a withdrawal of exactly that much to");
    lines.add("address", address);
    Ok(lines.0)
}

/// Reads the file of a note.
pub(super) fn read(path: &Path) -> Result<Shield, Failure> {
    let wrong = |what: &str| Failure::Unusable(format!("{}: {what}", path.display()));
    let file: NoteFile = files::read_json(path).map_err(Failure::unusable)?;
    if file.format != FORMAT {
        return Err(wrong(&format!(
            "the format is {:?}, not {FORMAT:?}",
            file.format
        )));
    }
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, rest) = file.sealed.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok());
    let sealed = bytes
        .collect::<Option<Vec<u8>>>()
        .filter(|_| rest.is_empty());
    Ok(Shield {
        blinded: file.blinded,
        asset: file.asset,
        amount: file
            .amount
            .parse()
            .map_err(|_| wrong("the amount is no number below 2^128"))?,
        sealed: sealed.ok_or_else(|| wrong("the encrypted note is not hexadecimal digits"))?,
    })
}
