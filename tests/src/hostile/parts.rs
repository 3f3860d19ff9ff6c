//! A proof taken apart and put together again, independently of the verifier's own scanner.

use std::ops::Range;

use winter_utils::{ByteReader, ByteWriter, DeserializationError, SliceReader};

/// What stands in a field of an encoded proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One byte.
    U8,
    /// Two bytes, little-endian.
    U16,
    /// Four bytes, little-endian.
    U32,
    /// Eight bytes, little-endian.
    U64,
    /// A variable-length integer.
    Varint,
    /// Anything else.
    Bytes,
}

/// A field of an encoded proof.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it is.
    pub name: String,
    /// How it is written.
    pub kind: Kind,
    /// Where it stands.
    pub range: Range<usize>,
}

/// The proof that some values belong to a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// A batch Merkle proof: the depth, and vectors of digests.
    Merkle {
        /// Depth of the tree.
        depth: u8,
        /// Digests.
        nodes: Vec<Vec<Vec<u8>>>,
    },
    /// That of another commitment.
    Raw(Vec<u8>),
}

/// Opened values and their opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Field elements.
    pub values: Vec<u8>,
    /// Their opening.
    pub opening: Opening,
}

/// All that a proof holds, in the order of its encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Main width, auxiliary width, random elements, log2 of the length.
    pub trace_info: [u8; 4],
    /// Metadata of the trace.
    pub metadata: Vec<u8>,
    /// Modulus of the field.
    pub modulus: Vec<u8>,
    /// Queries, blowup, grinding, extension, folding, remainder degree, batching of constraints
    /// and of the DEEP composition, partitions and hash rate.
    pub options: [u8; 10],
    /// Number of constraints.
    pub num_constraints: u64,
    /// Number of distinct query positions.
    pub num_queries: u8,
    /// Digests.
    pub commitments: Vec<u8>,
    /// Queries of the main and the auxiliary segment.
    pub trace_queries: Vec<Query>,
    /// Queries of the constraint composition columns.
    pub constraint_queries: Query,
    /// Number of rows and two rows of the trace.
    pub ood_trace: Vec<u8>,
    /// Number of rows and two rows of the constraint composition columns.
    pub ood_quotients: Vec<u8>,
    /// FRI layers.
    pub fri_layers: Vec<Query>,
    /// FRI remainder.
    pub remainder: Vec<u8>,
    /// log2 of the number of FRI partitions.
    pub fri_partitions: u8,
    /// Proof of work.
    pub nonce: u64,
}

type Read<T> = Result<T, DeserializationError>;

impl Opening {
    fn decode(bytes: &[u8], digest_bytes: Option<usize>) -> Read<Self> {
        let Some(digest_bytes) = digest_bytes else {
            return Ok(Self::Raw(bytes.to_vec()));
        };
        let mut reader = SliceReader::new(bytes);
        let depth = reader.read_u8()?;
        let nodes = (0..reader.read_usize()?)
            .map(|_| {
                let count = reader.read_usize()?;
                (0..count)
                    .map(|_| reader.read_vec(digest_bytes))
                    .collect::<Read<Vec<_>>>()
            })
            .collect::<Read<_>>()?;
        Ok(Self::Merkle { depth, nodes })
    }
}

impl Parts {
    /// Takes a valid proof apart. `digest_bytes` is `None` when openings are no Merkle proofs.
    ///
    /// # Errors
    /// When the bytes are not a proof.
    pub fn decode(bytes: &[u8], digest_bytes: Option<usize>) -> Read<Self> {
        let mut reader = SliceReader::new(bytes);
        let r = &mut reader;
        let trace_info: [u8; 4] = r.read_array()?;
        let metadata_len = r.read_u16()?;
        let metadata = r.read_vec(metadata_len.into())?;
        let modulus_len = r.read_u8()?;
        let modulus = r.read_vec(modulus_len.into())?;
        let options = r.read_array()?;
        let num_constraints = r.read_usize()? as u64;
        let num_queries = r.read_u8()?;
        let commitments_len = r.read_u16()?;
        let commitments = r.read_vec(commitments_len.into())?;
        let queries = |r: &mut SliceReader<'_>| {
            let values_len = r.read_usize()?;
            let values = r.read_vec(values_len)?;
            let opening_len = r.read_usize()?;
            let opening = Opening::decode(&r.read_vec(opening_len)?, digest_bytes)?;
            Read::Ok(Query { values, opening })
        };
        let segments = if trace_info[1] == 0 { 1 } else { 2 };
        let trace_queries = (0..segments).map(|_| queries(r)).collect::<Read<_>>()?;
        let constraint_queries = queries(r)?;
        let ood_trace_len = r.read_u16()?;
        let ood_trace = r.read_vec(ood_trace_len.into())?;
        let ood_quotients_len = r.read_u16()?;
        let ood_quotients = r.read_vec(ood_quotients_len.into())?;
        let fri_layers = (0..r.read_u8()?)
            .map(|_| {
                let values_len = r.read_u32()?;
                let values = r.read_vec(values_len as usize)?;
                let opening_len = r.read_u32()?;
                let opening = Opening::decode(&r.read_vec(opening_len as usize)?, digest_bytes)?;
                Read::Ok(Query { values, opening })
            })
            .collect::<Read<_>>()?;
        let remainder_len = r.read_u16()?;
        let remainder = r.read_vec(remainder_len.into())?;
        Ok(Self {
            trace_info,
            metadata,
            modulus,
            options,
            num_constraints,
            num_queries,
            commitments,
            trace_queries,
            constraint_queries,
            ood_trace,
            ood_quotients,
            fri_layers,
            remainder,
            fri_partitions: r.read_u8()?,
            nonce: r.read_u64()?,
        })
    }

    /// Puts the proof together.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_with_fields().0
    }

    /// Puts the proof together and says where everything stands.
    #[must_use]
    pub fn encode_with_fields(&self) -> (Vec<u8>, Vec<Field>) {
        let mut e = Encoder::default();
        for (name, byte) in ["main width", "aux width", "aux rands", "log2 length"]
            .into_iter()
            .zip(self.trace_info)
        {
            e.u8(name, byte);
        }
        e.u16("metadata length", self.metadata.len());
        e.bytes("metadata", &self.metadata);
        e.u8("modulus length", self.modulus.len() as u8);
        e.bytes("modulus", &self.modulus);
        for (i, byte) in self.options.into_iter().enumerate() {
            e.u8(&format!("option {i}"), byte);
        }
        e.varint("number of constraints", self.num_constraints as usize);
        e.u8("number of queries", self.num_queries);
        e.u16("commitments length", self.commitments.len());
        e.bytes("commitments", &self.commitments);
        for query in self.trace_queries.iter().chain([&self.constraint_queries]) {
            e.varint("values length", query.values.len());
            e.bytes("values", &query.values);
            let opening = Encoder::opening(&query.opening);
            e.varint("opening length", opening.bytes.len());
            e.nested(opening);
        }
        e.u16("trace frame length", self.ood_trace.len());
        e.bytes("trace frame", &self.ood_trace);
        e.u16("quotient frame length", self.ood_quotients.len());
        e.bytes("quotient frame", &self.ood_quotients);
        e.u8("number of FRI layers", self.fri_layers.len() as u8);
        for layer in &self.fri_layers {
            e.u32("layer values length", layer.values.len());
            e.bytes("layer values", &layer.values);
            let opening = Encoder::opening(&layer.opening);
            e.u32("layer opening length", opening.bytes.len());
            e.nested(opening);
        }
        e.u16("remainder length", self.remainder.len());
        e.bytes("remainder", &self.remainder);
        e.u8("FRI partitions", self.fri_partitions);
        e.field("nonce", Kind::U64, |bytes| bytes.write_u64(self.nonce));
        (e.bytes, e.fields)
    }

    /// All queries: trace, constraints, FRI layers.
    pub fn queries_mut(&mut self) -> impl Iterator<Item = &mut Query> {
        self.trace_queries
            .iter_mut()
            .chain([&mut self.constraint_queries])
            .chain(&mut self.fri_layers)
    }
}

#[derive(Default)]
struct Encoder {
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

impl Encoder {
    fn field(&mut self, name: &str, kind: Kind, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let range = start..self.bytes.len();
        self.fields.push(Field {
            name: name.to_owned(),
            kind,
            range,
        });
    }

    fn u8(&mut self, name: &str, value: u8) {
        self.field(name, Kind::U8, |bytes| bytes.write_u8(value));
    }

    fn u16(&mut self, name: &str, value: usize) {
        self.field(name, Kind::U16, |bytes| bytes.write_u16(value as u16));
    }

    fn u32(&mut self, name: &str, value: usize) {
        self.field(name, Kind::U32, |bytes| bytes.write_u32(value as u32));
    }

    fn varint(&mut self, name: &str, value: usize) {
        self.field(name, Kind::Varint, |bytes| bytes.write_usize(value));
    }

    fn bytes(&mut self, name: &str, value: &[u8]) {
        self.field(name, Kind::Bytes, |bytes| bytes.write_bytes(value));
    }

    fn opening(opening: &Opening) -> Self {
        let mut e = Self::default();
        match opening {
            Opening::Raw(bytes) => e.bytes("opening", bytes),
            Opening::Merkle { depth, nodes } => {
                e.u8("depth", *depth);
                e.varint("number of node vectors", nodes.len());
                for digests in nodes {
                    e.varint("number of nodes", digests.len());
                    for digest in digests {
                        e.bytes("node", digest);
                    }
                }
            }
        }
        e
    }

    fn nested(&mut self, inner: Self) {
        let start = self.bytes.len();
        self.bytes.extend(inner.bytes);
        self.fields
            .extend(inner.fields.into_iter().map(|field| Field {
                range: field.range.start + start..field.range.end + start,
                ..field
            }));
    }
}
