//! What shows that a key is ours without signing with it.

use std::fmt;

use winterlane_ledger::{
    BaseElement, Digest, Root,
    hash::compress_input,
    private::{RESERVED_KEY_INDEX, SHOWN_CHAINS},
    signature::{
        CHAIN_LENGTH, CHAINS, ChainValue, KEY_HEIGHT, KeyError, SecretSource, chain_step_input,
    },
};

use crate::{Wallet, WalletError};

/// What only the owner of a key knows of its *reserved* one-time key, the last of a full key, which never signs: where its
/// first chains start. A proof of a balance takes it, and shows none of it. Printing it shows nothing.
#[derive(Clone)]
pub struct Control {
    /// The public seed of the key tree.
    pub seed: [BaseElement; 2],
    /// The number of the one-time key: [`RESERVED_KEY_INDEX`].
    pub key_index: u16,
    /// The secret starts of the first chains.
    pub starts: [ChainValue; SHOWN_CHAINS],
    /// The public ends of all chains.
    pub ends: [ChainValue; CHAINS],
    /// The siblings from the one-time public key to the root of the key tree.
    pub auth: [Digest; KEY_HEIGHT],
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control(..)")
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.starts = [[BaseElement::from(0_u32); 2]; SHOWN_CHAINS];
        // Nobody reads them again: without this the compiler may leave the stores out.
        core::hint::black_box(&self.starts);
    }
}

impl<C> Wallet<C> {
    /// What shows that the key with this root is ours. It was added ([`Wallet::add_key`]), with 2^10 one-time keys.
    ///
    /// # Errors
    /// [`WalletError::UnknownKey`]; [`WalletError::Key`] when the key has no reserved one-time key, because it is smaller.
    pub fn control(&self, root: &Root) -> Result<Control, WalletError> {
        let unknown = WalletError::UnknownKey { root: *root };
        let (secret, tree) = self.key_pair(root).ok_or(unknown)?;
        let index = RESERVED_KEY_INDEX;
        let capacity = tree.capacity();
        let path = tree.auth_path(index).filter(|_| index < capacity);
        let auth = path.ok_or(KeyError::Exhausted { index, capacity })?;
        let seed = *tree.seed();
        let mut ends = secret.chain_starts(index);
        let starts = core::array::from_fn(|chain| ends[chain]);
        for (chain, value) in ends.iter_mut().enumerate() {
            for position in 0..CHAIN_LENGTH - 1 {
                let step = chain_step_input(&seed, index, chain, position, value);
                let Digest([first, second, ..]) = compress_input(&step);
                *value = [first, second];
            }
        }
        // A constant below 2^10.
        let key_index = index as u16;
        Ok(Control {
            seed,
            key_index,
            starts,
            ends,
            auth,
        })
    }
}
