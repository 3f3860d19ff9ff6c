//! Amounts, expiry, nonces and the fee pool.

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{
        AMOUNT, BITS, DIGEST_WIDTH, FEE, HINT, INDEX_BIT, NONCE, NUM_LIMBS, OPERATIONS, POOL,
        POOL_ASSET, RANGE, RANGE_BITS, ROOT, VALID_UNTIL, WORD,
    },
    batch::schedule::{CHAIN_START, LAST_ROW, POOL_ROW, RANGE_WINDOWS, SIGNER_PATH_START},
};
use winterlane_ledger::{BaseElement, BatchNumber, amount::LIMB_BITS};

use super::{
    Case, GOLD, IRON, collecting, depositing, forge, padding, paying, paying_a_fee, withdrawing,
};
use crate::{
    forge::{FalseBatch, Forgery, Rule, element, minus},
    scenario::{KeyName, Op, by_first, transfer},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = ranges();
    cases.extend(bits());
    cases.extend(counters());
    cases.extend(pool());
    cases.extend(pool_asset());
    cases.extend(boundaries());
    cases
}

/// `2^bits` of limb `i`.
fn size(i: usize) -> BaseElement {
    element(1 << LIMB_BITS[i])
}

fn signed(forgery: Forgery, key: u32) -> FalseBatch {
    forgery.signed_by(0, &KeyName(key, 2).get(), 0).finish()
}

fn ranges() -> Vec<Case> {
    let mut cases = Vec::new();
    let windows = [
        "amount",
        "fee",
        "signer's new balance",
        "receiver's new balance",
    ];
    for i in 0..NUM_LIMBS {
        for (start, what) in RANGE_WINDOWS.into_iter().zip(windows) {
            cases.push(Case::one(
                format!("limb {i} of the {what} is not the one in the range check"),
                &[6],
                ("limbs", i),
                move || {
                    paying()
                        .lie(0, start, RANGE.start + i, element(77))
                        .finish()
                },
            ));
        }
        cases.extend([
            Case::one(
                format!("limb {i} loses more than a bit in the range check"),
                &[6],
                ("limbs", i),
                move || {
                    paying()
                        .lie(0, CHAIN_START + 1, RANGE.start + i, element(1))
                        .finish()
                },
            ),
            Case::one(
                format!("a deposit whose limb {i} is out of range"),
                &[6],
                ("limbs-end", i),
                move || depositing().register(0, AMOUNT.start + i, size(i)).finish(),
            ),
            Case::one(
                format!("a payment whose limb {i} is -1"),
                &[6],
                ("limbs-end", i),
                move || signed(paying().register(0, AMOUNT.start + i, minus(1)), 2),
            ),
            Case::one(
                format!("a fee whose limb {i} is out of range"),
                &[6],
                ("limbs-end", i),
                move || {
                    let forgery = paying_a_fee(3);
                    let amount = forgery.cell(1, 0, AMOUNT.start + i);
                    let fee = forgery.cell(0, 0, FEE.start + i) + size(i);
                    let collected = amount + size(i);
                    let forgery = forgery.register(0, FEE.start + i, fee).register(
                        1,
                        AMOUNT.start + i,
                        collected,
                    );
                    signed(forgery, 2)
                },
            ),
        ]);
    }
    cases.extend([
        Case::one(
            "more is spent than there is",
            &[6],
            ("limbs-end", 2),
            || signed(withdrawing().register(0, AMOUNT.start, element(501)), 4),
        ),
        Case::one(
            "a payment of 2^128 - 1 from an ordinary balance",
            &[6],
            ("limbs-end", 2),
            || {
                let forgery = (0..NUM_LIMBS).fold(withdrawing(), |forgery, i| {
                    forgery.register(0, AMOUNT.start + i, size(i) - BaseElement::ONE)
                });
                signed(forgery, 4)
            },
        ),
        Case::one(
            "a balance grows beyond 2^128",
            &[6],
            ("limbs-end", 2),
            || {
                let most = size(2) - BaseElement::ONE;
                let column = winterlane_air::batch::columns::INPUT_HI.start + 3;
                depositing()
                    .set(
                        0,
                        winterlane_air::batch::schedule::RECEIVER_LEAF_ROW,
                        column,
                        most + winterlane_ledger::hash::tag::LEAF,
                    )
                    .register(0, AMOUNT.start + 2, BaseElement::ONE)
                    .finish()
            },
        ),
    ]);
    cases
}

fn bits() -> Vec<Case> {
    let columns = BITS.chain(RANGE_BITS).chain([INDEX_BIT]);
    columns
        .enumerate()
        .map(|(i, column)| {
            Case::one(
                format!("bit column {i} holds 2"),
                &[10],
                ("bits", i),
                move || padding().lie(0, LAST_ROW, column, element(2)).finish(),
            )
        })
        .collect()
}

/// Expiry, and the end of the nonces.
fn counters() -> Vec<Case> {
    let expired = |forgery: Forgery| {
        let mut forgery = forgery;
        forgery.inputs.batch_number = BatchNumber::new(2000);
        forgery
    };
    vec![
        Case::one("an expired payment", &[5], ("validity", 1), move || {
            expired(paying()).finish()
        }),
        Case::one(
            "an expired payment, whose validity is said to be 5",
            &[5],
            ("validity", 0),
            move || {
                expired(paying())
                    .lie(0, SIGNER_PATH_START, WORD.start, element(5))
                    .finish()
            },
        ),
        Case::one(
            "an expired payment whose validity halves too fast",
            &[5],
            ("validity", 0),
            move || {
                expired(paying())
                    .lie(0, SIGNER_PATH_START + 1, WORD.start, element(5))
                    .finish()
            },
        ),
        Case::one("valid for 2^62 batches", &[5, 10], ("validity", 1), || {
            let until = element(super::BATCH + (1 << 62));
            signed(paying().register(0, VALID_UNTIL, until), 2)
        }),
        Case::one(
            "the nonce in the range check is another",
            &[4],
            ("nonce", 0),
            || {
                padding()
                    .lie(0, SIGNER_PATH_START, WORD.start + 1, element(5))
                    .finish()
            },
        ),
        Case::one(
            "padding counts a nonce beyond 32 bits",
            &[4, 10],
            ("nonce", 1),
            || {
                padding()
                    .register(0, NONCE, element(u64::from(u32::MAX)))
                    .finish()
            },
        ),
        Case::one("the nonce grows beyond 32 bits", &[4], ("nonce", 1), || {
            let nonce = element(u64::from(u32::MAX));
            signed(paying().register(0, NONCE, nonce), 2)
        }),
    ]
}

fn pool() -> Vec<Case> {
    let mut cases = Vec::new();
    for i in 0..NUM_LIMBS {
        let (pool, amount, fee) = (POOL.start + i, AMOUNT.start + i, FEE.start + i);
        cases.extend([
            Case::one(
                format!("fees appear from nowhere, limb {i}"),
                &[7],
                ("pool", i),
                move || {
                    collecting()
                        .lie(0, 10, pool, element(5))
                        .register(1, amount, element(5))
                        .finish()
                },
            ),
            Case::one(
                format!("fees are collected and stay, limb {i}"),
                &[7],
                ("pool", i),
                move || {
                    let fee = 3 << (50 * i);
                    let twice = forge_two_collections(fee);
                    let held = element(3);
                    twice
                        .lie(2, POOL_ROW + 1, pool, held)
                        .register(3, amount, held)
                        .finish()
                },
            ),
            Case::many(
                format!("a fee stays in the pool, limb {i}"),
                &[7],
                [Rule::Boundary {
                    column: pool,
                    last: true,
                }],
                move || {
                    let forgery = paying().register(0, fee, element(5)).set(
                        0,
                        0,
                        POOL_ASSET,
                        element(u64::from(GOLD)),
                    );
                    signed(forgery, 2)
                },
            ),
            Case::many(
                format!("the pool is not empty at first, limb {i}"),
                &[7],
                [Rule::Boundary {
                    column: pool,
                    last: false,
                }],
                move || {
                    collecting()
                        .set(0, 0, pool, element(5))
                        .register(1, amount, element(5))
                        .finish()
                },
            ),
        ]);
    }
    for i in 0..NUM_LIMBS {
        cases.push(Case::one(
            format!("more is collected than the pool holds, limb {i}"),
            &[7],
            ("collection", i),
            move || {
                let column = AMOUNT.start + i;
                let forgery = paying_a_fee(3);
                let more = forgery.cell(1, 0, column) + BaseElement::ONE;
                let forgery = forgery.register(1, column, more);
                let forgery = if i < 2 {
                    forgery.lie(1, POOL_ROW, HINT.start + i, BaseElement::ZERO)
                } else {
                    forgery
                };
                forgery.finish()
            },
        ));
    }
    cases.push(Case::one(
        "a collection wraps around the modulus",
        &[6, 7],
        ("limbs-end", 0),
        || {
            // -2 / 2^50 is 2^47: a carry that makes two equations true, and no number of 13 bits
            let forgery = paying_a_fee(3);
            let more = forgery.cell(1, 0, AMOUNT.start) + element(2);
            forgery
                .register(1, AMOUNT.start, more)
                .register(1, AMOUNT.start + 1, element(1 << 47))
                .finish()
        },
    ));
    for i in 0..2 {
        cases.push(Case::one(
            format!("carry {i} of a collection is not the one in the range check"),
            &[6, 7],
            ("limbs", i),
            move || {
                collecting()
                    .lie(1, POOL_ROW + 1, RANGE.start + i, element(5))
                    .finish()
            },
        ));
    }
    cases
}

/// A payment with a fee, and three collections, of which only the first finds something.
fn forge_two_collections(fee: u128) -> Forgery {
    let batch = super::world()
        .seal(
            &[
                by_first(transfer(1, 2, 1, fee)),
                Op::Noop,
                Op::Collect(0),
                Op::Collect(0),
            ],
            None,
        )
        .expect("a valid batch");
    Forgery::of(&batch)
}

/// Account 1 pays a fee of one asset, and account 9 of another collects it; `pool` is what the
/// pool says of itself.
fn collected_by_another(limb: usize, pool: u32) -> Forgery {
    forge(&[by_first(transfer(1, 2, 300, 0)), Op::Collect(9)])
        .register(0, FEE.start + limb, element(3))
        .register(1, AMOUNT.start + limb, element(3))
        .set(0, 0, POOL_ASSET, element(u64::from(pool)))
        .signed_by(0, &KeyName(2, 2).get(), 0)
}

fn pool_asset() -> Vec<Case> {
    let iron = element(u64::from(IRON));
    let mut cases = vec![
        Case::one(
            "the pool changes its asset in padding",
            &[7],
            ("pool-asset", 0),
            || padding().off_by_one(0, 10, POOL_ASSET).finish(),
        ),
        Case::one(
            "a pool with fees changes its asset",
            &[7],
            ("pool-asset", 0),
            move || {
                collected_by_another(0, GOLD)
                    .lie(1, 0, POOL_ASSET, iron)
                    .finish()
            },
        ),
        Case::one(
            "fees are collected in another asset",
            &[7],
            ("pool-asset", 4),
            || collected_by_another(0, GOLD).finish(),
        ),
    ];
    for i in 0..NUM_LIMBS {
        cases.push(Case::one(
            format!("a fee of another asset than the pool's, limb {i}"),
            &[7],
            ("pool-asset", 1 + i),
            move || collected_by_another(i, IRON).finish(),
        ));
    }
    cases
}

fn boundaries() -> Vec<Case> {
    let mut cases = Vec::new();
    for lane in 0..DIGEST_WIDTH {
        let root = ROOT.start + lane;
        let operations = OPERATIONS.start + lane;
        let one = BaseElement::ONE;
        cases.extend([
            Case::many(
                format!("another old root is claimed, limb {lane}"),
                &[1],
                [Rule::Boundary {
                    column: root,
                    last: false,
                }],
                move || {
                    let mut batch = paying().finish();
                    batch.inputs.old_root.0.0[lane] += one;
                    batch
                },
            ),
            Case::many(
                format!("another new root is claimed, limb {lane}"),
                &[1],
                [Rule::Boundary {
                    column: root,
                    last: true,
                }],
                move || {
                    let mut batch = paying().finish();
                    batch.inputs.new_root.0.0[lane] += one;
                    batch
                },
            ),
            Case::many(
                format!("another operations digest is claimed, limb {lane}"),
                &[1],
                [Rule::Boundary {
                    column: operations,
                    last: true,
                }],
                move || {
                    let mut batch = paying().finish();
                    batch.inputs.operations_digest.0[lane] += one;
                    batch
                },
            ),
            Case::many(
                format!("the operations digest does not begin with zeros, limb {lane}"),
                &[1],
                [Rule::Boundary {
                    column: operations,
                    last: false,
                }],
                move || padding().set(0, 0, operations, one).finish(),
            ),
        ]);
    }
    cases
}
