//! Permutations, and what goes into them.

use std::sync::OnceLock;

use winterlane_air::{
    batch::columns::{
        CARRY, DIGEST_WIDTH, INPUT, INPUT_HI, INPUT_LO, NUM_ROUNDS, OPERATIONS, ROUND_WIDTH,
        STATE_WIDTH, round_start,
    },
    batch::schedule::{DOMAIN_ROW, LAST_ROW, OPERATIONS_ROW, PAYLOAD_ROW, RECORD_ROW, SIGN_ROW},
};

use super::{Case, padding, paying};
use crate::{
    forge::{FalseBatch, Forgery, Rule, element},
    scenario::KeyName,
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = permutation();
    cases.extend(record());
    cases.extend(message());
    cases.extend((0..DIGEST_WIDTH).map(|lane| {
        Case::one(
            format!("a carry that is not the output before, lane {lane}"),
            &[10],
            ("carry", lane),
            move || padding().off_by_one(1, 0, CARRY.start + lane).finish(),
        )
    }));
    cases
}

/// Padding whose first block hashes something in its spare row.
fn spare() -> Forgery {
    INPUT.fold(padding(), |forgery, column| {
        forgery.set(0, LAST_ROW, column, element(1000 + column as u64))
    })
}

/// A false cube, middle or cube of the middle in each round and lane, in a spare row. The negative
/// of a cube has its square, so that what follows is as the constraints want it.
fn permutation() -> Vec<Case> {
    static HONEST: OnceLock<FalseBatch> = OnceLock::new();
    let mut cases = Vec::new();
    for round in 0..NUM_ROUNDS {
        for lane in 0..STATE_WIDTH {
            for (part, name) in ["cube", "middle", "cube of the middle"]
                .into_iter()
                .enumerate()
            {
                let column = round_start(round) + part * STATE_WIDTH + lane;
                cases.push(Case::one(
                    format!("a false {name}, round {round}, lane {lane}"),
                    &[10],
                    ("permutation", round * ROUND_WIDTH + 3 * lane + part),
                    move || {
                        let honest = HONEST.get_or_init(|| spare().finish());
                        let value = honest.cell(0, LAST_ROW, column);
                        let lie = if part == 1 { value + value } else { -value };
                        spare().lie(0, LAST_ROW, column, lie).finish()
                    },
                ));
            }
        }
    }
    cases
}

/// The public record and its way into the operations digest.
fn record() -> Vec<Case> {
    let mut cases = Vec::new();
    for lane in 0..DIGEST_WIDTH {
        cases.extend([
            Case::one(
                format!("a record that says something else, lane {lane}"),
                &[1, 3],
                ("input-lo", lane),
                move || {
                    padding()
                        .off_by_one(0, RECORD_ROW, INPUT_LO.start + lane)
                        .finish()
                },
            ),
            Case::one(
                format!("a record that says something else, lane {}", 4 + lane),
                &[1, 3],
                ("input-hi", lane),
                move || {
                    padding()
                        .off_by_one(0, RECORD_ROW, INPUT_HI.start + lane)
                        .finish()
                },
            ),
            Case::one(
                format!("a payload of another record's lanes, lane {lane}"),
                &[1, 3],
                ("input-lo", lane),
                move || {
                    padding()
                        .off_by_one(0, PAYLOAD_ROW, INPUT_LO.start + lane)
                        .finish()
                },
            ),
            Case::one(
                format!("a record with another payload, lane {lane}"),
                &[1, 3],
                ("input-hi", lane),
                move || {
                    padding()
                        .off_by_one(0, PAYLOAD_ROW, INPUT_HI.start + lane)
                        .finish()
                },
            ),
            Case::one(
                format!("another record is published, lane {lane}"),
                &[1],
                ("next-hi", lane),
                move || {
                    let column = INPUT_HI.start + lane;
                    padding().off_by_one(0, OPERATIONS_ROW, column).finish()
                },
            ),
            Case::one(
                format!("the operations before are forgotten, lane {lane}"),
                &[1],
                ("input-lo", lane),
                move || {
                    let column = INPUT_LO.start + lane;
                    padding().off_by_one(1, OPERATIONS_ROW, column).finish()
                },
            ),
            Case::one(
                format!("an operation is put into the digest that was none, lane {lane}"),
                &[1],
                ("operations", lane),
                move || {
                    padding()
                        .off_by_one(0, 10, OPERATIONS.start + lane)
                        .finish()
                },
            ),
        ]);
    }
    cases.push(Case::many(
        "an operation is dropped from the digest",
        &[1],
        (0..4).map(|lane| Rule::Constraint("operations", lane)),
        || {
            let forgery = paying();
            let before = [0, 1, 2, 3].map(|lane| forgery.cell(0, 0, OPERATIONS.start + lane));
            forgery
                .lie_lanes(0, OPERATIONS_ROW + 1, OPERATIONS, &before)
                .finish()
        },
    ));
    cases
}

/// The signed message: the signer signs something else than what is proven.
fn message() -> Vec<Case> {
    let signed = |forgery: Forgery| forgery.signed_by(0, &KeyName(2, 2).get(), 0).finish();
    let mut cases = Vec::new();
    for lane in 0..DIGEST_WIDTH {
        cases.extend([
            Case::one(
                format!("signed in another domain, lane {lane}"),
                &[3],
                ("input-hi", lane),
                move || signed(paying().off_by_one(0, DOMAIN_ROW, INPUT_HI.start + lane)),
            ),
            Case::one(
                format!("another record is signed, lane {lane}"),
                &[3],
                ("input-lo", lane),
                move || {
                    let forgery = paying().off_by_one(0, DOMAIN_ROW, INPUT_LO.start + lane);
                    signed(forgery)
                },
            ),
            Case::one(
                format!("the randomiser is put to another message, lane {lane}"),
                &[3],
                ("next-lo", lane),
                move || signed(paying().off_by_one(0, SIGN_ROW, INPUT_LO.start + lane)),
            ),
        ]);
    }
    cases.extend([
        Case::one(
            "signed for another nonce",
            &[3, 4],
            ("input-hi", 2),
            move || signed(paying().off_by_one(0, SIGN_ROW, INPUT_HI.start + 2)),
        ),
        Case::one(
            "the message has another tag",
            &[3, 10],
            ("input-hi", 3),
            move || signed(paying().off_by_one(0, SIGN_ROW, INPUT_HI.start + 3)),
        ),
    ]);
    cases
}
