//! Hash functions of other people, and winter-crypto's under other names.

use winter_utils::{ByteReader, ByteWriter, Deserializable, DeserializationError, Serializable};
use winterfell::crypto::hashers::{Blake3_192, Rp64_256, RpJive64_256};
use winterfell::crypto::{Digest, ElementHasher, Hasher};
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{FieldExtension, ProofOptions};
use winterlane_field_simd::Backend;
use winterlane_prover::hashing::{Blake3, BulkHasher, DigestOf, HashRows};
use winterlane_prover::{EngineOptions, ProverError};

use crate::program::{Blake, ProgramProver, Statement, ours, prover, singles, stock};

/// BLAKE3 in another crate's clothes, digests included.
struct Foreign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ForeignDigest([u8; 32]);

impl Digest for ForeignDigest {
    fn as_bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl Serializable for ForeignDigest {
    fn write_into<W: ByteWriter>(&self, target: &mut W) {
        target.write_bytes(&self.0);
    }
}

impl Deserializable for ForeignDigest {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        source.read_array().map(Self)
    }
}

fn foreign(digest: DigestOf<Blake>) -> ForeignDigest {
    ForeignDigest(digest.as_bytes())
}

fn blake(digest: &ForeignDigest) -> DigestOf<Blake> {
    DigestOf::<Blake>::new(digest.0)
}

impl Hasher for Foreign {
    type Digest = ForeignDigest;
    const COLLISION_RESISTANCE: u32 = Blake::COLLISION_RESISTANCE;

    fn hash(bytes: &[u8]) -> ForeignDigest {
        foreign(Blake::hash(bytes))
    }

    fn merge(values: &[ForeignDigest; 2]) -> ForeignDigest {
        foreign(Blake::merge(&values.each_ref().map(blake)))
    }

    fn merge_many(values: &[ForeignDigest]) -> ForeignDigest {
        let values: Vec<_> = values.iter().map(blake).collect();
        foreign(Blake::merge_many(&values))
    }

    fn merge_with_int(seed: ForeignDigest, value: u64) -> ForeignDigest {
        foreign(Blake::merge_with_int(blake(&seed), value))
    }
}

impl ElementHasher for Foreign {
    type BaseField = BaseElement;

    fn hash_elements<E: FieldElement<BaseField = BaseElement>>(elements: &[E]) -> ForeignDigest {
        foreign(Blake::hash_elements(elements))
    }
}

/// Somebody's own code for it, of which a part is wrong, or nothing.
#[derive(Default)]
struct Own {
    wrong_rows: bool,
    wrong_pairs: bool,
    wrong_nonces: bool,
}

impl BulkHasher for Own {
    type Hasher = Foreign;

    fn task(&self) -> usize {
        5
    }

    fn hash_rows(&self, rows: HashRows<'_>, digests: &mut [ForeignDigest]) {
        assert!(rows.len() == digests.len() && rows.len() <= 5);
        for (row, digest) in rows.iter().zip(digests) {
            *digest = Foreign::hash_elements(&row[usize::from(self.wrong_rows)..]);
        }
    }

    fn merge_pairs(&self, children: &[ForeignDigest], parents: &mut [ForeignDigest]) {
        for (pair, parent) in children.chunks_exact(2).zip(parents) {
            let swapped = usize::from(self.wrong_pairs);
            *parent = Foreign::merge(&[pair[swapped], pair[1 - swapped]]);
        }
    }

    fn first_nonce(
        &self,
        seed: ForeignDigest,
        zeros: u32,
        mut nonces: core::ops::Range<u64>,
    ) -> Option<u64> {
        let good = |nonce| {
            let head = Foreign::merge_with_int(seed, nonce).0[..8].try_into();
            u64::from_le_bytes(head.expect("eight bytes")).trailing_zeros() >= zeros
        };
        nonces.find(|&nonce| good(nonce) != self.wrong_nonces)
    }
}

#[test]
fn a_hash_function_that_the_engine_has_never_seen() {
    let statement = Statement::new(256, singles(0, 0..3), singles(1, 4..6));
    let extension = FieldExtension::Quadratic;
    let expected = stock(&statement, extension, 9);
    let prover = prover::<Foreign>(&statement, extension, 9);
    let (blake, own) = (Blake3::<Foreign>::new(), Own::default());
    // A nonce that the coin refuses is looked for again.
    let wrong_nonces = Own {
        wrong_nonces: true,
        ..Own::default()
    };
    let plain = EngineOptions::default();
    for options in [
        plain,
        plain.with_hashing(&blake),
        plain.with_hashing(&own),
        plain.with_hashing(&wrong_nonces),
    ] {
        for backend in Backend::available() {
            let proof = backend.with(|| ours(&prover, &options)).expect("available");
            assert!(proof.expect("a proof").to_bytes() == expected, "{backend}");
        }
    }
}

#[test]
fn digests_of_another_hash_function_are_refused() {
    let statement = Statement::new(64, singles(0, 0..3), vec![]);
    let prover = prover::<Foreign>(&statement, FieldExtension::None, 0);
    let refused = |options: EngineOptions<'_>| ours(&prover, &options).expect_err("refused");
    let plain = EngineOptions::default();
    let wrong = Own {
        wrong_rows: true,
        ..Own::default()
    };
    let error = refused(plain.with_hashing(&wrong));
    assert!(
        matches!(error, ProverError::BulkDigests { of: "rows", .. }),
        "{error}"
    );
    let wrong = Own {
        wrong_pairs: true,
        ..Own::default()
    };
    let error = refused(plain.with_hashing(&wrong));
    assert!(
        matches!(error, ProverError::BulkDigests { of: "pairs", .. }),
        "{error}"
    );
    let other = Blake3::<Blake3_192<BaseElement>, 24>::new();
    let error = refused(plain.with_hashing(&other));
    assert!(matches!(error, ProverError::OtherHasher { .. }), "{error}");
}

#[test]
fn blake3_by_name_and_by_option() {
    let statement = Statement::new(64, singles(0, 0..3), vec![]);
    let prover = prover::<Blake3_192<BaseElement>>(&statement, FieldExtension::Cubic, 3);
    let short = Blake3::<Blake3_192<BaseElement>, 24>::new();
    let plain = EngineOptions::default();
    let [by_name, by_option] = [plain, plain.with_hashing(&short)]
        .map(|options| ours(&prover, &options).expect("a proof").to_bytes());
    assert!(by_name == by_option);
}

/// A hash function under another name, which the engine does not recognise.
struct Renamed<H>(core::marker::PhantomData<fn() -> H>);

impl<H: Hasher> Hasher for Renamed<H> {
    type Digest = H::Digest;
    const COLLISION_RESISTANCE: u32 = H::COLLISION_RESISTANCE;

    fn hash(bytes: &[u8]) -> H::Digest {
        H::hash(bytes)
    }

    fn merge(values: &[H::Digest; 2]) -> H::Digest {
        H::merge(values)
    }

    fn merge_many(values: &[H::Digest]) -> H::Digest {
        H::merge_many(values)
    }

    fn merge_with_int(seed: H::Digest, value: u64) -> H::Digest {
        H::merge_with_int(seed, value)
    }
}

impl<H: ElementHasher> ElementHasher for Renamed<H> {
    type BaseField = H::BaseField;

    fn hash_elements<E: FieldElement<BaseField = H::BaseField>>(elements: &[E]) -> H::Digest {
        H::hash_elements(elements)
    }
}

/// Compares the proofs of a hash function that the engine recognises with those of the same under another
/// name, whose messages are hashed one by one, by winter-crypto's code.
fn recognised<H>()
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
{
    let statement = Statement::new(128, singles(0, 0..3), singles(1, 4..6));
    for (extension, partitions) in [
        (FieldExtension::None, 1),
        (FieldExtension::Quadratic, 2),
        (FieldExtension::Cubic, 1),
    ] {
        let named = prover::<H>(&statement, extension, 7);
        let renamed = prover::<Renamed<H>>(&statement, extension, 7);
        let partitioned = |options: &ProofOptions| options.clone().with_partitions(partitions, 2);
        let (named, renamed) = (
            ProgramProver {
                options: partitioned(&named.options),
                ..named
            },
            ProgramProver {
                options: partitioned(&renamed.options),
                ..renamed
            },
        );
        let plain = EngineOptions::default();
        let expected = ours(&renamed, &plain).expect("a proof").to_bytes();
        for backend in Backend::available() {
            let proof = backend.with(|| ours(&named, &plain)).expect("available");
            assert!(proof.expect("a proof").to_bytes() == expected, "{backend}");
        }
    }
}

#[test]
fn rescue_is_recognised() {
    recognised::<Rp64_256>();
    recognised::<RpJive64_256>();
}
