//! False statements about credentials: each breaks a constraint, whatever witness is tried.

use winter_air::Air;
use winter_math::FieldElement;
use winterlane_air::private::{
    Role,
    columns::{CARRY, KEPT, POSITION, SECRET},
    violations,
};
use winterlane_ledger::{
    AssetId, BaseElement, Digest, Root, Signature,
    amount::limb_elements,
    private::{
        CredentialInputs, HolderSecret, PrivateInputs, SparseKind, SparseTree, Test, schema_domain,
        sparse::MARK,
    },
};

use super::{
    people::{Ask, NUMBER, TODAY, holder, issued, ours, revoked, shown, shows, value_at},
    world::{Case, digest, names},
};
use crate::private::{
    CredentialWitness, PrivateWitness, credential,
    machine::{self, Filler, Free, Registers},
};

fn of(case: &mut Case) -> (&mut CredentialInputs, &mut CredentialWitness) {
    match (&mut case.inputs, &mut case.witness) {
        (PrivateInputs::Credential(inputs), PrivateWitness::Credential(witness)) => {
            (inputs, witness)
        }
        _ => panic!("no credential"),
    }
}

/// A witness that says something else in one place than anywhere else.
struct Liar<'a> {
    honest: credential::Filler<'a>,
    lie: &'a dyn Fn(Role, &mut Free),
}

impl Filler for Liar<'_> {
    fn free(&self, role: Role) -> Free {
        let mut free = self.honest.free(role);
        (self.lie)(role, &mut free);
        free
    }

    fn registers(&self, role: Role) -> Registers {
        self.honest.registers(role)
    }

    fn asset(&self) -> AssetId {
        self.honest.asset()
    }

    fn secret(&self) -> Digest {
        self.honest.secret()
    }

    fn attributes(&self) -> Digest {
        self.honest.attributes()
    }

    fn signature(&self) -> Option<&Signature> {
        self.honest.signature()
    }
}

/// What a lie in the witness breaks.
fn broken(case: &mut Case, lie: &dyn Fn(Role, &mut Free)) -> Vec<&'static str> {
    let air = case.air();
    let (inputs, witness) = of(case);
    let honest = credential::Filler::new(inputs, witness);
    let trace = machine::fill(air.schedule(), air.trace_length(), &Liar { honest, lie });
    names(&violations(&air, &trace, (0, usize::MAX)))
}

#[test]
fn bounds_are_kept_to_the_last_unit() {
    let [birth, income, text] = [0, 3, 5].map(value_at);
    let lies = [
        (0, Test::AtLeast(birth + 1)),
        (0, Test::AtMost(birth - 1)),
        (3, Test::Between(income + 1, income + 9)),
        (3, Test::Between(0, income - 1)),
        (3, Test::Between(income - 9, income - 1)),
        (5, Test::AtLeast(text + (1 << 50))),
        (5, Test::AtMost(text - (1 << 100))),
        // what would wrap around 2^128, or around the modulus in a limb
        (8, Test::AtLeast(1)),
        (8, Test::AtLeast(u128::MAX)),
        (8, Test::AtLeast(1 << 50)),
        (8, Test::AtLeast(1 << 100)),
        (15, Test::AtMost(u128::MAX - 1)),
        (15, Test::AtMost(0)),
        (15, Test::AtMost((1 << 100) - 1)),
    ];
    for (place, test) in lies {
        let broken = shows(place, test).broken();
        let expected: [&[&str]; 2] = [&["range-end"], &["range-end", "sum-end"]];
        assert!(expected.contains(&&broken[..]), "{test:?}: {broken:?}");
    }
    for (place, test) in [(0, Test::Equals(birth + 1)), (8, Test::Equals(1 << 50))] {
        assert_eq!(shows(place, test).broken(), ["public"], "{test:?}");
    }
}

#[test]
fn a_value_is_the_one_at_its_place() {
    let birth = value_at(0);
    let most = Test::AtMost(birth - 1);
    // a value that satisfies, in place of the issuer's
    let other = limb_elements(birth - 1);
    let lie = |role, free: &mut Free| {
        if role == Role::Attribute(0) {
            free.hi[1..].copy_from_slice(&other);
        }
    };
    assert_eq!(broken(&mut shows(0, most), &lie), ["attributes"]);
    // limbs that are the modulus away from those
    let [low, middle, high] = limb_elements(birth);
    let shift = BaseElement::new(1 << 50);
    let lie = |role, free: &mut Free| {
        if role == Role::Attribute(0) {
            free.hi[1..].copy_from_slice(&[low - shift, middle + BaseElement::ONE, high]);
        }
    };
    assert_eq!(broken(&mut shows(0, most), &lie)[..1], ["attributes"]);
    // the value of another place, or of none
    for from in [8_u8, 1] {
        let case = &mut shows(0, Test::AtMost(0));
        let attributes = of(case).1.credential.attributes.clone();
        let lie = |role, free: &mut Free| match role {
            Role::Attribute(0) => {
                let attribute = attributes.attributes[usize::from(from)];
                free.lo = attribute.map_or([BaseElement::ZERO; 4], |one| one.salt.0);
                free.hi = [BaseElement::ZERO; 4];
            }
            Role::AttributePath(0, level) => {
                free.sibling = attributes.siblings(from).unwrap()[level].0;
                free.is_right = from >> level & 1 == 1;
            }
            _ => {}
        };
        let broken = broken(case, &lie);
        assert!(broken.contains(&"index"), "{broken:?}");
    }
}

#[test]
fn a_member_is_in_the_set() {
    let text = value_at(5);
    for (values, place) in [
        (vec![1, 2, 3], 0),
        (vec![text + 1], 0),
        (vec![text ^ 1 << 127], 0),
        // in the set, and not there
        (vec![1, text], 0),
        (vec![text, 1], 2),
    ] {
        let case = shown(ours(), &[(5, Ask::Member(values, place))], false);
        assert_eq!(case.broken(), ["public"]);
    }
    // another value than the attribute's
    let set = vec![1, text, 3];
    for place in [0, 2] {
        let mut case = shown(ours(), &[(5, Ask::Member(set.clone(), place))], false);
        let other = limb_elements([1, text, 3][place as usize]);
        let lie = |role, free: &mut Free| {
            if role == Role::Attribute(0) {
                free.hi[1..].copy_from_slice(&other);
            }
        };
        assert_eq!(broken(&mut case, &lie), ["attributes"]);
    }
    // `KEPT` between the leaf and the member
    let honest = shown(ours(), &[(5, Ask::Member(set, 1))], false);
    let (air, mut trace) = (honest.air(), honest.trace());
    let member =
        (0..air.schedule().rows()).find(|&row| air.schedule().role(row) == Role::Member(0));
    for cell in &mut trace[KEPT.start + 1][..=member.unwrap()] {
        *cell += BaseElement::ONE;
    }
    let found = violations(&air, &trace, (0, usize::MAX));
    assert_eq!(names(&found), ["input-hi", "kept"]);
}

#[test]
fn a_credential_is_neither_expired_nor_revoked() {
    let valid = Test::AtMost(value_at(0));
    let mut case = shows(0, valid);
    of(&mut case).0.today = TODAY + 1;
    assert_eq!(case.broken(), ["range-end"]);
    of(&mut case).0.today = u32::MAX;
    assert_eq!(case.broken(), ["range-end"]);

    // it is revoked, and its own path is shown
    let mut all = revoked();
    assert!(all.mark(NUMBER));
    let mut case = shows(0, valid);
    let (inputs, witness) = of(&mut case);
    inputs.revocation = all.root();
    witness.revocation = all.siblings(NUMBER);
    assert_eq!(case.broken(), ["public"]);
    // a path that begins with the mark
    let (air, mut trace) = (case.air(), case.trace());
    let table = air.schedule();
    let first = (0..table.rows())
        .find(|&row| table.role(row) == Role::RevocationPath(0))
        .unwrap();
    for (lane, mark) in MARK.0.into_iter().enumerate() {
        trace[CARRY.start + lane][first] = mark;
    }
    let found = violations(&air, &trace, (0, usize::MAX));
    assert!(names(&found).contains(&"public"));
    // the path of another number that is not revoked
    for other in [NUMBER ^ 2, NUMBER ^ 1 << 30] {
        let siblings = all.siblings(other);
        let lie = |role, free: &mut Free| {
            if let Role::RevocationPath(level) = role {
                free.sibling = siblings[level].0;
                free.is_right = other >> level & 1 == 1;
            }
        };
        assert_eq!(broken(&mut case, &lie), ["index"]);
    }
    // another number from the first row to the credential: the path is its own, the credential is not
    let mut trace = case.trace();
    let signed = (0..table.rows())
        .find(|&row| table.role(row) == Role::Credential)
        .unwrap();
    for cell in &mut trace[POSITION][..=signed] {
        *cell += BaseElement::ONE;
    }
    let found = violations(&air, &trace, (0, usize::MAX));
    assert!(names(&found).contains(&"input-hi"));
    // a last day that is later than the signed one
    let mut case = shows(0, valid);
    of(&mut case).0.today = TODAY + 1;
    let (air, mut trace) = (case.air(), case.trace());
    for cell in &mut trace[SECRET.start + 1][signed + 1..] {
        *cell += BaseElement::ONE;
    }
    let found = violations(&air, &trace, (0, usize::MAX));
    let found = names(&found);
    assert!(
        found.contains(&"secret") || found.contains(&"sum"),
        "{found:?}"
    );
}

#[test]
fn a_credential_is_shown_by_its_holder() {
    let valid = Test::AtMost(value_at(0));
    let thief = HolderSecret(digest(401));
    // the credential of somebody else, with one's own secret
    let mut case = shows(0, valid);
    of(&mut case).1.holder = thief;
    let found = case.broken();
    assert!(found.contains(&"public"), "{found:?}");
    // and the other way round
    let theirs = issued(thief.key(), 1, (NUMBER, TODAY));
    let found = shown(&theirs, &[(0, Ask::Test(valid))], false).broken();
    assert!(found.contains(&"public"), "{found:?}");
    // the holder key in place of its secret: the body has it
    let mut case = shows(0, valid);
    let key = holder().key();
    of(&mut case).1.holder = HolderSecret(key);
    assert!(!case.broken().is_empty());

    // a pseudonym of another secret, or for another verifier
    let mut case = shown(ours(), &[], true);
    let honest = of(&mut case).0.clone();
    of(&mut case).0.pseudonym = Some(thief.pseudonym(&honest.session.verifier));
    assert_eq!(case.broken(), ["public"]);
    of(&mut case).0.pseudonym = Some(holder().pseudonym(&digest(9)));
    assert_eq!(case.broken(), ["public"]);
    let lie = |role, free: &mut Free| {
        if role == Role::Pseudonym {
            free.hi = digest(9).0;
        }
    };
    assert_eq!(broken(&mut case, &lie), ["public"]);
}

#[test]
fn a_credential_is_the_issuers() {
    let valid = Test::AtMost(value_at(0));
    let mut case = shows(0, valid);
    of(&mut case).0.issuer = Root(digest(5));
    assert_eq!(case.broken(), ["public"]);

    // the schema that was signed, while another is said
    let mut case = shows(0, valid);
    let signed = of(&mut case).0.schema;
    of(&mut case).0.schema = digest(6);
    assert!(!case.broken().is_empty());
    let lie = |role, free: &mut Free| {
        if role == Role::Bound {
            free.hi = schema_domain(&signed).0.0;
        }
    };
    assert_eq!(broken(&mut case, &lie), ["public"]);

    type Change = fn(&mut CredentialWitness);
    let changes: [(&str, Change); 8] = [
        ("another last day", |w| w.credential.last_day += 1),
        ("another number", |w| w.credential.number += 2),
        ("another value", |w| {
            w.credential.attributes.attributes[3]
                .as_mut()
                .unwrap()
                .value += 1;
        }),
        ("another randomiser", |w| {
            w.credential.signature.rho[0] += BaseElement::ONE;
        }),
        ("another chain", |w| {
            w.credential.signature.chains[17][1] += BaseElement::ONE;
        }),
        ("another seed", |w| {
            w.credential.signature.seed[0] += BaseElement::ONE;
        }),
        ("another one-time key", |w| {
            w.credential.signature.key_index ^= 1;
        }),
        ("another path", |w| {
            w.credential.signature.auth[9].0[3] += BaseElement::ONE;
        }),
    ];
    for (what, change) in changes {
        let mut case = shows(0, valid);
        change(of(&mut case).1);
        let found = case.broken();
        assert!(!found.is_empty(), "{what}");
        // where the digits are the message's, the key that comes out is another
        if ["another chain", "another seed", "another path"].contains(&what) {
            assert_eq!(found, ["public"], "{what}");
        }
    }
    // an empty tree of revoked credentials is a tree too
    let mut case = shows(0, valid);
    let (inputs, witness) = of(&mut case);
    let none = SparseTree::new(SparseKind::Revocation);
    inputs.revocation = none.root();
    witness.revocation = none.siblings(NUMBER);
    assert_eq!(case.broken(), [""; 0]);
}
