//! The rows of the store that are no value of the ledger: their bytes.
//!
//! Every row begins with a version byte. Integers are little-endian and of fixed width. A row that has more
//! or fewer bytes than it should is damage, never a default.

use winterlane_ledger::{
    BatchNumber, Digest, Domain, PublicInputs, Root, codec::CanonicalBytes, digest::DIGEST_BYTES,
};

use super::StoreError;
use crate::OrderId;

/// The first byte of every row.
pub(super) const VERSION: u8 = 1;

/// What the store says of the whole: one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Which rollup on which chain.
    pub(crate) domain: Domain,
    /// The root of the opening state.
    pub(crate) genesis: Root,
    /// The root after the last sealed batch.
    pub(crate) root: Root,
    /// The number of the first batch.
    pub(crate) first_batch: BatchNumber,
    /// The next batch to be sealed.
    pub(crate) next_batch: BatchNumber,
    /// The next batch to be published.
    pub(crate) next_publish: BatchNumber,
    /// The number of the next entry of the log, if none is in the log.
    pub(crate) next_sequence: u64,
}

/// What the store says of a sealed batch, besides its records and its proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// What its proof says.
    pub(crate) public_inputs: PublicInputs,
    /// Operations, padding not counted.
    pub(crate) operations: u32,
    /// Milliseconds since 1970.
    pub(crate) sealed_at: u64,
    /// Bytes of its records.
    pub(crate) record_bytes: u64,
}

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number in the log.
    pub(crate) sequence: u64,
    /// The batch.
    pub(crate) batch: BatchNumber,
    /// Which of the batch's operations.
    pub(crate) position: u32,
}

/// A batch to be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// The BLAKE3 hash of its witness.
    pub(crate) witness: [u8; 32],
    /// How many times proving it failed.
    pub(crate) failures: u32,
    /// Whether it is held: an operator has to look.
    pub(crate) held: bool,
    /// Whether a process has begun to prove it, and has not said what came of it: if that process is gone, it died of
    /// it, as far as anybody knows.
    pub(crate) begun: bool,
    /// Why it failed the last time; empty when it never did.
    pub(crate) reason: String,
}

/// What settlement has said last of the rollup: one row, once it has said anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// For how many batches forced orders must be valid; 2^64 − 1 where none are forced.
    pub(crate) lifetime: Option<u64>,
    /// The rollup has ended.
    pub(crate) ended: bool,
}

/// Reads a row from its front.
pub(super) struct Row<'a> {
    pub(super) bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Row<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Result<Self, StoreError> {
        let mut row = Self { bytes, what };
        match row.array::<1>()? {
            [VERSION] => Ok(row),
            _ => Err(row.damaged()),
        }
    }

    pub(super) fn damaged(&self) -> StoreError {
        StoreError::corrupt(format!("{} is no row of this format", self.what))
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (array, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or_else(|| self.damaged())?;
        self.bytes = rest;
        Ok(*array)
    }

    pub(super) fn u32(&mut self) -> Result<u32, StoreError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, StoreError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn batch(&mut self) -> Result<BatchNumber, StoreError> {
        self.u64().map(BatchNumber::new)
    }

    pub(super) fn digest(&mut self) -> Result<Digest, StoreError> {
        let bytes = self.array::<DIGEST_BYTES>()?;
        Digest::from_bytes(&bytes).map_err(|_| self.damaged())
    }

    pub(super) fn end(self) -> Result<(), StoreError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(self.damaged())
        }
    }
}

impl Head {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut out = vec![VERSION];
        for digest in [&self.domain.0, &self.genesis.0, &self.root.0] {
            out.extend_from_slice(&digest.to_bytes());
        }
        for number in [
            self.first_batch.get(),
            self.next_batch.get(),
            self.next_publish.get(),
            self.next_sequence,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut row = Row::new(bytes, "the head")?;
        let head = Self {
            domain: Domain(row.digest()?),
            genesis: Root(row.digest()?),
            root: Root(row.digest()?),
            first_batch: row.batch()?,
            next_batch: row.batch()?,
            next_publish: row.batch()?,
            next_sequence: row.u64()?,
        };
        row.end()?;
        Ok(head)
    }
}

impl Header {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.operations.to_le_bytes());
        out.extend_from_slice(&self.sealed_at.to_le_bytes());
        out.extend_from_slice(&self.record_bytes.to_le_bytes());
        out.extend_from_slice(&self.public_inputs.to_bytes());
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut row = Row::new(bytes, "the header of a batch")?;
        let (operations, sealed_at, record_bytes) = (row.u32()?, row.u64()?, row.u64()?);
        let public_inputs = PublicInputs::from_bytes(row.bytes).map_err(|_| row.damaged())?;
        Ok(Self {
            public_inputs,
            operations,
            sealed_at,
            record_bytes,
        })
    }
}

impl Place {
    pub(crate) fn to_bytes(self) -> [u8; 21] {
        let mut out = [VERSION; 21];
        out[1..9].copy_from_slice(&self.sequence.to_le_bytes());
        out[9..17].copy_from_slice(&self.batch.get().to_le_bytes());
        out[17..].copy_from_slice(&self.position.to_le_bytes());
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut row = Row::new(bytes, "a receipt")?;
        let place = Self {
            sequence: row.u64()?,
            batch: row.batch()?,
            position: row.u32()?,
        };
        row.end()?;
        Ok(place)
    }
}

impl Heard {
    /// Version (1), whether the rollup has ended (1), and the lifetime (8) if it is known.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut out = vec![VERSION, u8::from(self.ended)];
        if let Some(lifetime) = self.lifetime {
            out.extend_from_slice(&lifetime.to_le_bytes());
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut row = Row::new(bytes, "what settlement has said")?;
        let [ended @ 0..=1] = row.array::<1>()? else {
            return Err(row.damaged());
        };
        let lifetime = match row.bytes {
            [] => None,
            _ => Some(row.u64()?),
        };
        row.end()?;
        Ok(Self {
            lifetime,
            ended: ended == 1,
        })
    }
}

impl Job {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, u8::from(self.held) | u8::from(self.begun) << 1];
        out.extend_from_slice(&self.failures.to_le_bytes());
        out.extend_from_slice(&self.witness);
        out.extend_from_slice(self.reason.as_bytes());
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut row = Row::new(bytes, "a proof job")?;
        // format 1 knew the first bit alone
        let [flags @ 0..=3] = row.array::<1>()? else {
            return Err(row.damaged());
        };
        let (failures, witness) = (row.u32()?, row.array()?);
        let reason = String::from_utf8(row.bytes.to_vec()).map_err(|_| row.damaged())?;
        Ok(Self {
            witness,
            failures,
            held: flags & 1 == 1,
            begun: flags & 2 == 2,
            reason,
        })
    }
}

/// The name that a row holds.
pub(crate) fn order_id(bytes: &[u8]) -> Result<OrderId, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::corrupt("the name of an order is not 32 bytes"))?;
    Ok(OrderId::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u8) -> Digest {
        let mut bytes = [0; 32];
        bytes[0] = n;
        Digest::from_bytes(&bytes).unwrap()
    }

    /// Each row comes back, and no shorter or longer one does.
    fn strict<T: PartialEq + std::fmt::Debug>(
        value: &T,
        bytes: &[u8],
        read: impl Fn(&[u8]) -> Result<T, StoreError>,
        open_ended: bool,
    ) {
        assert_eq!(read(bytes).unwrap(), *value);
        let fixed = if open_ended { 38 } else { bytes.len() };
        for end in 0..fixed {
            assert!(read(&bytes[..end]).is_err(), "{end} bytes of {value:?}");
        }
        assert_eq!(read(&[bytes, &[0]].concat()).is_err(), !open_ended);
        let mut other = bytes.to_vec();
        other[0] = 2;
        assert!(read(&other).is_err());
    }

    #[test]
    fn rows_round_trip_and_are_strict() {
        let head = Head {
            domain: Domain(digest(1)),
            genesis: Root(digest(2)),
            root: Root(digest(3)),
            first_batch: BatchNumber::new(4),
            next_batch: BatchNumber::new(5),
            next_publish: BatchNumber::new(6),
            next_sequence: u64::MAX,
        };
        strict(&head, &head.to_bytes(), Head::from_bytes, false);
        let header = Header {
            public_inputs: PublicInputs {
                domain: Domain(digest(1)),
                batch_number: BatchNumber::new(300),
                old_root: Root(digest(2)),
                new_root: Root(digest(3)),
                operations_digest: digest(4),
                num_operations: 16,
            },
            operations: 9,
            sealed_at: 7,
            record_bytes: 8,
        };
        strict(&header, &header.to_bytes(), Header::from_bytes, false);
        let place = Place {
            sequence: 1,
            batch: BatchNumber::new(2),
            position: 3,
        };
        strict(&place, &place.to_bytes(), Place::from_bytes, false);
        for lifetime in [None, Some(0), Some(u64::MAX)] {
            for ended in [false, true] {
                let heard = Heard { lifetime, ended };
                let bytes = heard.to_bytes();
                assert_eq!(Heard::from_bytes(&bytes).unwrap(), heard);
                // one without a lifetime is a row of its own
                for end in (0..bytes.len()).filter(|end| *end != 2) {
                    assert!(Heard::from_bytes(&bytes[..end]).is_err(), "{end}");
                }
                for strange in [[2, 0], [1, 2]] {
                    let strange = [&strange[..], &bytes[2..]].concat();
                    assert!(Heard::from_bytes(&strange).is_err());
                }
                assert!(Heard::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
            }
        }
        let job = Job {
            witness: [9; 32],
            failures: 3,
            held: true,
            begun: true,
            reason: "no memory".into(),
        };
        strict(&job, &job.to_bytes(), Job::from_bytes, true);
    }
}
