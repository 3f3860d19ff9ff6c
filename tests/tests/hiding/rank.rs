//! The rank of what proofs of the real prover show, when the challenges are fixed.
//!
//! With a scripted coin a proof is an affine function of the random cells. Each is made one more than it
//! was, the proof is taken apart, and the rank of all differences is counted over the base field: the
//! relations that are left must be those that any proof has.

use winterfell::math::FieldElement;
use winterfell::math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winterlane_air::hiding::{Doubling, InPlace, Mode, TailFree};
use winterlane_tests::airs::{Periodic, Power, Private, Rap, TestAir};
use winterlane_tests::linear::Span;
use winterlane_tests::report;
use winterlane_tests::scripted::{Chained, Crowded, Script, ScriptedProver, Spread};
use winterlane_tests::veil::{Cell, Hidden, Rank, rank};

use super::shape::{Shape, shape};

type Quadratic = QuadExtension<BaseElement>;
type Cubic = CubeExtension<BaseElement>;

/// Counts the rank of a statement's proofs with those cells random that `keep` keeps.
fn count<E, A, S, M>(shape: Shape, keep: fn(&Hidden<'_, A, S, M>, &Cell) -> bool) -> Rank
where
    E: FieldElement<BaseField = BaseElement>,
    A: TestAir,
    S: Script,
    M: Mode<A>,
{
    shape.hide(E::EXTENSION_DEGREE, |hidden: Hidden<'_, A, S, M>| {
        let mut cells = hidden.veil_cells(E::EXTENSION_DEGREE);
        cells.retain(|cell| keep(&hidden, cell));
        rank::<E, _, _, _>(&hidden, &cells)
    })
}

/// The construction: the corank is what it has to be.
fn hides<E, A, S, M>(name: &str, shape: Shape)
where
    E: FieldElement<BaseField = BaseElement>,
    A: TestAir,
    S: Script,
    M: Mode<A>,
{
    let rank = count::<E, A, S, M>(shape, |_, _| true);
    report!("rank: {name}, {shape:?}: {rank}");
    assert_eq!(rank.corank(), rank.expected(), "{name}, {shape:?}: {rank}");
}

#[test]
fn the_corank_is_what_the_verifier_checks() {
    // Degrees, blowups, foldings and batchings, in place; the remainder is all of the DEEP polynomial where
    // its degree is as large.
    hides::<Cubic, Power<2, 0>, Spread, InPlace>("degree 2, in place", shape(32, 6, 2, 2, 31));
    hides::<Cubic, Power<3, 0>, Spread, InPlace>("degree 3, in place", shape(32, 6, 4, 2, 3));
    hides::<Quadratic, Power<3, 0>, Spread, InPlace>("degree 3, in place", shape(32, 6, 8, 4, 7));
    hides::<Cubic, Power<4, 0>, Spread, InPlace>("degree 4, in place", shape(32, 5, 4, 16, 1));
    hides::<Quadratic, Power<7, 0>, Spread, InPlace>("degree 7, in place", shape(32, 6, 8, 8, 3));
    hides::<Cubic, Power<3, 0>, Spread, InPlace>("degree 3, in place", shape(64, 17, 4, 4, 15));
}

/// The real statements, at their real length and width, with few queries. Some cells suffice: the rank counted
/// over them is at most that over all, and it is what it can be at most.
#[test]
fn private_statements_hide() {
    fn of<A: TestAir + TailFree>(name: &str) {
        let shape = shape(256, 6, 4, 4, 3);
        let rank = count::<Cubic, A, Spread, InPlace>(shape, |_, cell| match *cell {
            Cell::Main { .. } => false,
            Cell::Veil { column, row, .. } => (37 * row + 11 * column) % 7 < 3,
        });
        report!("rank: {name}, {shape:?}: {rank}");
        assert_eq!(rank.corank(), rank.expected(), "{name}: {rank}");
    }
    of::<Private<false>>("a private withdrawal");
    of::<Private<true>>("a credential");
}

#[test]
fn doubling_any_air_hides() {
    hides::<Cubic, Power<2, 0>, Spread, Doubling>("degree 2, doubling", shape(32, 5, 2, 4, 7));
    hides::<Cubic, Power<3, 1>, Spread, Doubling>("a periodic assertion", shape(32, 5, 8, 2, 0));
    hides::<Quadratic, Power<3, 2>, Spread, Doubling>("a sequence", shape(32, 5, 4, 16, 31));
    hides::<Cubic, Power<7, 0>, Spread, Doubling>("degree 7, doubling", shape(32, 4, 8, 4, 1));
    hides::<Quadratic, Periodic, Spread, Doubling>("periodic columns", shape(32, 5, 8, 2, 7));
    hides::<Cubic, Rap, Spread, Doubling>("an auxiliary segment", shape(64, 9, 4, 2, 7));
    hides::<Quadratic, Rap, Spread, Doubling>("an auxiliary segment", shape(32, 1, 8, 8, 3));
}

/// Each pair of queries x, x w costs one more relation, which is no secret: the constraints say it of what
/// is opened. Repeated positions, and those that share FRI's leaves, cost none.
#[test]
fn unlucky_positions_hide() {
    hides::<Cubic, Power<3, 0>, Chained<4>, InPlace>("x, x w, x w^2", shape(32, 6, 4, 2, 3));
    hides::<Quadratic, Power<2, 0>, Chained<2>, Doubling>("x, x w, x w^2", shape(32, 5, 2, 4, 7));
    hides::<Cubic, Power<3, 0>, Crowded, InPlace>("a crowd", shape(32, 6, 4, 4, 1));
}

/// What is random in the traces of two seeds is what the ranks above are counted over: the columns of the
/// veil, and the tail but for what is asserted of it. Everything else is the statement's.
fn draws<A, S, M>(name: &str, shape: Shape)
where
    A: TestAir,
    S: Script,
    M: Mode<A>,
{
    let prover = ScriptedProver::<A, S>::new(shape.options(3));
    let trace = A::trace(0, M::inner_rows(shape.rows), 5);
    let [one, two] = [1, 2].map(|seed| Hidden::<A, S, M>::new(&prover, trace.clone(), seed));
    let parameters = &one.parameters;
    let statement = parameters.statement_rows();
    let challenges = one.challenges::<Cubic>();
    let assertions = one.air.tail_assertions(Some(&challenges.aux));
    let mut random = 0;
    for column in 0..parameters.main_width() {
        let asserted = |row| {
            let mut found = false;
            for assertion in assertions.0.iter().filter(|a| a.column() == column) {
                assertion.apply(shape.rows, |at, value| {
                    found |= at == row;
                    assert!(at != row || one.main().get(column, row) == value);
                });
            }
            found
        };
        for row in 0..shape.rows {
            let padding = column >= parameters.inner_main_width();
            let expected = padding || row >= statement && !asserted(row);
            let cells = [&one, &two].map(|hidden| hidden.main().get(column, row));
            assert_eq!(cells[0] != cells[1], expected, "{name}: {column}, {row}");
            random += usize::from(expected);
        }
    }
    let segments = [&one, &two].map(|hidden| hidden.aux(&challenges.aux));
    let inner = parameters.inner_aux_width();
    for column in 0..parameters.aux_width() {
        for row in 0..shape.rows {
            let cells = segments.each_ref().map(|segment| segment.get(column, row));
            let [one, two] = cells;
            let differ = (0..3)
                .filter(|&i| one.base_element(i) != two.base_element(i))
                .count();
            let fixed = if column < inner {
                let asserted = assertions.1.iter().any(|assertion| {
                    let mut found = false;
                    assertion.apply(shape.rows, |at, _| found |= at == row);
                    found && assertion.column() == column
                });
                row < statement || asserted
            } else {
                column == parameters.asserted_column() && row == 0
            };
            // Each of the coordinates is drawn.
            assert_eq!(differ, if fixed { 0 } else { 3 }, "{name}: {column}, {row}");
            random += differ;
        }
    }
    // N is what the others leave it to be.
    for row in parameters.veil_bound_rows() {
        let cells = parameters
            .veil_constrained()
            .map(|column| segments[0].get(column, row));
        assert_eq!(cells.fold(Cubic::ZERO, |sum, cell| sum + cell), Cubic::ZERO);
    }
    report!("drawn: {name}: {random} coordinates differ between two seeds");
}

#[test]
fn all_that_may_be_random_is() {
    draws::<Power<3, 0>, Spread, InPlace>("in place", shape(64, 17, 4, 4, 15));
    draws::<Power<3, 1>, Spread, Doubling>("a periodic assertion", shape(64, 13, 4, 4, 15));
    draws::<Power<3, 2>, Spread, Doubling>("a sequence", shape(64, 13, 4, 4, 15));
    draws::<Rap, Spread, Doubling>("an auxiliary segment", shape(64, 9, 4, 4, 15));
}

/// What is opened of the trace's own columns is uniform: of a random column as many coordinates as there
/// are, of a public one none.
fn tail<E, A, S, M>(name: &str, shape: Shape, public: usize)
where
    E: FieldElement<BaseField = BaseElement>,
    A: TestAir,
    S: Script,
    M: Mode<A>,
{
    let degree = E::EXTENSION_DEGREE;
    shape.hide(degree, |hidden: Hidden<'_, A, S, M>| {
        let prover = ScriptedProver::<A, S>::new(shape.options(degree));
        let trace = A::trace(0, M::inner_rows(shape.rows), 5);
        let other = Hidden::<A, S, M>::new(&prover, trace, 2);
        let width = hidden.parameters.main_width();
        let cells = hidden.random_main_cells(&other);
        let differences =
            hidden.differences::<E>(&cells, |opened| opened.main.columns(0..width, 1, degree));
        let queries = hidden.challenges::<E>().positions.len();
        let opened = queries + 2 * degree;
        let rank = Span::of(differences[0].len(), differences).rank();
        report!(
            "tail: {name}, {shape:?}: rank {rank} of {width} columns, {opened} coordinates each"
        );
        assert_eq!(rank, opened * (width - public), "{name}");
    });
}

#[test]
fn what_is_opened_of_the_trace_is_uniform() {
    tail::<Cubic, Power<3, 0>, Spread, InPlace>("in place", shape(32, 6, 4, 2, 3), 0);
    tail::<Quadratic, Power<3, 0>, Chained<4>, InPlace>("x, x w", shape(32, 6, 4, 2, 3), 0);
    tail::<Cubic, Power<3, 1>, Spread, Doubling>("periodic", shape(64, 13, 4, 2, 3), 0);
    tail::<Cubic, Power<3, 2>, Spread, Doubling>("a sequence", shape(64, 13, 4, 2, 3), 0);
    tail::<Cubic, Rap, Spread, Doubling>("an auxiliary segment", shape(64, 9, 4, 2, 3), 0);
}

/// Cells of the veil that are not random, and what the rank says of it.
#[test]
fn a_veil_with_less_randomness_has_a_larger_corank() {
    type Statement<'a> = Hidden<'a, Power<3, 0>, Spread, InPlace>;
    type Keep = fn(&Statement<'_>, &Cell) -> bool;
    const fn column(cell: &Cell) -> usize {
        match *cell {
            Cell::Main { .. } => usize::MAX,
            Cell::Veil { column, .. } => column,
        }
    }
    let without: [(&str, Keep, usize); 5] = [
        ("N's free rows", |_, cell| column(cell) != 0, 0),
        ("A_1", |_, cell| column(cell) != 1, 1),
        ("A_2", |_, cell| column(cell) != 2, 1),
        ("M", |_, cell| column(cell) != 3, 0),
        (
            "two of three coordinates",
            |_, cell| matches!(cell, Cell::Veil { part: 0, .. }),
            1,
        ),
    ];
    let shape = shape(32, 6, 4, 2, 31);
    for (name, keep, least) in without {
        let rank = count::<Cubic, Power<3, 0>, Spread, InPlace>(shape, keep);
        let surplus = rank.corank() - rank.expected();
        report!("rank: without {name}: surplus {surplus}; {rank}");
        assert!(surplus >= least, "{name}: {rank}");
    }
    // At degree 2 the mask is needed.
    let rank = count::<Cubic, Power<2, 0>, Spread, InPlace>(shape, |_, cell| column(cell) != 2);
    report!("rank: degree 2 without M: {rank}");
    assert!(rank.corank() > rank.expected(), "{rank}");
}
