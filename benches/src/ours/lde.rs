//! Low-degree extension: columns of evaluations in, a row-major matrix out.

use std::time::Instant;

use winter_math::{StarkField, fields::f64::BaseElement};
use winterlane_field_simd::{Matrix, interpolate_columns, lde_rows};

use crate::{Run, Workload, data};

pub(super) struct Lde {
    evaluations: Vec<Vec<BaseElement>>,
    blowup: usize,
    extended: Option<Matrix>,
}

impl Lde {
    pub(super) fn new(log_rows: u32, columns: usize, blowup: usize) -> Self {
        Self {
            evaluations: data::columns(1 << log_rows, columns),
            blowup,
            extended: None,
        }
    }
}

impl Workload for Lde {
    fn run(&mut self) -> Result<Run, String> {
        let mut columns = self.evaluations.clone();
        self.extended = None;
        let start = Instant::now();
        interpolate_columns(&mut columns);
        let extended = lde_rows(&columns, self.blowup, BaseElement::GENERATOR);
        let time = start.elapsed();
        self.extended = Some(extended);
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        let extended = self.extended.as_ref().ok_or("no run yet")?;
        Ok(Some(data::digest(
            extended.elements().iter().map(BaseElement::as_int),
        )))
    }
}
