//! Credentials to begin with.

use std::sync::OnceLock;

use winterlane_ledger::{
    BaseElement, Digest, ScalarCompressor,
    private::{
        Attribute, AttributeTree, Credential, CredentialInputs, HolderSecret, Issuance, Predicate,
        PrivateInputs, Session, SparseKind, SparseTree, Test, issue,
    },
    signature::KeyTree,
};

use super::world::{Case, Toy, digest};
use crate::private::{CredentialWitness, PrivateWitness};

/// The day on which credentials are shown.
pub(super) const TODAY: u32 = 20_785;
/// Values of attributes, by place.
pub(super) const VALUES: [(u8, u128); 5] = [
    (0, 726_000),
    (3, (1 << 53) + 52_000),
    (5, 0xdead_beef << 96 | 7),
    (8, 0),
    (15, u128::MAX),
];
/// The number of the credential.
pub(super) const NUMBER: u32 = 0x8000_0005;

/// What is asked of an attribute.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Test(Test),
    /// One of these values, of which the attribute has the one at this place.
    Member(Vec<u128>, u32),
}

pub(super) fn value_at(place: u8) -> u128 {
    let mut values = VALUES.iter();
    values
        .find(|&&(at, _)| at == place)
        .map_or(0, |&(_, value)| value)
}

pub(super) fn holder() -> HolderSecret {
    HolderSecret(digest(400))
}

/// An issuer's key: its first four one-time keys.
pub(super) fn issuer() -> &'static KeyTree {
    static KEY: OnceLock<KeyTree> = OnceLock::new();
    KEY.get_or_init(|| {
        let seed = [8_u32, 9].map(BaseElement::from);
        KeyTree::generate(&Toy, seed, 2, &ScalarCompressor).unwrap()
    })
}

pub(super) fn attributes() -> AttributeTree {
    let mut tree = AttributeTree::default();
    for (place, value) in VALUES {
        let salt = digest(300 + u32::from(place));
        tree.attributes[usize::from(place)] = Some(Attribute { value, salt });
    }
    tree
}

/// A credential for a holder, signed with one of the issuer's keys.
pub(super) fn issued(holder: Digest, key_index: u32, (number, last_day): (u32, u32)) -> Credential {
    let issuance = Issuance {
        holder,
        number,
        last_day,
        schema: digest(500),
    };
    let signed = issue(
        issuer(),
        &Toy,
        key_index,
        attributes(),
        issuance,
        &ScalarCompressor,
    );
    signed.unwrap()
}

/// The credential of [`holder`], valid until [`TODAY`].
pub(super) fn ours() -> &'static Credential {
    static OURS: OnceLock<Credential> = OnceLock::new();
    OURS.get_or_init(|| issued(holder().key(), 2, (NUMBER, TODAY)))
}

/// Others' credentials that are revoked.
pub(super) fn revoked() -> SparseTree {
    let mut tree = SparseTree::new(SparseKind::Revocation);
    for number in [0, NUMBER - 1, NUMBER + 1, NUMBER ^ 1 << 31] {
        assert!(tree.mark(number));
    }
    tree
}

/// A credential that shows what is asked of its attributes.
pub(super) fn shown(credential: &Credential, asked: &[(u8, Ask)], pseudonym: bool) -> Case {
    let session = Session {
        verifier: digest(1),
        challenge: [2; 32],
        expires: 1_900_000_000,
    };
    let (mut predicates, mut members) = (Vec::new(), Vec::new());
    for (place, ask) in asked {
        let (test, member) = match ask {
            Ask::Test(test) => (*test, None),
            Ask::Member(values, at) => {
                let set = SparseTree::set(values.iter().copied()).unwrap();
                (Test::InSet(set.value_set().unwrap()), Some((set, *at)))
            }
        };
        predicates.push(Predicate {
            place: *place,
            test,
        });
        members.push(member);
    }
    let witness = CredentialWitness::new(credential.clone(), holder(), &revoked(), &members);
    Case {
        inputs: PrivateInputs::Credential(CredentialInputs {
            issuer: issuer().root(),
            schema: digest(500),
            predicates,
            today: TODAY,
            revocation: revoked().root(),
            pseudonym: pseudonym.then(|| holder().pseudonym(&session.verifier)),
            session,
        }),
        witness: PrivateWitness::Credential(Box::new(witness)),
    }
}

/// [`ours`] shows one test.
pub(super) fn shows(place: u8, test: Test) -> Case {
    shown(ours(), &[(place, Ask::Test(test))], false)
}

/// True statements about a credential: every form of a test, and every way to have several.
pub(super) fn honest() -> Vec<Case> {
    let test = |place, test| (place, Ask::Test(test));
    let (least, most) = (Test::AtLeast, Test::AtMost);
    let [birth, income, text] = [0, 3, 5].map(value_at);
    let country = || Ask::Member(vec![1, text, u128::MAX], 1);
    let asked: [Vec<(u8, Ask)>; 7] = [
        vec![test(0, most(birth))],
        vec![(5, country()), test(0, most(birth + 1))],
        vec![],
        vec![
            test(0, Test::Between(birth - 9, birth + 9)),
            test(3, Test::Between(income, income)),
            test(8, Test::Equals(0)),
            test(5, Test::Equals(text)),
        ],
        vec![
            test(15, least(u128::MAX)),
            test(8, most(0)),
            test(3, least(0)),
            test(5, most(u128::MAX)),
        ],
        vec![test(3, Test::Between(0, u128::MAX)); 4],
        vec![(5, country()), (15, Ask::Member(vec![u128::MAX], 0))],
    ];
    let cases = asked.iter().enumerate();
    cases
        .map(|(n, asked)| shown(ours(), asked, n % 2 == 1))
        .collect()
}
