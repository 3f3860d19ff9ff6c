//! Ways to break a proof.

use super::{Case, Field, Kind, Opening, Parts, Tally};
use winter_utils::ByteWriter;

/// Every byte with its low bit flipped, its high bit flipped, 0x00 and 0xff.
pub fn bytes(case: &Case, tally: &mut Tally, every: usize) {
    let mut mutant = case.proof.clone();
    for i in (0..mutant.len()).step_by(every) {
        let byte = mutant[i];
        for value in [byte ^ 1, byte ^ 0x80, 0x00, 0xff] {
            if value != byte {
                mutant[i] = value;
                tally.run(case, "byte", &mutant);
            }
        }
        mutant[i] = byte;
    }
}

/// Every proper prefix.
pub fn truncations(case: &Case, tally: &mut Tally, every: usize) {
    for len in (0..case.proof.len()).step_by(every) {
        tally.run(case, "truncation", &case.proof[..len]);
    }
}

/// Bytes after the end: up to 64 of one value, the proof again, another proof.
pub fn appended(case: &Case, tally: &mut Tally) {
    for value in [0x00, 0x01, 0xff] {
        for len in 1..=64 {
            let mut mutant = case.proof.clone();
            mutant.resize(mutant.len() + len, value);
            tally.run(case, "appended", &mutant);
        }
    }
    for tail in [&case.proof, &case.other] {
        tally.run(case, "appended", &[&case.proof, tail.as_slice()].concat());
    }
}

/// The head of one valid proof and the tail of another, cut at one byte in `every` and at every field;
/// one field of one in the other.
pub fn splices(case: &Case, parts: &Parts, other: &Parts, tally: &mut Tally, every: usize) {
    for i in (0..case.proof.len().min(case.other.len())).step_by(every) {
        let mutant = [&case.proof[..i], &case.other[i..]].concat();
        tally.run(case, "splice", &mutant);
        let mutant = [&case.other[..i], &case.proof[i..]].concat();
        tally.run(case, "splice", &mutant);
    }
    let (ours, our_fields) = parts.encode_with_fields();
    let (theirs, their_fields) = other.encode_with_fields();
    for (i, a) in our_fields.iter().enumerate() {
        for b in their_fields.iter().skip(i.saturating_sub(2)).take(5) {
            let head = &ours[..a.range.start];
            tally.run(case, "splice", &[head, &theirs[b.range.start..]].concat());
            let middle = &theirs[b.range.clone()];
            tally.run(
                case,
                "splice",
                &[head, middle, &ours[a.range.end..]].concat(),
            );
        }
    }
}

/// Proofs of nearly `size` bytes: each opening in turn with as many more nodes, values or vectors, and
/// the other byte strings that have a length of their own.
pub fn oversized(case: &Case, parts: &Parts, tally: &mut Tally, size: usize) {
    let more = size - case.proof.len() - 64;
    let mut run = |change: &dyn Fn(&mut Parts)| {
        let mut mutant = parts.clone();
        change(&mut mutant);
        tally.run(case, "oversized", &mutant.encode());
    };
    for i in 0..parts.clone().queries_mut().count() {
        run(&|parts| {
            for query in parts.queries_mut().skip(i).take(1) {
                query.values.resize(query.values.len() + more, 0);
            }
        });
        run(&|parts| {
            for query in parts.queries_mut().skip(i).take(1) {
                if let Opening::Merkle { nodes, .. } = &mut query.opening {
                    let digest = vec![0; case.digest_bytes];
                    nodes[0].extend(vec![digest; more / case.digest_bytes]);
                }
            }
        });
        run(&|parts| {
            for query in parts.queries_mut().skip(i).take(1) {
                if let Opening::Merkle { nodes, .. } = &mut query.opening {
                    nodes.extend(vec![Vec::new(); more]);
                }
            }
        });
    }
    run(&|parts| parts.fri_layers.truncate(0));
    run(&|parts| parts.remainder.resize(usize::from(u16::MAX), 0));
    run(&|parts| parts.commitments.resize(usize::from(u16::MAX), 0));
    run(&|parts| parts.modulus.resize(255, 0));
}

/// Every number in the proof set to 0, 1, the greatest, its neighbours, its double and half; all
/// 256 values of each byte up to the number of queries; integers in every longer form.
pub fn fields(case: &Case, parts: &Parts, tally: &mut Tally) {
    let (bytes, fields) = parts.encode_with_fields();
    assert_eq!(bytes, case.proof, "taken apart and put together");
    let header = fields
        .iter()
        .find(|field| field.name == "commitments length");
    let header = header.map_or(0, |field| field.range.start);
    let mut swept = bytes.clone();
    for i in 0..header {
        for value in 0..=u8::MAX {
            swept[i] = value;
            tally.run(case, "header byte", &swept);
        }
        swept[i] = bytes[i];
    }
    for field in &fields {
        for replacement in replacements(field, &bytes) {
            let (head, tail) = (&bytes[..field.range.start], &bytes[field.range.end..]);
            tally.run(case, "field", &[head, &replacement, tail].concat());
        }
    }
}

fn replacements(field: &Field, bytes: &[u8]) -> Vec<Vec<u8>> {
    let old = &bytes[field.range.clone()];
    let width = match field.kind {
        Kind::Bytes => return Vec::new(),
        Kind::Varint => return varints(old),
        Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => old.len(),
    };
    let mut word = [0; 8];
    word[..width].copy_from_slice(old);
    let value = u64::from_le_bytes(word);
    values(value)
        .into_iter()
        .map(|value| value.to_le_bytes()[..width].to_vec())
        .collect()
}

fn values(value: u64) -> Vec<u64> {
    let mut values = vec![
        0,
        1,
        u64::MAX,
        u64::MAX - 1,
        u64::MAX >> 1,
        1 << 32,
        (1 << 32) + value,
    ];
    values.extend([
        value.wrapping_sub(1),
        value + 1,
        value.wrapping_mul(2),
        value / 2,
    ]);
    values.extend((0..64).map(|bit| 1 << bit));
    values.extend((0..64).map(|bit| value ^ (1 << bit)));
    values
}

fn varints(old: &[u8]) -> Vec<Vec<u8>> {
    let value = {
        use winter_utils::{ByteReader, SliceReader};
        SliceReader::new(old).read_usize().expect("a valid integer") as u64
    };
    let mut encodings: Vec<Vec<u8>> = values(value)
        .into_iter()
        .map(|value| {
            let mut bytes = Vec::new();
            bytes.write_usize(value as usize);
            bytes
        })
        .collect();
    encodings.extend((old.len() + 1..=9).map(|length| longer_form(value, length)));
    encodings
}

/// `value` as a variable-length integer of `length` bytes, of which it needs fewer.
#[must_use]
pub fn longer_form(value: u64, length: usize) -> Vec<u8> {
    if length == 9 {
        return [&[0], value.to_le_bytes().as_slice()].concat();
    }
    (((value << 1) | 1) << (length - 1)).to_le_bytes()[..length].to_vec()
}

/// A change to the parts of a proof that leaves all lengths consistent.
#[derive(Debug, Clone, Copy)]
pub enum Mutation {
    /// Another number in the header.
    Header(u8, u8),
    /// Another option.
    Option(u8, u8),
    /// Another number of constraints.
    NumConstraints(u64),
    /// Another number of queries, with or without as many rows.
    NumQueries(i8, bool),
    /// Metadata cut or extended.
    Metadata(i8),
    /// Commitments cut or extended by digests.
    Commitments(i8),
    /// Values of a query cut or extended by bytes of a row.
    Values(u8, i16),
    /// A node added to, removed from or moved out of a vector.
    Nodes(u8, u8, i8),
    /// A vector of nodes added or removed.
    Vectors(u8, i8),
    /// Another depth of a tree.
    Depth(u8, u8),
    /// An out-of-domain frame cut or extended.
    Frame(bool, i16),
    /// A FRI layer removed, repeated, exchanged with the next.
    Layer(u8, u8),
    /// The remainder cut, or extended by zeros at one of its ends.
    Remainder(i8, bool),
    /// Another number of FRI partitions.
    Partitions(u8),
    /// Another nonce.
    Nonce(u64),
    /// An element replaced by itself plus the modulus, where that fits.
    Reducible(u8, u16),
    /// Two queries exchanged.
    Swap(u8, u8),
}

fn resize(bytes: &mut Vec<u8>, change: isize, fill: u8) {
    let len = bytes
        .len()
        .saturating_add_signed(change)
        .min(bytes.len() + 4096);
    bytes.resize(len, fill);
}

impl Mutation {
    /// Applies the change, as far as the proof has what it changes.
    pub fn apply(self, parts: &mut Parts) {
        let pick = |i: u8, len: usize| usize::from(i) % len.max(1);
        match self {
            Self::Header(i, value) => parts.trace_info[pick(i, 4)] = value,
            Self::Option(i, value) => parts.options[pick(i, 10)] = value,
            Self::NumConstraints(value) => parts.num_constraints = value,
            Self::NumQueries(change, rows) => {
                let old = usize::from(parts.num_queries).max(1);
                parts.num_queries = parts.num_queries.saturating_add_signed(change);
                if rows {
                    for query in parts
                        .trace_queries
                        .iter_mut()
                        .chain([&mut parts.constraint_queries])
                    {
                        let row = query.values.len() / old;
                        resize(&mut query.values, row as isize * isize::from(change), 0);
                    }
                }
            }
            Self::Metadata(change) => resize(&mut parts.metadata, change.into(), 7),
            Self::Commitments(change) => {
                resize(&mut parts.commitments, 32 * isize::from(change), 3);
            }
            Self::Values(i, change) => {
                let count = parts.queries_mut().count();
                if let Some(query) = parts.queries_mut().nth(pick(i, count)) {
                    resize(&mut query.values, change.into(), 0);
                }
            }
            Self::Nodes(i, vector, change) => {
                Self::with_nodes(parts, i, |_, nodes| {
                    let vector = pick(vector, nodes.len());
                    let moved = nodes.get_mut(vector).and_then(|digests| match change {
                        0.. => digests.first().cloned(),
                        _ => digests.pop(),
                    });
                    let to = if change % 2 == 0 { vector } else { vector + 1 };
                    if let (Some(digest), Some(digests)) = (moved, nodes.get_mut(to)) {
                        digests.push(digest);
                    }
                });
            }
            Self::Vectors(i, change) => Self::with_nodes(parts, i, |_, nodes| {
                let len = nodes.len().saturating_add_signed(change.into());
                nodes.resize(len, Vec::new());
            }),
            Self::Depth(i, value) => Self::with_nodes(parts, i, |depth, _| *depth = value),
            Self::Frame(quotients, change) => {
                let frame = if quotients {
                    &mut parts.ood_quotients
                } else {
                    &mut parts.ood_trace
                };
                resize(frame, change.into(), 0);
            }
            Self::Layer(i, how) => {
                let layers = &mut parts.fri_layers;
                if layers.is_empty() {
                    return;
                }
                let count = layers.len();
                let i = pick(i, count);
                match how % 3 {
                    0 => drop(layers.remove(i)),
                    1 => layers.insert(i, layers[i].clone()),
                    _ => layers.swap(i, (i + 1) % count),
                }
            }
            Self::Remainder(change, front) => {
                let change = 8 * isize::from(change);
                if front && change > 0 {
                    let mut extended = vec![0; change as usize];
                    extended.append(&mut parts.remainder);
                    parts.remainder = extended;
                } else {
                    resize(&mut parts.remainder, change, 0);
                }
            }
            Self::Partitions(value) => parts.fri_partitions = value,
            Self::Nonce(value) => parts.nonce = value,
            Self::Reducible(i, at) => {
                let count = parts.queries_mut().count();
                if let Some(query) = parts.queries_mut().nth(pick(i, count)) {
                    add_modulus(&mut query.values, at.into());
                }
                add_modulus(&mut parts.remainder, at.into());
            }
            Self::Swap(i, j) => {
                let count = parts.queries_mut().count();
                let (i, j) = (pick(i, count), pick(j, count));
                let other = parts.queries_mut().nth(j).cloned();
                let mut queries = parts.queries_mut();
                if let (Some(query), Some(other)) = (queries.nth(i), other) {
                    *query = other;
                }
            }
        }
    }

    fn with_nodes(parts: &mut Parts, i: u8, change: impl FnOnce(&mut u8, &mut Vec<Vec<Vec<u8>>>)) {
        let count = parts.queries_mut().count();
        let query = parts.queries_mut().nth(usize::from(i) % count.max(1));
        if let Some(Opening::Merkle { depth, nodes }) = query.map(|query| &mut query.opening) {
            change(depth, nodes);
        }
    }
}

/// Gives an element its second representation in 64 bits, when it has one.
fn add_modulus(bytes: &mut [u8], at: usize) {
    const MODULUS: u64 = 0xffff_ffff_0000_0001;
    let count = bytes.len() / 8;
    if let Some(chunk) = bytes.chunks_exact_mut(8).nth(at % count.max(1)) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        if let Some(sum) = u64::from_le_bytes(word).checked_add(MODULUS) {
            chunk.copy_from_slice(&sum.to_le_bytes());
        }
    }
}
