//! What issuers, holders and verifiers hand to one another, as JSON.

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    Digest, Root, Signature,
    private::{Attribute, AttributeTree, Credential as Signed},
};

use super::{CredentialError, Day, Schema, Value};

/// What an issuer publishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The layout of the file: [`Issuer::FORMAT`].
    pub format: String,
    /// Who it is, for people.
    pub name: String,
    /// What its credentials say.
    pub schema: Schema,
    /// The roots of its keys: it signs with the last, and its credentials by the others hold.
    pub keys: Vec<Root>,
    /// The numbers of the credentials that it has revoked, rising.
    pub revoked: Vec<u32>,
}

impl Issuer {
    /// The layout of the file.
    pub const FORMAT: &'static str = "winterlane-issuer-1";
}

/// A credential, as its holder keeps it. *Whoever has it knows what it says*; to prove anything with it takes
/// the holder's secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The layout of the file: [`Credential::FORMAT`].
    pub format: String,
    /// The issuer's name, for people.
    pub issuer: String,
    /// The root of the key that signed it.
    pub key: Root,
    /// What its attributes are.
    pub schema: Schema,
    /// Its number among those of the issuer.
    pub number: u32,
    /// The last day on which it is valid.
    pub last_day: Day,
    /// The holder's key.
    pub holder: Digest,
    /// The values.
    pub attributes: Vec<Stated>,
    /// The issuer's signature, in hexadecimal.
    pub signature: String,
}

// What a credential says is its holder's.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// One value of a credential.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The attribute's name.
    pub name: String,
    /// The place among the 16 of a credential.
    pub place: u8,
    /// The value.
    pub value: Value,
    /// The salt that hides it.
    pub salt: Digest,
}

impl fmt::Debug for Stated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stated(..)")
    }
}

impl Credential {
    /// The layout of the file.
    pub const FORMAT: &'static str = "winterlane-credential-1";

    /// The tree of attributes that was signed.
    ///
    /// # Errors
    /// [`CredentialError::Damaged`] when values are at places that the schema does not give them.
    pub fn attribute_tree(&self) -> Result<AttributeTree, CredentialError> {
        let mut tree = AttributeTree::default();
        for stated in &self.attributes {
            let places = self.schema.places(&stated.name);
            let kind = self
                .schema
                .attributes()
                .get(&stated.name)
                .map(|one| one.kind);
            let fits = places.is_some_and(|places| places.contains(&stated.place))
                && kind == Some(stated.value.kind());
            let place = tree.attributes.get_mut(usize::from(stated.place));
            match place.filter(|place| fits && place.is_none()) {
                Some(place) => {
                    *place = Some(Attribute {
                        value: stated.value.encoded(),
                        salt: stated.salt,
                    });
                }
                None => {
                    return Err(CredentialError::Damaged {
                        what: "a value that its schema has no place for",
                    });
                }
            }
        }
        Ok(tree)
    }

    /// The credential as the protocol has it, its signature checked.
    ///
    /// # Errors
    /// [`CredentialError::Damaged`] when it is not what the issuer signed.
    pub fn checked(&self) -> Result<Signed, CredentialError> {
        let damaged = |what| CredentialError::Damaged { what };
        if self.format != Self::FORMAT {
            return Err(damaged("another format"));
        }
        let signature =
            hex_bytes(&self.signature).ok_or(damaged("a signature that is no hexadecimal"))?;
        let signed = Signed {
            attributes: self.attribute_tree()?,
            holder: self.holder,
            number: self.number,
            last_day: self
                .last_day
                .since_1970()
                .ok_or(damaged("a last day before 1970"))?,
            schema: self.schema.digest(),
            signature: Signature::from_bytes(&signature)
                .map_err(|_| damaged("a signature that is none"))?,
        };
        match signed.issuer(&winterlane_ledger::ScalarCompressor) {
            Ok(root) if root == self.key => Ok(signed),
            _ => Err(damaged("the signature is not one of these contents")),
        }
    }
}

/// The bytes of hexadecimal digits.
fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let bytes = pairs
        .iter()
        // Two digits below 16.
        .map(|&[high, low]| Some((digit(high)? << 4 | digit(low)?) as u8));
    rest.is_empty().then(|| bytes.collect()).flatten()
}
