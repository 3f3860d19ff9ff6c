//! The distribution of views over all random tails, counted.
//!
//! The veil adds a uniform element of a vector space to a view. Modulo that space a view is what all
//! relations among its coordinates say of it, and two witnesses are hidden exactly if those values are
//! equally often the same for both.

use std::fmt;

use rayon::prelude::*;

use super::{
    field::Toy,
    poly::{Poly, divide, eval, interpolate, mul},
    protocol::{Cells, Challenges, Protocol, Tail},
};
use winterlane_tests::linear::{Scalar, dot, left_kernel};

/// How far the distributions of two witnesses' views are from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Distance {
    /// Linear relations that hold among the coordinates whatever the veil is.
    pub(crate) relations: usize,
    /// Tails of each witness.
    pub(crate) tails: usize,
    /// Views, modulo the veil, that the first witness's tails give.
    pub(crate) views: usize,
    /// The sum of all differences between counts: 0 for the same distribution, twice the tails for two
    /// without a view in common.
    pub(crate) differences: usize,
}

impl Distance {
    /// The statistical distance, from 0 to 1.
    #[must_use]
    pub(crate) fn statistical(&self) -> f64 {
        self.differences as f64 / (2 * self.tails) as f64
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distance = self.statistical();
        let Self {
            relations,
            tails,
            views,
            ..
        } = self;
        write!(
            f,
            "distance {distance:.4}: {relations} relations, {views} views of {tails} tails"
        )
    }
}

/// The base field's coordinates of the views that the same cells give to several challenges.
fn coordinates<const P: u32, const D: usize>(
    protocol: &Protocol<P, D>,
    challenges: &[Challenges<P, D>],
    cells: &Cells<P, D>,
) -> Vec<Toy<P, 1>> {
    let views = challenges.iter().flat_map(|c| protocol.view(c, cells));
    views
        .flat_map(|value| value.0.map(Toy::<P, 1>::base))
        .collect()
}

/// A basis of the linear relations among the coordinates of what the veil adds to a view.
#[must_use]
pub(crate) fn relations<const P: u32, const D: usize>(
    protocol: &Protocol<P, D>,
    challenges: &[Challenges<P, D>],
) -> Vec<Vec<Toy<P, 1>>> {
    let veils = protocol.veils().into_iter().map(|veil| {
        let blank = protocol.blank();
        coordinates(protocol, challenges, &Cells { veil, ..blank })
    });
    let veils: Vec<_> = veils.collect();
    let width = coordinates(protocol, challenges, &protocol.blank()).len();
    let rows: Vec<Vec<_>> = (0..width)
        .map(|i| veils.iter().map(|view| view[i]).collect())
        .collect();
    left_kernel(&rows)
}

/// What the relations say of a view, as a function of the trace's cells and of the constraint's values on
/// enough points: linear in both.
struct Reduced<'a, const P: u32, const D: usize> {
    protocol: &'a Protocol<P, D>,
    /// Cosets of the trace domain, one after the other.
    points: Vec<Toy<P, D>>,
    /// For each relation, its weights of the cells of the trace.
    of_trace: Vec<Vec<u32>>,
    /// For each relation, its weights of the coordinates of the constraint's values.
    of_constraint: Vec<Vec<u32>>,
    /// For each relation, its value at a trace of zeros without constraint.
    constant: Vec<u32>,
    /// The transition function of every element.
    steps: Vec<Toy<P, D>>,
    /// What a cell of one adds, for each row: to the values on the points, and to what the relations say.
    of_rows: Vec<(Vec<Toy<P, D>>, Vec<u32>)>,
}

fn index<const P: u32, const D: usize>(x: Toy<P, D>) -> usize {
    let horner = |acc: u32, &part: &u32| acc * P + part;
    x.0.iter().rev().fold(0, horner) as usize
}

/// Elements that generate different cosets of the trace domain, none of them that domain itself.
fn cosets<const P: u32, const D: usize>(rows: usize, count: usize) -> Vec<Toy<P, D>> {
    let mut found = Vec::new();
    let mut seen = vec![Toy::ONE];
    for number in 1..P.pow(D as u32) {
        let x = Toy::<P, D>(std::array::from_fn(|i| number / P.pow(i as u32) % P));
        let coset = x.power(rows as u32);
        if found.len() < count && !seen.contains(&coset) {
            seen.push(coset);
            found.push(x);
        }
    }
    assert_eq!(found.len(), count, "the field is too small");
    found
}

impl<'a, const P: u32, const D: usize> Reduced<'a, P, D> {
    fn new(
        protocol: &'a Protocol<P, D>,
        challenges: &[Challenges<P, D>],
        relations: &[Vec<Toy<P, 1>>],
        output: Toy<P, D>,
    ) -> Self {
        let design = &protocol.design;
        let coefficients = design.pieces * (design.rows - 1) + 1;
        let root = Toy::<P, D>::root(design.rows);
        let points: Vec<_> = cosets(design.rows, coefficients.div_ceil(design.rows))
            .into_iter()
            .flat_map(|x| (0..design.rows).map(move |i| x * root.power(i as u32)))
            .collect();
        let say = |cells: &Cells<P, D>| -> Vec<u32> {
            let view = coordinates(protocol, challenges, cells);
            relations.iter().map(|r| dot(r, &view).0[0]).collect()
        };
        let of_trace: Vec<_> = (0..design.rows)
            .map(|row| {
                let mut cells = protocol.blank();
                cells.trace[row] = Toy::ONE;
                say(&cells)
            })
            .collect();
        let vanishing = points.iter().fold(vec![Toy::ONE], |product, &x| {
            mul(&product, &[Toy::ZERO - x, Toy::ONE])
        });
        let of_constraint: Vec<_> = points
            .iter()
            .flat_map(|&x| {
                let others = divide(&vanishing, 1, x);
                let scale = eval(&others, x).inverse();
                (0..D).map(move |part| (others.clone(), scale * Toy::unit(part)))
            })
            .map(|(others, scale)| {
                let constraint: Poly<P, D> = others.iter().map(|&c| c * scale).collect();
                say(&Cells {
                    constraint,
                    ..protocol.blank()
                })
            })
            .collect();
        let constant = say(&Cells {
            output,
            ..protocol.blank()
        });
        let elements = (0..P.pow(D as u32))
            .map(|number| Toy::<P, D>(std::array::from_fn(|i| number / P.pow(i as u32) % P)));
        let turn = |rows: Vec<Vec<u32>>| winterlane_tests::linear::transpose(&rows);
        let mut reduced = Self {
            protocol,
            points,
            of_trace: turn(of_trace),
            of_constraint: turn(of_constraint),
            constant,
            steps: elements.map(|x| protocol.step(x)).collect(),
            of_rows: Vec::new(),
        };
        reduced.of_rows = (0..design.rows).map(|row| reduced.of_row(row)).collect();
        reduced
    }

    /// The values of a column on all points.
    fn values(&self, column: &[Toy<P, D>]) -> Vec<Toy<P, D>> {
        let poly = interpolate(column, Toy::root(self.protocol.design.rows));
        self.points.iter().map(|&x| eval(&poly, x)).collect()
    }

    /// What the relations say, as one number; of the first of them, when there are more than fit.
    fn key(&self, values: &[Toy<P, D>], linear: &[u32]) -> u128 {
        let rows = self.protocol.design.rows;
        let mut constraint = Vec::with_capacity(values.len() * D);
        for coset in values.chunks(rows) {
            let next = coset[1..].iter().chain(&coset[..1]);
            constraint.extend(
                coset
                    .iter()
                    .zip(next)
                    .flat_map(|(&x, &next)| (next - self.steps[index(x)]).0),
            );
        }
        let said = linear.iter().zip(&self.of_constraint);
        let digits = u128::BITS / P.next_power_of_two().ilog2();
        let digit = |key, (&sum, weights): (&u32, &Vec<u32>)| {
            let products = weights.iter().zip(&constraint).map(|(&w, &c)| w * c);
            key * u128::from(P) + u128::from((sum + products.sum::<u32>()) % P)
        };
        said.take(digits as usize).fold(0, digit)
    }

    /// The keys of all tails that begin with some cells.
    fn extend(&self, row: usize, values: &[Toy<P, D>], linear: &[u32], keys: &mut Vec<u128>) {
        if row == self.protocol.design.rows {
            keys.push(self.key(values, linear));
            return;
        }
        let (of_values, of_linear) = &self.of_rows[row];
        let (mut values, mut linear) = (values.to_vec(), linear.to_vec());
        for _ in 0..P {
            self.extend(row + 1, &values, &linear, keys);
            add(&mut values, &mut linear, of_values, of_linear);
        }
    }

    fn of_row(&self, row: usize) -> (Vec<Toy<P, D>>, Vec<u32>) {
        let mut unit = self.protocol.blank().trace;
        unit[row] = Toy::ONE;
        let linear = self.of_trace.iter().map(|weights| weights[row]);
        (self.values(&unit), linear.collect())
    }

    /// The values of the statement's column before the tail, and what the relations say of its cells.
    fn start(&self, first: u32) -> (Vec<Toy<P, D>>, Vec<u32>) {
        let trace = self.protocol.run(first);
        let cells = trace.iter().map(|x| x.0[0]);
        let sum = |(weights, &constant): (&Vec<u32>, &u32)| {
            let products = weights.iter().zip(cells.clone()).map(|(&w, x)| w * x);
            (constant + products.sum::<u32>()) % P
        };
        let linear = self.of_trace.iter().zip(&self.constant).map(sum);
        (self.values(&trace), linear.collect())
    }

    /// The keys of all tails of a witness, sorted.
    fn keys(&self, first: u32) -> Vec<u128> {
        let (values, linear) = self.start(first);
        if self.protocol.design.filled == Tail::Constant {
            return vec![self.key(&values, &linear)];
        }
        let row = self.protocol.design.last() + 1;
        let (of_values, of_linear) = &self.of_rows[row];
        let begin = |digit: u32| {
            let (mut values, mut linear) = (values.clone(), linear.clone());
            for _ in 0..digit {
                add(&mut values, &mut linear, of_values, of_linear);
            }
            let mut keys = Vec::new();
            self.extend(row + 1, &values, &linear, &mut keys);
            keys
        };
        let mut keys: Vec<_> = (0..P).into_par_iter().flat_map_iter(begin).collect();
        keys.par_sort_unstable();
        keys
    }
}

fn add<const P: u32, const D: usize>(
    values: &mut [Toy<P, D>],
    linear: &mut [u32],
    of_values: &[Toy<P, D>],
    of_linear: &[u32],
) {
    for (a, &b) in values.iter_mut().zip(of_values) {
        *a = *a + b;
    }
    for (a, b) in linear.iter_mut().zip(of_linear) {
        *a = (*a + b) % P;
    }
}

/// The sum of the differences between the counts of two sorted lists.
fn differences(mut left: &[u128], mut right: &[u128]) -> usize {
    let mut sum = 0;
    while let Some(&key) = left.first().into_iter().chain(right.first()).min() {
        let count = |list: &mut &[u128]| {
            let count = list.iter().take_while(|&&other| other == key).count();
            *list = &list[count..];
            count
        };
        sum += count(&mut left).abs_diff(count(&mut right));
    }
    sum
}

/// Counts the views of the statement's two witnesses over all tails, for challenges that follow from a seed.
#[must_use]
pub(crate) fn distance<const P: u32, const D: usize>(
    protocol: &Protocol<P, D>,
    seed: u64,
) -> Distance {
    let design = &protocol.design;
    let seeds = (0..design.proofs as u64).map(|proof| seed + 1000 * proof);
    let challenges: Vec<_> = seeds.map(|seed| Challenges::draw(design, seed)).collect();
    let relations = relations(protocol, &challenges);
    let (witnesses, output) = protocol.witnesses();
    let reduced = Reduced::new(protocol, &challenges, &relations, output);
    let [left, right] = witnesses.map(|first| reduced.keys(first));
    let mut views = left.clone();
    views.dedup();
    Distance {
        relations: relations.len(),
        tails: left.len(),
        views: views.len(),
        differences: differences(&left, &right),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Design;
    use super::*;

    /// What the enumeration says of a tail is what the relations say of the view of its trace.
    fn agrees<const P: u32, const D: usize>(design: Design) {
        let protocol = Protocol::<P, D>::new(design);
        let design = &protocol.design;
        let challenges = [Challenges::draw(design, 7), Challenges::draw(design, 8)];
        let relations = relations(&protocol, &challenges);
        let (witnesses, output) = protocol.witnesses();
        let reduced = Reduced::new(&protocol, &challenges, &relations, output);
        for tail in 0..3 {
            let (mut values, mut linear) = reduced.start(witnesses[0]);
            let mut trace = protocol.run(witnesses[0]);
            let cells = trace.iter_mut().enumerate().skip(design.last() + 1);
            for (row, cell) in cells {
                let digit = (tail * 31 + row as u32 * 7) % P;
                *cell = Toy::base(digit);
                let (of_values, of_linear) = &reduced.of_rows[row];
                for _ in 0..digit {
                    add(&mut values, &mut linear, of_values, of_linear);
                }
            }
            let cells = Cells {
                constraint: protocol.constraint(&trace),
                trace,
                output,
                ..protocol.blank()
            };
            let view = coordinates(&protocol, &challenges, &cells);
            let digits = (u128::BITS / P.next_power_of_two().ilog2()) as usize;
            let expected = relations.iter().take(digits).fold(0, |key, relation| {
                key * u128::from(P) + u128::from(dot(relation, &view).0[0])
            });
            assert_eq!(reduced.key(&values, &linear), expected);
        }
    }

    #[test]
    fn the_enumeration_follows_the_view() {
        agrees::<97, 1>(Design::whole(16, 3, 1, 1));
        agrees::<97, 1>(Design::whole(16, 2, 2, 1));
        agrees::<17, 2>(Design::whole(16, 3, 0, 2));
    }

    #[test]
    fn counts_are_compared_one_by_one() {
        assert_eq!(differences(&[1, 1, 2, 5], &[1, 1, 2, 5]), 0);
        assert_eq!(differences(&[1, 1, 2, 5], &[1, 2, 2, 6]), 4);
        assert_eq!(differences(&[], &[3]), 1);
    }
}
