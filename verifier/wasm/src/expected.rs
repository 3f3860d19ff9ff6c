//! What a caller knows beforehand, and has compared.

use alloc::string::String;

use serde::{Deserialize, de::DeserializeOwned};
use winterlane_air::presets::{Preset, SecurityLevel};
use winterlane_ledger::{BatchNumber, Domain, PublicInputs, Root, objects::from_json};
use winterlane_verifier::Policy;

use crate::{Fault, Stage};

/// The most that a caller's expectations can need, in bytes.
pub(crate) const MAX_EXPECTED_BYTES: usize = 4096;

/// As JSON. Whatever is not said is taken as found.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Expected {
    /// At least so many provable bits: 128 unless given, or 100.
    bits: Option<u32>,
    domain: Option<Domain>,
    /// Text, since JavaScript's numbers end at 2^53.
    first_batch: Option<String>,
    batches: Option<u32>,
    old_root: Option<Root>,
    new_root: Option<Root>,
    /// Whether the public files name the preset of their proofs, which is then compared: so unless given. A
    /// node's answers name none.
    preset_named: Option<bool>,
}

/// Reads what a caller expects, from `most` bytes at most.
pub(crate) fn read<T: DeserializeOwned>(json: &[u8], most: usize) -> Result<T, Fault> {
    if json.len() > most {
        return Err(Fault::new(
            Stage::Expected,
            format_args!("more than {most} bytes of expectations"),
        ));
    }
    from_json(json).map_err(|error| Fault::new(Stage::Expected, error))
}

/// A number that is written as text, since JavaScript's numbers end at 2^53.
pub(crate) fn number<N: core::str::FromStr>(
    text: Option<&str>,
    name: &str,
) -> Result<Option<N>, Fault> {
    let wrong = |_| {
        Fault::new(
            Stage::Expected,
            format_args!("{name} is no whole number in range"),
        )
    };
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// [`Expected`], read.
#[derive(Debug)]
pub(crate) struct Pins {
    pub(crate) policy: Policy,
    pub(crate) preset_named: bool,
    domain: Option<Domain>,
    first_batch: Option<BatchNumber>,
    batches: Option<u32>,
    old_root: Option<Root>,
    new_root: Option<Root>,
}

impl Pins {
    pub(crate) fn read(json: &[u8]) -> Result<Self, Fault> {
        let unusable = |reason: &dyn core::fmt::Display| Fault::new(Stage::Expected, reason);
        let expected: Expected = read(json, MAX_EXPECTED_BYTES)?;
        let level = SecurityLevel::try_from(expected.bits.unwrap_or(128))
            .map_err(|error| unusable(&error))?;
        let first_batch = expected
            .first_batch
            .map(|number| number.parse())
            .transpose()
            .map_err(|_| unusable(&"firstBatch is not the decimal number of a batch"))?;
        let accepted = Preset::ALL
            .into_iter()
            .filter(|preset| preset.level >= level);
        Ok(Self {
            policy: accepted.fold(Policy::default(), Policy::and),
            preset_named: expected.preset_named.unwrap_or(true),
            domain: expected.domain,
            first_batch,
            batches: expected.batches,
            old_root: expected.old_root,
            new_root: expected.new_root,
        })
    }

    /// Compares a batch. `first` says that no batch came before.
    pub(crate) fn check_batch(&self, inputs: &PublicInputs, first: bool) -> Result<(), Fault> {
        compare("the domain is", self.domain, inputs.domain)?;
        if first {
            compare("the first batch is", self.first_batch, inputs.batch_number)?;
            compare(
                "the first batch starts from",
                self.old_root,
                inputs.old_root,
            )?;
        }
        Ok(())
    }

    /// Compares the end of a chain of `batches` whose last one is `last`.
    pub(crate) fn check_end(&self, last: &PublicInputs, batches: u32) -> Result<(), Fault> {
        compare("the number of batches is", self.batches, batches)?;
        compare("the last batch ends with", self.new_root, last.new_root)
    }

    /// What was taken as found, since the caller did not say it: names of the fields.
    pub(crate) fn taken_as_found(&self) -> impl Iterator<Item = &'static str> {
        [
            ("domain", self.domain.is_none()),
            ("firstBatch", self.first_batch.is_none()),
            ("oldRoot", self.old_root.is_none()),
            // Either of the two fixes the end.
            ("end", self.new_root.is_none() && self.batches.is_none()),
        ]
        .into_iter()
        .filter_map(|(name, open)| open.then_some(name))
    }
}

pub(crate) fn compare<T: PartialEq + core::fmt::Display>(
    what: &str,
    expected: Option<T>,
    found: T,
) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != found => Err(Fault::new(
            Stage::Pin,
            format_args!("{what} {found}, not {expected} as expected"),
        )),
        _ => Ok(()),
    }
}
