//! Batches, one after the other, as a chain.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde::Serialize;
use winterlane_ledger::{Digest, Domain, Order, PublicInputs, Record, Root, objects::from_json};
use winterlane_verifier::{
    DEFAULT_MAX_PROOF_BYTES, PublicFile, Verified, verify_batch, verify_links, verify_records,
};

use crate::{Answer, Fault, Stage, expected::Pins, records::RecordSaid};

/// Verifies consecutive batches, holding one at a time: a chain may be longer than what fits in memory.
///
/// ```
/// use winterlane_verifier_wasm::Chain;
///
/// let mut chain = Chain::new(b"{}").expect("nothing is expected in particular");
/// let answer = chain.add(b"not a public file", b"not a proof");
/// assert_eq!(answer.status, 2);
/// ```
#[derive(Debug)]
pub struct Chain {
    pins: Pins,
    /// What the first and the last accepted batch say.
    ends: Option<(PublicInputs, PublicInputs)>,
    batches: u32,
    transfers: u64,
    proof_bytes: u64,
    bits: u32,
    refused: bool,
}

/// What one accepted batch says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchSaid {
    valid: bool,
    number: String,
    domain: Domain,
    old_root: Root,
    new_root: Root,
    operations_digest: Digest,
    /// Provable bits.
    bits: u32,
    preset: String,
    /// Operation slots, padding included.
    slots: u32,
    padding: usize,
    /// Rows of the trace.
    rows: usize,
    proof_bytes: usize,
    public_bytes: usize,
    transfers: usize,
    records: Vec<RecordSaid>,
}

/// What an accepted chain says as a whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChainSaid {
    valid: bool,
    domain: Domain,
    first_batch: String,
    last_batch: String,
    batches: u32,
    transfers: u64,
    /// Provable bits, the least of all batches.
    bits: u32,
    old_root: Root,
    new_root: Root,
    proof_bytes: u64,
    /// What the caller did not say beforehand, so that whoever made the files chose it.
    taken_as_found: Vec<&'static str>,
}

impl Chain {
    /// A chain without batches, compared with what a caller expects of it: a JSON object whose fields, all
    /// optional, are `bits` (128 or 100), `domain`, `oldRoot`, `newRoot` (digests as hexadecimal text),
    /// `firstBatch` (text), `batches`, and `presetNamed` (false where the public files name no preset).
    ///
    /// # Errors
    /// When the object is another one.
    pub fn new(expected: &[u8]) -> Result<Self, Answer> {
        let pins = Pins::read(expected).map_err(|fault| Answer::of::<()>(Err(fault)))?;
        Ok(Self {
            pins,
            ends: None,
            batches: 0,
            transfers: 0,
            proof_bytes: 0,
            bits: u32::MAX,
            refused: false,
        })
    }

    /// Verifies a batch, the contents of its two files, as the next one. When it is refused, so is the chain.
    pub fn add(&mut self, public: &[u8], proof: &[u8]) -> Answer {
        let result = self.try_add(public, proof);
        self.refused |= result.is_err();
        Answer::of(result)
    }

    fn try_add(&mut self, public: &[u8], proof: &[u8]) -> Result<BatchSaid, Fault> {
        self.check_use()?;
        // What is cheap comes first.
        if proof.len() > DEFAULT_MAX_PROOF_BYTES {
            return Err(Fault::new(
                Stage::ProofSize,
                "more than 4 MiB: no proof is that long",
            ));
        }
        let file = read_public(public)?;
        let inputs = file.public_inputs;
        self.pins.check_batch(&inputs, self.ends.is_none())?;
        if let Some((_, before)) = self.ends {
            verify_links(&[before, inputs])
                .map_err(|error| Fault::new(Stage::Link, error.fault))?;
        }
        let verified = verify_batch(proof, &inputs, &self.pins.policy)
            .map_err(|error| Fault::new(Stage::Proof, error))?;
        // Last: on one thread without vectors the digest of the records takes longer than the proof.
        let records = verify_records(&file.records, &inputs)
            .map_err(|error| Fault::new(Stage::Records, error))?;
        let preset = self.preset(&file, &verified)?;
        let said = BatchSaid::new(&file, &verified, preset, &records);

        let (first, batches) = match self.ends {
            Some((first, _)) => (first, self.batches.saturating_add(1)),
            None => (inputs, 1),
        };
        self.ends = Some((first, inputs));
        self.batches = batches;
        self.transfers = self.transfers.saturating_add(said.transfers as u64);
        self.proof_bytes = self.proof_bytes.saturating_add(said.proof_bytes as u64);
        self.bits = self.bits.min(verified.bits);
        Ok(said)
    }

    /// What the batches say together, when every one was accepted.
    #[must_use]
    pub fn end(&self) -> Answer {
        Answer::of(self.try_end())
    }

    fn try_end(&self) -> Result<ChainSaid, Fault> {
        self.check_use()?;
        let Some((first, last)) = self.ends else {
            return Err(Fault::new(Stage::Use, "there is no batch"));
        };
        self.pins.check_end(&last, self.batches)?;
        Ok(ChainSaid {
            valid: true,
            domain: first.domain,
            first_batch: first.batch_number.to_string(),
            last_batch: last.batch_number.to_string(),
            batches: self.batches,
            transfers: self.transfers,
            bits: self.bits,
            old_root: first.old_root,
            new_root: last.new_root,
            proof_bytes: self.proof_bytes,
            taken_as_found: self.pins.taken_as_found().collect(),
        })
    }

    /// The name of the proof's preset, which is that in the public file.
    fn preset(&self, file: &PublicFile, verified: &Verified) -> Result<String, Fault> {
        let preset = verified
            .preset
            .ok_or_else(|| Fault::new(Stage::Preset, "its proof is of no preset"))?
            .to_string();
        if self.pins.preset_named && preset != file.preset {
            return Err(Fault::new(
                Stage::Preset,
                format_args!(
                    "its proof holds and is of the preset {preset}, but its public file says {:?}",
                    file.preset
                ),
            ));
        }
        Ok(preset)
    }

    fn check_use(&self) -> Result<(), Fault> {
        if self.refused {
            return Err(Fault::new(
                Stage::Use,
                "a batch of this chain was refused, and with it the chain: begin another one",
            ));
        }
        Ok(())
    }
}

impl BatchSaid {
    fn new(file: &PublicFile, verified: &Verified, preset: String, records: &[Record]) -> Self {
        let is_transfer =
            |record: &&Record| matches!(record, Record::Signed(Order::Transfer(_), _));
        let is_padding = |record: &&Record| matches!(record, Record::Noop);
        let inputs = &file.public_inputs;
        Self {
            valid: true,
            number: inputs.batch_number.to_string(),
            domain: inputs.domain,
            old_root: inputs.old_root,
            new_root: inputs.new_root,
            operations_digest: inputs.operations_digest,
            bits: verified.bits,
            preset,
            slots: inputs.num_operations,
            padding: records.iter().filter(is_padding).count(),
            rows: verified.trace_length,
            proof_bytes: verified.proof_bytes,
            public_bytes: file.records.len(),
            transfers: records.iter().filter(is_transfer).count(),
            records: records
                .iter()
                .enumerate()
                .filter_map(|(slot, record)| RecordSaid::new(slot, record))
                .collect(),
        }
    }
}

fn read_public(bytes: &[u8]) -> Result<PublicFile, Fault> {
    let unusable = |reason: &dyn core::fmt::Display| Fault::new(Stage::PublicFile, reason);
    if bytes.len() > PublicFile::MAX_BYTES {
        return Err(unusable(&"more than 4 MiB: no public file is that long"));
    }
    let file: PublicFile = from_json(bytes).map_err(|error| unusable(&error))?;
    file.check_format().map_err(|error| unusable(&error))?;
    Ok(file)
}
