//! Credentials: attributes that an issuer signs, and their holder shows properties of.
//!
//! The attributes are the leaves of a small tree, each with a salt of its own, so that whoever sees the root
//! or another attribute learns nothing of them. The tree's root, the holder key, the credential's number and
//! its last day make one digest, which the issuer signs with a one-time key of
//! [`signature`](crate::signature).
//!
//! A text is an attribute by a digest of it, a date by its day: what numbers mean is the schema's.

use alloc::vec::Vec;
use core::fmt;

use thiserror::Error;
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::note::value_lanes;
use crate::{
    Digest, Domain, Nonce, Root, Signature,
    hash::{Compressor, compress, tag},
    record::RecordDigest,
    signature::{
        Claim, KeyError, KeyIndex, KeyTree, SecretSource, SignatureError, bound_message,
        recover_root,
    },
};

/// Levels of a tree of attributes.
pub const ATTRIBUTE_HEIGHT: usize = 4;
/// Attributes of a credential.
pub const ATTRIBUTES: usize = 1 << ATTRIBUTE_HEIGHT;
/// The nonce of an issuer's signatures: a credential has its number instead.
pub const ISSUER_NONCE: Nonce = Nonce::ZERO;

/// One attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// Its value.
    pub value: u128,
    /// 256 random bits, as a digest.
    pub salt: Digest,
}

// What a credential says is its holder's.
impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attribute(..)")
    }
}

impl Attribute {
    /// The leaf of the tree of attributes.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        compress(
            tag::ATTRIBUTE,
            &self.salt,
            &Digest(value_lanes(0, self.value)),
        )
    }
}

/// The attributes of a credential: 16 places, each with an attribute or without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributeTree {
    /// By place.
    pub attributes: [Option<Attribute>; ATTRIBUTES],
}

impl AttributeTree {
    /// The root: 15 compressions, and one for each attribute. An empty place is zeros.
    #[must_use]
    pub fn root(&self) -> Root {
        let levels = self.levels();
        let root = levels.last().and_then(|top| top.first());
        Root(root.copied().unwrap_or_default())
    }

    /// The siblings of a place on its way to the root, leaf level first; `None` when there is no such
    /// place.
    #[must_use]
    pub fn siblings(&self, place: u8) -> Option<[Digest; ATTRIBUTE_HEIGHT]> {
        let place = usize::from(place);
        let levels = self.levels();
        (place < ATTRIBUTES)
            .then(|| core::array::from_fn(|height| levels[height][place >> height ^ 1]))
    }

    fn levels(&self) -> Vec<Vec<Digest>> {
        let leaf = |attribute: &Option<Attribute>| {
            attribute.map_or(Digest::ZERO, |attribute| attribute.leaf())
        };
        let mut levels = alloc::vec![self.attributes.iter().map(leaf).collect::<Vec<_>>()];
        for height in 0..ATTRIBUTE_HEIGHT {
            let (pairs, _) = levels[height].as_chunks::<2>();
            let parents = pairs
                .iter()
                .map(|[left, right]| compress(tag::ATTRIBUTE_NODE, left, right));
            let parents = parents.collect();
            levels.push(parents);
        }
        levels
    }
}

/// The secret that makes a credential its holder's: who has the credential alone proves nothing with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HolderSecret(pub Digest);

// A secret does not belong into a log.
impl fmt::Debug for HolderSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HolderSecret(..)")
    }
}

impl HolderSecret {
    /// The holder key, which the issuer signs.
    #[must_use]
    pub fn key(&self) -> Digest {
        compress(tag::HOLDER, &self.0, &Digest::ZERO)
    }

    /// The holder's name for one verifier: the same each time, and another for another verifier.
    ///
    /// The verifier is a digest of its name. A digest that somebody chose could be the one for which this is the holder key:
    /// no [statement](super::PrivateInputs::check) shows a pseudonym for that one.
    #[must_use]
    pub fn pseudonym(&self, verifier: &Digest) -> Digest {
        compress(tag::PSEUDONYM, &self.0, verifier)
    }
}

/// Whether a pseudonym for this verifier is the holder key: the verifier's last lane makes up for the tag of the one, and
/// gives that of the other.
pub(super) fn shows_holder_key(verifier: &Digest) -> bool {
    let zero = BaseElement::ZERO;
    *verifier == Digest([zero, zero, zero, tag::HOLDER - tag::PSEUDONYM])
}

/// The domain under which an issuer signs credentials of a schema: none of a rollup.
#[must_use]
pub fn schema_domain(schema: &Digest) -> Domain {
    Domain(compress(tag::SCHEMA, schema, &Digest::ZERO))
}

/// What an issuer signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CredentialBody {
    /// The root of the attributes.
    pub attributes: Root,
    /// The holder key.
    pub holder: Digest,
    /// The credential's number: its index among the revoked ones.
    pub number: u32,
    /// The last day on which it is valid, counted as the issuer counts days (since 1970-01-01).
    pub last_day: u32,
}

// What a credential says is its holder's.
impl fmt::Debug for CredentialBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialBody(..)")
    }
}

impl CredentialBody {
    /// The digest that stands for the credential.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let body = compress(tag::BODY, &self.attributes.0, &self.holder);
        compress(tag::CREDENTIAL, &body, &Digest(self.numbers()))
    }

    /// Number and last day as the digest has them.
    #[must_use]
    pub fn numbers(&self) -> [BaseElement; 4] {
        let zero = BaseElement::ZERO;
        let [number, last_day] = [self.number, self.last_day].map(BaseElement::from);
        [number, last_day, zero, zero]
    }
}

/// A credential as its holder keeps it: the attributes, and an issuer's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The attributes.
    pub attributes: AttributeTree,
    /// The holder key.
    pub holder: Digest,
    /// The credential's number.
    pub number: u32,
    /// The last day on which it is valid.
    pub last_day: u32,
    /// What the numbers of the attributes mean: a digest of the schema's text.
    pub schema: Digest,
    /// The issuer's signature.
    pub signature: Signature,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// Why an issuer's key does not sign.
pub type IssueError = KeyError;

impl Credential {
    /// What the issuer signed.
    #[must_use]
    pub fn body(&self) -> CredentialBody {
        CredentialBody {
            attributes: self.attributes.root(),
            holder: self.holder,
            number: self.number,
            last_day: self.last_day,
        }
    }

    /// The root of the key that signed: a holder compares it with the issuer's.
    ///
    /// # Errors
    /// [`SignatureError`] when the signature is none.
    pub fn issuer<C: Compressor + ?Sized>(&self, compressor: &C) -> Result<Root, CredentialError> {
        let bound = bound_message(
            &RecordDigest(self.body().digest()),
            &schema_domain(&self.schema),
        );
        let claim = Claim {
            bound,
            nonce: ISSUER_NONCE,
            signature: &self.signature,
        };
        Ok(recover_root(claim, compressor)?)
    }
}

/// A credential that nobody signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the credential's signature: {0}")]
pub struct CredentialError(#[from] pub SignatureError);

/// What an issuer signs beside the attributes: for whom, under which number, until when, by which schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Issuance {
    /// The holder key ([`HolderSecret::key`]).
    pub holder: Digest,
    /// The credential's number: its index among the revoked ones.
    pub number: u32,
    /// The last day on which it is valid, counted as the issuer counts days (since 1970-01-01).
    pub last_day: u32,
    /// What the numbers of the attributes mean: a digest of the schema's text.
    pub schema: Digest,
}

// What a credential says is its holder's.
impl fmt::Debug for Issuance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuance(..)")
    }
}

/// Signs a credential with one one-time key of an issuer.
///
/// As with every one-time key: *two credentials with one index give the key away*. Whoever calls this
/// must remember what each index has signed.
///
/// # Errors
/// [`KeyError`] when the key has no such index.
pub fn issue<S: SecretSource + ?Sized, C: Compressor + ?Sized>(
    issuer: &KeyTree,
    secrets: &S,
    key_index: u32,
    attributes: AttributeTree,
    issuance: Issuance,
    compressor: &C,
) -> Result<Credential, IssueError> {
    let Issuance {
        holder,
        number,
        last_day,
        schema,
    } = issuance;
    let body = CredentialBody {
        attributes: attributes.root(),
        holder,
        number,
        last_day,
    };
    let bound = bound_message(&RecordDigest(body.digest()), &schema_domain(&schema));
    let signature = issuer.sign(
        secrets,
        KeyIndex(key_index),
        &bound,
        ISSUER_NONCE,
        compressor,
    )?;
    Ok(Credential {
        attributes,
        holder,
        number,
        last_day,
        schema,
        signature,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ScalarCompressor,
        private::{CredentialInputs, PrivateInputs, PrivateInputsError, Session, sparse::climb},
        testing::Key,
    };

    fn digest(n: u32) -> Digest {
        Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
    }

    fn attributes() -> AttributeTree {
        let mut tree = AttributeTree::default();
        for place in [0, 1, 5, 15] {
            tree.attributes[place as usize] = Some(Attribute {
                value: u128::from(place) << 90 | 7,
                salt: digest(100 + place),
            });
        }
        tree
    }

    #[test]
    fn every_place_has_a_path() {
        let tree = attributes();
        for place in 0..16 {
            let leaf = tree.attributes[usize::from(place)].map_or(Digest::ZERO, |a| a.leaf());
            let siblings = tree.siblings(place).unwrap();
            let root = climb(tag::ATTRIBUTE_NODE, place.into(), leaf, &siblings);
            assert_eq!(Root(root), tree.root());
        }
        assert_eq!(tree.siblings(16), None);
    }

    #[test]
    fn an_issued_credential_leads_to_its_issuer_and_no_changed_one_does() {
        let key = Key::new(5);
        let holder = HolderSecret(digest(1)).key();
        let issuance = Issuance {
            holder,
            number: 77,
            last_day: 20_000,
            schema: digest(9),
        };
        let honest = issue(
            &key.tree,
            &key.secrets,
            2,
            attributes(),
            issuance,
            &ScalarCompressor,
        );
        let honest = honest.unwrap();
        let root = Ok(key.tree.root());
        assert_eq!(honest.issuer(&ScalarCompressor), root);
        let changes: [fn(&mut Credential); 7] = [
            |c| c.number += 1,
            |c| c.last_day += 1,
            |c| c.holder.0[0] += BaseElement::ONE,
            |c| c.schema.0[0] += BaseElement::ONE,
            |c| c.attributes.attributes[2] = c.attributes.attributes[1],
            |c| c.attributes.attributes.swap(0, 1),
            |c| c.signature.key_index ^= 1,
        ];
        for change in changes {
            let mut changed = honest.clone();
            change(&mut changed);
            assert_ne!(changed.issuer(&ScalarCompressor), root);
        }
    }

    #[test]
    fn pseudonyms_differ_by_verifier_and_holder() {
        let [a, b] = [1, 2].map(|n| HolderSecret(digest(n)));
        assert_eq!(a.pseudonym(&digest(7)), a.pseudonym(&digest(7)));
        assert_ne!(a.pseudonym(&digest(7)), a.pseudonym(&digest(8)));
        assert_ne!(a.pseudonym(&digest(7)), b.pseudonym(&digest(7)));
        assert_ne!(a.key(), a.pseudonym(&Digest::ZERO));
    }

    /// Whoever chose the verifier's digest, and not its name, could ask for the key under which an issuer knows a holder.
    #[test]
    fn no_pseudonym_is_the_holder_key() {
        let holder = HolderSecret(digest(1));
        let zero = BaseElement::ZERO;
        let verifier = Digest([zero, zero, zero, tag::HOLDER - tag::PSEUDONYM]);
        assert_eq!(holder.pseudonym(&verifier), holder.key());
        let inputs = |verifier, pseudonym| {
            PrivateInputs::Credential(CredentialInputs {
                issuer: Root(digest(1)),
                schema: digest(2),
                predicates: Vec::new(),
                today: 3,
                revocation: Root(digest(4)),
                pseudonym,
                session: Session {
                    verifier,
                    challenge: [5; 32],
                    expires: 6,
                },
            })
        };
        let shown = Some(holder.pseudonym(&verifier));
        let refused = inputs(verifier, shown).check();
        assert_eq!(refused, Err(PrivateInputsError::HolderKey));
        // Without one there is nothing to show, and another verifier's are none.
        assert_eq!(inputs(verifier, None).check(), Ok(()));
        assert_eq!(inputs(digest(7), shown).check(), Ok(()));
    }
}
