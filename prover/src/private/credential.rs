//! What a proof about a credential takes from its witness.

use winterlane_air::private::Role;
use winterlane_ledger::{
    AssetId, BaseElement, Digest, Signature,
    private::{Credential, CredentialInputs, HolderSecret, SparseTree, schema_domain},
};

use super::{
    machine::{self, Free, Registers},
    pool::value,
};

/// Where a value is in a set.
#[derive(Clone)]
pub struct SetPath {
    /// The place.
    pub place: u32,
    /// The siblings from it to the root, leaf level first.
    pub siblings: Vec<Digest>,
}

impl SetPath {
    /// The path of a place of a set.
    #[must_use]
    pub fn of(set: &SparseTree, place: u32) -> Self {
        Self {
            place,
            siblings: set.siblings(place),
        }
    }
}

// The place tells the value.
impl core::fmt::Debug for SetPath {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SetPath(..)")
    }
}

/// What shows that a credential satisfies predicates.
#[derive(Clone)]
pub struct CredentialWitness {
    /// The credential, as its issuer signed it.
    pub credential: Credential,
    /// The holder's secret.
    pub holder: HolderSecret,
    /// The siblings of the credential's number among the revoked ones, leaf level first.
    pub revocation: Vec<Digest>,
    /// For each predicate, where its value is in its set; `None` for a predicate that asks for none.
    pub sets: Vec<Option<SetPath>>,
}

impl CredentialWitness {
    /// The witness of a credential: `revoked` are its issuer's revoked credentials, `members` are for each
    /// predicate the set that its value is in and the place there.
    #[must_use]
    pub fn new(
        credential: Credential,
        holder: HolderSecret,
        revoked: &SparseTree,
        members: &[Option<(SparseTree, u32)>],
    ) -> Self {
        let path = |member: &Option<(SparseTree, u32)>| {
            let (set, place) = member.as_ref()?;
            Some(SetPath::of(set, *place))
        };
        Self {
            revocation: revoked.siblings(credential.number),
            sets: members.iter().map(path).collect(),
            credential,
            holder,
        }
    }
}

// What a credential says is its holder's.
impl core::fmt::Debug for CredentialWitness {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CredentialWitness(..)")
    }
}

/// The statement, as the machine asks.
pub(super) struct Filler<'a> {
    inputs: &'a CredentialInputs,
    witness: &'a CredentialWitness,
}

impl<'a> Filler<'a> {
    pub(super) const fn new(inputs: &'a CredentialInputs, witness: &'a CredentialWitness) -> Self {
        Self { inputs, witness }
    }

    fn place(&self, k: usize) -> u8 {
        let predicate = self.inputs.predicates.get(k);
        predicate.map_or(0, |predicate| predicate.place)
    }
}

impl machine::Filler for Filler<'_> {
    fn free(&self, role: Role) -> Free {
        let mut free = Free::default();
        let credential = &self.witness.credential;
        let zero = BaseElement::from(0_u32);
        let on_path = |free: &mut Free, index: u32, level: usize, sibling: Option<&Digest>| {
            free.sibling = sibling.copied().unwrap_or_default().0;
            free.is_right = index >> level & 1 == 1;
        };
        match role {
            Role::Attribute(k) => {
                let attributes = &credential.attributes.attributes;
                if let Some(Some(attribute)) = attributes.get(usize::from(self.place(k))) {
                    free.lo = attribute.salt.0;
                    free.hi = value(attribute.value);
                }
            }
            Role::AttributePath(k, level) => {
                let siblings = credential.attributes.siblings(self.place(k));
                let sibling = siblings.as_ref().map(|siblings| &siblings[level]);
                on_path(&mut free, self.place(k).into(), level, sibling);
            }
            Role::SetPath(k, level) => {
                if let Some(Some(path)) = self.witness.sets.get(k) {
                    on_path(&mut free, path.place, level, path.siblings.get(level));
                }
            }
            Role::RevocationPath(level) => {
                let sibling = self.witness.revocation.get(level);
                on_path(&mut free, credential.number, level, sibling);
            }
            Role::Pseudonym => free.hi = self.inputs.session.verifier.0,
            Role::Credential => free.hi = credential.body().numbers(),
            Role::Bound => free.hi = schema_domain(&self.inputs.schema).0.0,
            Role::Message => {
                let [rho_0, rho_1] = credential.signature.rho;
                free.hi = [rho_0, rho_1, zero, zero];
            }
            Role::IssuerPath(level) => {
                let signature = &credential.signature;
                on_path(
                    &mut free,
                    signature.key_index,
                    level,
                    signature.auth.get(level),
                );
            }
            _ => {}
        }
        free
    }

    fn registers(&self, role: Role) -> Registers {
        let credential = &self.witness.credential;
        Registers {
            // renewed in the row before this one
            position: if role == Role::Bound {
                credential.signature.key_index
            } else {
                credential.number
            },
            is_real: true,
        }
    }

    fn asset(&self) -> AssetId {
        AssetId::ZERO
    }

    fn secret(&self) -> Digest {
        self.witness.holder.0
    }

    fn attributes(&self) -> Digest {
        self.witness.credential.attributes.root().0
    }

    fn signature(&self) -> Option<&Signature> {
        Some(&self.witness.credential.signature)
    }
}
