//! Elements and digests from a key, with BLAKE3.

use winterlane_ledger::{BaseElement, Digest};
use zeroize::{Zeroize, Zeroizing};

/// `N` pairs of elements of a key for one purpose, each element from 16 bytes of its own: the bias of the
/// reduction is then below 2^-64. The key may be a secret: what it passes through here is overwritten.
#[must_use]
pub fn stream_elements<const N: usize>(
    key: &[u8; 32],
    purpose: &[u8; 4],
    data: &[u8],
) -> [[BaseElement; 2]; N] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    let mut stream = hasher.update(purpose).update(data).finalize_xof();
    hasher.zeroize();
    // 2^64 modulo the prime 2^64 - 2^32 + 1.
    let shift = BaseElement::new((1 << 32) - 1);
    let elements = [(); N].map(|()| {
        [(); 2].map(|()| {
            let mut words = Zeroizing::new([[0; 8]; 2]);
            stream.fill(words.as_flattened_mut());
            let [low, high] = words.map(|word| BaseElement::new(u64::from_le_bytes(word)));
            low + high * shift
        })
    });
    stream.zeroize();
    elements
}

/// 256 bits of a key for one purpose, as a digest.
#[must_use]
pub fn digest_of(key: &[u8; 32], purpose: &[u8; 4], data: &[u8]) -> Digest {
    let [[a, b], [c, d]] = stream_elements::<2>(key, purpose, data);
    Digest([a, b, c, d])
}

/// A digest of 32 random bytes.
#[must_use]
pub fn random_digest(random: &[u8; 32]) -> Digest {
    digest_of(random, b"rand", &[])
}
