//! What is left out of the construction shows in the ranks of the real prover's proofs.

use winterfell::math::fields::{CubeExtension, f64::BaseElement};
use winterlane_air::hiding::{Doubling, InPlace};
use winterlane_tests::airs::Small;
use winterlane_tests::linear::Span;
use winterlane_tests::mutated::{Mutation, mutated_rank};
use winterlane_tests::report;
use winterlane_tests::scripted::{Script, ScriptedProver, turn};
use winterlane_tests::veil::{Cell, Hidden, Rank, rank};

use super::shape::shape;

type Cubic = CubeExtension<BaseElement>;

/// A statement of degree 3, which has the columns A_1 and A_2.
const STATEMENT: Small = Small::power(3);

/// The veil as it is.
const WHOLE: Mutation = Mutation {
    powers: &[2, 4],
    next: true,
};

/// The veil on the current row, which is what a query opens.
const CURRENT_ROW: Mutation = Mutation {
    powers: &[2, 4],
    next: false,
};

/// `p` and `p^2` for `p^2` and `p^4`: half of each power.
const HALF_POWERS: Mutation = Mutation {
    powers: &[1, 2],
    next: true,
};

/// `p A_1'`: half of the first power.
const HALF_FIRST: Mutation = Mutation {
    powers: &[1, 4],
    next: true,
};

fn another_veil(mutation: Mutation, name: &str) -> Rank {
    let shape = shape(32, 6, 4, 2, 31);
    let statement = (STATEMENT, Script::Spread);
    let rank = shape.hide(3, statement, |hidden: Hidden<'_, InPlace>| {
        mutated_rank::<Cubic, _>(&hidden, mutation)
    });
    report!("mutants: {name}: {rank}");
    rank
}

#[test]
fn another_veil_leaks() {
    let whole = another_veil(WHOLE, "the veil as it is");
    assert_eq!(whole.corank(), whole.expected());
    for rank in [
        another_veil(CURRENT_ROW, "the current row"),
        another_veil(HALF_POWERS, "p for p^2"),
        another_veil(HALF_FIRST, "p A_1'"),
    ] {
        assert!(rank.corank() > rank.expected(), "{rank}");
    }
}

/// More queries than the parameters were checked for: at twice as many, n is far below the lemma's bound.
#[test]
fn too_short_a_trace_leaks() {
    let shape = shape(64, 13, 4, 2, 31);
    let statement = (Small::Power { degree: 3, kind: 2 }, Script::TooMany(2));
    let rank = shape.hide(3, statement, |hidden: Hidden<'_, Doubling>| {
        let cells = hidden.veil_cells(3);
        rank::<Cubic, _>(&hidden, &cells)
    });
    report!("mutants: n far below the bound: {rank}");
    // The exempt rows are enough: it is the length that is not.
    assert!(rank.queries + 2 < 33);
    assert!(rank.corank() > rank.expected(), "{rank}");
}

/// What is opened of the main segment, by the random cells of the rows that `keep` keeps.
fn tail(keep: impl Fn(usize) -> bool) -> (usize, usize) {
    let shape = shape(32, 6, 4, 2, 3);
    let statement = (STATEMENT, Script::Spread);
    shape.hide(3, statement, |hidden: Hidden<'_, InPlace>| {
        let statement = hidden.parameters.statement_rows();
        let cells: Vec<_> = (statement..32)
            .filter(|&row| keep(row - statement))
            .flat_map(|row| (0..4).map(move |column| Cell::Main { column, row }))
            .collect();
        let differences =
            hidden.differences::<Cubic>(&cells, |opened| opened.main.columns(0..4, 1, 3));
        let width = differences[0].len();
        (Span::of(width, differences).rank(), width)
    })
}

/// Of a column `s + 6` coordinates are opened: with fewer random rows they are not uniform.
#[test]
fn a_short_or_constant_tail_leaks() {
    let (whole, opened) = tail(|_| true);
    let (enough, _) = tail(|row| row >= 1);
    let (short, _) = tail(|row| row >= 2);
    let (constant, _) = tail(|row| row == 0);
    report!(
        "mutants: tail: rank {whole}, s + 6: {enough}, s + 5: {short}, 1: {constant}, of {opened}"
    );
    assert_eq!((whole, enough), (opened, opened));
    assert_eq!((short, constant), (opened - 4, 4));
}

/// Two proofs with one randomness: together they show more than there is.
#[test]
fn randomness_used_twice_leaks() {
    let shape = shape(32, 6, 4, 2, 3);
    let prover = ScriptedProver::new(shape.options(3));
    let trace = STATEMENT.trace(0, 32, 5).scripted(Script::Turned);
    // One seed and one statement: one randomness.
    let one = Hidden::<InPlace>::new(&prover, trace.clone(), 1);
    let two = Hidden::<InPlace>::new(&prover, trace.clone(), 1);
    let other = Hidden::<InPlace>::new(&prover, trace, 2);
    assert!(one.main().columns().eq(two.main().columns()));
    let cells = one.random_main_cells(&other);
    let queries = |opened: &winterlane_tests::opened::Opened| opened.main.queries.concat();
    let view = |opened: &winterlane_tests::opened::Opened| opened.main.columns(0..4, 1, 3);
    let differences = one.differences::<Cubic>(&cells, queries);
    let views = one.differences::<Cubic>(&cells, view);
    turn();
    let second = two.differences::<Cubic>(&cells, queries);
    let width = differences[0].len();
    let of_one = Span::of(width, differences.iter().cloned()).rank();
    let both = differences.into_iter().zip(second.clone());
    let both = both.map(|(one, two)| [one, two].concat());
    let of_both = Span::of(2 * width, both).rank();
    report!(
        "mutants: randomness used twice: rank {of_one} of {width}, then {of_both} of {}",
        2 * width
    );
    // Each column opened at six points is uniform. At twelve, too, as the tail has 13 rows; with z and z w,
    // at 18, it cannot be.
    assert_eq!((of_one, of_both), (width, 2 * width));
    let of_one = Span::of(views[0].len(), views.iter().cloned()).rank();
    let both = views.into_iter().zip(second);
    let both: Vec<_> = both.map(|(one, two)| [one, two].concat()).collect();
    let shown = both[0].len();
    let of_both = Span::of(shown, both).rank();
    report!("mutants: with z and z w: rank {of_one}, then {of_both} of {shown}");
    assert!(of_both < shown);
}
