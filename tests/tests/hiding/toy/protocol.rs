//! What a hiding proof opens of a statement with one column.

use super::{
    field::Toy,
    poly::{Poly, add_scaled, divide, eval, interpolate, mul, shift, stretch},
};
use winterlane_tests::linear::Scalar;

/// How the rows behind the statement are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Uniformly: the construction.
    Random,
    /// With zeros.
    Constant,
}

/// The construction, and what can be left out of it.
#[derive(Clone, Debug)]
pub(crate) struct Design {
    /// Rows of the trace.
    pub(crate) rows: usize,
    /// Rows of the tail.
    pub(crate) tail: usize,
    /// How it is filled.
    pub(crate) filled: Tail,
    /// Quotient columns, which is the degree of the transition.
    pub(crate) pieces: usize,
    /// The powers of `p = x^(n/2)` that multiply the columns `A_t'` in the veil's constraint
    /// `N' + sum p^e A_t' = 0`. `None` for no veil at all.
    pub(crate) veil: Option<Vec<usize>>,
    /// Whether the constraint is on the next row.
    pub(crate) next_row: bool,
    /// Whether N is random where the constraint does not hold.
    pub(crate) free_rows: bool,
    /// Whether there is M.
    pub(crate) mask: bool,
    /// Whether the columns of the veil have cells of the extension field.
    pub(crate) extension: bool,
    /// Query points.
    pub(crate) queries: usize,
    /// Proofs made with the same randomness.
    pub(crate) proofs: usize,
}

impl Design {
    /// The construction for a transition of degree `pieces`, `queries` queries and an extension of degree
    /// `degree`; the tail is as long as what is opened of a column.
    #[must_use]
    pub(crate) fn whole(rows: usize, pieces: usize, queries: usize, degree: usize) -> Self {
        Self {
            rows,
            tail: queries + 2 * degree,
            filled: Tail::Random,
            pieces,
            veil: Some((1..pieces).map(|t| 2 * t).collect()),
            next_row: true,
            free_rows: true,
            mask: true,
            extension: true,
            queries,
            proofs: 1,
        }
    }

    /// The statement's last row.
    #[must_use]
    pub(crate) const fn last(&self) -> usize {
        self.rows - self.tail - 1
    }

    /// Points opened of each column.
    #[must_use]
    pub(crate) const fn points(&self) -> usize {
        self.queries + 2
    }

    /// Whether the lemma's conditions hold.
    #[must_use]
    pub(crate) const fn is_long_enough(&self) -> bool {
        let (sigma, k) = (self.points(), self.tail + 1);
        k >= sigma && self.rows > 2 * sigma + k
    }

    /// Columns of the veil, M among them.
    #[must_use]
    pub(crate) fn columns(&self) -> usize {
        self.veil.as_ref().map_or(0, |powers| powers.len() + 1) + usize::from(self.mask)
    }

    /// Whether N is what the others say it is in this row.
    fn is_bound(&self, row: usize) -> bool {
        let held = self.rows - self.tail - 1;
        if self.next_row {
            (1..=held).contains(&row)
        } else {
            row < held
        }
    }
}

/// What a verifier chooses.
#[derive(Clone, Debug)]
pub(crate) struct Challenges<const P: u32, const D: usize> {
    /// Query points, then `z` and `z w`.
    pub(crate) points: Vec<Toy<P, D>>,
    /// Weights of the transition, the assertion, the veil's constraint and its assertion.
    weights: [Toy<P, D>; 4],
    /// Weights of the columns in the DEEP polynomial.
    deep: Vec<Toy<P, D>>,
}

/// A generator of numbers (splitmix64).
fn next_number(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut x = *state;
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

impl<const P: u32, const D: usize> Challenges<P, D> {
    /// Challenges that follow from a seed, and for which the lemma holds: distinct points outside the trace
    /// domain, weights that are not zero. (On a field of this size those are not nearly all.)
    #[must_use]
    pub(crate) fn draw(design: &Design, seed: u64) -> Self {
        let mut state = seed;
        let mut element = || loop {
            let parts = std::array::from_fn(|_| (next_number(&mut state) % u64::from(P)) as u32);
            if parts != [0; D] {
                return Toy::<P, D>(parts);
            }
        };
        let root = Toy::root(design.rows);
        let in_domain = |x: Toy<P, D>| x.power(design.rows as u32) == Toy::ONE;
        let mut points: Vec<Toy<P, D>> = Vec::new();
        while points.len() < design.queries {
            // Queries are points of the base field.
            let x = Toy::base(element().0[0]);
            if x != Toy::ZERO && !in_domain(x) && !points.contains(&x) {
                points.push(x);
            }
        }
        loop {
            let z = element();
            let outside = D == 1 || z.0[1] != 0;
            if outside && !in_domain(z) && !points.iter().any(|&x| x == z || x == z * root) {
                points.extend([z, z * root]);
                break;
            }
        }
        let columns = 1 + design.columns() + design.pieces;
        Self {
            points,
            weights: std::array::from_fn(|_| element()),
            deep: (0..columns).map(|_| element()).collect(),
        }
    }
}

/// The cells of a trace that a view is a function of; linear in all of them.
#[derive(Clone, Debug)]
pub(crate) struct Cells<const P: u32, const D: usize> {
    /// The statement's column.
    pub(crate) trace: Vec<Toy<P, D>>,
    /// The transition constraint, as a polynomial.
    pub(crate) constraint: Poly<P, D>,
    /// The public output.
    pub(crate) output: Toy<P, D>,
    /// Columns of the veil: N, A_t and M.
    pub(crate) veil: Vec<Vec<Toy<P, D>>>,
}

/// The protocol on the statement "`T_(i+1) = f(T_i)` leads to this output", `f = x^pieces + x + 3`.
#[derive(Clone, Debug)]
pub(crate) struct Protocol<const P: u32, const D: usize> {
    /// Its construction.
    pub(crate) design: Design,
    root: Toy<P, D>,
    /// The product of `x` minus the exempted points.
    exempted: Poly<P, D>,
}

impl<const P: u32, const D: usize> Protocol<P, D> {
    /// The protocol of a design.
    #[must_use]
    pub(crate) fn new(design: Design) -> Self {
        let root = Toy::root(design.rows);
        let points = design.last()..design.rows;
        let exempted = points.fold(vec![Toy::ONE], |product, row| {
            let point = root.power(row as u32);
            mul(&product, &[Toy::ZERO - point, Toy::ONE])
        });
        Self {
            design,
            root,
            exempted,
        }
    }

    /// The transition function.
    #[must_use]
    pub(crate) fn step(&self, x: Toy<P, D>) -> Toy<P, D> {
        x.power(self.design.pieces as u32) + x + Toy::base(3)
    }

    /// The statement's rows from a first one on, and zeros behind.
    #[must_use]
    pub(crate) fn run(&self, first: u32) -> Vec<Toy<P, D>> {
        let mut trace = vec![Toy::base(first)];
        for row in 0..self.design.last() {
            trace.push(self.step(trace[row]));
        }
        trace.resize(self.design.rows, Toy::ZERO);
        trace
    }

    /// Two witnesses of one output whose traces differ in as many rows as possible, and the output.
    ///
    /// # Panics
    /// When the statement has only one witness.
    #[must_use]
    pub(crate) fn witnesses(&self) -> ([u32; 2], Toy<P, D>) {
        let last = self.design.last();
        let runs: Vec<_> = (0..P).map(|first| self.run(first)).collect();
        let pairs = (0..P).flat_map(|a| (0..a).map(move |b| [a, b]));
        let rows = |pair: &[u32; 2]| {
            let [a, b] = pair.map(|first| &runs[first as usize]);
            (0..=last).filter(|&row| a[row] != b[row]).count()
        };
        let one_output = |pair: &[u32; 2]| {
            let [a, b] = pair.map(|first| runs[first as usize][last]);
            a == b
        };
        let best = pairs.filter(one_output).max_by_key(rows);
        let best = best.expect("a function on a finite set that is no permutation");
        (best, runs[best[0] as usize][last])
    }

    /// The transition constraint of a trace, as a polynomial.
    #[must_use]
    pub(crate) fn constraint(&self, trace: &[Toy<P, D>]) -> Poly<P, D> {
        let poly = interpolate(trace, self.root);
        let mut power = poly.clone();
        for _ in 1..self.design.pieces {
            power = mul(&power, &poly);
        }
        let mut constraint = stretch(&poly, self.root);
        let minus = Toy::ZERO - Toy::ONE;
        add_scaled(&mut constraint, &power, minus);
        add_scaled(&mut constraint, &poly, minus);
        add_scaled(&mut constraint, &[Toy::base(3)], minus);
        constraint
    }

    /// Nothing but zeros.
    #[must_use]
    pub(crate) fn blank(&self) -> Cells<P, D> {
        Cells {
            trace: vec![Toy::ZERO; self.design.rows],
            constraint: Vec::new(),
            output: Toy::ZERO,
            veil: vec![vec![Toy::ZERO; self.design.rows]; self.design.columns()],
        }
    }

    /// Every veil that has one free cell set to a unit of the field's basis: what the veil adds to a view
    /// is a uniform combination of theirs.
    #[must_use]
    pub(crate) fn veils(&self) -> Vec<Vec<Vec<Toy<P, D>>>> {
        let design = &self.design;
        let degree = if design.extension { D } else { 1 };
        let cells = (0..design.columns()).flat_map(|column| {
            let rows = (0..design.rows).filter(move |&row| self.is_free(column, row));
            rows.flat_map(move |row| (0..degree).map(move |part| (column, row, part)))
        });
        let veil = |(column, row, part): (usize, usize, usize)| {
            let mut veil = self.blank().veil;
            veil[column][row] = Toy::unit(part);
            if let Some(powers) = &design.veil
                && (1..=powers.len()).contains(&column)
                && design.is_bound(row)
            {
                // p is -1 on odd rows, and the constraint of this cell is that of the row before it, or
                // of this one.
                let held = row - usize::from(design.next_row);
                let odd = powers[column - 1] % 2 == 1 && held % 2 == 1;
                veil[0][row] = if odd {
                    Toy::unit(part)
                } else {
                    Toy::ZERO - Toy::unit(part)
                };
            }
            veil
        };
        cells.map(veil).collect()
    }

    fn is_free(&self, column: usize, row: usize) -> bool {
        let design = &self.design;
        let columns = design.veil.as_ref().map_or(0, |powers| powers.len() + 1);
        match column {
            _ if column >= columns => true,
            0 => design.free_rows && !design.is_bound(row),
            // The assertion on the auxiliary segment.
            1 => row > 0,
            _ => true,
        }
    }

    /// The view: every column at every point, and the DEEP polynomial, which is all that FRI is made of.
    ///
    /// # Panics
    /// When the quotient has more coefficients than its columns.
    #[must_use]
    pub(crate) fn view(
        &self,
        challenges: &Challenges<P, D>,
        cells: &Cells<P, D>,
    ) -> Vec<Toy<P, D>> {
        let Design { rows, pieces, .. } = self.design;
        let interpolated = |column: &Vec<_>| interpolate(column, self.root);
        let mut columns = vec![interpolated(&cells.trace)];
        columns.extend(cells.veil.iter().map(interpolated));
        let quotient = self.quotient(challenges, cells, &columns);
        assert!(quotient.len() <= rows * pieces, "{}", quotient.len());
        columns.extend((0..pieces).map(|i| {
            let chunk = quotient.iter().skip(i * rows).take(rows);
            chunk.copied().collect()
        }));
        let mut deep = Vec::new();
        for (column, &weight) in columns.iter().zip(&challenges.deep) {
            add_scaled(&mut deep, column, weight);
        }
        let mut divided = Vec::new();
        for &z in &challenges.points[self.design.queries..] {
            // The remainder that this leaves out is the value at z.
            add_scaled(&mut divided, &divide(&deep, 1, z), Toy::ONE);
        }
        divided.resize(rows - 1, Toy::ZERO);
        let opened = columns
            .iter()
            .flat_map(|column| challenges.points.iter().map(|&x| eval(column, x)));
        opened.chain(divided).collect()
    }

    fn quotient(
        &self,
        challenges: &Challenges<P, D>,
        cells: &Cells<P, D>,
        columns: &[Poly<P, D>],
    ) -> Poly<P, D> {
        let rows = self.design.rows;
        let [transition, assertion, held, start] = challenges.weights;
        let by_transition = |poly: &[_]| divide(&mul(poly, &self.exempted), rows, Toy::ONE);
        let mut quotient = Vec::new();
        add_scaled(&mut quotient, &by_transition(&cells.constraint), transition);
        let mut output = columns[0].clone();
        output[0] = output[0] - cells.output;
        let last = self.root.power(self.design.last() as u32);
        add_scaled(&mut quotient, &divide(&output, 1, last), assertion);
        if let Some(powers) = &self.design.veil {
            let row = if self.design.next_row {
                self.root
            } else {
                Toy::ONE
            };
            let mut sum = stretch(&columns[1], row);
            for (column, power) in columns[2..].iter().zip(powers) {
                let shifted = shift(&stretch(column, row), power * rows / 2);
                add_scaled(&mut sum, &shifted, Toy::ONE);
            }
            add_scaled(&mut quotient, &by_transition(&sum), held);
            add_scaled(&mut quotient, &divide(&columns[2], 1, Toy::ONE), start);
        }
        quotient
    }
}
