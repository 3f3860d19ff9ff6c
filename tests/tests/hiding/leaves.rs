//! What is not opened stays unknown: the digest of a row tells nothing to whoever cannot guess the row.
//!
//! Merkle trees here have no salt. A leaf hides its row if, given all that the proof shows, the row still
//! has the entropy of four elements at least, 256 bits.

use core::ops::Range;

use winterfell::math::FieldElement;
use winterfell::math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winterlane_air::hiding::{Doubling, InPlace, Mode};
use winterlane_tests::airs::{AnyAir, Small};
use winterlane_tests::linear::Span;
use winterlane_tests::opened::{Challenges, Opened};
use winterlane_tests::report;
use winterlane_tests::scripted::{Script, ScriptedProver};
use winterlane_tests::veil::{Cell, Hidden, shown};

use super::shape::{Shape, shape};

type Quadratic = QuadExtension<BaseElement>;
type Cubic = CubeExtension<BaseElement>;

/// Elements whose entropy a leaf keeps.
const KEPT: usize = 4;

/// A statement with the queries that are answered, and with others, which open the leaves that are not.
struct Leaves<'p, M: Mode<AnyAir>> {
    here: Hidden<'p, M>,
    there: Hidden<'p, M>,
    /// The statement with other randomness.
    other: Hidden<'p, M>,
}

impl<M: Mode<AnyAir>> Leaves<'_, M> {
    /// Calls `test` with a statement of this shape.
    fn with<T>(
        air: Small,
        shape: Shape,
        degree: usize,
        test: impl FnOnce(Leaves<'_, M>) -> T,
    ) -> T {
        let prover = ScriptedProver::new(shape.options(degree));
        let trace = air.trace(0, M::inner_rows(shape.rows), 5);
        let [here, there] =
            [Script::Spread, Script::Beside].map(|script| trace.clone().scripted(script));
        test(Leaves {
            here: Hidden::new(&prover, here.clone(), 1),
            there: Hidden::new(&prover, there, 1),
            other: Hidden::new(&prover, here, 2),
        })
    }

    /// The least rank of an unopened row of each of the trees of `leaves`, given what `view` shows, when
    /// `cells` are random.
    fn least<E: FieldElement<BaseField = BaseElement>>(
        &self,
        cells: &[Cell],
        view: impl Fn(&Opened) -> Vec<BaseElement> + Sync,
        leaves: impl Fn(&Opened) -> Vec<Vec<BaseElement>> + Sync,
    ) -> usize {
        let opened = Opened::of::<_, E>(&self.there.air, &self.there.prove(None));
        let widths: Vec<_> = leaves(&opened).iter().map(Vec::len).collect();
        let views = self.here.differences::<E>(cells, view);
        let rows = self
            .there
            .differences::<E>(cells, |opened| leaves(opened).concat());
        let width = views[0].len();
        let rank = Span::of(width, views.iter().cloned()).rank();
        let with = |at: Range<usize>| {
            let both = views.iter().zip(&rows).map(|(view, row)| {
                let mut both = view.clone();
                both.extend(&row[at.clone()]);
                both
            });
            Span::of(width + at.len(), both).rank() - rank
        };
        let ends = widths.iter().scan(0, |end, width| {
            *end += width;
            Some(*end)
        });
        let least = ends.zip(&widths).map(|(end, width)| with(end - width..end));
        least.min().expect("a leaf")
    }

    /// The least rank of an unopened row of the main segment, when those of its random cells are random that
    /// `keep` keeps.
    fn main<E: FieldElement<BaseField = BaseElement>>(
        &self,
        keep: impl Fn(usize) -> bool,
    ) -> usize {
        let mut cells = self.here.random_main_cells(&self.other);
        cells.retain(|cell| matches!(*cell, Cell::Main { row, .. } if keep(row)));
        let (width, degree) = (self.here.parameters.main_width(), E::EXTENSION_DEGREE);
        self.least::<E>(
            &cells,
            |opened| opened.main.columns(0..width, 1, degree),
            |opened| opened.main.queries.clone(),
        )
    }

    /// The least ranks of unopened rows of the veil and of the quotient, given all that is shown of both and
    /// of FRI.
    fn veil<E: FieldElement<BaseField = BaseElement>>(&self) -> [usize; 2] {
        let (parameters, degree) = (&self.here.parameters, E::EXTENSION_DEGREE);
        let cells = self.here.veil_cells(degree);
        let view = |opened: &Opened| shown(parameters, opened, degree);
        let first = parameters.inner_aux_width() * degree;
        let of_veil = |opened: &Opened| {
            let rows = opened.aux.queries.iter();
            rows.map(|row| row[first..].to_vec()).collect()
        };
        let of_quotient = |opened: &Opened| opened.quotient.queries.clone();
        [
            self.least::<E>(&cells, view, of_veil),
            self.least::<E>(&cells, view, of_quotient),
        ]
    }
}

fn unguessable<E, M>(air: Small, name: &str, shape: Shape)
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    Leaves::<M>::with(air, shape, E::EXTENSION_DEGREE, |leaves| {
        let (there, here) = (
            leaves.there.challenges::<E>(),
            leaves.here.challenges::<E>(),
        );
        // Other positions of the same polynomials.
        let drawn = |of: &Challenges<E>| (of.z, of.deep.trace.clone(), of.alphas.clone());
        assert_eq!(drawn(&there), drawn(&here));
        let asked = here.positions;
        assert!(
            there
                .positions
                .iter()
                .all(|position| !asked.contains(position))
        );
        let main = leaves.main::<E>(|_| true);
        let [veil, quotient] = leaves.veil::<E>();
        report!("leaves: {name}, {shape:?}: rank {main} main, {veil} veil, {quotient} quotient");
        assert!(main >= KEPT && veil >= KEPT && quotient >= KEPT, "{name}");
    });
}

#[test]
fn a_row_that_is_not_opened_cannot_be_guessed() {
    let sequence = Small::Power { degree: 3, kind: 2 };
    unguessable::<Cubic, InPlace>(Small::power(2), "degree 2", shape(32, 6, 2, 2, 31));
    unguessable::<Cubic, InPlace>(Small::power(3), "degree 3", shape(32, 6, 4, 2, 3));
    unguessable::<Quadratic, InPlace>(Small::power(3), "degree 3", shape(32, 6, 8, 4, 7));
    unguessable::<Cubic, Doubling>(sequence, "a sequence", shape(64, 13, 4, 2, 3));
    unguessable::<Cubic, Doubling>(Small::Rap, "an auxiliary segment", shape(64, 9, 4, 2, 7));
}

/// One random row fewer than the tail has, and what is opened determines all rows.
#[test]
fn a_shorter_tail_tells_the_leaves() {
    let shape = shape(32, 6, 4, 2, 3);
    Leaves::<InPlace>::with(Small::power(3), shape, 3, |leaves| {
        let first = leaves.here.parameters.statement_rows();
        let ranks = [0, 1].map(|fewer| leaves.main::<Cubic>(|row| row >= first + fewer));
        report!(
            "leaves: tail s + 7 and s + 6: rank {} and {}",
            ranks[0],
            ranks[1]
        );
        assert_eq!(ranks, [KEPT, 0]);
    });
}
