//! The halves of keys that the node does not keep: bearer secrets and private keys.

use core::{fmt, str::FromStr};
use std::{io::Read, path::Path};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use subtle::ConstantTimeEq;
use winterlane_machine::small;
use zeroize::Zeroizing;

use super::{
    ClientName, Environment, KeyId, KeysError, PublicKey, SecretHash, SignatureBytes, hex, random,
    unhex,
};

/// What stands before every token, so that scanners of leaked secrets know one.
const TOKEN_PREFIX: &str = "wlk_";
/// What stands before a private key in its file.
const PRIVATE_PREFIX: &str = "winterlane-private-key-1 ";

/// A bearer secret with the name of its key: `wlk_ENVIRONMENT_ID_SECRET`.
///
/// The secret is 256 random bits; it is overwritten when it is dropped, and never printed by accident.
#[derive(Clone)]
pub struct BearerToken {
    environment: Environment,
    id: KeyId,
    secret: Zeroizing<[u8; 32]>,
}

impl BearerToken {
    pub(crate) fn random(id: KeyId, environment: Environment) -> Result<Self, KeysError> {
        Ok(Self {
            environment,
            id,
            secret: Zeroizing::new(random()?),
        })
    }

    /// The key that it is of.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The environment that it is for.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What the node keeps. A plain hash is enough: nobody guesses 256 bits.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        let mut hasher = blake3::Hasher::new_derive_key("winterlane 2026 bearer secret v1");
        hasher.update(self.id.as_bytes()).update(&*self.secret);
        SecretHash::from_bytes(*hasher.finalize().as_bytes())
    }

    /// Whether this is the secret that was hashed, in time that does not tell how much of it agrees.
    #[must_use]
    pub fn matches(&self, hash: &SecretHash) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }

    /// The text that goes into the header `Authorization: Bearer`. Shown once, when the key is made.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex(&*self.secret));
        Zeroizing::new(format!(
            "{TOKEN_PREFIX}{}_{}_{}",
            self.environment, self.id, &*digits
        ))
    }
}

impl FromStr for BearerToken {
    type Err = KeysError;

    fn from_str(text: &str) -> Result<Self, KeysError> {
        let parts = || {
            let mut parts = text.strip_prefix(TOKEN_PREFIX)?.split('_');
            let (environment, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
            let (environment, id) = (environment.parse().ok()?, id.parse().ok()?);
            let secret = Zeroizing::new(unhex(secret)?);
            parts.next().is_none().then_some(Self {
                environment,
                id,
                secret,
            })
        };
        parts().ok_or(KeysError::BadName {
            what: "bearer token: wlk_ENVIRONMENT_ID_SECRET",
        })
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BearerToken({}, secret)", self.id)
    }
}

/// A private key, with the name that the node gave it. The private half is overwritten when it is dropped.
#[derive(Clone)]
pub struct PrivateKey {
    key: SigningKey,
}

impl PrivateKey {
    /// A new key, from the random numbers of the operating system.
    ///
    /// # Errors
    /// [`KeysError::NoRandomness`].
    pub fn random() -> Result<Self, KeysError> {
        let seed = Zeroizing::new(random()?);
        Ok(Self::from_seed(&seed))
    }

    /// The key of these 256 secret bits.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            key: SigningKey::from_bytes(seed),
        }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.key.verifying_key().to_bytes())
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> SignatureBytes {
        SignatureBytes::from_bytes(self.key.sign(message).to_bytes())
    }

    /// Shows a keymaster, and the node, that whoever asks for a key holds its private half.
    #[must_use]
    pub fn prove_possession(
        &self,
        client: &ClientName,
        environment: &Environment,
    ) -> SignatureBytes {
        self.sign(&possession_message(&self.public(), client, environment))
    }

    /// Writes the key to a new file that only its owner reads. An existing file is never replaced, and what lies beside it stays.
    ///
    /// # Errors
    /// [`KeysError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), KeysError> {
        let mut text = Zeroizing::new(String::from(PRIVATE_PREFIX));
        let seed = Zeroizing::new(self.key.to_bytes());
        text.push_str(&Zeroizing::new(hex(&*seed)));
        text.push('\n');
        crate::disk::write_new(path, text.as_bytes()).map_err(|source| KeysError::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads a key from its file.
    ///
    /// # Errors
    /// [`KeysError::Io`], [`KeysError::BadFile`].
    pub fn load(path: &Path) -> Result<Self, KeysError> {
        let mut text = Zeroizing::new(String::with_capacity(256));
        let read = |text: &mut String| small::open(path)?.take(256).read_to_string(text);
        read(&mut text).map_err(|source| KeysError::Io {
            path: path.to_owned(),
            source,
        })?;
        let seed = text
            .strip_prefix(PRIVATE_PREFIX)
            .map(str::trim_end)
            .and_then(unhex);
        let seed = Zeroizing::new(seed.ok_or_else(|| KeysError::BadFile {
            path: path.to_owned(),
        })?);
        Ok(Self::from_seed(&seed))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, private half)", self.public())
    }
}

/// What the private half of a new key signs before the key is made: nobody registers a key that is not theirs, and
/// a mistyped one is noticed at once.
#[must_use]
pub fn possession_message(
    public: &PublicKey,
    client: &ClientName,
    environment: &Environment,
) -> Vec<u8> {
    format!("winterlane key possession v1\n{environment}\n{client}\n{public}\n").into_bytes()
}

pub(super) fn verify_possession(
    public: &PublicKey,
    client: &ClientName,
    environment: &Environment,
    proof: &SignatureBytes,
) -> Result<(), KeysError> {
    if verify(
        public,
        &possession_message(public, client, environment),
        proof,
    ) {
        Ok(())
    } else {
        let what = "not a signature of the public key over its client and environment";
        Err(KeysError::BadField {
            field: "proof",
            what,
        })
    }
}

/// Whether the signature is one of the key, by the strict rules: no key or nonce of small order, one encoding.
pub(crate) fn verify(public: &PublicKey, message: &[u8], signature: &SignatureBytes) -> bool {
    let signature = Signature::from_bytes(signature.as_bytes());
    VerifyingKey::from_bytes(public.as_bytes())
        .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}
