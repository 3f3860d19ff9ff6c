//! Row hashing and the Merkle tree.

use std::time::Instant;

use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::hashing::{Rows, par_commit_rows};

use crate::{Run, Workload, data};

pub(super) struct Commit {
    rows: Vec<BaseElement>,
    columns: usize,
    root: Option<[u8; 32]>,
}

impl Commit {
    pub(super) fn new(log_rows: u32, columns: usize) -> Self {
        Self {
            rows: data::rows(1 << log_rows, columns),
            columns,
            root: None,
        }
    }
}

impl Workload for Commit {
    fn run(&mut self) -> Result<Run, String> {
        let start = Instant::now();
        let rows =
            Rows::new(&self.rows, self.columns, self.columns).map_err(|error| error.to_string())?;
        let tree = par_commit_rows::<32>(rows).map_err(|error| error.to_string())?;
        let time = start.elapsed();
        self.root = Some(tree.root());
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        let root = self.root.ok_or("no run yet")?;
        Ok(Some(format!("{root:02x?}")))
    }
}
