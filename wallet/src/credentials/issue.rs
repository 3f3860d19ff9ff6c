//! Issuing: attributes from JSON, signed once each.

use serde_json::{Map, Value as Json};
use winterlane_ledger::{
    Compressor, Digest,
    private::{
        AttributeTree, CredentialBody, HolderSecret, credential::ISSUER_NONCE, schema_domain,
    },
    record::RecordDigest,
    signature::{KEY_CAPACITY, bound_message},
};

use super::{Credential, CredentialError, Day, IssueError, Issuer, Schema, Stated, Value};
use crate::{MasterSeed, Signed, Wallet, notes::random_digest, secret::digest_of};

const HOLDER_CONTEXT: &str = "winterlane 2026-11-28 wallet: secret of one credential holder";

impl MasterSeed {
    /// The secret of the credential holder with this number. One for all credentials is enough; several keep
    /// issuers who compare their lists from seeing that two holders are one person.
    #[must_use]
    pub fn holder_secret(&self, number: u32) -> HolderSecret {
        let mut deriver = blake3::Hasher::new_derive_key(HOLDER_CONTEXT);
        deriver
            .update(self.as_bytes())
            .update(&number.to_le_bytes());
        HolderSecret(digest_of(deriver.finalize().as_bytes(), b"hold", &[]))
    }
}

impl<C> Wallet<C> {
    /// The secret of a credential holder ([`MasterSeed::holder_secret`]).
    #[must_use]
    pub fn holder_secret(&self, number: u32) -> HolderSecret {
        self.seed().holder_secret(number)
    }
}

/// The attributes of a person or a thing: an object of JSON, by a schema. Each value is salted, and the values
/// of an attribute that may have several stand at places drawn by lot. Every attribute of the schema is there: one about
/// which nothing is said is an empty list, since a name that was forgotten looks like nothing, and what is signed cannot be
/// taken back.
///
/// # Errors
/// [`IssueError::Attribute`] names the attribute, and what is wrong with it.
pub fn attributes(schema: &Schema, json: &Map<String, Json>) -> Result<Vec<Stated>, IssueError> {
    let wrong = |name: &str, reason: String| IssueError::Attribute {
        name: name.into(),
        reason,
    };
    if let Some(name) = json.keys().find(|name| schema.places(name).is_none()) {
        let known: Vec<_> = schema.attributes().keys().map(String::as_str).collect();
        let reason = format!(
            "the schema {:?} has only {}",
            schema.name(),
            known.join(", ")
        );
        return Err(wrong(name, reason));
    }
    let mut stated = Vec::new();
    for (name, attribute) in schema.attributes() {
        let values = match json.get(name) {
            None => {
                let reason = "it is missing: what the issuer says nothing about is written as an empty list, []";
                return Err(wrong(name, reason.into()));
            }
            Some(Json::Array(values)) => &values[..],
            Some(value) => std::slice::from_ref(value),
        };
        if values.len() > usize::from(attribute.values) {
            let (count, most) = (values.len(), attribute.values);
            return Err(wrong(
                name,
                format!("{count} values, and the schema has room for {most}"),
            ));
        }
        let mut places: Vec<u8> = schema.places(name).unwrap_or_default().collect();
        for value in values {
            let value = Value::from_json(value).map_err(|error| wrong(name, error.to_string()))?;
            if value.kind() != attribute.kind {
                let reason = format!(
                    "{value} is {}, and the schema says {}",
                    value.kind(),
                    attribute.kind
                );
                return Err(wrong(name, reason));
            }
            let place = draw(places.len())?;
            stated.push(Stated {
                name: name.clone(),
                place: places.swap_remove(place),
                value,
                salt: random_digest()?,
            });
        }
    }
    stated.sort_by_key(|one| one.place);
    Ok(stated)
}

/// A number below `count`, which is 1 to 16.
fn draw(count: usize) -> Result<usize, IssueError> {
    let [bytes, ..] = *random_digest()?.to_bytes().as_chunks::<8>().0 else {
        return Ok(0);
    };
    // The bias of the reduction is below 2^-59.
    Ok((u64::from_le_bytes(bytes) % count.max(1) as u64) as usize)
}

impl<C: Compressor> Wallet<C> {
    /// Issues a credential: signs the attributes for a holder, with the next one-time key of the issuer's last
    /// key, which the wallet must have ([`Wallet::add_key`]). The journal has the one-time key before the
    /// credential leaves. A full key issues 1,023: its last one-time key never signs
    /// ([`RESERVED_KEY_INDEX`](winterlane_ledger::private::RESERVED_KEY_INDEX)).
    ///
    /// # Errors
    /// [`IssueError`]: among others when the key has signed all it can.
    pub fn issue(
        &mut self,
        issuer: &Issuer,
        attributes: Vec<Stated>,
        holder: Digest,
        last_day: Day,
    ) -> Result<Credential, IssueError> {
        let root = *issuer.keys.last().ok_or(IssueError::NoKey)?;
        let index = self.journal().next_index(&root);
        let key_number = issuer.keys.len() as u64 - 1;
        let number = u32::try_from(key_number * u64::from(KEY_CAPACITY) + u64::from(index));
        let number = number.map_err(|_| IssueError::NoKey)?;
        let mut credential = Credential {
            format: Credential::FORMAT.into(),
            issuer: issuer.name.clone(),
            key: root,
            schema: issuer.schema.clone(),
            number,
            last_day,
            holder,
            attributes,
            signature: String::new(),
        };
        let tree: AttributeTree = credential.attribute_tree()?;
        let last_day = last_day.since_1970().ok_or(CredentialError::LastDay)?;
        let body = CredentialBody {
            attributes: tree.root(),
            holder,
            number,
            last_day,
        };
        let bound = bound_message(
            &RecordDigest(body.digest()),
            &schema_domain(&credential.schema.digest()),
        );
        let signature = self.sign_message(&root, index, &bound, ISSUER_NONCE)?;
        let bytes = signature.to_bytes();
        credential.signature = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        credential.checked()?;
        let signed = Signed {
            root,
            index,
            nonce: ISSUER_NONCE,
            bound,
            rho: signature.rho,
        };
        self.reserve(&[signed])?;
        Ok(credential)
    }
}
