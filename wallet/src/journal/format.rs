//! The bytes of a journal: slots of 128 bytes, a header and then one entry each.
//!
//! | header | | entry | |
//! |---|---|---|---|
//! | 0..16 | `winterlane-otk-2` | 0..32 | root of the key |
//! | 16..48 | fingerprint of the seed | 32..36 | number of the one-time key |
//! | 48..64 | random: no two openings have the same | 36..40 | nonce |
//! | 64..72 | settled slots: on the disk before the file had its name | 40..72 | the message: record digest bound to the domain |
//! | 72..80 | inode of this file | 72..88 | randomiser of the signature, or zeros |
//! | 80..88 | when this file came into being | 88..96 | number of this slot |
//! | 88..112 | zeros | 96..104 | first slot of the same reservation |
//! | | | 104..112 | 1 when there is a randomiser |
//! | 112..128 | check | 112..128 | check |
//!
//! Numbers are little-endian. A check is 16 bytes of BLAKE3 of the 112 before, under a key derived
//! from the seed. A slot never lies across two pieces that a disk writes separately
//! ([`PIECE`]): after a power loss a slot is whole, or its check is zeros, or
//! the file ends before.

use subtle::ConstantTimeEq;
use winterlane_ledger::{BaseElement, Digest, Nonce, Root};

use super::Signed;
use crate::medium::{Birthmark, PIECE};

pub(super) const SLOT: usize = PIECE;
pub(super) type Slot = [u8; SLOT];

const CHECKED: usize = SLOT - 16;
const MAGIC: &[u8; 16] = b"winterlane-otk-2";

/// Version 1 had no seed, no slots and no randomisers: 16 bytes of header, entries of 80 bytes, the
/// last 8 of them a checksum without a key.
const OLD_MAGIC: &[u8; 16] = b"winterlane-otk-1";
const OLD_ENTRY: usize = 80;
const OLD_CHECKED: usize = 72;

/// What a one-time key signed, as it stands in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) root: Root,
    pub(super) index: u32,
    pub(super) nonce: Nonce,
    pub(super) bound: Digest,
    /// `None` in what version 1 wrote.
    pub(super) rho: Option<[BaseElement; 2]>,
}

impl From<Signed> for Entry {
    fn from(signed: Signed) -> Self {
        let Signed {
            root,
            index,
            nonce,
            bound,
            rho,
        } = signed;
        Self {
            root,
            index,
            nonce,
            bound,
            rho: Some(rho),
        }
    }
}

/// The first slot of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) fingerprint: [u8; 32],
    pub(super) opening: [u8; 16],
    pub(super) settled: u64,
    pub(super) birthmark: Birthmark,
}

impl Header {
    pub(super) fn to_slot(self, key: &[u8; 32]) -> Slot {
        let mut slot = [0; SLOT];
        slot[..16].copy_from_slice(MAGIC);
        slot[16..48].copy_from_slice(&self.fingerprint);
        slot[48..64].copy_from_slice(&self.opening);
        slot[64..72].copy_from_slice(&self.settled.to_le_bytes());
        slot[72..80].copy_from_slice(&self.birthmark.inode.to_le_bytes());
        slot[80..88].copy_from_slice(&self.birthmark.born.to_le_bytes());
        seal(&mut slot, key);
        slot
    }
}

impl Entry {
    pub(super) fn to_slot(self, number: u64, first: u64, key: &[u8; 32]) -> Slot {
        let mut slot = [0; SLOT];
        slot[..32].copy_from_slice(&self.root.to_bytes());
        slot[32..36].copy_from_slice(&self.index.to_le_bytes());
        slot[36..40].copy_from_slice(&self.nonce.get().to_le_bytes());
        slot[40..72].copy_from_slice(&self.bound.to_bytes());
        if let Some(rho) = self.rho {
            for (bytes, element) in slot[72..88].as_chunks_mut().0.iter_mut().zip(rho) {
                *bytes = element.as_int().to_le_bytes();
            }
            slot[104] = 1;
        }
        slot[88..96].copy_from_slice(&number.to_le_bytes());
        slot[96..104].copy_from_slice(&first.to_le_bytes());
        seal(&mut slot, key);
        slot
    }

    /// The entry of a slot and the first slot of its reservation; `None` when it is damaged.
    fn from_slot(slot: &Slot, number: u64, key: &[u8; 32]) -> Option<(Self, u64)> {
        let has_rho = match u64_at(slot, 104) {
            _ if !holds(slot, key) || u64_at(slot, 88) != number => return None,
            0 => false,
            1 => true,
            _ => return None,
        };
        let entry = Self {
            root: Root(digest_at(slot, 0)?),
            index: u32_at(slot, 32),
            nonce: Nonce::new(u32_at(slot, 36)),
            bound: digest_at(slot, 40)?,
            rho: has_rho.then(|| [72, 80].map(|at| BaseElement::new(u64_at(slot, at)))),
        };
        Some((entry, u64_at(slot, 96)))
    }
}

/// What a journal says, or the byte from which on it cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// Written by this version.
    Current { header: Header, entries: Vec<Entry> },
    /// Written by version 1.
    Old { entries: Vec<Entry> },
    /// Written with another seed.
    OtherSeed,
    /// Damaged.
    Damaged { offset: u64 },
}

/// Whether a file of that content can hold no entry at all, whoever wrote it.
pub(super) fn never_used(bytes: &[u8]) -> bool {
    let limit = if bytes.starts_with(OLD_MAGIC) {
        OLD_MAGIC.len()
    } else {
        SLOT
    };
    bytes.len() <= limit
}

pub(super) fn parse(bytes: &[u8], fingerprint: &[u8; 32], key: &[u8; 32]) -> Parsed {
    if let Some(entries) = bytes.strip_prefix(OLD_MAGIC) {
        return match old_entries(entries) {
            Ok(entries) => Parsed::Old { entries },
            Err(offset) => Parsed::Damaged {
                offset: (OLD_MAGIC.len() + offset) as u64,
            },
        };
    }
    // What is left of a slot that is cut short was not synchronised, or is missed below.
    let (slots, _cut) = bytes.as_chunks::<SLOT>();
    let Some((first, slots)) = slots.split_first() else {
        return Parsed::Damaged { offset: 0 };
    };
    if !first.starts_with(MAGIC) {
        return Parsed::Damaged { offset: 0 };
    }
    if first[16..48] != *fingerprint {
        return Parsed::OtherSeed;
    }
    if !holds(first, key) {
        return Parsed::Damaged { offset: 0 };
    }
    let header = Header {
        fingerprint: *fingerprint,
        opening: array_at(first, 48),
        settled: u64_at(first, 64),
        birthmark: Birthmark {
            inode: u64_at(first, 72),
            born: u64_at(first, 80),
        },
    };
    match entries(slots, header.settled, key) {
        Ok(entries) => Parsed::Current { header, entries },
        Err(slot) => Parsed::Damaged {
            offset: slot * SLOT as u64,
        },
    }
}

/// The entries in the slots after the header, or the number of the slot that is damaged.
///
/// A slot without a check was not synchronised, unless something after it says that it was: an
/// entry of a later reservation, or the header's count. Entries beside it that are whole count,
/// though their signatures never left: that costs nothing but the choice of another message.
fn entries(slots: &[Slot], settled: u64, key: &[u8; 32]) -> Result<Vec<Entry>, u64> {
    let mut entries = Vec::with_capacity(slots.len());
    let mut missing = None;
    let mut reservation = 0;
    for (number, slot) in (1..).zip(slots) {
        if slot[CHECKED..] == [0; SLOT - CHECKED] {
            missing = missing.or(Some(number));
            continue;
        }
        let (entry, first) = Entry::from_slot(slot, number, key).ok_or(number)?;
        if first < reservation || first > number {
            return Err(number);
        }
        reservation = first;
        if let Some(missing) = missing.filter(|&missing| missing < first) {
            return Err(missing);
        }
        entries.push(entry);
    }
    match missing.unwrap_or(slots.len() as u64 + 1) {
        missing if missing <= settled => Err(missing),
        _ => Ok(entries),
    }
}

/// The entries of version 1, or the offset of the one that is damaged.
fn old_entries(bytes: &[u8]) -> Result<Vec<Entry>, usize> {
    let (slots, _cut) = bytes.as_chunks::<OLD_ENTRY>();
    let mut entries = Vec::with_capacity(slots.len());
    for (i, slot) in slots.iter().enumerate() {
        let offset = i * OLD_ENTRY;
        if slot[OLD_CHECKED..] != blake3::hash(&slot[..OLD_CHECKED]).as_bytes()[..8] {
            // A crash leaves zeros where the file had grown and its content had not been written.
            let torn = bytes[offset + OLD_CHECKED..].iter().all(|&byte| byte == 0);
            return if torn { Ok(entries) } else { Err(offset) };
        }
        let [root, bound] = [0, 40].map(|at| digest_at(slot, at));
        entries.push(Entry {
            root: Root(root.ok_or(offset)?),
            index: u32_at(slot, 32),
            nonce: Nonce::new(u32_at(slot, 36)),
            bound: bound.ok_or(offset)?,
            rho: None,
        });
    }
    Ok(entries)
}

fn check(slot: &Slot, key: &[u8; 32]) -> [u8; SLOT - CHECKED] {
    array_at(blake3::keyed_hash(key, &slot[..CHECKED]).as_bytes(), 0)
}

fn seal(slot: &mut Slot, key: &[u8; 32]) {
    let check = check(slot, key);
    slot[CHECKED..].copy_from_slice(&check);
}

fn holds(slot: &Slot, key: &[u8; 32]) -> bool {
    slot[CHECKED..].ct_eq(&check(slot, key)).into()
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    core::array::from_fn(|i| bytes[at + i])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

fn digest_at(bytes: &[u8], at: usize) -> Option<Digest> {
    Digest::from_bytes(&array_at(bytes, at)).ok()
}

/// A journal as version 1 wrote it, for tests of what becomes of it.
#[cfg(test)]
pub(crate) fn old_journal(entries: &[Signed]) -> Vec<u8> {
    let mut bytes = OLD_MAGIC.to_vec();
    for entry in entries {
        let mut slot = [0; OLD_ENTRY];
        slot[..32].copy_from_slice(&entry.root.to_bytes());
        slot[32..36].copy_from_slice(&entry.index.to_le_bytes());
        slot[36..40].copy_from_slice(&entry.nonce.get().to_le_bytes());
        slot[40..72].copy_from_slice(&entry.bound.to_bytes());
        let check = blake3::hash(&slot[..OLD_CHECKED]);
        slot[OLD_CHECKED..].copy_from_slice(&check.as_bytes()[..8]);
        bytes.extend_from_slice(&slot);
    }
    bytes
}
