//! Rescue-Jive compressions of many pairs.

use std::time::Instant;

use rayon::prelude::*;
use winter_math::fields::f64::BaseElement;

use crate::{Run, Workload, data};

/// Two digests.
pub type Pair = [BaseElement; 8];

/// The digest that they are compressed into.
pub type Parent = [BaseElement; 4];

/// Compressions that one task does.
const TASK: usize = 1024;

/// Compressions by a contender's function.
pub struct Rescue<F> {
    pairs: Vec<Pair>,
    parents: Vec<Parent>,
    merge: F,
}

impl<F> Rescue<F> {
    /// `count` pairs and the function that compresses some.
    #[must_use]
    pub fn new(count: usize, merge: F) -> Self {
        let pair =
            |i: u64| core::array::from_fn(|k| BaseElement::new(data::value(8 * i + k as u64)));
        Self {
            pairs: (0..count as u64).map(pair).collect(),
            parents: vec![[BaseElement::new(0); 4]; count],
            merge,
        }
    }
}

impl<F> Workload for Rescue<F>
where
    F: Fn(&[Pair], &mut [Parent]) -> Result<(), String> + Sync,
{
    fn run(&mut self) -> Result<Run, String> {
        let start = Instant::now();
        self.pairs
            .par_chunks(TASK)
            .zip(self.parents.par_chunks_mut(TASK))
            .try_for_each(|(pairs, parents)| (self.merge)(pairs, parents))?;
        Ok(Run::new(start.elapsed()))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        let integers = self.parents.iter().flatten().map(BaseElement::as_int);
        Ok(Some(data::digest(integers)))
    }
}
