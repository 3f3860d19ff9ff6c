//! Which row of a private statement does what: the selectors, and tables of them.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::{Digest, private::PrivateInputs};

use super::{
    columns::{self, CARRY, INDEX, SUM},
    statements,
};

/// Declares the selectors.
macro_rules! selectors {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A periodic column: zero in the rows of which it does not say anything.
        ///
        /// *Next* is the next row, `J` this row's compression output.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(usize)]
        #[non_exhaustive]
        pub enum Selector { $($(#[$doc])* $name,)* }

        impl Selector {
            /// All selectors, in the order of the periodic columns.
            pub const ALL: &'static [Selector] = &[$(Selector::$name,)*];
        }
    };
}

selectors! {
    /// The tag of the row's hash: what the last lane of the input holds besides.
    Tag,
    /// The left half is `X`.
    LoCarry,
    /// The left half is `KEPT`.
    LoKept,
    /// The left half is `SECRET`.
    LoSecret,
    /// The left half is the root of a credential's attributes.
    LoRoot,
    /// The right half is `X`.
    HiCarry,
    /// The right half is `KEPT`.
    HiKept,
    /// The right half begins with `ASSET`.
    HeadAsset,
    /// The right half begins with `POSITION`.
    HeadPosition,
    /// The right half begins with zero.
    HeadZero,
    /// The right half ends with [`Place`](Selector::Place), 0, 0.
    Tail,
    /// The second lane of the right half, where [`Tail`](Selector::Tail) is on.
    Place,
    /// A chain's step: the left half ends with the seed.
    Step,
    /// A chain's further step: the left half begins with that of `X`.
    StepOn,
    /// A one-time key begins: the left half is seed, `POSITION`, 0.
    KeyStart,
    /// The ends of two chains: the right half is the second half of `SECRET`, and the first of `X`.
    ChainEnds,
    /// `X` is one half, on the side of `SIDE`.
    Path,
    /// The index of a path is `POSITION`.
    IndexStart,
    /// The index loses the bit of `SIDE`.
    IndexShift,
    /// The index has no other bit than that of `SIDE`.
    IndexEnd,
    /// Next `X` is free: an assertion binds it, or the chain phase does.
    CarryFree,
    /// Next `KEPT` is `J`.
    KeepOutput,
    /// Next `KEPT` is the right half.
    KeepHi,
    /// Next `SECRET` is the right half.
    SecretHi,
    /// The second half of next `SECRET` is the first of `J`: the end of a chain.
    KeepEnd,
    /// `J` is the public root in [`Root0`](Selector::Root0) to [`Root3`](Selector::Root3), if the note is real.
    Check,
    /// Lane 0 of the root of [`Check`](Selector::Check).
    Root0,
    /// Lane 1 of it.
    Root1,
    /// Lane 2 of it.
    Root2,
    /// Lane 3 of it.
    Root3,
    /// `J` is the root of a credential's attributes.
    CheckAttributes,
    /// Next `POSITION` and `REAL` are free.
    Renew,
    /// The value in the right half is zero, unless the note is real.
    DummyValue,
    /// Next `RANGE` is the value in the right half.
    RangeTail,
    /// Next `RANGE` is `POSITION` less the next index of the slot in `SECRET`.
    RangeGap,
    /// `RANGE` loses two bits a limb.
    RangeShift,
    /// The two lower limbs have no bit left.
    RangeEnd,
    /// The highest limb has no bit left.
    RangeEndHigh,
    /// How many times the value in the right half is added to `SUM`.
    AddTail,
    /// How many times the value in `KEPT` is added to `SUM`.
    AddKept,
    /// How many times the value in `SECRET` is added to `SUM`.
    AddSecret,
    /// How many times next `RANGE` is added to `SUM`.
    AddRange,
    /// Next `SUM` is free: an assertion binds it.
    SumFree,
    /// `SUM` is zero up to carries, which `BITS` has.
    SumEnd,
    /// `SIDE` is `SLOT`.
    SideSlot,
    /// The right half begins with the account's scopes, of which `BITS` has the bits; the slot may spend.
    Scopes,
    /// `J` is the message that an issuer signed: its first two lanes are the words that have the digits. The
    /// first pair of chains opens in the next row.
    Sign,
    /// The chain phase: a step of a chain, or the closing of a pair.
    Chains,
    /// The last row of the chain phase.
    ChainsEnd,
}

/// Number of periodic columns.
pub const NUM_SELECTORS: usize = Selector::ALL.len();

/// What a row hashes, for whoever fills it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Nothing that matters.
    Idle,
    /// The spend key of input `0`.
    Authority(usize),
    /// Authority and nullifier key.
    Address(usize),
    /// Address and randomness.
    Owner(usize),
    /// The commitment of the note that is spent.
    Commitment(usize),
    /// The note's path, by level.
    NotePath(usize, usize),
    /// The path in the association set, by level.
    AssociationPath(usize, usize),
    /// The commitment at its position.
    NoteId(usize),
    /// The nullifier.
    Nullifier(usize),
    /// The commitment of a new note.
    Output(usize),
    /// A step of a chain, by chain, from this position.
    ChainStep(usize, usize),
    /// Two chain ends, absorbed into a one-time key.
    ChainEnds(usize),
    /// The path in the key tree, by level.
    KeyPath(usize),
    /// The two key roots of an account.
    Keys,
    /// An account's metadata.
    Meta,
    /// An account's leaf.
    Leaf,
    /// An account's path, by level.
    AccountPath(usize),
    /// The attribute of predicate `0`.
    Attribute(usize),
    /// The attribute's path, by level.
    AttributePath(usize, usize),
    /// The attribute's value as a member of the set of predicate `0`.
    Member(usize),
    /// The member's path, by level.
    SetPath(usize, usize),
    /// The path among the revoked credentials, by level.
    RevocationPath(usize),
    /// A holder's secret and the verifier.
    Pseudonym,
    /// A holder's secret.
    Holder,
    /// The root of the attributes and the holder key.
    Body,
    /// Body, number and last day.
    Credential,
    /// The credential bound to its schema.
    Bound,
    /// The message that the issuer signed.
    Message,
    /// A step of a chain, or the closing of a pair of them.
    Chain,
    /// The path in the issuer's key tree, by level.
    IssuerPath(usize),
}

/// The table of a statement: what each row does, and what is public of it.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    cells: Vec<[BaseElement; NUM_SELECTORS]>,
    roles: Vec<Role>,
    assertions: Vec<(usize, usize, BaseElement)>,
    is_signed: bool,
}

/// Where the index of a path comes from: its bits are the sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathIndex {
    /// Any: where in the tree the leaf is does not matter.
    Any,
    /// `POSITION`.
    Position,
    /// A public number.
    Public(u32),
}

impl Schedule {
    /// The table of the statement with these public inputs.
    ///
    /// Inputs that no statement has ([`PrivateInputs::check`]) have a table too: a verifier refuses them
    /// before it looks at a proof.
    #[must_use]
    pub fn of(inputs: &PrivateInputs) -> Self {
        statements::schedule(inputs)
    }

    /// Rows that say something: constraints must hold on all of them.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.cells.len()
    }

    /// Number of columns of the statement's trace: a credential's has those of a signature besides.
    #[must_use]
    pub const fn width(&self) -> usize {
        if self.is_signed {
            columns::signature::TRACE_WIDTH
        } else {
            columns::TRACE_WIDTH
        }
    }

    /// Whether an issuer's signature is part of the statement.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// The value of a selector in a row; zero after the last.
    #[must_use]
    pub fn at(&self, selector: Selector, row: usize) -> BaseElement {
        let cells = self.cells.get(row);
        cells.map_or(BaseElement::ZERO, |cells| cells[selector as usize])
    }

    /// Whether a selector is not zero in a row.
    #[must_use]
    pub fn is_on(&self, selector: Selector, row: usize) -> bool {
        self.at(selector, row) != BaseElement::ZERO
    }

    /// What a row hashes.
    #[must_use]
    pub fn role(&self, row: usize) -> Role {
        self.roles.get(row).copied().unwrap_or(Role::Idle)
    }

    /// What is public: column, row, value.
    #[must_use]
    pub fn assertions(&self) -> &[(usize, usize, BaseElement)] {
        &self.assertions
    }

    /// The periodic columns of a trace of `rows` rows.
    pub(super) fn periodic_columns(&self, rows: usize) -> Vec<Vec<BaseElement>> {
        let mut columns = vec![vec![BaseElement::ZERO; rows]; NUM_SELECTORS];
        for (row, cells) in self.cells.iter().enumerate() {
            for (column, &value) in columns.iter_mut().zip(cells) {
                if let Some(cell) = column.get_mut(row) {
                    *cell = value;
                }
            }
        }
        columns
    }
}

/// Rows in which the two lower limbs of a range check lose their 50 bits.
pub(super) const LIMB_ROWS: usize = 25;
/// Rows in which the highest limb loses its 28 bits.
const HIGH_LIMB_ROWS: usize = 14;

/// How statements write their tables. Rows are made as they are named.
impl Schedule {
    /// Appends a row that hashes with `tag`, and gives its number.
    pub(super) fn hash(&mut self, role: Role, tag: BaseElement, on: &[Selector]) -> usize {
        let row = self.roles.len();
        self.roles.push(role);
        self.set(row, Selector::Tag, tag);
        self.on(row, on);
        row
    }

    /// Appends rows of which nothing is said.
    pub(super) fn idle(&mut self, rows: usize) {
        for _ in 0..rows {
            self.hash(Role::Idle, BaseElement::ZERO, &[]);
        }
    }

    /// Sets a selector in a row.
    pub(super) fn set(&mut self, row: usize, selector: Selector, value: BaseElement) {
        if self.cells.len() <= row {
            self.cells
                .resize(row + 1, [BaseElement::ZERO; NUM_SELECTORS]);
        }
        self.cells[row][selector as usize] = value;
    }

    /// Sets selectors to one.
    pub(super) fn on(&mut self, row: usize, selectors: &[Selector]) {
        for &selector in selectors {
            self.set(row, selector, BaseElement::ONE);
        }
    }

    /// The output of a row is this root, which is public, if the note is real.
    pub(super) fn check(&mut self, row: usize, root: &Digest) {
        self.on(row, &[Selector::Check]);
        let lanes = [
            Selector::Root0,
            Selector::Root1,
            Selector::Root2,
            Selector::Root3,
        ];
        for (selector, &lane) in lanes.into_iter().zip(&root.0) {
            self.set(row, selector, lane);
        }
    }

    /// Appends a path of `levels` rows, from the `X` of its first row on; gives its last row.
    pub(super) fn path(
        &mut self,
        role: impl Fn(usize) -> Role,
        tag: BaseElement,
        levels: usize,
        index: PathIndex,
    ) -> usize {
        let mut last = 0;
        for level in 0..levels {
            last = self.hash(role(level), tag, &[Selector::Path]);
            if index != PathIndex::Any {
                match index {
                    PathIndex::Position if level == 0 => self.on(last, &[Selector::IndexStart]),
                    PathIndex::Public(number) if level == 0 => {
                        let number = BaseElement::from(number);
                        self.assert(INDEX..INDEX + 1, last, &[number]);
                    }
                    _ => {}
                }
                let ends = level + 1 == levels;
                let moves = [Selector::IndexShift, Selector::IndexEnd][usize::from(ends)];
                self.on(last, &[moves]);
            }
        }
        last
    }

    /// The range check of a value that row `row` loads: gives the row in which it ends, which is free for
    /// the next one to load.
    pub(super) fn range(&mut self, row: usize) -> usize {
        for shift in row + 1..=row + LIMB_ROWS {
            self.on(shift, &[Selector::RangeShift]);
        }
        self.on(row + HIGH_LIMB_ROWS + 1, &[Selector::RangeEndHigh]);
        let end = row + LIMB_ROWS + 1;
        self.on(end, &[Selector::RangeEnd]);
        end
    }

    /// Subtracts a value in its range from `SUM` in row `row`, and says that nothing is left; gives the row
    /// in which that is said.
    pub(super) fn difference(&mut self, row: usize) -> usize {
        self.set(row, Selector::AddRange, -BaseElement::ONE);
        let end = self.range(row);
        self.on(end, &[Selector::SumEnd]);
        end
    }

    /// Begins `SUM` anew in row `row`, at a public value. What the sum was before must have been used.
    pub(super) fn start_sum(&mut self, row: usize, limbs: &[BaseElement; 3]) {
        if let Some(before) = row.checked_sub(1) {
            self.on(before, &[Selector::SumFree]);
        }
        self.assert(SUM, row, limbs);
    }

    /// Begins a path: the `X` of the next row to be made is this public leaf. Where an assertion shows the
    /// output of the row before, an idle row comes between.
    pub(super) fn start_path(&mut self, leaf: &[BaseElement; 4]) {
        let shown = |table: &Self, row| {
            let mut cells = table.assertions.iter();
            cells.any(|&(column, at, _)| column == CARRY.start && at == row)
        };
        while shown(self, self.roles.len()) {
            self.idle(1);
        }
        let row = self.roles.len();
        if let Some(before) = row.checked_sub(1) {
            self.on(before, &[Selector::CarryFree]);
        }
        self.assert(CARRY, row, leaf);
    }

    /// Rows that hash something, so far.
    pub(super) const fn hashed(&self) -> usize {
        self.roles.len()
    }

    /// Appends the chain phase after the row of the message: `steps` steps and the closing of `pairs` pairs. The
    /// `X` of the row after it is the one-time key.
    pub(super) fn chains(&mut self, steps: usize, pairs: usize) {
        self.is_signed = true;
        let message = self.roles.len().saturating_sub(1);
        self.on(message, &[Selector::Sign, Selector::CarryFree]);
        for _ in 0..steps + pairs {
            let on = [Selector::Chains, Selector::CarryFree];
            self.hash(Role::Chain, BaseElement::ZERO, &on);
        }
        let end = self.roles.len().saturating_sub(1);
        self.on(end, &[Selector::ChainsEnd]);
    }

    /// Binds the cells of a row to public values.
    pub(super) fn assert(&mut self, columns: Range<usize>, row: usize, values: &[BaseElement]) {
        debug_assert_eq!(columns.len(), values.len());
        let cells = columns.zip(values);
        let assertions = cells.map(|(column, &value)| (column, row, value));
        self.assertions.extend(assertions);
    }

    /// Binds the output of a row, which is `X` in the next.
    pub(super) fn assert_output(&mut self, row: usize, digest: &[BaseElement; 4]) {
        self.assert(CARRY, row + 1, digest);
        // the row that shows it is one of the statement's
        if self.cells.len() <= row + 1 {
            self.set(row + 1, Selector::Tag, BaseElement::ZERO);
        }
    }
}
