//! The shape of small hiding proofs.

use winterfell::{BatchingMethod, FieldExtension, ProofOptions};
use winterlane_air::hiding::Mode;
use winterlane_tests::airs::{AnyAir, Small};
use winterlane_tests::scripted::{Script, ScriptedProver};
use winterlane_tests::veil::Hidden;

/// The shape of a proof.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Rows of the hiding trace.
    pub(crate) rows: usize,
    queries: usize,
    blowup: usize,
    folding: usize,
    /// Greatest degree of FRI's remainder.
    remainder: usize,
}

/// A shape: rows, queries, blowup factor, folding factor, greatest degree of the remainder.
pub(crate) const fn shape(
    rows: usize,
    queries: usize,
    blowup: usize,
    folding: usize,
    remainder: usize,
) -> Shape {
    Shape {
        rows,
        queries,
        blowup,
        folding,
        remainder,
    }
}

impl Shape {
    /// Its options, with an extension of this degree. Each folding factor has a way of batching.
    pub(crate) fn options(self, degree: usize) -> ProofOptions {
        let extension = match degree {
            2 => FieldExtension::Quadratic,
            _ => FieldExtension::Cubic,
        };
        let batching = match self.folding {
            4 => BatchingMethod::Algebraic,
            8 => BatchingMethod::Horner,
            _ => BatchingMethod::Linear,
        };
        ProofOptions::new(
            self.queries,
            self.blowup,
            0,
            extension,
            self.folding,
            self.remainder,
            batching,
            batching,
        )
    }

    /// Prepares a statement of an AIR, whose proofs have these queries.
    pub(crate) fn hide<M, T>(
        self,
        degree: usize,
        (air, script): (Small, Script),
        test: impl FnOnce(Hidden<'_, M>) -> T,
    ) -> T
    where
        M: Mode<AnyAir>,
    {
        let prover = ScriptedProver::new(self.options(degree));
        let trace = air.trace(0, M::inner_rows(self.rows), 5).scripted(script);
        test(Hidden::new(&prover, trace, 1))
    }
}
