//! What goes into the permutations of the rows with a fixed role, and where their outputs go.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{View, constant, minus, plus, tagged, times, twice};
use crate::{
    batch::columns::{self as column, DIGEST_WIDTH, NUM_LIMBS},
    batch::schedule::Selector,
    groups::ConstraintGroup,
};
use winterlane_ledger::{amount::LIMB_BITS, hash::tag};

/// The eight lanes of the record's first compression, without the domain tag.
///
/// Lane 0 packs the subject (32 bits), the kind (5 bits), the target slot (1 bit), the scope (4
/// bits), the signing slot (1 bit) and the number of the one-time key (10 bits); lane 7 packs the
/// highest limbs of amount and fee.
#[inline(always)]
fn record<E: FieldElement<BaseField = BaseElement>>(view: &View<'_, E>) -> [E; 8] {
    let kind = view.at(column::IS_TRANSFER)
        + twice(view.withdraws())
        + view.rotates() * constant(3)
        + view.at(column::IS_TOP_UP) * constant(4)
        + view.at(column::IS_CREATE) * constant(5)
        + view.at(column::IS_COLLECT) * constant(6);
    let ([_, target_slot_1], [_, signing_slot_1]) = (view.target_slot(), view.signing_slot());
    let header = view.at(column::SUBJECT)
        + kind * constant(1 << 32)
        + target_slot_1 * constant(1 << 37)
        + view.at(column::SCOPE) * constant(1 << 38)
        + signing_slot_1 * constant(1 << 42)
        + view.at(column::KEY_INDEX) * constant(1 << 43);
    let (amount, fee) = (view.current.amount(), view.current.fee());
    [
        header,
        view.at(column::TO),
        view.at(column::VALID_UNTIL),
        amount[0],
        amount[1],
        fee[0],
        fee[1],
        amount[2] + fee[2] * constant(1 << LIMB_BITS[2]),
    ]
}

pub(super) const INPUT_LO: ConstraintGroup =
    ConstraintGroup::new("input-lo", 4, 1).periodic().says(
        "rows 1, 2, 188, 189: `lo = X`; row 0: `lo` = record lanes 0 to 3; row 3: `lo = \
        OPERATIONS`",
        "R1 R2 R3",
    );

/// Left halves that the current row's columns determine.
#[inline(always)]
pub(super) fn input_lo<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let lo = view.current.lo();
    let [r0, r1, r2, r3, ..] = record(view);
    let terms = [
        times(view.on(Selector::Record), minus(lo, [r0, r1, r2, r3])),
        times(
            view.on(Selector::LoIsCarry),
            minus(lo, view.current.carry()),
        ),
        times(
            view.on(Selector::Operations),
            minus(lo, view.current.operations()),
        ),
    ];
    let [a, b, c] = terms;
    plus(plus(a, b), c)
}

pub(super) const INPUT_HI: ConstraintGroup =
    ConstraintGroup::new("input-hi", 4, 1).periodic().says(
        "row 0: record lanes 4 to 7; row 1: `PAYLOAD`; row 2: `domain`; row 4: `hi_2 = NONCE`, \
        `hi_3` = tag; rows 119, 188: `hi_0 = ASSET`; row 119: `hi_1 = NONCE`",
        "R1 R3 R4 R7",
    );

/// Right halves that the current row's columns determine.
#[inline(always)]
pub(super) fn input_hi<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let hi = view.current.hi();
    let [.., r4, r5, r6, r7] = record(view);
    let [d0, d1, d2, d3] = view.public.domain;
    let domain = [E::from(d0), E::from(d1), E::from(d2), E::from(d3)];
    let [mut l0, mut l1, mut l2, mut l3] = plus(
        plus(
            times(
                view.on(Selector::Record),
                minus(hi, tagged([r4, r5, r6, r7], tag::RECORD)),
            ),
            times(
                view.on(Selector::Payload),
                minus(hi, tagged(view.current.payload(), tag::PAYLOAD)),
            ),
        ),
        times(
            view.on(Selector::Domain),
            minus(hi, tagged(domain, tag::DOMAIN)),
        ),
    );
    let (asset, nonce) = (view.at(column::ASSET), view.at(column::NONCE));
    // message: [randomiser, randomiser, nonce, tag]
    let sign = view.on(Selector::Sign);
    l2 += sign * (hi[2] - nonce);
    l3 += sign * (hi[3] - E::from(tag::SIGN));
    // metadata: [asset, nonce, next indices]
    l0 += (view.on(Selector::SignerMeta) + view.on(Selector::ReceiverMeta)) * (hi[0] - asset);
    l1 += view.on(Selector::SignerMeta) * (hi[1] - nonce);
    [l0, l1, l2, l3]
}

pub(super) const NEXT_LO: ConstraintGroup = ConstraintGroup::new("next-lo", 4, 2).periodic().says(
    "rows 3, 118 to 121: `lo' = X`; row 189: `lo' = lo`; row 117: `lo' = lo + target_0 \
        (PAYLOAD - lo)`",
    "R2 R3",
);

/// Left halves of the next row that follow from the current one.
#[inline(always)]
pub(super) fn next_lo<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let (lo, next) = (view.current.lo(), view.next.lo());
    let [replaces_slot_0, _] = view.target_slot();
    let replaced = times(replaces_slot_0, minus(view.current.payload(), lo));
    let carried = times(
        view.on(Selector::NextLoIsCarry),
        minus(next, view.current.carry()),
    );
    // both leaves of the receiver continue the same metadata
    let same = times(view.on(Selector::ReceiverLeaf), minus(next, lo));
    let keys = times(
        view.on(Selector::SignerKeys),
        minus(minus(next, lo), replaced),
    );
    plus(plus(carried, same), keys)
}

pub(super) const NEXT_HI: ConstraintGroup = ConstraintGroup::new("next-hi", 4, 2).periodic().says(
    "row 2: `hi' = lo` (`R`); row 117: `hi' = hi + target_1 (PAYLOAD - hi)`; row 119: asset \
        stays, `hi_1' = NONCE + 1`, `hi_{2+i}' = hi_{2+i} + moves_i (KEY_INDEX + 1 - hi_{2+i}) - \
        target_i hi_{2+i}`; row 121: the target's scope becomes `SCOPE`, balance' + amount + fee \
        = balance with carries 0 to 2 (two bits added); row 189: scopes stay, balance + amount = \
        balance' with carries 0 or 1",
    "R3 R4 R6 R7",
);

/// Right halves of the next row that follow from the current one: what an operation changes in
/// the signer's and the receiver's account, and that it changes nothing else.
#[inline(always)]
pub(super) fn next_hi<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let (lo, hi, next) = (view.current.lo(), view.current.hi(), view.next.hi());
    let [replaces_slot_0, replaces_slot_1] = view.target_slot();
    let nonce_after = view.at(column::NONCE) + E::ONE;

    // the record's digest, from the message to the operations digest
    let digest = times(view.on(Selector::Domain), minus(next, tagged(lo, tag::OPS)));
    // keys
    let new_root = tagged(view.current.payload(), tag::KEYS);
    let keys = times(
        view.on(Selector::SignerKeys),
        minus(minus(next, hi), times(replaces_slot_1, minus(new_root, hi))),
    );
    // metadata: [asset, nonce, next index of slot 0, next index of slot 1]; a replaced slot begins
    // at 0, a slot that signs and stays goes on after the key that signed
    let [advances_0, advances_1] = view.advances();
    let index_after = view.at(column::KEY_INDEX) + E::ONE;
    let meta_tag = E::from(tag::META);
    let meta = times(
        view.on(Selector::SignerMeta),
        [
            next[0] - hi[0],
            next[1] - nonce_after,
            next[2] - hi[2] - advances_0 * (index_after - hi[2]) + replaces_slot_0 * hi[2],
            next[3] - hi[3] - advances_1 * (index_after + meta_tag - hi[3])
                + replaces_slot_1 * (hi[3] - meta_tag),
        ],
    );
    // leaf: [scopes, balance limbs]
    let bits = view.current.bits();
    let scope = view.at(column::SCOPE);
    let scopes = next[0]
        - hi[0]
        - replaces_slot_0 * (scope - bits[0] - twice(bits[1]))
        - replaces_slot_1 * (scope - bits[2] - twice(bits[3])) * constant(4);
    let (amount, fee) = (view.current.amount(), view.current.fee());
    let carries = view.next.bits();
    let paid = limbs_balance(
        balance(next),
        plus(amount, fee),
        balance(hi),
        [carries[0] + carries[1], carries[2] + carries[3]],
    );
    let signer_leaf = times(
        view.on(Selector::SignerLeaf),
        [scopes, paid[0], paid[1], paid[2]],
    );
    let received = limbs_balance(balance(hi), amount, balance(next), [carries[0], carries[1]]);
    let receiver_leaf = times(
        view.on(Selector::ReceiverLeaf),
        [next[0] - hi[0], received[0], received[1], received[2]],
    );
    plus(
        plus(plus(digest, keys), meta),
        plus(signer_leaf, receiver_leaf),
    )
}

/// The balance limbs of a leaf's right half, the tag still in the last one.
#[inline(always)]
fn balance<E: Copy>([_, limb0, limb1, limb2]: [E; DIGEST_WIDTH]) -> [E; NUM_LIMBS] {
    [limb0, limb1, limb2]
}

/// `a + b - sum`, limb by limb, with the carries out of the two lower limbs.
#[inline(always)]
fn limbs_balance<E: FieldElement<BaseField = BaseElement>>(
    a: [E; NUM_LIMBS],
    b: [E; NUM_LIMBS],
    sum: [E; NUM_LIMBS],
    carries: [E; 2],
) -> [E; NUM_LIMBS] {
    [
        a[0] + b[0] - sum[0] - carries[0] * constant(1 << LIMB_BITS[0]),
        a[1] + b[1] + carries[0] - sum[1] - carries[1] * constant(1 << LIMB_BITS[1]),
        a[2] + b[2] + carries[1] - sum[2],
    ]
}

pub(super) const CARRY: ConstraintGroup = ConstraintGroup::new("carry", 4, 2).periodic().says(
    "`X' = J`; row 189 of a creation: `X' = 0`, the empty leaf",
    "R2 R9",
);

/// The carry is the previous row's output; where an account is created, the old leaf is empty
/// (the zero digest), whatever the permutation gave.
#[inline(always)]
pub(super) fn carry<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let empty = view.on(Selector::ReceiverLeaf) * view.at(column::IS_CREATE);
    let output = view.output;
    plus(minus(view.next.carry(), output), times(empty, output))
}

pub(super) const ROOT_BEFORE: ConstraintGroup =
    ConstraintGroup::new("root-before", 4, 2).periodic().says(
        "row 185 if signed, row 253 if `receives`: `J = ROOT`",
        "R1 R2 R8 R9",
    );

/// The paths before an update end in the current root.
#[inline(always)]
pub(super) fn root_before<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let ends = view.on(Selector::SignerRoot) * view.signed()
        + view.on(Selector::ReceiverRoot) * view.receives();
    times(ends, minus(view.output, view.current.root()))
}

pub(super) const ROOT_AFTER: ConstraintGroup =
    ConstraintGroup::new("root-after", 4, 2).periodic().says(
        "row 186 if signed, row 254 if `receives`: `ROOT' = J`; else `ROOT' = ROOT`",
        "R1 R2",
    );

/// The root changes to the end of the path after an update, and at no other time.
#[inline(always)]
pub(super) fn root_after<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let updates = view.on(Selector::SignerRootAfter) * view.signed()
        + view.on(Selector::ReceiverRootAfter) * view.receives();
    let root = view.current.root();
    minus(
        minus(view.next.root(), root),
        times(updates, minus(view.output, root)),
    )
}

pub(super) const OPERATIONS: ConstraintGroup = ConstraintGroup::new("operations", 4, 1)
    .periodic()
    .says("row 3: `OPERATIONS' = J`; else unchanged", "R1");

/// The operations digest changes once a block.
#[inline(always)]
pub(super) fn operations<E: FieldElement<BaseField = BaseElement>>(
    view: &View<'_, E>,
) -> [E; DIGEST_WIDTH] {
    let digest = view.current.operations();
    let changed = times(view.on(Selector::Operations), minus(view.output, digest));
    minus(minus(view.next.operations(), digest), changed)
}
