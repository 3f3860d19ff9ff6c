//! Lines through measurements, and where they bend.

/// How a cost may grow with the operations of a batch, of 512 rows each when extended at blowup 2.
pub(crate) const MODELS: [Model; 2] = [
    Model {
        name: "n",
        of: |n| n,
    },
    Model {
        name: "n log2(512 n)",
        of: |n| n * (512.0 * n).log2(),
    },
];

/// A function of the operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    of: fn(f64) -> f64,
}

/// `y = a + b f(n)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    pub(crate) model: Model,
    pub(crate) a: f64,
    pub(crate) b: f64,
}

impl Fit {
    /// Least squares in the relative error: each point is weighted by `1 / y^2`.
    pub(crate) fn new(model: Model, points: &[(f64, f64)]) -> Self {
        let [mut s, mut sx, mut sxx, mut sy, mut sxy] = [0.0; 5];
        for &(n, y) in points {
            let (x, weight) = ((model.of)(n), 1.0 / (y * y));
            s += weight;
            sx += weight * x;
            sxx += weight * x * x;
            sy += weight * y;
            sxy += weight * x * y;
        }
        let b = (s * sxy - sx * sy) / (s * sxx - sx * sx);
        Self {
            model,
            a: (sy - b * sx) / s,
            b,
        }
    }

    /// The model with the least squares.
    pub(crate) fn best(points: &[(f64, f64)]) -> Self {
        let [linear, other] = MODELS.map(|model| Self::new(model, points));
        if other.squares(points) < linear.squares(points) {
            other
        } else {
            linear
        }
    }

    pub(crate) fn at(&self, n: f64) -> f64 {
        self.a + self.b * (self.model.of)(n)
    }

    /// How far this is off a point, over the point.
    pub(crate) fn miss(&self, (n, y): (f64, f64)) -> f64 {
        self.at(n) / y - 1.0
    }

    /// The largest of these, without sign.
    pub(crate) fn worst(&self, points: &[(f64, f64)]) -> f64 {
        let misses = points.iter().map(|point| self.miss(*point).abs());
        misses.fold(0.0, f64::max)
    }

    fn squares(&self, points: &[(f64, f64)]) -> f64 {
        points.iter().map(|point| self.miss(*point).powi(2)).sum()
    }
}

/// Where two lines, of three points at least, are much better than one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bend {
    /// The last size of the first line and the first of the second.
    pub(crate) between: (f64, f64),
    /// The slope after it over the slope before.
    pub(crate) steeper: f64,
}

/// How much smaller the squares must become: noise alone makes them smaller by less.
const MUCH: f64 = 4.0;

/// The bend of points that are sorted by size, if there is one.
pub(crate) fn bend(model: Model, points: &[(f64, f64)]) -> Option<Bend> {
    let pieces = |at: usize| {
        let (before, after) = points.split_at(at);
        let [first, second] = [before, after].map(|piece| Fit::new(model, piece));
        let squares = first.squares(before) + second.squares(after);
        (squares, at, second.b / first.b)
    };
    let (squares, at, steeper) = (3..=points.len().checked_sub(3)?)
        .map(pieces)
        .min_by(|x, y| x.0.total_cmp(&y.0))?;
    (Fit::new(model, points).squares(points) > MUCH * squares).then(|| Bend {
        between: (points[at - 1].0, points[at].0),
        steeper,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [f64; 8] = [8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

    #[test]
    fn lines_are_fitted_exactly_by_their_own_model() {
        for model in MODELS {
            let points = SIZES.map(|n| (n, 3.0 + 2.0 * (model.of)(n)));
            let fit = Fit::best(&points);
            assert_eq!(fit.model.name, model.name);
            assert!((fit.a - 3.0).abs() < 1e-6 && (fit.b - 2.0).abs() < 1e-9);
            assert!(fit.worst(&points) < 1e-9);
        }
    }

    #[test]
    fn a_bend_is_found_and_noise_is_none() {
        let bent = SIZES.map(|n| (n, 1.0 + n + 0.5 * (n - 128.0).max(0.0)));
        let found = bend(MODELS[0], &bent).unwrap();
        assert!(found.between.0 <= 128.0 && 128.0 <= found.between.1);
        assert!((found.steeper - 1.5).abs() < 0.01);
        let noise = [1.01, 0.99, 0.99, 1.01, 1.01, 0.99, 0.99, 1.01];
        let noisy: Vec<_> = SIZES.iter().zip(noise).map(|(n, e)| (*n, e * n)).collect();
        assert!(bend(MODELS[0], &noisy).is_none());
    }
}
