//! The rank of what proofs of the real prover show, when the challenges are fixed.
//!
//! With a scripted coin a proof is an affine function of the random cells. Each is made one more than it
//! was, the proof is taken apart, and the rank of all differences is counted over the base field: the
//! relations that are left must be those that any proof has.

use winterfell::math::FieldElement;
use winterfell::math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winterlane_air::hiding::{Doubling, InPlace, Mode};
use winterlane_tests::airs::{AnyAir, Small};
use winterlane_tests::linear::Span;
use winterlane_tests::report;
use winterlane_tests::scripted::Script::{self, Chained, Crowded, Spread};
use winterlane_tests::scripted::ScriptedProver;
use winterlane_tests::veil::{Cell, Hidden, Rank, rank};

use super::shape::{Shape, shape};

type Quadratic = QuadExtension<BaseElement>;
type Cubic = CubeExtension<BaseElement>;

/// A statement with a periodic assertion.
const PERIODIC: Small = Small::Power { degree: 3, kind: 1 };

/// One with a sequence.
const SEQUENCE: Small = Small::Power { degree: 3, kind: 2 };

/// Counts the rank of a statement's proofs with those cells random that `keep` keeps.
fn count<E, M>(
    statement: (Small, Script),
    shape: Shape,
    keep: fn(&Hidden<'_, M>, &Cell) -> bool,
) -> Rank
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    shape.hide(E::EXTENSION_DEGREE, statement, |hidden: Hidden<'_, M>| {
        let mut cells = hidden.veil_cells(E::EXTENSION_DEGREE);
        cells.retain(|cell| keep(&hidden, cell));
        rank::<E, _>(&hidden, &cells)
    })
}

/// The construction: the corank is what it has to be.
fn hides<E, M>(statement: (Small, Script), name: &str, shape: Shape)
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    let rank = count::<E, M>(statement, shape, |_, _| true);
    report!("rank: {name}, {shape:?}: {rank}");
    assert_eq!(rank.corank(), rank.expected(), "{name}, {shape:?}: {rank}");
}

#[test]
fn the_corank_is_what_the_verifier_checks() {
    let power = Small::power;
    // Degrees, blowups, foldings and batchings, in place; the remainder is all of the DEEP polynomial where
    // its degree is as large.
    hides::<Cubic, InPlace>(
        (power(2), Spread),
        "degree 2, in place",
        shape(32, 6, 2, 2, 31),
    );
    hides::<Cubic, InPlace>(
        (power(3), Spread),
        "degree 3, in place",
        shape(32, 6, 4, 2, 3),
    );
    hides::<Quadratic, InPlace>(
        (power(3), Spread),
        "degree 3, in place",
        shape(32, 6, 8, 4, 7),
    );
    hides::<Cubic, InPlace>(
        (power(4), Spread),
        "degree 4, in place",
        shape(32, 5, 4, 16, 1),
    );
    hides::<Quadratic, InPlace>(
        (power(7), Spread),
        "degree 7, in place",
        shape(32, 6, 8, 8, 3),
    );
    hides::<Cubic, InPlace>(
        (power(3), Spread),
        "degree 3, in place",
        shape(64, 17, 4, 4, 15),
    );
}

/// The real statements, at their real length and width, with few queries. Some cells suffice: the rank counted
/// over them is at most that over all, and it is what it can be at most.
#[test]
fn private_statements_hide() {
    for (signed, name) in [(false, "a private withdrawal"), (true, "a credential")] {
        let shape = shape(256, 6, 4, 4, 3);
        let statement = (Small::Private { signed }, Spread);
        let rank = count::<Cubic, InPlace>(statement, shape, |_, cell| match *cell {
            Cell::Main { .. } => false,
            Cell::Veil { column, row, .. } => (37 * row + 11 * column) % 7 < 3,
        });
        report!("rank: {name}, {shape:?}: {rank}");
        assert_eq!(rank.corank(), rank.expected(), "{name}: {rank}");
    }
}

#[test]
fn doubling_any_air_hides() {
    let power = Small::power;
    hides::<Cubic, Doubling>(
        (power(2), Spread),
        "degree 2, doubling",
        shape(32, 5, 2, 4, 7),
    );
    hides::<Cubic, Doubling>(
        (PERIODIC, Spread),
        "a periodic assertion",
        shape(32, 5, 8, 2, 0),
    );
    hides::<Quadratic, Doubling>((SEQUENCE, Spread), "a sequence", shape(32, 5, 4, 16, 31));
    hides::<Cubic, Doubling>(
        (power(7), Spread),
        "degree 7, doubling",
        shape(32, 4, 8, 4, 1),
    );
    hides::<Quadratic, Doubling>(
        (Small::Periodic, Spread),
        "periodic columns",
        shape(32, 5, 8, 2, 7),
    );
    hides::<Cubic, Doubling>(
        (Small::Rap, Spread),
        "an auxiliary segment",
        shape(64, 9, 4, 2, 7),
    );
    hides::<Quadratic, Doubling>(
        (Small::Rap, Spread),
        "an auxiliary segment",
        shape(32, 1, 8, 8, 3),
    );
}

/// Each pair of queries x, x w costs one more relation, which is no secret: the constraints say it of what
/// is opened. Repeated positions, and those that share FRI's leaves, cost none.
#[test]
fn unlucky_positions_hide() {
    let power = Small::power;
    hides::<Cubic, InPlace>(
        (power(3), Chained(4)),
        "x, x w, x w^2",
        shape(32, 6, 4, 2, 3),
    );
    hides::<Quadratic, Doubling>(
        (power(2), Chained(2)),
        "x, x w, x w^2",
        shape(32, 5, 2, 4, 7),
    );
    hides::<Cubic, InPlace>((power(3), Crowded), "a crowd", shape(32, 6, 4, 4, 1));
}

/// What is random in the traces of two seeds is what the ranks above are counted over: the columns of the
/// veil, and the tail but for what is asserted of it. Everything else is the statement's.
fn draws<M: Mode<AnyAir>>(air: Small, name: &str, shape: Shape) {
    let prover = ScriptedProver::new(shape.options(3));
    let trace = air.trace(0, M::inner_rows(shape.rows), 5).scripted(Spread);
    let [one, two] = [1, 2].map(|seed| Hidden::<M>::new(&prover, trace.clone(), seed));
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
    draws::<InPlace>(Small::power(3), "in place", shape(64, 17, 4, 4, 15));
    draws::<Doubling>(PERIODIC, "a periodic assertion", shape(64, 13, 4, 4, 15));
    draws::<Doubling>(SEQUENCE, "a sequence", shape(64, 13, 4, 4, 15));
    draws::<Doubling>(Small::Rap, "an auxiliary segment", shape(64, 9, 4, 4, 15));
}

/// What is opened of the trace's own columns is uniform: of a random column as many coordinates as there
/// are, of a public one none.
fn tail<E, M>((air, script): (Small, Script), name: &str, shape: Shape, public: usize)
where
    E: FieldElement<BaseField = BaseElement>,
    M: Mode<AnyAir>,
{
    let degree = E::EXTENSION_DEGREE;
    shape.hide(degree, (air, script), |hidden: Hidden<'_, M>| {
        let prover = ScriptedProver::new(shape.options(degree));
        let trace = air.trace(0, M::inner_rows(shape.rows), 5).scripted(script);
        let other = Hidden::<M>::new(&prover, trace, 2);
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
    let (cubes, short) = (Small::power(3), shape(32, 6, 4, 2, 3));
    tail::<Cubic, InPlace>((cubes, Spread), "in place", short, 0);
    tail::<Quadratic, InPlace>((cubes, Chained(4)), "x, x w", short, 0);
    tail::<Cubic, Doubling>((PERIODIC, Spread), "periodic", shape(64, 13, 4, 2, 3), 0);
    tail::<Cubic, Doubling>((SEQUENCE, Spread), "a sequence", shape(64, 13, 4, 2, 3), 0);
    let shape = shape(64, 9, 4, 2, 3);
    tail::<Cubic, Doubling>((Small::Rap, Spread), "an auxiliary segment", shape, 0);
}

/// Cells of the veil that are not random, and what the rank says of it.
#[test]
fn a_veil_with_less_randomness_has_a_larger_corank() {
    type Keep = fn(&Hidden<'_, InPlace>, &Cell) -> bool;
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
        let rank = count::<Cubic, InPlace>((Small::power(3), Spread), shape, keep);
        let surplus = rank.corank() - rank.expected();
        report!("rank: without {name}: surplus {surplus}; {rank}");
        assert!(surplus >= least, "{name}: {rank}");
    }
    // At degree 2 the mask is needed.
    let squares = (Small::power(2), Spread);
    let rank = count::<Cubic, InPlace>(squares, shape, |_, cell| column(cell) != 2);
    report!("rank: degree 2 without M: {rank}");
    assert!(rank.corank() > rank.expected(), "{rank}");
}
