//! Small statements of several AIRs, hash functions, extensions and vector commitments, and what verifies
//! proofs of them.

use winterfell::crypto::{
    DefaultRandomCoin, ElementHasher, Hasher, MerkleTree,
    hashers::{Blake3_192, Blake3_256, RpJive64_256},
};
use winterfell::math::fields::f64::BaseElement;
use winterfell::{AcceptableOptions, BatchingMethod, FieldExtension, Proof, ProofOptions, Trace};
use winterlane_verifier::{
    AirPolicy, BoundedOpening, OpeningError, Reason, TraceShape, Verified, VerifyError, verify,
};

use crate::airs::{
    Fibonacci, FlatCommitment, Inputs, Periodic, Rap, Sequences, TestAir, TestTrace, Wide,
};
use crate::erased;

/// What this crate's verifier says of bytes.
pub type Verify = Box<dyn Fn(&[u8]) -> Result<Verified, VerifyError> + Sync>;

/// Whether winterfell's own verifier reads and accepts bytes.
pub type Stock = Box<dyn Fn(&[u8]) -> bool + Sync>;

/// An AIR with public inputs and proof options, and the verifiers of its proofs.
pub struct Statement {
    /// The name to report.
    pub name: &'static str,
    /// Whether the commitments are Merkle trees.
    pub merkle: bool,
    /// Bytes of a digest.
    pub digest_bytes: usize,
    /// This crate's verifier.
    pub verify: Verify,
    /// Winterfell's own. It may panic, or ask for more memory than there is.
    pub stock: Stock,
    /// The proof of the statement with the public inputs of a seed; what is verified is that of 1.
    #[cfg(feature = "prover")]
    pub prove: Box<dyn Fn(u64) -> Vec<u8>>,
}

/// Options of a proof of a few thousand bytes.
fn options(
    queries: usize,
    blowup: usize,
    extension: FieldExtension,
    folding: usize,
    remainder: usize,
) -> ProofOptions {
    let linear = BatchingMethod::Linear;
    ProofOptions::new(
        queries, blowup, 3, extension, folding, remainder, linear, linear,
    )
}

/// The AIR's policy: exactly the shape of this trace, and these options only.
///
/// # Panics
/// When the shape or the options cannot be verified.
#[must_use]
pub fn policy<A: TestAir, H: Hasher>(trace: &TestTrace, options: &ProofOptions) -> AirPolicy<H> {
    try_policy::<A, H>(trace, options).expect("options that can be verified")
}

/// The same, or `None` when the options cannot be verified.
///
/// # Panics
/// When the shape cannot be verified.
#[must_use]
pub fn try_policy<A: TestAir, H: Hasher>(
    trace: &TestTrace,
    options: &ProofOptions,
) -> Option<AirPolicy<H>> {
    let info = trace.info();
    let air = A::new(info.clone(), A::public_inputs(trace), options.clone());
    let num_constraints =
        air.context().num_transition_constraints() + air.context().num_assertions();
    let log2_length = info.length().ilog2();
    let mut shape = TraceShape::new(
        info.main_trace_width(),
        num_constraints,
        log2_length..=log2_length,
    )
    .and_then(|shape| shape.with_metadata(info.meta().to_vec()))
    .expect("a shape that can be verified");
    if info.is_multi_segment() {
        shape = shape
            .with_aux_segment(
                info.aux_segment_width(),
                info.get_num_aux_segment_rand_elements(),
            )
            .expect("a shape that can be verified");
    }
    AirPolicy::new(shape, 0).accept(options.clone()).ok()
}

fn statement<A, H, V>(
    name: &'static str,
    merkle: bool,
    width: usize,
    rows: usize,
    options: ProofOptions,
) -> Statement
where
    A: TestAir,
    H: ElementHasher<BaseField = BaseElement> + Sync + 'static,
    V: BoundedOpening<H> + Sync + 'static,
{
    use winter_utils::Serializable;

    let trace = A::trace(width, rows, 1);
    let policy = policy::<A, H>(&trace, &options);
    let inputs = A::public_inputs(&trace);
    let stock_inputs: Inputs = inputs.clone();
    let acceptable = AcceptableOptions::MinProvenSecurity(0);
    Statement {
        name,
        merkle,
        digest_bytes: H::Digest::default().to_bytes().len(),
        verify: Box::new(move |bytes| {
            verify::<A, H, DefaultRandomCoin<H>, V>(bytes, inputs.clone(), &policy)
        }),
        stock: Box::new(move |bytes| {
            Proof::from_bytes(bytes).is_ok_and(|proof| {
                erased::verify::<A, H, DefaultRandomCoin<H>, V>(
                    proof,
                    stock_inputs.clone(),
                    &acceptable,
                )
                .is_ok()
            })
        }),
        #[cfg(feature = "prover")]
        prove: Box::new(move |seed| {
            let prover = crate::airs::TestProver::<A, H, V>::new(options.clone());
            let trace = A::trace(width, rows, seed);
            // The same bytes in every run.
            let proof = winterlane_prover::plain::single_threaded(|| erased::prove(&prover, trace));
            proof.expect("a thread").expect("a valid trace").to_bytes()
        }),
    }
}

/// Statements with proofs of 1,500 to 8,000 bytes, which differ in everything the encoding depends on.
#[must_use]
pub fn small_statements() -> Vec<Statement> {
    use FieldExtension::{Cubic, None, Quadratic};
    type Blake = Blake3_256<BaseElement>;
    type Short = Blake3_192<BaseElement>;
    type Rescue = RpJive64_256;

    let linear = BatchingMethod::Linear;
    let partitioned = ProofOptions::new(
        4,
        8,
        0,
        Cubic,
        4,
        7,
        BatchingMethod::Horner,
        BatchingMethod::Algebraic,
    )
    .with_partitions(2, 4);
    let no_layers = ProofOptions::new(5, 4, 0, None, 2, 15, linear, linear);

    vec![
        statement::<Fibonacci, Blake, MerkleTree<_>>(
            "fibonacci",
            true,
            2,
            32,
            options(6, 4, Cubic, 2, 3),
        ),
        statement::<Fibonacci, Blake, MerkleTree<_>>("no FRI layer", true, 2, 16, no_layers),
        statement::<Periodic, Short, MerkleTree<_>>(
            "periodic, 192-bit hash",
            true,
            3,
            32,
            options(5, 8, Quadratic, 4, 1),
        ),
        statement::<Rap, Blake, MerkleTree<_>>(
            "auxiliary segment, metadata",
            true,
            3,
            16,
            options(4, 4, Quadratic, 2, 1),
        ),
        statement::<Sequences, Rescue, MerkleTree<_>>(
            "sequences, algebraic hash",
            true,
            5,
            16,
            options(4, 4, Cubic, 4, 3),
        ),
        statement::<Wide, Blake, MerkleTree<_>>("partitioned rows", true, 9, 32, partitioned),
        statement::<Fibonacci, Blake, FlatCommitment<_>>(
            "no Merkle tree",
            false,
            2,
            16,
            options(3, 2, Cubic, 8, 1),
        ),
    ]
}

/// The opening of a flat commitment is the whole vector behind its length.
impl<H: Hasher> BoundedOpening<H> for FlatCommitment<H> {
    fn check_opening(
        opening: &[u8],
        _positions: &[usize],
        log2_size: u32,
    ) -> Result<(), OpeningError> {
        use winter_utils::{Deserializable, Serializable};

        // Nothing is allocated for a length before the length is known to be the right one.
        let size = 1_usize << log2_size;
        let expected = size.to_bytes().len() + size * H::Digest::default().to_bytes().len();
        let refuse = |reason| Err(OpeningError { offset: 0, reason });
        if opening.len() != expected || !opening.starts_with(&size.to_bytes()) {
            return refuse(Reason::Value {
                what: "bytes of a vector",
                expected: expected as u64,
                found: opening.len() as u64,
            });
        }
        match Vec::<H::Digest>::read_from_bytes(opening) {
            Ok(digests) if digests.to_bytes() == opening => Ok(()),
            _ => refuse(Reason::NonCanonicalDigest),
        }
    }
}
