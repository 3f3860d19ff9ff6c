//! A hash function that the engine has never seen, one message at a time and many at once.
//!
//! ```text
//! cargo run --release --example foreign_hash [log2 of the trace length]
//! ```
//!
//! `TaggedRescue` is winter-crypto's Rescue-Prime with a tag in front of every row, as a program might have it to
//! keep its hashes apart from those of others. The engine takes it as it is, like any hash function: on all
//! threads, one message at a time. `ManyTagged` hashes many at once, by kernels that somebody else wrote; given as an
//! option it makes the same proof in less time.

use std::time::Instant;

use winterfell::crypto::hashers::Rp64_256;
use winterfell::crypto::{DefaultRandomCoin, ElementHasher, Hasher, MerkleTree};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    AcceptableOptions, Air, AirContext, Assertion, BatchingMethod, EvaluationFrame, FieldExtension,
    ProofOptions, TraceInfo, TraceTable, TransitionConstraintDegree,
};
use winterlane_field_simd::rescue::{Compression, Sponge};
use winterlane_prover::engine::prove_with;
use winterlane_prover::hashing::{BulkHasher, DigestOf, HashRows};
use winterlane_prover::{EngineOptions, PlainProver};

/// Keeps the rows of this program apart from those of others.
const TAG: BaseElement = BaseElement::new(0x7461_675f_3031);

/// Rescue-Prime, rows with a tag in front.
struct TaggedRescue;

impl Hasher for TaggedRescue {
    type Digest = DigestOf<Rp64_256>;
    const COLLISION_RESISTANCE: u32 = Rp64_256::COLLISION_RESISTANCE;

    fn hash(bytes: &[u8]) -> Self::Digest {
        Rp64_256::hash(bytes)
    }

    fn merge(values: &[Self::Digest; 2]) -> Self::Digest {
        Rp64_256::merge(values)
    }

    fn merge_many(values: &[Self::Digest]) -> Self::Digest {
        Rp64_256::merge_many(values)
    }

    fn merge_with_int(seed: Self::Digest, value: u64) -> Self::Digest {
        Rp64_256::merge_with_int(seed, value)
    }
}

impl ElementHasher for TaggedRescue {
    type BaseField = BaseElement;

    fn hash_elements<E: FieldElement<BaseField = BaseElement>>(elements: &[E]) -> Self::Digest {
        let mut tagged = vec![TAG];
        tagged.extend_from_slice(E::slice_as_base_elements(elements));
        Rp64_256::hash_elements(&tagged)
    }
}

/// [`TaggedRescue`], many at once. The search for the nonce keeps its default.
struct ManyTagged;

impl BulkHasher for ManyTagged {
    type Hasher = TaggedRescue;

    fn hash_rows(&self, rows: HashRows<'_>, digests: &mut [DigestOf<TaggedRescue>]) {
        let width = rows.width() + 1;
        let mut tagged = Vec::with_capacity(width * rows.len());
        for row in rows.iter() {
            tagged.push(TAG);
            tagged.extend_from_slice(row);
        }
        let mut hashed = vec![Compression::default(); digests.len()];
        Sponge::Prime
            .hash_rows(&tagged, width, width, &mut hashed)
            .expect("a digest for each row");
        for (digest, hashed) in digests.iter_mut().zip(hashed) {
            *digest = hashed.into();
        }
    }

    fn merge_pairs(
        &self,
        children: &[DigestOf<TaggedRescue>],
        parents: &mut [DigestOf<TaggedRescue>],
    ) {
        let children: Vec<Compression> = children.iter().map(|&digest| digest.into()).collect();
        let mut hashed = vec![Compression::default(); parents.len()];
        Sponge::Prime
            .merge_pairs(&children, &mut hashed)
            .expect("two children for each parent");
        for (parent, hashed) in parents.iter_mut().zip(hashed) {
            *parent = hashed.into();
        }
    }
}

/// Two columns of Fibonacci numbers, two numbers a row.
struct Fibonacci {
    context: AirContext<BaseElement>,
    result: BaseElement,
}

impl Air for Fibonacci {
    type BaseField = BaseElement;
    type PublicInputs = BaseElement;

    fn new(info: TraceInfo, result: BaseElement, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(1); 2];
        let context = AirContext::new(info, degrees, 3, options);
        Self { context, result }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _periodic: &[E],
        result: &mut [E],
    ) {
        let (now, next) = (frame.current(), frame.next());
        result[0] = next[0] - now[0] - now[1];
        result[1] = next[1] - now[1] - next[0];
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = self.trace_length() - 1;
        vec![
            Assertion::single(0, 0, BaseElement::ONE),
            Assertion::single(1, 0, BaseElement::ONE),
            Assertion::single(1, last, self.result),
        ]
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log_rows: u32 = std::env::args()
        .nth(1)
        .map_or(Ok(14), |argument| argument.parse())?;
    let mut trace = TraceTable::new(2, 1 << log_rows);
    trace.fill(
        |state| state.fill(BaseElement::ONE),
        |_, state| {
            state[0] += state[1];
            state[1] += state[0];
        },
    );
    let result = trace.get(1, (1 << log_rows) - 1);
    let linear = BatchingMethod::Linear;
    let options = ProofOptions::new(28, 8, 8, FieldExtension::Quadratic, 4, 31, linear, linear);
    let prover = PlainProver::<Fibonacci, TaggedRescue>::new(options.clone(), result);

    let mut proofs = Vec::new();
    let plain = EngineOptions::default();
    for (name, run) in [
        ("one at a time", plain),
        ("many at once", plain.with_hashing(&ManyTagged)),
    ] {
        let start = Instant::now();
        let proof = prove_with(&prover, trace.clone(), &run)?;
        println!("2^{log_rows} rows, {name}: {:.1?}", start.elapsed());
        proofs.push(proof);
    }
    assert_eq!(proofs[0].to_bytes(), proofs[1].to_bytes());

    let acceptable = AcceptableOptions::OptionSet(vec![options]);
    type Coin = DefaultRandomCoin<TaggedRescue>;
    type Tree = MerkleTree<TaggedRescue>;
    let proof = proofs.swap_remove(0);
    winterfell::verify::<Fibonacci, TaggedRescue, Coin, Tree>(proof, result, &acceptable)?;
    println!("the same proof, and it verifies");
    Ok(())
}
