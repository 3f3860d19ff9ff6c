//! A credential satisfies predicates, and I hold it.
//!
//! Three kinds of blocks, each some rows in a row:
//!
//! ```text
//!   attribute    its leaf, 4 rows of path; for a set, the member and the rows of its path, 4 to 16
//!   revocation   32 rows of path: nothing is at the credential's number
//!   signature    pseudonym (if it is shown), holder, body, credential, bound, message; 102 rows of chains;
//!                10 rows of the issuer's key tree
//! ```
//!
//! Range checks run beside them, one after the other, 27 rows each. `KEPT` has an attribute's value from its
//! leaf on until its checks have begun: the next attribute waits for that. So that little waits, attributes are
//! taken in the order of how many checks they need, each as soon as `KEPT` is free.

use core::cmp::Reverse;

use alloc::vec::Vec;

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::{
    Digest,
    amount::limb_elements,
    hash::tag,
    private::{
        ATTRIBUTE_HEIGHT, CredentialInputs, Predicate, SparseKind, Test, ValueSet, schema_domain,
    },
    signature::{CHAIN_STEPS, CHAINS, KEY_HEIGHT},
};

use super::super::{
    columns::{INPUT_HI, INPUT_LO},
    schedule::{PathIndex, Role, Schedule, Selector as S},
};

pub(super) fn credential(inputs: &CredentialInputs) -> Schedule {
    let mut writer = Writer {
        table: Schedule::default(),
        // a check of an attribute begins after its leaf
        range_free: 1,
        kept_until: 0,
    };
    let mut order: Vec<_> = inputs.predicates.iter().enumerate().collect();
    order.sort_by_key(|(_, predicate)| Reverse(checks(&predicate.test)));
    let mut left = order.into_iter().peekable();
    for block in [Writer::revocation, Writer::signature] {
        while writer.is_kept_free() {
            let Some((k, predicate)) = left.next() else {
                break;
            };
            writer.attribute(k, predicate);
        }
        block(&mut writer, inputs);
    }
    for (k, predicate) in left {
        while !writer.is_kept_free() {
            writer.table.idle(1);
        }
        writer.attribute(k, predicate);
    }
    writer.table
}

/// Range checks that a test needs.
const fn checks(test: &Test) -> usize {
    match test {
        Test::Between(..) => 2,
        Test::AtLeast(_) | Test::AtMost(_) => 1,
        Test::Equals(_) | Test::InSet(_) => 0,
    }
}

/// A table being written, and what is in use in it.
struct Writer {
    table: Schedule,
    /// The first row that a range check can begin in.
    range_free: usize,
    /// The last row that reads `KEPT` as it is now.
    kept_until: usize,
}

impl Writer {
    /// Whether the next row may give `KEPT` a new value.
    const fn is_kept_free(&self) -> bool {
        self.table.hashed() >= self.kept_until
    }

    /// `start` and `times` the value of `register` are together not below zero: said in the first row after
    /// `loaded` that has room for it, which this gives. The register has the value from the row after `loaded` on.
    fn not_negative(
        &mut self,
        loaded: usize,
        start: &[BaseElement; 3],
        (register, times): (S, BaseElement),
    ) -> usize {
        let row = self.range_free.max(loaded + 1);
        self.table.start_sum(row, start);
        self.table.set(row, register, times);
        self.range_free = self.table.difference(row) + 1;
        row
    }

    fn kept_not_below(&mut self, leaf: usize, least: u128) {
        let start = limb_elements(least).map(|limb| -limb);
        self.kept_until = self.not_negative(leaf, &start, (S::AddKept, BaseElement::ONE));
    }

    fn kept_not_above(&mut self, leaf: usize, most: u128) {
        let start = limb_elements(most);
        self.kept_until = self.not_negative(leaf, &start, (S::AddKept, -BaseElement::ONE));
    }

    /// The attribute at the place of a predicate, and what is asked of it.
    fn attribute(&mut self, k: usize, predicate: &Predicate) {
        let table = &mut self.table;
        let leaf = table.hash(Role::Attribute(k), tag::ATTRIBUTE, &[S::HeadZero]);
        if let Test::Equals(value) = predicate.test {
            let [low, middle, high] = limb_elements(value);
            let lanes = [low, middle, high + tag::ATTRIBUTE];
            table.assert(INPUT_HI.start + 1..INPUT_HI.end, leaf, &lanes);
        } else {
            table.on(leaf, &[S::KeepHi]);
        }
        let role = |level| Role::AttributePath(k, level);
        let place = PathIndex::Public(predicate.place.into());
        let end = table.path(role, tag::ATTRIBUTE_NODE, ATTRIBUTE_HEIGHT, place);
        table.on(end, &[S::CheckAttributes]);
        match predicate.test {
            Test::Equals(_) => {}
            Test::AtLeast(least) => self.kept_not_below(leaf, least),
            Test::AtMost(most) => self.kept_not_above(leaf, most),
            Test::Between(least, most) => {
                self.kept_not_below(leaf, least);
                self.kept_not_above(leaf, most);
            }
            Test::InSet(ValueSet { root, levels }) => {
                let row = table.hash(Role::Member(k), tag::MEMBER, &[S::HiKept]);
                table.assert(INPUT_LO, row, &[BaseElement::ZERO; 4]);
                let role = |level| Role::SetPath(k, level);
                let end = table.path(role, tag::SET_NODE, levels.into(), PathIndex::Any);
                table.assert_output(end, &root.0.0);
                self.kept_until = row;
            }
        }
    }

    /// Nothing is at the credential's number among those that are revoked.
    fn revocation(&mut self, inputs: &CredentialInputs) {
        let table = &mut self.table;
        table.start_path(&Digest::ZERO.0);
        let kind = SparseKind::Revocation;
        let number = PathIndex::Position;
        let end = table.path(Role::RevocationPath, kind.tag(), kind.height(), number);
        table.assert_output(end, &inputs.revocation.0.0);
    }

    /// The issuer signed the attributes for the holder of a secret, with a number and a last day that is not past.
    fn signature(&mut self, inputs: &CredentialInputs) {
        let zero = BaseElement::ZERO;
        let table = &mut self.table;
        if let Some(pseudonym) = &inputs.pseudonym {
            let row = table.hash(Role::Pseudonym, tag::PSEUDONYM, &[S::LoSecret]);
            assert_hi(table, row, &inputs.session.verifier, tag::PSEUDONYM);
            table.assert_output(row, &pseudonym.0);
        }
        let on = [S::LoSecret, S::HeadZero, S::Tail];
        table.hash(Role::Holder, tag::HOLDER, &on);
        table.hash(Role::Body, tag::BODY, &[S::LoRoot, S::HiCarry]);
        // `POSITION` is the credential's number until here, and then that of the issuer's one-time key
        let on = [S::LoCarry, S::HeadPosition, S::SecretHi, S::Renew];
        let signed = table.hash(Role::Credential, tag::CREDENTIAL, &on);
        let lanes = INPUT_HI.start + 2..INPUT_HI.end;
        table.assert(lanes.clone(), signed, &[zero, tag::CREDENTIAL]);
        let row = table.hash(Role::Bound, tag::DOMAIN, &[S::LoCarry]);
        assert_hi(table, row, &schema_domain(&inputs.schema).0, tag::DOMAIN);
        // randomiser, nonce 0, 0
        let row = table.hash(Role::Message, tag::SIGN, &[S::LoCarry]);
        table.assert(lanes, row, &[zero, tag::SIGN]);

        // `SECRET` has the last day now
        let today = BaseElement::from(inputs.today);
        self.not_negative(
            signed,
            &[-today, zero, zero],
            (S::AddSecret, BaseElement::ONE),
        );

        let table = &mut self.table;
        table.chains(CHAIN_STEPS, CHAINS / 2);
        let end = table.path(Role::IssuerPath, tag::XMSS, KEY_HEIGHT, PathIndex::Position);
        table.assert_output(end, &inputs.issuer.0.0);
    }
}

/// The right half of a row is public.
fn assert_hi(table: &mut Schedule, row: usize, digest: &Digest, tag: BaseElement) {
    let [a, b, c, d] = digest.0;
    table.assert(INPUT_HI, row, &[a, b, c, d + tag]);
}
