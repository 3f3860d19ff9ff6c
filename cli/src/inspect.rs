//! `inspect`: what a file says, read without trust and without verifying.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use winterlane_air::presets::Preset;
use winterlane_ledger::{
    Order, Record,
    wire::{self, DecodeError},
};

use crate::{
    Failure,
    files::{self, PublicFile},
    report::grouped,
};

/// Describes a `.proof` or a `.public.json` file.
pub(crate) fn inspect(path: &Path) -> Result<String, Failure> {
    let unusable = |error: String| Failure::Unusable(format!("{}: {error}", path.display()));
    let is_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json {
        let public = files::read_public(path).map_err(Failure::unusable)?;
        describe_public(&public).map_err(|error| unusable(error.to_string()))
    } else {
        let proof = files::read_proof(path).map_err(Failure::unusable)?;
        describe_proof(&proof)
            .ok_or_else(|| unusable("neither a public file (.json) nor a proof's header".into()))
    }
}

/// Lines of a name and a value.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{name:<20} {value}");
    }
}

fn describe_public(public: &PublicFile) -> Result<String, DecodeError> {
    let inputs = &public.public_inputs;
    let records = wire::decode(&public.records, inputs.batch_number)?;
    let mut lines = Lines::default();
    lines.add("preset", &public.preset);
    lines.add("batch number", inputs.batch_number);
    lines.add("domain", inputs.domain);
    lines.add("old root", inputs.old_root);
    lines.add("new root", inputs.new_root);
    lines.add("operations digest", inputs.operations_digest);
    lines.add("operation slots", grouped(inputs.num_operations as usize));
    lines.add("public bytes", grouped(public.records.len()));
    let mut kinds = BTreeMap::new();
    for record in &records {
        *kinds.entry(record.kind()).or_insert(0usize) += 1;
    }
    for (kind, count) in kinds {
        lines.add(&format!("{kind:?}"), grouped(count));
    }
    let moved = records.iter().filter_map(|record| match record {
        Record::Signed(Order::Transfer(transfer), _) => Some(transfer.amount),
        _ => None,
    });
    // Records that nobody has verified may hold anything.
    if let Some(total) = moved.into_iter().try_fold(0u128, u128::checked_add) {
        lines.add("transferred", total);
    }
    Ok(lines.0)
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
            _,
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
        })
    }

    /// The preset with exactly these options, if there is one.
    fn preset(&self) -> Option<(Preset, u32)> {
        let rows = 1usize.checked_shl(self.log2_rows.into())?;
        Preset::ALL.into_iter().find_map(|preset| {
            let parameters = preset.parameters(rows)?;
            let same = self.extension == 3
                && usize::from(self.blowup) == preset.name.blowup_factor()
                && self.queries == parameters.queries
                && self.grinding == parameters.grinding
                && self.folding == parameters.folding
                && self.remainder_degree == parameters.remainder_max_degree;
            same.then_some((preset, parameters.bits))
        })
    }
}

fn describe_proof(bytes: &[u8]) -> Option<String> {
    let header = Header::read(bytes)?;
    let mut lines = Lines::default();
    lines.add("bytes", grouped(bytes.len()));
    lines.add("trace columns", header.main_columns);
    if header.aux_columns > 0 {
        lines.add("auxiliary columns", header.aux_columns);
    }
    lines.add("trace rows", format_args!("2^{}", header.log2_rows));
    lines.add(
        "field extension",
        format_args!("degree {}", header.extension),
    );
    lines.add("blowup", header.blowup);
    lines.add("queries", header.queries);
    lines.add("grinding bits", header.grinding);
    lines.add("folding factor", header.folding);
    lines.add("remainder degree", header.remainder_degree);
    match header.preset() {
        Some((preset, bits)) => {
            lines.add("preset", preset);
            lines.add("provable bits", bits);
        }
        None => lines.add("preset", "none: the verifier refuses these options"),
    }
    Some(lines.0)
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
            assert_eq!(header.preset().unwrap().0, preset);
            assert!(
                describe_proof(&bytes)
                    .unwrap()
                    .contains(&preset.to_string())
            );
            // The number of constraints is the last byte, and not part of what is shown.
            for length in 0..bytes.len() - 1 {
                assert!(describe_proof(&bytes[..length]).is_none());
            }
        }
    }

    #[test]
    fn any_header_can_be_described() {
        for byte in 0..=u8::MAX {
            let bytes = [byte; 1 << 17];
            assert!(describe_proof(&bytes).is_some());
        }
    }
}
