//! Key generation in parallel: the one-time public keys of a tree do not depend on each other.

use rayon::prelude::*;
use winterlane_ledger::{
    Compressor,
    signature::{KEY_HEIGHT, KeyError, KeyTree, one_time_public_keys},
};

use super::KeySecret;

/// One-time keys a task generates: fills any vector unit, and shares well among threads.
const KEYS_PER_TASK: u32 = 32;

/// Generates the key tree of a secret on all threads of the current rayon pool: 224 compressions
/// for each of its `2^height` one-time keys.
///
/// ```
/// use winterlane_ledger::{ScalarCompressor, signature::KeyTree};
/// use winterlane_wallet::{MasterSeed, generate_key};
/// let secret = MasterSeed::from_bytes([7; 32]).key_secret(0, 3);
/// let tree = generate_key(&secret, &ScalarCompressor)?;
/// let sequential = KeyTree::generate(&secret, secret.public_seed(), 3, &ScalarCompressor)?;
/// assert_eq!(tree, sequential);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`KeyError::Height`] when the secret is one of a key higher than 10.
pub fn generate_key<C: Compressor>(
    secret: &KeySecret,
    compressor: &C,
) -> Result<KeyTree, KeyError> {
    let height = secret.height();
    if height as usize > KEY_HEIGHT {
        return Err(KeyError::Height { height });
    }
    let capacity = 1u32 << height;
    let seed = secret.public_seed();
    let tasks: Vec<u32> = (0..capacity).step_by(KEYS_PER_TASK as usize).collect();
    let leaves: Vec<_> = tasks
        .into_par_iter()
        .flat_map_iter(|first| {
            let indices = first..capacity.min(first + KEYS_PER_TASK);
            one_time_public_keys(secret, &seed, indices, compressor)
        })
        .collect();
    KeyTree::from_leaves(seed, leaves, compressor)
}
