//! `inspect`: what a file says, read without trust and without verifying.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde::Serialize;
use winterlane_air::presets::Preset;
use winterlane_ledger::{Amount, Order, PublicInputs, Record, wire};

use crate::{
    Failure,
    args::InspectArgs,
    files::{self, PublicFile},
    show::{self, Escaped, Lines, grouped},
};

/// Said of every file, so that nobody takes what it says for what is so.
const UNCHECKED: &str = "nothing: this is what the file says; `winterlane verify DIR` checks it";

/// Describes a `.proof` or a `.public.json` file.
pub(super) fn inspect(args: &InspectArgs) -> Result<String, Failure> {
    let path = &args.file;
    let unusable = |error: &str| Failure::Unusable(format!("{}: {error}", path.display()));
    if is_json(path) {
        let public = files::read_public(path).map_err(Failure::unusable)?;
        let said = PublicSaid::new(&public, args.records)
            .map_err(|error| unusable(&format!("its records cannot be read: {error}")))?;
        return if args.json {
            show::json(&said)
        } else {
            Ok(said.text())
        };
    }
    if args.records {
        return Err(unusable(
            "a proof has no records; they are in its .public.json file",
        ));
    }
    let proof = files::read_proof(path).map_err(Failure::unusable)?;
    let said = ProofSaid::new(&proof).ok_or_else(|| {
        unusable(
            "neither a public file (.json) nor the beginning of a proof: it ends within the header",
        )
    })?;
    if args.json {
        show::json(&said)
    } else {
        Ok(said.text())
    }
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// What a public file says.
#[derive(Serialize)]
struct PublicSaid<'a> {
    checked: bool,
    preset: &'a str,
    public_inputs: PublicInputs,
    public_bytes: usize,
    /// How many records there are of each kind.
    kinds: BTreeMap<String, usize>,
    /// Sum of all transfers, as text; none when it is out of range.
    transferred: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Vec<RecordSaid>>,
}

/// One record. Amounts are text: they may be beyond what programs take for a number.
#[derive(Serialize)]
struct RecordSaid {
    slot: usize,
    kind: String,
    subject: String,
    to: String,
    amount: String,
    fee: String,
    valid_until: String,
    /// The key slot that signed; none where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_slot: Option<u8>,
    /// The number of the one-time key in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    one_time_key: Option<u16>,
}

impl RecordSaid {
    fn new(slot: usize, record: &Record) -> Self {
        let fields = record.fields();
        let signed = matches!(record, Record::Signed(..));
        Self {
            slot,
            kind: format!("{:?}", record.kind()),
            subject: fields.subject.to_string(),
            to: fields.to.to_string(),
            amount: record.amount().to_string(),
            fee: record.fee().to_string(),
            valid_until: fields.valid_until.to_string(),
            signing_slot: signed.then_some(fields.signing_slot),
            one_time_key: signed.then_some(fields.key_index),
        }
    }
}

impl<'a> PublicSaid<'a> {
    fn new(public: &'a PublicFile, list: bool) -> Result<Self, wire::DecodeError> {
        let inputs = public.public_inputs;
        let records = wire::decode(&public.records, inputs.batch_number)?;
        let mut kinds = BTreeMap::new();
        for record in &records {
            *kinds.entry(format!("{:?}", record.kind())).or_insert(0) += 1;
        }
        let moved = records.iter().filter_map(|record| match record {
            Record::Signed(Order::Transfer(transfer), _) => Some(transfer.amount),
            _ => None,
        });
        // Records that nobody has verified may hold anything.
        let transferred = Amount::checked_sum(moved);
        let said = |(slot, record)| RecordSaid::new(slot, record);
        Ok(Self {
            checked: false,
            preset: &public.preset,
            public_inputs: inputs,
            public_bytes: public.records.len(),
            kinds,
            transferred: transferred.map(|total| total.to_string()),
            records: list.then(|| records.iter().enumerate().map(said).collect()),
        })
    }

    fn text(&self) -> String {
        let inputs = &self.public_inputs;
        let mut lines = Lines::default();
        lines.add("checked", UNCHECKED);
        lines.add("preset", show::shortened(self.preset));
        lines.add("batch number", inputs.batch_number);
        lines.add("domain", inputs.domain);
        lines.add("old root", inputs.old_root);
        lines.add("new root", inputs.new_root);
        lines.add("operations digest", inputs.operations_digest);
        lines.add("operation slots", grouped(inputs.num_operations as usize));
        lines.add("public bytes", grouped(self.public_bytes));
        for (kind, count) in &self.kinds {
            lines.add(kind, grouped(*count));
        }
        if let Some(total) = &self.transferred {
            lines.add("transferred", total);
        }
        let Lines(mut text) = lines;
        for record in self.records.iter().flatten() {
            if record.slot == 0 {
                text.push_str(
                    "\nslot  kind         subject     to          key    valid until  amount + fee\n",
                );
            }
            let key = match (record.signing_slot, record.one_time_key) {
                (Some(slot), Some(number)) => format!("{slot}:{number}"),
                _ => "-".to_owned(),
            };
            let line = format!(
                "{:<5} {:<12} {:<11} {:<11} {:<6} {:<12} {} + {}",
                record.slot,
                record.kind,
                record.subject,
                record.to,
                key,
                record.valid_until,
                record.amount,
                record.fee,
            );
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", Escaped(line));
        }
        text
    }
}

/// The header of a proof in winterfell's encoding: trace shape, field, options.
struct Header {
    main_columns: u8,
    aux_columns: u8,
    log2_rows: u8,
    queries: u8,
    blowup: u8,
    grinding: u8,
    extension: u8,
    folding: u8,
    remainder_degree: u8,
    /// Bytes of the header up to the options.
    length: usize,
}

impl Header {
    /// Takes the header apart; `None` when the bytes end within it.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (&[main_columns, aux_columns, _, log2_rows, meta0, meta1], rest) =
            bytes.split_first_chunk()?;
        let rest = rest.get(usize::from(u16::from_le_bytes([meta0, meta1]))..)?;
        let (&modulus, rest) = rest.split_first()?;
        let rest = rest.get(usize::from(modulus)..)?;
        let (
            &[
                queries,
                blowup,
                grinding,
                extension,
                folding,
                remainder_degree,
                ..,
            ],
            left,
        ) = rest.split_first_chunk::<10>()?;
        Some(Self {
            main_columns,
            aux_columns,
            log2_rows,
            queries,
            blowup,
            grinding,
            extension,
            folding,
            remainder_degree,
            length: bytes.len() - left.len(),
        })
    }

    /// The preset with exactly these options, if there is one.
    fn preset(&self) -> Option<Preset> {
        let rows = 1usize.checked_shl(self.log2_rows.into())?;
        Preset::ALL.into_iter().find_map(|preset| {
            let parameters = preset.parameters(rows)?;
            let same = self.extension == 3
                && usize::from(self.blowup) == preset.name.blowup_factor()
                && self.queries == parameters.queries
                && self.grinding == parameters.grinding
                && self.folding == parameters.folding
                && self.remainder_degree == parameters.remainder_max_degree;
            same.then_some(preset)
        })
    }
}

/// What the header of a proof says.
#[derive(Serialize)]
struct ProofSaid {
    checked: bool,
    bytes: usize,
    header_bytes: usize,
    trace_columns: u8,
    auxiliary_columns: u8,
    log2_rows: u8,
    extension: u8,
    blowup: u8,
    queries: u8,
    grinding_bits: u8,
    folding_factor: u8,
    remainder_degree: u8,
    /// The preset that has exactly these options.
    preset: Option<String>,
}

impl ProofSaid {
    fn new(bytes: &[u8]) -> Option<Self> {
        let header = Header::read(bytes)?;
        Some(Self {
            checked: false,
            bytes: bytes.len(),
            header_bytes: header.length,
            trace_columns: header.main_columns,
            auxiliary_columns: header.aux_columns,
            log2_rows: header.log2_rows,
            extension: header.extension,
            blowup: header.blowup,
            queries: header.queries,
            grinding_bits: header.grinding,
            folding_factor: header.folding,
            remainder_degree: header.remainder_degree,
            preset: header.preset().map(|preset| preset.to_string()),
        })
    }

    fn text(&self) -> String {
        let mut lines = Lines::default();
        lines.add("checked", UNCHECKED);
        lines.add(
            "read",
            format_args!(
                "the header, {} of {} bytes; of the rest nothing, not even whether it is all there",
                self.header_bytes,
                grouped(self.bytes)
            ),
        );
        lines.add("trace columns", self.trace_columns);
        if self.auxiliary_columns > 0 {
            lines.add("auxiliary columns", self.auxiliary_columns);
        }
        lines.add("trace rows", format_args!("2^{}", self.log2_rows));
        lines.add("field extension", format_args!("degree {}", self.extension));
        lines.add("blowup", self.blowup);
        lines.add("queries", self.queries);
        lines.add("grinding bits", self.grinding_bits);
        lines.add("folding factor", self.folding_factor);
        lines.add("remainder degree", self.remainder_degree);
        match &self.preset {
            Some(preset) => lines.add("options of preset", preset),
            None => lines.add(
                "options of preset",
                "none: the verifier refuses these options",
            ),
        }
        lines.0
    }
}

#[cfg(test)]
mod tests {
    use winter_air::{TraceInfo, proof::Context};
    use winter_utils::Serializable;
    use winterlane_air::batch::columns::TRACE_WIDTH;
    use winterlane_ledger::BaseElement;

    use super::*;

    #[test]
    fn a_header_is_read_as_winterfell_writes_it() {
        for preset in Preset::ALL {
            let rows = 1 << 12;
            let info = TraceInfo::new(TRACE_WIDTH, rows);
            let options = preset.options(rows).unwrap();
            let bytes = Context::new::<BaseElement>(info, options, 7).to_bytes();
            let header = Header::read(&bytes).unwrap();
            assert_eq!(usize::from(header.main_columns), TRACE_WIDTH);
            assert_eq!(header.log2_rows, 12);
            assert_eq!(header.preset().unwrap(), preset);
            // The number of constraints is the last byte, and not part of what is shown.
            assert_eq!(header.length, bytes.len() - 1);
            let said = ProofSaid::new(&bytes).unwrap().text();
            assert!(
                said.contains(&preset.to_string()) && !said.contains("bits 128"),
                "{said}"
            );
            for length in 0..bytes.len() - 1 {
                assert!(ProofSaid::new(&bytes[..length]).is_none());
            }
        }
    }

    #[test]
    fn any_header_can_be_described() {
        for byte in 0..=u8::MAX {
            let bytes = [byte; 1 << 17];
            assert!(ProofSaid::new(&bytes).is_some());
        }
    }
}
