//! Each constraint broken alone: a false trace in which everything else holds.
//!
//! A lie changes one thing, and all that follows from it is computed anew: the rows after it, the root that a path
//! leads to, the randomiser of a message. What comes out is another public value, which belongs to the false
//! statement. So nothing but the constraint that the lie breaks stands between it and a proof.
//!
//! The permutation's own constraints are broken alone where they are made (`winterlane-air`, module
//! `permutation`).

mod signature;
mod statements;

use std::{collections::BTreeSet, ops::Range};

use winter_air::Air;
use winter_math::FieldElement;
use winterlane_air::private::{
    Role, Schedule, Selector as S, Violation, columns::CARRY, constraints::CREDENTIAL_GROUPS,
    violations,
};
use winterlane_ledger::{
    AssetId, BaseElement, Digest, Nonce, Signature, hash::compress_input, private::PrivateInputs,
    signature::message_input,
};

use super::world::Case;
use crate::private::{
    PrivateWitness, balance as of_balance,
    chains::Chains,
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

/// Columns of a row, and what becomes of each of their cells.
type CellChange = (usize, Range<usize>, fn(BaseElement) -> BaseElement);

/// A lie, by what it changes.
#[derive(Default)]
struct Lie {
    free: Bend<Role>,
    state: Bend<usize>,
    input: Bend<usize>,
    /// Another position, from the first row on.
    position: Option<u32>,
    /// A lane of the anchor, or of the association set's root, that is not what comes out.
    root: Option<(bool, usize)>,
    /// Cells that are set in the end.
    cells: Vec<CellChange>,
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
    attributes: Option<Lanes>,
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

    fn asset(&self) -> AssetId {
        self.honest.asset()
    }

    fn secret(&self) -> Digest {
        self.honest.secret()
    }

    fn attributes(&self) -> Digest {
        self.attributes
            .map_or_else(|| self.honest.attributes(), Digest)
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
        (PrivateInputs::Withdrawal(_), PrivateWitness::Withdrawal(witness)) => {
            Box::new(pool::Filler::withdrawal(witness))
        }
        (PrivateInputs::Transfer(_), PrivateWitness::Transfer(witness)) => {
            Box::new(pool::Filler::transfer(witness))
        }
        (PrivateInputs::Balance(_), PrivateWitness::Balance(witness)) => {
            Box::new(of_balance::Filler::new(witness))
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

/// The statement with another anchor: the one that comes out of the first path, and lies of the lie's root.
fn under(case: &Case, anchor: Lanes, lie: &Lie) -> Case {
    let mut case = case.clone();
    let (own, set) = match &mut case.inputs {
        PrivateInputs::Withdrawal(inputs) => (&mut inputs.anchor, &mut inputs.association),
        PrivateInputs::Transfer(inputs) => (&mut inputs.anchor, &mut inputs.association),
        _ => return case,
    };
    own.0.0 = anchor;
    match (lie.root, set) {
        (Some((false, lane)), _) => own.0.0[lane] += ONE,
        (Some((true, lane)), Some(set)) => set.root.0.0[lane] += ONE,
        _ => {}
    }
    case
}

/// What a lie breaks, when everything that follows from it is as it must be. Public values that the statement
/// computes are those that come out.
fn broken(case: &Case, lie: &Lie) -> BTreeSet<(&'static str, usize)> {
    let mut air = case.air();
    let mut liar = Liar {
        honest: filler(case),
        lie,
        attributes: None,
        rho: None,
    };
    let mut trace = machine::fill(air.schedule(), air.trace_length(), &liar);
    let first = |table: &Schedule, selector| {
        let mut rows = 0..table.rows();
        rows.find(|&row| table.is_on(selector, row))
    };
    if let Some(row) = first(air.schedule(), S::Check) {
        // the rows are the same, and what the last ones are compared with is another
        air = under(case, output(&trace, row), lie).air();
    }
    let table = air.schedule();
    let fill = |liar: &Liar<'_>| machine::fill(table, air.trace_length(), liar);
    if let Some(row) = first(table, S::CheckAttributes) {
        liar.attributes = Some(output(&trace, row));
        trace = fill(&liar);
    }
    if let Some(row) = first(table, S::Sign) {
        let bound = Digest(lanes(&trace, CARRY.start, row));
        let wanted = lie.wanted.unwrap_or(is_signed);
        let found = (0..1_u32 << 22).find(|&i| {
            let rho = [BaseElement::from(i), BaseElement::from(7_u32)];
            let [a, b, ..] = compress_input(&message_input(&bound, &rho, Nonce::ZERO)).0;
            let words = [a, b].map(|word| word.as_int());
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
    // digests that the statement computes, roots among them
    let comes_out = |row: usize, column: usize| {
        let before = row.checked_sub(1);
        before.is_some_and(|before| CARRY.contains(&column) && !table.is_on(S::CarryFree, before))
    };
    let mut names = BTreeSet::new();
    for violation in violations(&air, &trace, (0, usize::MAX)) {
        match violation {
            Violation::Transition { constraint, .. } => {
                names.insert(CREDENTIAL_GROUPS.name_of(constraint));
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
    assert_eq!(
        broken(&signature::shown(), &Lie::default()),
        BTreeSet::new()
    );
    let mut ledger = Ledger::default();
    statements::wiring(&mut ledger);
    statements::accounts(&mut ledger);
    statements::values(&mut ledger);
    signature::inputs_and_values(&mut ledger);
    signature::places(&mut ledger);
    signature::digits_and_pairs(&mut ledger);

    // `flags`: given `phase` and the two other flags, the third is -1, 0, 1 or -2. At -1 and -2 `places` has no
    // solution with digits below 4: a step of -1 takes a place of 3 to 4, a step of 2 to 3 and a half, and a step of
    // 0 cannot move.
    let implied = [("flags", 0), ("flags", 1), ("flags", 2)];
    let groups = CREDENTIAL_GROUPS
        .iter()
        .filter(|group| group.name != "permutation");
    let all: BTreeSet<_> = groups
        .flat_map(|group| (0..group.len).map(|index| (group.name, index)))
        .filter(|constraint| !implied.contains(constraint))
        .collect();
    let never: Vec<_> = all.difference(&ledger.0).collect();
    assert_eq!(never, [&("", 0); 0], "never broken alone");
    assert_eq!(ledger.0.len(), all.len());
}
