//! What a verifier of any AIR accepts: one trace shape and a closed set of options.

use alloc::vec::Vec;
use core::{fmt, marker::PhantomData};

use winter_air::{
    ProofOptions,
    proof::{Context, Proof},
};
use winter_crypto::Hasher;
use winter_math::fields::f64::BaseElement;
use winter_utils::Serializable;
use winterlane_air::presets::{Preset, soundness};

use crate::{
    PolicyError, TraceShape,
    shape::{MAX_LOG2_LDE_LENGTH, MAX_NUM_QUERIES},
};

/// Proofs longer than this are refused unread, unless the policy says otherwise: 4 MiB.
///
/// The largest proof of a preset, 253 rows of 251 columns and their openings, has about 1.1 MiB.
pub const DEFAULT_MAX_PROOF_BYTES: usize = 4 << 20;

/// What [`verify`](crate::verify) accepts for an AIR whose proofs are hashed with `H`.
///
/// A policy starts with no options at all and a minimum of provable bits. [`AirPolicy::accept`]
/// adds options, and refuses those that are weaker than the minimum at any length of the shape, so
/// that nothing weaker than asked for can be let in by mistake. The bits come from winterfell's
/// estimator (the better of its list-decoding and unique-decoding figures) and are computed here,
/// once per options and length: checking a proof looks them up.
///
/// ```
/// use winter_air::{BatchingMethod, FieldExtension, ProofOptions};
/// use winter_crypto::hashers::Blake3_256;
/// use winter_math::fields::f64::BaseElement;
/// use winterlane_verifier::{AirPolicy, PolicyError, TraceShape};
///
/// type Hash = Blake3_256<BaseElement>;
/// let linear = BatchingMethod::Linear;
/// let options =
///     |queries| ProofOptions::new(queries, 8, 16, FieldExtension::Cubic, 8, 31, linear, linear);
///
/// // 2 columns, 3 constraints and assertions, 2^10 to 2^12 rows; at least 100 provable bits
/// let shape = TraceShape::new(2, 3, 10..=12)?;
/// let policy = AirPolicy::<Hash>::new(shape, 100).accept(options(80))?;
/// assert!(policy.bits(&options(80), 12) >= Some(100));
///
/// // half the queries are not enough
/// let refused = policy.accept(options(40));
/// assert!(matches!(refused, Err(PolicyError::TooWeak { required: 100, .. })));
/// # Ok::<(), PolicyError>(())
/// ```
pub struct AirPolicy<H: Hasher> {
    shape: TraceShape,
    min_bits: u32,
    max_proof_bytes: usize,
    entries: Vec<Entry>,
    _hasher: PhantomData<fn() -> H>,
}

// Not derived: hash functions are neither `Clone` nor `Debug`.
impl<H: Hasher> Clone for AirPolicy<H> {
    fn clone(&self) -> Self {
        Self {
            shape: self.shape.clone(),
            entries: self.entries.clone(),
            ..*self
        }
    }
}

impl<H: Hasher> fmt::Debug for AirPolicy<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AirPolicy")
            .field("shape", &self.shape)
            .field("min_bits", &self.min_bits)
            .field("max_proof_bytes", &self.max_proof_bytes)
            .field("entries", &self.entries)
            .finish()
    }
}

/// Options accepted at one trace length.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) log2_length: u32,
    pub(crate) options: ProofOptions,
    pub(crate) bits: u32,
    pub(crate) preset: Option<Preset>,
    /// The options as a proof spells them.
    pub(crate) encoded: Vec<u8>,
}

impl<H: Hasher> AirPolicy<H> {
    /// A policy for traces of `shape` that accepts no options yet, and will accept none with fewer
    /// provable bits than `min_bits`.
    #[must_use]
    pub fn new(shape: TraceShape, min_bits: u32) -> Self {
        Self {
            shape,
            min_bits,
            max_proof_bytes: DEFAULT_MAX_PROOF_BYTES,
            entries: Vec::new(),
            _hasher: PhantomData,
        }
    }

    /// Accepts `options` too, at every length of the shape. They are compared whole with those
    /// of a proof: batching methods and partitions as well as queries and blowup.
    ///
    /// # Errors
    /// When, at one of the lengths, the options are weaker than the policy's minimum, or
    /// winterfell could not verify such a proof.
    pub fn accept(mut self, options: ProofOptions) -> Result<Self, PolicyError> {
        for log2_length in self.shape.log2_lengths() {
            check_options(&options, log2_length)?;
            let bits = provable_bits::<H>(&self.shape, &options, log2_length);
            if bits < self.min_bits {
                return Err(PolicyError::TooWeak {
                    bits,
                    required: self.min_bits,
                    log2_length,
                });
            }
            self.push(log2_length, options.clone(), bits, None);
        }
        Ok(self)
    }

    /// Sets the cap on the size of a proof, in bytes.
    #[must_use]
    pub fn with_max_proof_bytes(mut self, max_proof_bytes: usize) -> Self {
        self.max_proof_bytes = max_proof_bytes;
        self
    }

    /// The shape of the traces.
    #[must_use]
    pub fn shape(&self) -> &TraceShape {
        &self.shape
    }

    /// The least number of provable bits.
    #[must_use]
    pub fn min_bits(&self) -> u32 {
        self.min_bits
    }

    /// The cap on the size of a proof, in bytes.
    #[must_use]
    pub fn max_proof_bytes(&self) -> usize {
        self.max_proof_bytes
    }

    /// Provable bits of `options` at 2^`log2_length` rows, or `None` when they are not accepted.
    #[must_use]
    pub fn bits(&self, options: &ProofOptions, log2_length: u32) -> Option<u32> {
        self.entries
            .iter()
            .find(|entry| entry.log2_length == log2_length && entry.options == *options)
            .map(|entry| entry.bits)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds an entry whose bits are known and whose options [`check_options`] accepts.
    pub(crate) fn push(
        &mut self,
        log2_length: u32,
        options: ProofOptions,
        bits: u32,
        preset: Option<Preset>,
    ) {
        let encoded = options.to_bytes();
        self.entries.push(Entry {
            log2_length,
            options,
            bits,
            preset,
            encoded,
        });
    }
}

/// Checks that a proof with these options, honestly made, passes through winterfell's verifier, too: it
/// asserts some of this, and the prover does not look at all of it.
pub(crate) fn check_options(options: &ProofOptions, log2_length: u32) -> Result<(), PolicyError> {
    // The hash rate of partitions goes up to 256, is written as a byte, and 0 is asserted not to be
    // read.
    if options.to_bytes().last() == Some(&0) {
        return Err(PolicyError::HashRate);
    }
    let blowup = options.blowup_factor();
    let log2_domain = log2_length.saturating_add(blowup.ilog2());
    if log2_domain > MAX_LOG2_LDE_LENGTH {
        return Err(PolicyError::Domain {
            log2_length,
            blowup,
        });
    }
    let domain = 1_usize << log2_domain;
    let queries = options.num_queries();
    if queries > MAX_NUM_QUERIES || queries >= domain {
        return Err(PolicyError::NumQueries { queries, domain });
    }
    let fri = options.to_fri_options();
    let folding = fri.folding_factor();
    let mut degree_bound = 1_usize << log2_length;
    for _ in 0..fri.num_fri_layers(domain) {
        if !degree_bound.is_multiple_of(folding) {
            return Err(PolicyError::Folding {
                log2_length,
                folding,
            });
        }
        degree_bound /= folding;
    }
    Ok(())
}

/// Winterfell's estimate for this shape, the better of its two decoding regimes, with the price of one
/// coefficient for both openings of a column.
fn provable_bits<H: Hasher>(shape: &TraceShape, options: &ProofOptions, log2_length: u32) -> u32 {
    let context = Context::new::<BaseElement>(
        shape.trace_info(log2_length),
        options.clone(),
        shape.num_constraints(),
    );
    // The estimator is a method of a proof; it looks at the context only.
    let security = Proof {
        context,
        ..Proof::new_dummy()
    }
    .proven_security::<H>();
    let estimated = security.ldr_bits().max(security.udr_bits());
    let openings = soundness::opening_bits(options, 1_usize << log2_length);
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    let openings = openings as u32;
    estimated.min(openings)
}
