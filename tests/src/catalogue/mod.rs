//! The catalogue of false traces: which constraint each of them breaks, and which rule.
//!
//! A case names everything that its trace breaks; nearly all break a single constraint, and the
//! coverage suite asks for one such case for every constraint and assertion.

mod amounts;
mod attacks;
mod chains;
mod hashing;
mod kinds;
mod signature;
mod state;

use std::collections::BTreeSet;

use winterlane_ledger::{Scope, SlotIndex};

use crate::{
    forge::{FalseBatch, Forgery, Rule},
    scenario::{
        KeyName, Op, Opening, World, by_first, by_second, create, rotate, top_up, transfer,
        withdraw,
    },
};

/// A false trace.
pub struct Case {
    /// What is false about it.
    pub name: String,
    /// The rules of the statement that it breaks, 1 to 10.
    pub rules: &'static [u8],
    /// The constraints that it breaks: these and no others.
    pub breaks: BTreeSet<Rule>,
    make: Box<dyn Fn() -> FalseBatch + Send + Sync>,
}

impl Case {
    /// A false trace that breaks one constraint.
    pub fn one(
        name: impl Into<String>,
        rules: &'static [u8],
        breaks: (&'static str, usize),
        make: impl Fn() -> FalseBatch + Send + Sync + 'static,
    ) -> Self {
        Self::many(name, rules, [Rule::Constraint(breaks.0, breaks.1)], make)
    }

    /// A false trace that breaks these constraints and assertions.
    pub fn many(
        name: impl Into<String>,
        rules: &'static [u8],
        breaks: impl IntoIterator<Item = Rule>,
        make: impl Fn() -> FalseBatch + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            rules,
            breaks: breaks.into_iter().collect(),
            make: Box::new(make),
        }
    }

    /// Makes the trace.
    pub fn make(&self) -> FalseBatch {
        (self.make)()
    }
}

/// Every case.
pub fn all() -> Vec<Case> {
    let mut cases = hashing::cases();
    cases.extend(state::cases());
    cases.extend(signature::cases());
    cases.extend(chains::cases());
    cases.extend(amounts::cases());
    cases.extend(kinds::cases());
    cases.extend(attacks::cases());
    cases
}

/// The cases of these names.
///
/// # Panics
/// When there is no case of a name.
pub fn named(names: &[&str]) -> Vec<Case> {
    let mut cases = all();
    cases.retain(|case| names.contains(&case.name.as_str()));
    assert_eq!(cases.len(), names.len(), "a name without a case");
    cases
}

/// The asset of most accounts.
pub const GOLD: u32 = 7;
/// Another asset.
pub const IRON: u32 = 8;
/// A key that no account has at first.
pub const NEW: KeyName = KeyName(1001, 2);
/// The number of the batches.
pub const BATCH: u64 = 5;

/// Accounts 0 to 2 of one asset, account 9 of another; account 1 is rich.
pub fn world() -> World {
    World::new(
        BATCH,
        &[
            Opening::new(0, GOLD, 0),
            Opening::new(1, GOLD, 1 << 120),
            Opening::new(2, GOLD, 500),
            Opening::new(9, IRON, 800),
        ],
    )
    .knowing(&[NEW])
}

/// A forgery that begins with these operations in the usual world.
///
/// # Panics
/// When the ledger refuses them.
pub fn forge(ops: &[Op]) -> Forgery {
    let batch = world()
        .seal(ops, Some(2))
        .unwrap_or_else(|(number, refusal)| panic!("operation {number}: {refusal:?}"));
    Forgery::of(&batch)
}

/// Two operations of padding.
pub fn padding() -> Forgery {
    forge(&[])
}

/// Account 1 pays 300 to account 2, signed by its slot 0.
pub fn paying() -> Forgery {
    forge(&[by_first(transfer(1, 2, 300, 0))])
}

/// Account 1 pays `fee` and account 0 collects it.
pub fn paying_a_fee(fee: u128) -> Forgery {
    forge(&[by_first(transfer(1, 2, 300, fee)), Op::Collect(0)])
}

/// Account 2 withdraws 200 of its 500.
pub fn withdrawing() -> Forgery {
    forge(&[by_first(withdraw(2, 200, 0))])
}

/// Account 1 replaces its slot, signed by its slot 1.
pub fn rotating(slot: SlotIndex) -> Forgery {
    forge(&[by_second(rotate(1, slot, NEW, Scope::SPEND, 0))])
}

/// Account 2 gets 12.
pub fn depositing() -> Forgery {
    forge(&[top_up(2, GOLD, 12)])
}

/// Account 5 is created with 12.
pub fn creating() -> Forgery {
    let slots = [(NEW, Scope::SPEND), (NEW, Scope::ROTATE)];
    forge(&[create(5, GOLD, 12, slots)])
}

/// Padding, and then account 0 collects an empty pool.
pub fn collecting() -> Forgery {
    forge(&[Op::Noop, Op::Collect(0)])
}
