//! Each constraint broken alone: a false trace in which everything else holds.
//!
//! A lie changes one thing, and all that follows from it is computed anew: the rows after it, the root that a path
//! leads to, the randomiser of a message. What comes out is another public value, which belongs to the false
//! statement. So nothing but the constraint that the lie breaks stands between it and a proof.
//!
//! The permutation's own constraints are broken alone where they are made (`winterlane-air`, module
//! `permutation`).

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    ops::Range,
    rc::Rc,
};

use winter_air::Air;
use winter_math::FieldElement;
use winterlane_air::private::{
    Role, Schedule, Selector as S, Violation,
    columns::{
        ASSET, BITS, CARRY, INDEX, POSITION, REAL, ROOT, SET, SIDE, SLOT, signature as signed,
    },
    constraints::{CONSTRAINT_GROUPS, SIGNATURE_GROUPS, constraint_name},
    violations,
};
use winterlane_ledger::{
    BaseElement, Digest, Scope, Signature, SlotIndex,
    hash::compress_input,
    private::{AssociationMode, PrivateInputs, Test},
    signature::message_input,
};

use super::{
    people::{self, Ask, value_at},
    world::{Case, account, balance, transfer, withdrawal},
};
use crate::private::{
    PrivateWitness, balance as of_balance,
    chains::{Chains, Step, digit},
    credential,
    machine::{self, Filler, Free, Lanes, Registers, State},
    pool,
};

type Bend<T> = Option<Box<dyn Fn(T, &mut Bent<'_, '_>)>>;

/// What a lie can change of a row.
enum Bent<'a, 'b> {
    Free(&'a mut Free),
    State(&'a mut State, Option<&'a mut Chains<'b>>),
    Input(&'a mut Lanes, &'a mut Lanes),
}

/// Which words of a message are looked for.
type Wanted = fn([u64; 2]) -> bool;

/// A lie, by what it changes.
#[derive(Default)]
struct Lie {
    free: Bend<Role>,
    state: Bend<usize>,
    input: Bend<usize>,
    /// Another position, from the first row on.
    position: Option<u32>,
    /// Cells that are set in the end.
    cells: Vec<(usize, Range<usize>, fn(BaseElement) -> BaseElement)>,
    wanted: Option<Wanted>,
}

impl Lie {
    fn free(role: Role, change: impl Fn(&mut Free) + 'static) -> Self {
        Self::default().and_free(role, change)
    }

    fn and_free(mut self, role: Role, change: impl Fn(&mut Free) + 'static) -> Self {
        self.free = Some(Box::new(move |at, bent| {
            if let (true, Bent::Free(free)) = (at == role, bent) {
                change(free);
            }
        }));
        self
    }

    fn state(row: usize, change: impl Fn(&mut State) + 'static) -> Self {
        Self::default().and_state(vec![row], change)
    }

    fn and_state(mut self, rows: Vec<usize>, change: impl Fn(&mut State) + 'static) -> Self {
        self.state = Some(Box::new(move |at, bent| {
            if let (true, Bent::State(state, _)) = (rows.contains(&at), bent) {
                change(state);
            }
        }));
        self
    }

    /// A change of what the chain phase has before a row.
    fn chains(change: impl Fn(usize, &mut Chains<'_>) + 'static) -> Self {
        Self {
            state: Some(Box::new(move |at, bent| {
                if let Bent::State(_, Some(chains)) = bent {
                    change(at, chains);
                }
            })),
            ..Self::default()
        }
    }

    fn input(row: usize, change: impl Fn(&mut Lanes, &mut Lanes) + 'static) -> Self {
        Self::default().and_input(row, change)
    }

    fn and_input(mut self, row: usize, change: impl Fn(&mut Lanes, &mut Lanes) + 'static) -> Self {
        let before = self.input.take();
        self.input = Some(Box::new(move |at, bent| {
            if let Some(before) = &before {
                before(at, bent);
            }
            if let (true, Bent::Input(lo, hi)) = (at == row, bent) {
                change(lo, hi);
            }
        }));
        self
    }

    fn cells(column: usize, rows: Range<usize>, change: fn(BaseElement) -> BaseElement) -> Self {
        Self::default().and_cells(column, rows, change)
    }

    fn and_cells(
        mut self,
        column: usize,
        rows: Range<usize>,
        change: fn(BaseElement) -> BaseElement,
    ) -> Self {
        self.cells.push((column, rows, change));
        self
    }

    fn wanting(mut self, wanted: Wanted) -> Self {
        self.wanted = Some(wanted);
        self
    }
}

/// A witness that lies, and what follows from the lie.
struct Liar<'a> {
    honest: Box<dyn Filler + 'a>,
    lie: &'a Lie,
    root: Option<Lanes>,
    rho: Option<[BaseElement; 2]>,
}

impl Filler for Liar<'_> {
    fn free(&self, role: Role) -> Free {
        let mut free = self.honest.free(role);
        if let Some(bend) = &self.lie.free {
            bend(role, &mut Bent::Free(&mut free));
        }
        if let (Role::Message, Some([rho_0, rho_1])) = (role, self.rho) {
            [free.hi[0], free.hi[1]] = [rho_0, rho_1];
        }
        free
    }

    fn registers(&self, role: Role) -> Registers {
        let mut registers = self.honest.registers(role);
        if let Some(position) = self.lie.position {
            registers.position = position;
        }
        registers
    }

    fn asset(&self) -> u32 {
        self.honest.asset()
    }

    fn digests(&self) -> [Digest; 3] {
        let [root, set, secret] = self.honest.digests();
        [self.root.map_or(root, Digest), set, secret]
    }

    fn slot(&self) -> bool {
        self.honest.slot()
    }

    fn signature(&self) -> Option<&Signature> {
        self.honest.signature()
    }

    fn bend_state(&self, row: usize, state: &mut State, chains: Option<&mut Chains<'_>>) {
        if let Some(bend) = &self.lie.state {
            bend(row, &mut Bent::State(state, chains));
        }
    }

    fn bend_input(&self, row: usize, (mut lo, mut hi): (Lanes, Lanes)) -> (Lanes, Lanes) {
        if let Some(bend) = &self.lie.input {
            bend(row, &mut Bent::Input(&mut lo, &mut hi));
        }
        (lo, hi)
    }
}

fn filler(case: &Case) -> Box<dyn Filler + '_> {
    match (&case.inputs, &case.witness) {
        (PrivateInputs::Withdrawal(inputs), PrivateWitness::Withdrawal(witness)) => {
            Box::new(pool::Filler::withdrawal(inputs, witness))
        }
        (PrivateInputs::Transfer(inputs), PrivateWitness::Transfer(witness)) => {
            Box::new(pool::Filler::transfer(inputs, witness))
        }
        (PrivateInputs::Balance(inputs), PrivateWitness::Balance(witness)) => {
            Box::new(of_balance::Filler::new(inputs, witness))
        }
        (PrivateInputs::Credential(inputs), PrivateWitness::Credential(witness)) => {
            Box::new(credential::Filler::new(inputs, witness))
        }
        _ => panic!("a witness of another kind"),
    }
}

/// The words of a message that an honest issuer signs.
fn is_signed([a, b]: [u64; 2]) -> bool {
    a.count_ones() + 2 * b.count_ones() == 122
}

/// The output of a row.
fn output(trace: &[Vec<BaseElement>], row: usize) -> Lanes {
    let input = core::array::from_fn(|lane| trace[lane][row]);
    compress_input(&input).0
}

fn lanes(trace: &[Vec<BaseElement>], start: usize, row: usize) -> Lanes {
    core::array::from_fn(|lane| trace[start + lane][row])
}

/// Where the first row of a role is.
fn row_of(table: &Schedule, role: Role) -> usize {
    let mut rows = 0..table.rows();
    rows.find(|&row| table.role(row) == role).unwrap()
}

/// What a lie breaks, when everything that follows from it is as it must be. Public values that the statement
/// computes are those that come out.
fn broken(case: &Case, lie: &Lie) -> BTreeSet<(&'static str, usize)> {
    let air = case.air();
    let table = air.schedule();
    let mut liar = Liar {
        honest: filler(case),
        lie,
        root: None,
        rho: None,
    };
    let fill = |liar: &Liar<'_>| machine::fill(table, air.trace_length(), liar);
    let mut trace = fill(&liar);
    if let Some(row) = (0..table.rows()).find(|&row| table.is_on(S::CheckRoot, row)) {
        liar.root = Some(output(&trace, row));
        trace = fill(&liar);
    }
    if let Some(row) = (0..table.rows()).find(|&row| table.is_on(S::Sign, row)) {
        let bound = Digest(lanes(&trace, CARRY.start, row));
        let wanted = lie.wanted.unwrap_or(is_signed);
        let found = (0..1_u32 << 22).find(|&i| {
            let rho = [BaseElement::from(i), BaseElement::from(7_u32)];
            let [a, b, ..] = compress_input(&message_input(&bound, &rho, 0)).0;
            let words = [a, b].map(|word| winter_math::StarkField::as_int(&word));
            wanted(words)
        });
        liar.rho = found.map(|i| [BaseElement::from(i), BaseElement::from(7_u32)]);
        assert!(liar.rho.is_some(), "no randomiser");
        trace = fill(&liar);
    }
    for (column, rows, change) in &lie.cells {
        let rows = rows.start..rows.end.min(air.trace_length());
        for cell in &mut trace[*column][rows] {
            *cell = change(*cell);
        }
    }
    // digests that the statement computes, and roots
    let comes_out = |row: usize, column: usize| match row.checked_sub(1) {
        Some(before) => CARRY.contains(&column) && !table.is_on(S::CarryFree, before),
        None => ROOT.contains(&column) || SET.contains(&column),
    };
    let mut names = BTreeSet::new();
    for violation in violations(&air, &trace, (0, usize::MAX)) {
        match violation {
            Violation::Transition { constraint, .. } => {
                names.insert(constraint_name(constraint));
            }
            Violation::Boundary { row, column } if comes_out(row, column) => {}
            Violation::Boundary { .. } => {
                names.insert(("public", 0));
            }
        }
    }
    names
}

const ONE: BaseElement = BaseElement::ONE;

fn plus_one(cell: BaseElement) -> BaseElement {
    cell + ONE
}

fn zero(_: BaseElement) -> BaseElement {
    BaseElement::ZERO
}

fn one(_: BaseElement) -> BaseElement {
    ONE
}

fn two(_: BaseElement) -> BaseElement {
    ONE + ONE
}

/// Collects what was broken alone.
#[derive(Default)]
struct Ledger(BTreeSet<(&'static str, usize)>);

impl Ledger {
    fn alone(&mut self, case: &Case, name: &'static str, index: usize, lie: &Lie) {
        let found = broken(case, lie);
        assert_eq!(found, BTreeSet::from([(name, index)]), "{name}[{index}]");
        self.0.insert((name, index));
    }
}

#[test]
fn every_constraint_is_broken_alone_or_implied() {
    assert_eq!(broken(&shown(), &Lie::default()), BTreeSet::new());
    let mut ledger = Ledger::default();
    wiring(&mut ledger);
    accounts(&mut ledger);
    values(&mut ledger);
    chain_inputs_and_values(&mut ledger);
    places(&mut ledger);
    digits_and_pairs(&mut ledger);

    // `flags`: given `phase` and the two other flags, the third is -1, 0, 1 or -2. At -1 and -2 `places` has no
    // solution with digits below 4: a step of -1 takes a place of 3 to 4, a step of 2 to 3 and a half, and a step of
    // 0 cannot move.
    let implied = [("flags", 0), ("flags", 1), ("flags", 2)];
    let groups = CONSTRAINT_GROUPS.iter().chain(SIGNATURE_GROUPS);
    let groups = groups.filter(|group| group.name != "permutation");
    let all: BTreeSet<_> = groups
        .flat_map(|group| (0..group.len).map(|index| (group.name, index)))
        .filter(|constraint| !implied.contains(constraint))
        .collect();
    let never: Vec<_> = all.difference(&ledger.0).collect();
    assert_eq!(never, [&("", 0); 0], "never broken alone");
    assert_eq!(ledger.0.len(), all.len());
}

fn wiring(ledger: &mut Ledger) {
    let case = withdrawal((1000, 700, 1), 3, Some(AssociationMode::Approved));
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    let end = air.trace_length();
    for lane in 0..4 {
        let lie = Lie::input(row(Role::Address(0)), move |lo, _| lo[lane] += ONE);
        ledger.alone(&case, "input-lo", lane, &lie);
        let role = [Role::Commitment(0), Role::Authority(0)][usize::from(lane > 0)];
        let lie = Lie::input(row(role), move |_, hi| hi[lane] += ONE);
        ledger.alone(&case, "input-hi", lane, &lie);
        // position 3: the node is on the left from level 2 on
        let lie = Lie::input(row(Role::NotePath(0, 3)), move |lo, _| lo[lane] += ONE);
        ledger.alone(&case, "path", lane, &lie);
        let lie = Lie::state(row(Role::Owner(0)), move |state| state.carry[lane] += ONE);
        ledger.alone(&case, "carry", lane, &lie);
        let middle = row(Role::NotePath(0, 9));
        let lie = Lie::state(middle, move |state| state.kept[lane] += ONE);
        ledger.alone(&case, "kept", lane, &lie);
        let lie = Lie::state(middle, move |state| state.secret[lane] += ONE);
        ledger.alone(&case, "secret", lane, &lie);
        // another root in the first two rows than in the check
        let lie = Lie::cells(ROOT.start + lane, 0..2, plus_one);
        ledger.alone(&case, "roots", lane, &lie);
        let lie = Lie::cells(SET.start + lane, 0..2, plus_one);
        ledger.alone(&case, "roots", 4 + lane, &lie);
        for register in [ROOT, SET] {
            let lie = Lie::cells(register.start + lane, 0..end, plus_one);
            ledger.alone(&case, "checks", lane, &lie);
        }
    }
    // a nullifier of position 7 for a path of position 3
    let paths = vec![row(Role::NotePath(0, 0)), row(Role::AssociationPath(0, 0))];
    let lie = Lie::default().and_state(paths, |state| state.index = BaseElement::from(3_u32));
    let lie = Lie {
        position: Some(7),
        ..lie
    };
    ledger.alone(&case, "index", 0, &lie);
    // a side that is not the bit
    let lie = Lie::free(Role::NotePath(0, 5), |free| free.is_right = true);
    let lie = lie.and_state(vec![row(Role::NotePath(0, 6))], |state| {
        state.index = BaseElement::ZERO;
    });
    ledger.alone(&case, "index", 1, &lie);
    // a note that is not in the tree: real while its value counts, a dummy where its path ends
    let lie = Lie::cells(REAL, 10..end, zero);
    ledger.alone(&case, "registers", 3, &lie);
    for lane in 0..6 {
        // no range is checked there
        let lie = Lie::cells(BITS.start + lane, 31..32, two);
        ledger.alone(&case, "bits", lane, &lie);
    }
    ledger.alone(&case, "bits", 6, &Lie::cells(SIDE, 0..1, two));
    ledger.alone(&case, "bits", 8, &Lie::cells(SLOT, 0..end, two));
    let empty = transfer([Some(10), Some(0)], [4, 6], 0, None);
    let lie = Lie::cells(REAL, 72..end, two);
    ledger.alone(&empty, "bits", 7, &lie);
}

fn accounts(ledger: &mut Ledger) {
    let slot = SlotIndex::Zero;
    let of = |scope| balance(account(500, slot, 2, scope), slot, (400, Some(600)));
    let case = of(Scope::SPEND);
    let air = case.air();
    let end = air.trace_length();
    ledger.alone(&case, "registers", 0, &Lie::cells(ASSET, 60..end, plus_one));
    ledger.alone(&case, "registers", 1, &Lie::cells(SLOT, 90..end, one));
    ledger.alone(
        &case,
        "registers",
        2,
        &Lie::cells(POSITION, 90..end, plus_one),
    );
    // the key root of the other slot
    let lie = Lie::free(Role::Keys, |free| free.is_right = true);
    ledger.alone(&case, "account", 0, &lie);
    let leaf = row_of(air.schedule(), Role::Leaf);
    let lie = Lie::input(leaf, |_, hi| hi[0] += ONE);
    ledger.alone(&case, "account", 1, &lie);
    let rotates = of(Scope::ROTATE);
    let found = broken(&rotates, &Lie::default());
    assert_eq!(found, BTreeSet::from([("account", 2)]));
    ledger.0.extend(found);
}

fn values(ledger: &mut Ledger) {
    let case = withdrawal((1000, 700, 1), 3, None);
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    let last = air.schedule().rows() - 1;
    for limb in 0..3 {
        // in the middle of a range check
        let lie = Lie::state(row(Role::Commitment(0)) + 6, move |state| {
            state.range[limb] ^= 1
        });
        ledger.alone(&case, "range", limb, &lie);
        // one more unit of a limb than there is, in the change
        let more = move |_: &mut Lanes, hi: &mut Lanes| hi[1 + limb] += ONE;
        let lie = Lie::input(row(Role::Output(0)), more);
        let lie = lie.and_state(vec![31], move |state| state.sum[limb] += ONE);
        ledger.alone(&case, "sum", limb, &lie);
        // no carry: what is too much stays where it is
        let mut lie = Lie::input(row(Role::Output(0)), more);
        for (lane, bit) in [one, zero, one, zero].into_iter().enumerate() {
            lie = lie.and_cells(BITS.start + lane, last..last + 1, bit);
        }
        ledger.alone(&case, "sum-end", limb, &lie);
    }
    // a limb out of its range, and the sum right as an integer
    let wide: [(u128, u128, [u64; 3]); 3] = [
        ((1 << 50) + 1000, 700, [(1 << 50) + 1000, 0, 0]),
        ((1 << 100) + 1000, 700, [1000, 1 << 50, 0]),
        // 2^128: half of it is paid, and half is left
        (1 << 127, 1 << 127, [0, 0, 1 << 28]),
    ];
    for (limb, (value, amount, limbs)) in wide.into_iter().enumerate() {
        let case = withdrawal((value, amount, 0), 3, None);
        let half = limb == 2;
        let limbs = limbs.map(BaseElement::new);
        let lie = Lie::input(row(Role::Commitment(0)), move |_, hi| {
            hi[1..].copy_from_slice(&limbs);
        });
        let lie = lie.and_input(row(Role::Output(0)), move |_, hi| {
            if half {
                hi[3] = BaseElement::new(1 << 27);
            }
        });
        ledger.alone(&case, "range-end", limb, &lie);
    }
    let case = transfer([Some(10), None], [4, 6], 0, None);
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    for limb in 0..3 {
        // a dummy has a value, which is paid out
        let more = move |_: &mut Lanes, hi: &mut Lanes| hi[1 + limb] += ONE;
        let lie = Lie::input(row(Role::Commitment(1)), more).and_input(row(Role::Output(1)), more);
        ledger.alone(&case, "dummy", limb, &lie);
    }
}

/// A credential that shows a bound and a set.
fn shown() -> Case {
    let most = Ask::Test(Test::AtMost(value_at(0) + 9));
    let member = Ask::Member(vec![1, value_at(5)], 1);
    people::shown(people::ours(), &[(0, most), (5, member)], true)
}

/// The rows of the chain phase.
fn phase(table: &Schedule) -> Range<usize> {
    let start = row_of(table, Role::Chain);
    start..start + 102
}

fn chain_inputs_and_values(ledger: &mut Ledger) {
    let case = shown();
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    let phase = phase(air.schedule());
    let (first, middle) = (phase.start, phase.start + 50);
    for lane in 0..4 {
        // what a credential wires beside other statements: root, value, number and last day
        let lie = Lie::input(row(Role::Body), move |lo, _| lo[lane] += ONE);
        ledger.alone(&case, "input-lo", lane, &lie);
        let lie = Lie::input(row(Role::Member(1)), move |_, hi| hi[lane] += ONE);
        ledger.alone(&case, "input-hi", lane, &lie);
        for at in [first, middle] {
            let lie = Lie::input(at, move |lo, _| lo[lane] += ONE);
            ledger.alone(&case, "chain-input", lane, &lie);
            let lie = Lie::input(at, move |_, hi| hi[lane] += ONE);
            ledger.alone(&case, "chain-input", 4 + lane, &lie);
        }
        let lie = Lie::chains(move |at, chains| {
            if at == middle {
                chains.key[lane] += ONE;
            }
        });
        ledger.alone(&case, "one-time-key", lane, &lie);
    }
    let lie = Lie::input(row(Role::Credential), |_, hi| hi[0] += ONE);
    ledger.alone(&case, "input-hi", 0, &lie);
    // a later last day than the signed one
    let lie = Lie::state(row(Role::Bound), |state| state.secret[1] += ONE);
    ledger.alone(&case, "secret", 1, &lie);

    let steps = steps_of(&case, None);
    let after_step = (1..steps.len())
        .find(|&n| steps[n - 1] != Step::Close)
        .unwrap();
    let second = first + after_step;
    for chain in [0, 1] {
        for lane in [0, 1] {
            let lie = Lie::chains(move |at, chains| {
                if at == second {
                    chains.values[chain][lane] += ONE;
                }
            });
            ledger.alone(&case, "chain-values", 2 * chain + lane, &lie);
        }
    }
    // a row that does nothing, in place of a step
    let step = steps
        .iter()
        .position(|&step| step == Step::Chain(0))
        .unwrap();
    let at = first + step;
    let lie = Lie::cells(signed::STEP.start, at..at + 1, zero);
    ledger.alone(&case, "phase", 0, &lie);
    for lane in 0..4 {
        // the second row of a pair opens none
        let lie = Lie::cells(signed::DIGITS.start + lane, second..second + 1, two);
        ledger.alone(&case, "digits", lane, &lie);
    }
}

/// The steps of the chain phase, when these words of the message are looked for.
fn steps_of(case: &Case, wanted: Option<Wanted>) -> Vec<Step> {
    let steps = Rc::new(RefCell::new(Vec::new()));
    let seen = steps.clone();
    let spy = Lie::chains(move |_, chains| seen.borrow_mut().clone_from(&chains.steps));
    broken(case, &Lie { wanted, ..spy });
    steps.take()
}

/// One chain has a step less and another one a step more.
fn shift_steps(chains: &mut Chains<'_>, chain: usize, (less, more): (usize, usize)) {
    let mut steps = Vec::new();
    let mut pair = 0;
    for &step in &chains.steps {
        if step == Step::Close {
            if pair == more {
                steps.push(Step::Chain(chain));
            }
            pair += 1;
        }
        steps.push(step);
    }
    pair = 0;
    let at = steps.iter().position(|&step| {
        pair += usize::from(step == Step::Close);
        pair == less && step == Step::Chain(chain)
    });
    steps.remove(at.unwrap());
    chains.steps = steps;
}

/// A pair in which a chain has a step, and another in which it can have one more; in both the other chain moves too.
fn two_pairs(chains: &Chains<'_>, chain: usize) -> (usize, usize) {
    let digit = |pair, chain| digit(chains.words, 2 * pair + chain);
    let moves = |pair| digit(pair, 1 - chain) < 3;
    let less = (1..32).find(|&pair| digit(pair, chain) < 3 && moves(pair));
    let more = (1..32).find(|&pair| Some(pair) != less && digit(pair, chain) > 0 && moves(pair));
    (less.unwrap(), more.unwrap())
}

fn places(ledger: &mut Ledger) {
    let case = shown();
    let air = case.air();
    let start = phase(air.schedule()).start;
    for chain in [0, 1] {
        // a chain begins a place later than its digit says, and another one a place earlier
        let lie = Lie::chains(move |at, chains| {
            let (less, more) = two_pairs(chains, chain);
            if at == start {
                shift_steps(chains, chain, (less, more));
            }
            if chains.opens && chains.pair == less {
                chains.places[chain] += 1;
            }
            if chains.opens && chains.pair == more {
                chains.places[chain] -= 1;
            }
        });
        ledger.alone(&case, "places-open", chain, &lie);
        // a place jumps while the other chain of the pair makes its first step
        let opened = Cell::new(None);
        let lie = Lie::chains(move |at, chains| {
            let (less, more) = two_pairs(chains, chain);
            if at == start {
                shift_steps(chains, chain, (less, more));
                chains.steps = other_first(&chains.steps, 1 - chain);
            }
            if opened.take() == Some(chains.pair) {
                if chains.pair == less {
                    chains.places[chain] += 1;
                } else if chains.pair == more {
                    chains.places[chain] -= 1;
                }
            }
            opened.set(chains.opens.then_some(chains.pair));
        });
        ledger.alone(&case, "places", chain, &lie);
        // a pair closes a place too early, and another one a place too late
        let lie = Lie::chains(move |at, chains| {
            if at == start {
                let pairs = two_pairs(chains, chain);
                shift_steps(chains, chain, pairs);
            }
        });
        ledger.alone(&case, "places", 2 + chain, &lie);
    }
}

/// The steps with those of one chain of each pair before those of the other.
fn other_first(steps: &[Step], first: usize) -> Vec<Step> {
    let mut sorted = Vec::new();
    for pair in steps.split_inclusive(|&step| step == Step::Close) {
        let of = |chain| {
            pair.iter()
                .copied()
                .filter(move |&step| step == Step::Chain(chain))
        };
        sorted.extend(of(first));
        sorted.extend(of(1 - first));
        sorted.push(Step::Close);
    }
    sorted
}

/// A word with two bits exchanged: as many ones, and another word.
fn exchanged(word: u64) -> u64 {
    let one = word.trailing_zeros();
    let zero = word.trailing_ones();
    word ^ (1 << one | 1 << zero)
}

fn digits_and_pairs(ledger: &mut Ledger) {
    let case = shown();
    let air = case.air();
    let phase = phase(air.schedule());
    let start = phase.start;
    for word in [0, 1] {
        // the digits of another message
        let lie = Lie::chains(move |at, chains| {
            if at == start {
                let mut words = chains.words;
                words[word] = exchanged(words[word]);
                *chains = Chains::of(chains.signature, words, words.map(BaseElement::new));
            }
        });
        ledger.alone(&case, "words", word, &lie);
        // the same, and what is left of the word is the rest, as the field divides
        let lie = Lie::chains(move |at, chains| {
            if at == start {
                let message = chains.words.map(BaseElement::new);
                let mut words = chains.words;
                words[word] = exchanged(words[word]);
                *chains = Chains::of(chains.signature, words, message);
            }
        });
        ledger.alone(&case, "words-end", word, &lie);
    }
    let steps = steps_of(&case, None);
    let closes: Vec<usize> = (0..steps.len())
        .filter(|&n| steps[n] == Step::Close)
        .collect();
    let midway = start + closes[15];
    let lie = Lie::cells(signed::MIDWAY, midway..midway + 1, zero);
    ledger.alone(&case, "midway", 0, &lie);
    for lane in [0, 1] {
        let lie = Lie::cells(signed::HINT.start + lane, midway..midway + 1, zero);
        ledger.alone(&case, "canonical", lane, &lie);
    }
    // two pairs have the numbers of the next ones, and hash them
    let rows = closes[19] + 1..closes[21] + 1;
    let mut lie = Lie::cells(INDEX, start + rows.start..start + rows.end, plus_one);
    for n in rows.filter(|&n| steps[n] != Step::Close) {
        lie = lie.and_input(start + n, |_, hi| hi[1] += BaseElement::from(8_u32));
    }
    // and the inverses are of those numbers
    for n in [closes[20], closes[21]] {
        let at = start + n;
        lie = lie.and_cells(signed::HINT.start, at..at + 1, |hint| {
            (hint.inv() + ONE).inv()
        });
    }
    ledger.alone(&case, "pairs", 0, &lie);
    // the last pair is left out: nothing of the message is left for it
    let lie = Lie::default().wanting(|words| {
        let ones = words.map(|word| (word & (u64::MAX >> 2)).count_ones());
        words.iter().all(|word| word >> 62 == 0) && ones[0] + 2 * ones[1] == 115
    });
    ledger.alone(&case, "pairs", 1, &lie);
    // the last pair does not close
    let lie = Lie::default()
        .wanting(|[a, b]| a.count_ones() + 2 * b.count_ones() == 121 && (a & b) >> 62 != 3);
    ledger.alone(&case, "pairs", 2, &lie);
}
