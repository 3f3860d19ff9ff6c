//! All views of two witnesses on a toy field, counted: the same for the construction, not for any mutant.

use super::toy::{Design, Distance, Protocol, Tail, distance};
use winterlane_tests::report;

/// A field that a design is counted on.
#[derive(Clone, Copy, Debug)]
enum Field {
    /// 97 elements: challenges are of the base field.
    F97,
    /// 41 elements, whose small trace domain leaves room for two queries.
    F41,
    /// The quadratic extension of the field of 17 elements.
    F17Squared,
}

fn count(design: Design, field: Field, seed: u64) -> Distance {
    match field {
        Field::F97 => distance(&Protocol::<97, 1>::new(design), seed),
        Field::F41 => distance(&Protocol::<41, 1>::new(design), seed),
        Field::F17Squared => distance(&Protocol::<17, 2>::new(design), seed),
    }
}

/// The construction for constraints of degree `pieces`. In the smallest field only the out-of-domain points
/// are opened: all its other points are the trace domain.
fn whole(pieces: usize, field: Field) -> Design {
    match field {
        Field::F97 => Design::whole(16, pieces, 1, 1),
        Field::F41 => Design::whole(8, pieces, 2, 1),
        Field::F17Squared => Design::whole(16, pieces, 0, 2),
    }
}

/// The construction: not one count differs. Every tail has its own view, so that what is opened of the
/// statement's column is uniform: there is nothing for a simulator to know.
#[test]
fn two_witnesses_have_the_same_views() {
    for (pieces, field) in [
        (2, Field::F97),
        (3, Field::F97),
        (2, Field::F17Squared),
        (3, Field::F17Squared),
    ] {
        let design = whole(pieces, field);
        assert!(design.is_long_enough());
        let opened = design.tail;
        let degree = match field {
            Field::F17Squared => 2,
            Field::F97 | Field::F41 => 1,
        };
        // The DEEP polynomial agrees with what is opened at the queries and, between themselves, at both
        // out-of-domain points; and the verifier's equation holds at z.
        let equations = degree * (design.queries + 2);
        let seen = count(design, field, 1);
        report!("exact: degree {pieces}, {field:?}: {seen}");
        assert_eq!(seen.differences, 0, "{seen}");
        assert_eq!(seen.views, seen.tails, "{seen}");
        assert_eq!(seen.relations, opened + equations, "{seen}");
    }
}

/// A construction with something left out.
struct Mutant {
    name: &'static str,
    /// What is taken out or changed.
    without: &'static str,
    field: Field,
    design: Design,
}

/// Each mutant, and what was taken out of it. Every run prints the figure beside them: the distance between
/// the views of two witnesses, and the relations that hold among the coordinates of a view.
fn mutants() -> Vec<Mutant> {
    let mutant = |name, without, pieces, field, change: fn(&mut Design)| {
        let mut design = whole(pieces, field);
        change(&mut design);
        Mutant {
            name,
            without,
            field,
            design,
        }
    };
    use Field::{F17Squared, F41, F97};
    vec![
        mutant("no A", "the column of x^2n", 3, F97, |d| {
            d.veil = Some(vec![2]);
        }),
        mutant("no B", "the column of x^n", 3, F97, |d| {
            d.veil = Some(vec![4]);
        }),
        mutant("no M", "the mask of the DEEP polynomial", 2, F97, |d| {
            d.mask = false;
        }),
        mutant("no veil", "all columns but M", 3, F97, |d| d.veil = None),
        mutant("nothing", "the veil and M", 3, F97, |d| {
            d.veil = None;
            d.mask = false;
        }),
        mutant("current row", "the veil's next row", 3, F97, |d| {
            d.next_row = false;
        }),
        mutant("p for p^2", "half of each power", 3, F97, |d| {
            d.veil = Some(vec![1, 2]);
        }),
        mutant("p B'", "half of B's power", 3, F97, |d| {
            d.veil = Some(vec![1, 4]);
        }),
        mutant(
            "base field",
            "the veil's extension cells",
            3,
            F17Squared,
            |d| {
                d.extension = false;
            },
        ),
        mutant("short tail", "one row of the tail", 3, F97, |d| d.tail -= 1),
        mutant("short trace", "n >= 2 sigma + k + 1", 3, F41, |_| {}),
        mutant(
            "twice",
            "fresh randomness for a second proof",
            3,
            F97,
            |d| {
                d.proofs = 2;
            },
        ),
        mutant("constant tail", "the tail's randomness", 3, F97, |d| {
            d.filled = Tail::Constant;
        }),
    ]
}

#[test]
fn a_mutant_tells_two_witnesses_apart() {
    for mutant in mutants() {
        let Mutant {
            name,
            without,
            field,
            design,
        } = mutant;
        assert_eq!(design.is_long_enough(), name != "short trace");
        let seen = count(design, field, 1);
        report!("exact: mutant {name:<13} without {without:<35} {seen}");
        assert!(seen.statistical() > 0.9, "{name}: {seen}");
    }
}

/// What is redundant, found out here: N's free rows may be fixed, and at degree 3 the columns N, A and B
/// have freedom enough to mask the DEEP polynomial without M. Both stay: the proof is shorter with them.
#[test]
fn what_is_left_out_without_harm() {
    let mut fixed = whole(3, Field::F97);
    fixed.free_rows = false;
    let mut unmasked = whole(3, Field::F97);
    unmasked.mask = false;
    for (name, design) in [("N fixed", fixed), ("no M, degree 3", unmasked)] {
        let seen = count(design, Field::F97, 1);
        report!("exact: {name}: {seen}");
        assert_eq!(seen.differences, 0, "{name}: {seen}");
    }
}
