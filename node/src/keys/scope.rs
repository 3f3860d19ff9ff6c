//! What a key may do: scopes, and roles as named sets of scopes.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scope {
    /// Read orders, accounts, batches and events.
    Read,
    /// Submit orders.
    Submit,
    /// Pause, seal, requeue jobs.
    Operate,
    /// Create, rotate, revoke and roll back keys.
    Keys,
    /// Read the audit log.
    Audit,
    /// Judge proofs of private operations, as a worker ([`crate::panel`]).
    Verify,
}

impl Scope {
    /// Every scope, in the order of their bits.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Submit,
        Self::Operate,
        Self::Keys,
        Self::Audit,
        Self::Verify,
    ];

    /// The name in JSON and in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Operate => "operate",
            Self::Keys => "keys",
            Self::Audit => "audit",
            Self::Verify => "verify",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes. In JSON: a list of names, none of them twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// No right at all.
    pub const NONE: Self = Self(0);
    /// What a bearer secret may carry: such a secret is on the wire in every request, so that it must not change
    /// anything.
    pub const READ_ONLY: Self = Self(Scope::Read.bit() | Scope::Audit.bit());

    /// The set of these scopes.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Whether `scope` is one of them.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether none of them is outside `other`.
    #[must_use]
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |&scope| self.contains(scope))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            write!(f, "{}{scope}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<Scope>::deserialize(deserializer)?;
        let set = Self::of(&list);
        if set.iter().count() != list.len() {
            return Err(de::Error::custom("a scope is named twice"));
        }
        Ok(set)
    }
}

/// A named set of scopes, for people who hand out keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// Dashboards and explorers.
    Reader,
    /// Wallet servers and exchanges.
    Submitter,
    /// Who runs the node.
    Operator,
    /// Who reads what was done.
    Auditor,
    /// Who hands out keys. Two of them, of two clients, are needed to make a third.
    Keymaster,
    /// A worker that verifies proofs of private operations. It may do nothing else.
    Worker,
}

impl Role {
    /// The scopes of the role.
    #[must_use]
    pub fn scopes(self) -> Scopes {
        match self {
            Self::Reader => Scopes::of(&[Scope::Read]),
            Self::Submitter => Scopes::of(&[Scope::Read, Scope::Submit]),
            Self::Operator => Scopes::of(&[Scope::Read, Scope::Operate]),
            Self::Auditor => Scopes::of(&[Scope::Read, Scope::Audit]),
            Self::Keymaster => Scopes::of(&[Scope::Read, Scope::Keys, Scope::Audit]),
            Self::Worker => Scopes::of(&[Scope::Verify]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_scopes_reads_back_from_json() {
        for bits in 0..1_u8 << Scope::ALL.len() {
            let set = Scopes(bits);
            let json = serde_json::to_string(&set).unwrap();
            assert_eq!(serde_json::from_str::<Scopes>(&json).unwrap(), set);
        }
        assert!(serde_json::from_str::<Scopes>(r#"["read","read"]"#).is_err());
        assert!(serde_json::from_str::<Scopes>(r#"["root"]"#).is_err());
    }

    #[test]
    fn only_the_keymaster_role_holds_keys() {
        let roles = [
            Role::Reader,
            Role::Submitter,
            Role::Operator,
            Role::Auditor,
            Role::Worker,
        ];
        assert!(
            roles
                .iter()
                .all(|role| !role.scopes().contains(Scope::Keys))
        );
        assert!(Role::Keymaster.scopes().contains(Scope::Keys));
    }
}
