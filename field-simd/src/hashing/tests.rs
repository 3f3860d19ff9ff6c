//! Every backend against winter-crypto.

use proptest::{collection::vec, prelude::*};
use winter_crypto::{
    DefaultRandomCoin, Digest as _, ElementHasher, Hasher, MerkleTree, RandomCoin,
    build_merkle_nodes,
    hashers::{Blake3_192, Blake3_256},
};
use winter_math::{StarkField, fields::f64::BaseElement};

use super::*;

type Hash = Blake3_256<BaseElement>;
type Hash192 = Blake3_192<BaseElement>;
type Digest32 = <Hash as Hasher>::Digest;
type Digest24 = <Hash192 as Hasher>::Digest;

/// Runs the test once with every backend of this machine in force.
fn on_each(test: impl Fn(Backend)) {
    for backend in Backend::available() {
        backend.with(|| test(backend)).unwrap();
    }
}

/// Words whose Montgomery reduction carries or wraps somewhere.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0xffff_fffe_0000_0001,
    0xffff_fffe_ffff_ffff,
    BaseElement::MODULUS - 1,
    BaseElement::MODULUS,
    BaseElement::MODULUS + 1,
    0xffff_ffff_8000_0000,
    u64::MAX - 1,
    u64::MAX,
];

/// Elements of every kind, edges now and then; not cryptographic, but the same on every run.
fn elements(count: usize, seed: u64) -> Vec<BaseElement> {
    let mut state = seed;
    let words = core::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let word = state ^ (state >> 29);
        if word % 11 == 3 {
            EDGES[(state >> 32) as usize % EDGES.len()]
        } else {
            word
        }
    });
    words.take(count).map(BaseElement::from_mont).collect()
}

fn stock<const N: usize, H: ElementHasher<BaseField = BaseElement>>(
    row: &[BaseElement],
) -> [u8; N] {
    H::hash_elements(row).as_bytes()[..N].try_into().unwrap()
}

fn check_rows(backend: Backend, count: usize, width: usize, stride: usize, seed: u64) {
    let matrix = elements(count * stride, seed);
    let rows = Rows::new(&matrix, width, stride).unwrap();
    let row = |i: usize| &matrix[i * stride..][..width];

    let mut digests = vec![[0; 32]; count];
    hash_rows(rows, &mut digests).unwrap();
    for (i, digest) in digests.iter().enumerate() {
        assert_eq!(
            *digest,
            stock::<32, Hash>(row(i)),
            "{backend:?}, {count} x {width}, row {i}"
        );
    }

    let mut short = vec![[0; 24]; count];
    hash_rows(rows, &mut short).unwrap();
    for (i, digest) in short.iter().enumerate() {
        assert_eq!(
            *digest,
            stock::<24, Hash192>(row(i)),
            "{backend:?}, {count} x {width}, row {i}"
        );
    }

    let canonical: Vec<u64> = matrix.iter().map(StarkField::as_int).collect();
    let rows = Rows::from_canonical(&canonical, width, stride).unwrap();
    let mut again = vec![[0; 32]; count];
    par_hash_rows(rows, &mut again).unwrap();
    assert_eq!(digests, again);
}

#[test]
fn rows_of_every_width() {
    on_each(|backend| {
        // Through the first block, around block and chunk ends, and the widest rows in use: 254
        // columns of degree 3.
        let widths = (0..=40)
            .chain(120..=137)
            .chain(254..=260)
            .chain([381, 384, 385, 512, 762]);
        for width in widths {
            check_rows(backend, 19, width, width.max(1), width as u64);
        }
    });
}

#[test]
fn every_count_of_rows() {
    on_each(|backend| {
        for count in 0..=35 {
            check_rows(backend, count, 11, 11, count as u64);
            check_rows(backend, count, 130, 135, count as u64);
        }
        check_rows(backend, 2 * TASK + 37, 3, 4, 5);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 48 }))]

    #[test]
    fn rows_of_random_shape(
        width in 1_usize..=800,
        gap in 0_usize..5,
        count in 0_usize..40,
        seed: u64,
    ) {
        on_each(|backend| {
            check_rows(backend, count, width, width + gap, seed);
        });
    }

    #[test]
    fn columns_are_the_rows_parts(
        (width, from, to) in (1_usize..300).prop_flat_map(|w| (Just(w), 0..=w, 0..=w)),
        count in 1_usize..40,
        seed: u64,
    ) {
        let (from, to) = (from.min(to), from.max(to));
        let matrix = elements(count * width, seed);
        let rows = Rows::new(&matrix, width, width).unwrap().columns(from, to).unwrap();
        on_each(|_| {
            let mut digests = vec![[0; 32]; count];
            hash_rows(rows, &mut digests).unwrap();
            for (digest, row) in digests.iter().zip(matrix.chunks(width)) {
                assert_eq!(*digest, stock::<32, Hash>(&row[from..to]));
            }
        });
    }

    #[test]
    fn trees_of_random_leaves(leaves in vec(any::<[u8; 32]>(), 1..600)) {
        let leaves = &leaves[..1 << leaves.len().ilog2()];
        on_each(|backend| {
            check_tree(backend, leaves);
        });
    }

    #[test]
    fn smallest_nonce(seed: [u8; 32], from in 0_u64..1 << 40, bits in 0_u32..10) {
        let stock = (from..)
            .find(|&nonce| {
                let hash = Hash::merge_with_int(Digest32::new(seed), nonce).as_bytes();
                u64::from_le_bytes(hash[..8].try_into().unwrap()).trailing_zeros() >= bits
            });
        on_each(|_| {
            assert_eq!(grind(&seed, bits, from), stock);
            assert_eq!(par_grind(&seed, bits, from), stock);
        });
    }
}

#[test]
fn canonical_integers_of_edges() {
    // Pairs, so that every edge meets every other in some block and lane.
    let matrix: Vec<_> = (0..EDGES.len() * EDGES.len())
        .flat_map(|i| [EDGES[i % EDGES.len()], EDGES[i / EDGES.len()]])
        .map(BaseElement::from_mont)
        .collect();
    on_each(|backend| {
        let mut digests = vec![[0; 32]; matrix.len() / 2];
        hash_rows(Rows::new(&matrix, 2, 2).unwrap(), &mut digests).unwrap();
        for (digest, row) in digests.iter().zip(matrix.chunks(2)) {
            assert_eq!(*digest, stock::<32, Hash>(row), "{backend:?} {row:?}");
        }
    });
}

fn check_tree(backend: Backend, leaves: &[[u8; 32]]) {
    if leaves.len() < 2 {
        let error = Err(HashError::Leaves { got: leaves.len() });
        assert_eq!(merkle_nodes(leaves), error);
        assert_eq!(par_merkle_nodes(leaves), error);
        return;
    }
    let expected = build_merkle_nodes::<Hash>(Digest32::bytes_as_digests(leaves));
    // Memory of the pool holds anything.
    let mut pooled = Digests::unspecified(leaves.len());
    pooled.fill([0xA5; 32]);
    par_merkle_nodes_into(leaves, &mut pooled).unwrap();
    let (expected_len, got) = (leaves.len(), leaves.len() / 2);
    assert_eq!(
        par_merkle_nodes_into(leaves, &mut pooled.to_vec()[..got]),
        Err(HashError::Digests {
            expected: expected_len,
            got
        })
    );
    let pooled = Ok(pooled.to_vec());
    for nodes in [merkle_nodes(leaves), par_merkle_nodes(leaves), pooled] {
        assert_eq!(
            to_digests::<Hash>(nodes.unwrap()),
            expected,
            "{backend:?}, {} leaves",
            leaves.len()
        );
    }
}

#[test]
fn trees_of_every_size() {
    let leaves: Vec<[u8; 32]> = elements(1 << 12, 3)
        .iter()
        .map(|e| stock::<32, Hash>(&[*e]))
        .collect();
    on_each(|backend| {
        for log in 0..=12 {
            check_tree(backend, &leaves[..1 << log]);
        }
        let short: Vec<[u8; 24]> = leaves.iter().map(|d| d[..24].try_into().unwrap()).collect();
        let expected = build_merkle_nodes::<Hash192>(Digest24::bytes_as_digests(&short));
        assert_eq!(
            to_digests::<Hash192>(merkle_nodes(&short).unwrap()),
            expected
        );
    });
}

#[test]
fn commitment_opens_in_stock() {
    let (count, width) = (1 << 11, 13);
    let matrix = elements(count * width, 9);
    on_each(|_| {
        let rows = Rows::new(&matrix, width, width).unwrap();
        let tree = commit_rows::<32>(rows).unwrap();
        assert_eq!(tree, par_commit_rows(rows).unwrap());
        let (nodes, leaves) = (
            to_digests::<Hash>(tree.nodes),
            to_digests::<Hash>(tree.leaves),
        );
        let root = nodes[1];
        let tree = MerkleTree::<Hash>::from_raw_parts(nodes, leaves).unwrap();
        for index in [0, 1, count / 2 + 5, count - 1] {
            let (leaf, path) = tree.prove(index).unwrap();
            assert_eq!(leaf, Hash::hash_elements(&matrix[index * width..][..width]));
            MerkleTree::<Hash>::verify(root, index, leaf, &path).unwrap();
        }
    });
}

#[test]
fn nonces_of_the_stock_coin() {
    let seed = elements(3, 1);
    let coin = DefaultRandomCoin::<Hash>::new(&seed);
    let short = DefaultRandomCoin::<Hash192>::new(&seed);
    on_each(|_| {
        for bits in 0..12 {
            let stock = (1..u64::MAX).find(|&nonce| coin.check_leading_zeros(nonce) >= bits);
            assert_eq!(grind(&stock_seed::<32, Hash>(&seed), bits, 1), stock);
            let stock = (1..u64::MAX).find(|&nonce| short.check_leading_zeros(nonce) >= bits);
            assert_eq!(par_grind(&stock_seed::<24, Hash192>(&seed), bits, 1), stock);
        }
    });
}

/// A new coin's seed is the hash of what it is made from.
fn stock_seed<const N: usize, H: ElementHasher<BaseField = BaseElement>>(
    from: &[BaseElement],
) -> [u8; N] {
    stock::<N, H>(from)
}

#[test]
fn searches_end() {
    on_each(|_| {
        assert_eq!(grind(&[1; 32], 65, 1), None);
        assert_eq!(grind(&[1; 32], 40, u64::MAX - 21), None);
        assert_eq!(par_grind(&[1; 32], 40, u64::MAX - 21), None);
        assert_eq!(grind(&[1; 32], 0, u64::MAX - 1), Some(u64::MAX - 1));
        assert_eq!(grind(&[1; 32], 0, u64::MAX), None);
    });
}

#[test]
fn errors_say_what_is_wrong() {
    let matrix = elements(12, 1);
    let shape = |width, stride| Rows::new(&matrix, width, stride).map(|rows| rows.len());
    assert_eq!(shape(5, 6), Ok(2));
    assert_eq!(shape(0, 12), Ok(1));
    for (width, stride) in [(5, 4), (5, 5), (0, 0), (usize::MAX, usize::MAX)] {
        assert_eq!(
            shape(width, stride),
            Err(HashError::Shape {
                len: 12,
                width,
                stride
            })
        );
    }

    let rows = Rows::new(&matrix, 3, 3).unwrap();
    let error = HashError::Columns {
        from: 2,
        to: 4,
        width: 3,
    };
    assert_eq!(rows.columns(2, 4).unwrap_err(), error);
    let error = Err(HashError::Digests {
        expected: 4,
        got: 3,
    });
    assert_eq!(hash_rows(rows, &mut [[0; 32]; 3]), error);
    assert_eq!(par_hash_rows(rows, &mut [[0; 24]; 3]), error);
    let error = Err(HashError::Digests {
        expected: 4,
        got: 3,
    });
    assert_eq!(merge_level(&[[0; 32]; 3], &mut [[0; 32]; 2]), error);
    let rows = Rows::new(&matrix, 4, 4).unwrap();
    let error = HashError::Leaves { got: 3 };
    assert_eq!(commit_rows::<32>(rows).unwrap_err(), error);
    assert_eq!(par_commit_rows::<24>(rows).unwrap_err(), error);
}
