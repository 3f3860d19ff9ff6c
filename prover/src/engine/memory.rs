//! How much memory a proof takes, known before it starts.

use winter_air::{Air, AirContext, FieldExtension, ProofOptions};
use winter_math::fields::f64::BaseElement;

use super::{
    ProverError,
    segment::{group_columns, row_elements},
};

/// Bytes of a base field element.
const ELEMENT: u64 = 8;

/// Bytes of a digest and of the node above it.
const LEAF_AND_NODE: u64 = 64;

/// Bytes that do not grow with the trace: tables, buffers of the threads, the proof.
const FIXED: u64 = 16 << 20;

/// The memory that a proof needs at its peak.
///
/// The extended trace dominates. While it is filled, the trace is there too, and the coefficients of
/// some columns at a time; then the trace is dropped, unless an auxiliary segment is still to be built
/// from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryEstimate {
    /// Bytes of the execution trace that the prover is given.
    pub trace: u64,
    /// Bytes of the coefficients of all trace columns, as many as of the trace with its auxiliary
    /// segment.
    pub coefficients: u64,
    /// Bytes of the extended trace.
    pub extended_trace: u64,
    /// Bytes at the peak of the whole proof, the trace included.
    pub peak: u64,
}

impl MemoryEstimate {
    /// Estimates the proof of `air`.
    ///
    /// ```
    /// use winterlane_prover::engine::MemoryEstimate;
    /// # use winter_air::{Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo};
    /// # use winter_air::TransitionConstraintDegree;
    /// # use winter_math::{FieldElement, fields::f64::BaseElement};
    /// # struct Counter(AirContext<BaseElement>);
    /// # impl Air for Counter {
    /// #     type BaseField = BaseElement;
    /// #     type PublicInputs = ();
    /// #     fn new(info: TraceInfo, _: (), options: ProofOptions) -> Self {
    /// #         let degrees = vec![TransitionConstraintDegree::new(1)];
    /// #         Self(AirContext::new(info, degrees, 1, options))
    /// #     }
    /// #     fn context(&self) -> &AirContext<BaseElement> {
    /// #         &self.0
    /// #     }
    /// #     fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
    /// #         &self,
    /// #         frame: &EvaluationFrame<E>,
    /// #         _: &[E],
    /// #         result: &mut [E],
    /// #     ) {
    /// #         result[0] = frame.next()[0] - frame.current()[0] - E::ONE;
    /// #     }
    /// #     fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
    /// #         vec![Assertion::single(0, 0, BaseElement::ZERO)]
    /// #     }
    /// # }
    /// # use winter_air::{BatchingMethod::Linear, FieldExtension};
    /// # let options = ProofOptions::new(27, 8, 0, FieldExtension::None, 4, 31, Linear, Linear);
    /// let air = Counter::new(TraceInfo::new(100, 1 << 20), (), options);
    /// let estimate = MemoryEstimate::new(&air);
    /// assert_eq!(estimate.extended_trace, 8 * 100 * 8 << 20);
    /// // a quarter more than the extended trace and its coefficients, at most
    /// assert!(4 * estimate.peak <= 5 * (estimate.extended_trace + estimate.coefficients));
    /// ```
    #[must_use]
    pub fn new<A: Air<BaseField = BaseElement>>(air: &A) -> Self {
        Self::estimate(air.context(), air.options(), false)
    }

    /// As [`new`](Self::new), of a trace in [`TraceColumns`](super::TraceColumns): coefficients take no
    /// memory beside it, but it stays with the process, for the next trace.
    #[must_use]
    pub fn of_columns<A: Air<BaseField = BaseElement>>(air: &A) -> Self {
        Self::estimate(air.context(), air.options(), true)
    }

    /// The estimate of a proof of an AIR with this context, of a trace in
    /// [`TraceColumns`](super::TraceColumns) or not.
    pub(super) fn estimate(
        air: &AirContext<BaseElement>,
        options: &ProofOptions,
        in_place: bool,
    ) -> Self {
        let info = air.trace_info();
        let rows = info.length() as u64;
        let points = air.lde_domain_size() as u64;
        let degree = match options.field_extension() {
            FieldExtension::None => 1,
            FieldExtension::Quadratic => 2,
            FieldExtension::Cubic => 3,
        };
        let main = info.main_trace_width() as u64;
        let aux = info.aux_segment_width() as u64 * degree;
        let quotient = air.num_constraint_composition_columns() as u64 * degree;

        let column = rows * ELEMENT;
        let extended = points * ELEMENT;
        let row = |columns: u64| row_elements(columns as usize) as u64;
        let tree = points * LEAF_AND_NODE;
        let trace = main * column;
        let for_aux = if aux > 0 { trace } else { 0 };
        let kept = if in_place { trace } else { 0 };

        // The blocks between the passes of the extension of a group of columns; and its coefficients.
        let group = |columns: u64| column * columns.min(group_columns(info.length(), 1) as u64);
        let of_main = if in_place { 1 } else { 2 };
        let extending = trace + row(main) * extended + of_main * group(main);
        let extending_aux =
            main * extended + tree + aux * (column + extended) + 2 * group(aux) + for_aux;
        let committed =
            kept + (row(main) + row(aux)) * extended + tree * if aux > 0 { 2 } else { 1 };
        let constraints = committed + air.ce_domain_size() as u64 * degree * ELEMENT;
        // The quotient in coefficients and extended, then weights, DEEP and the layers of FRI, which
        // shrink by half at least.
        let rest = committed
            + quotient * (column + extended)
            + tree
            + 8 * degree * column
            + 2 * (degree * extended + tree);
        let peak = [extending, extending_aux, constraints, rest]
            .into_iter()
            .fold(0, u64::max);
        Self {
            trace,
            coefficients: (main + aux) * column,
            extended_trace: (main + aux) * extended,
            peak: peak + FIXED,
        }
    }

    /// Checks the peak against a limit, or against the memory that the system has left if none is
    /// given. The trace, which exists already, counts towards a limit but is not asked of the system.
    pub(crate) fn check(&self, limit: Option<u64>) -> Result<(), ProverError> {
        let (needed, available) = match limit {
            Some(limit) => (self.peak, limit),
            None => match available() {
                Some(available) => (self.peak - self.trace, available),
                None => return Ok(()),
            },
        };
        if needed > available {
            return Err(ProverError::Memory { needed, available });
        }
        Ok(())
    }
}

/// Bytes that the system can still give, as far as it says: on Linux the available memory, or less
/// if the control group has a limit.
pub(crate) fn available() -> Option<u64> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let system = kibibytes * 1024;
    Some(group_available().map_or(system, |group| group.min(system)))
}

/// Bytes left under the limit of the control group, if there is one.
fn group_available() -> Option<u64> {
    let read = |name: &str| -> Option<u64> {
        std::fs::read_to_string(format!("/sys/fs/cgroup/{name}"))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    // "max" does not parse: no limit. Cached file pages count as used but can be given back.
    let limit = read("memory.max")?;
    let used = read("memory.current")?;
    let stat = std::fs::read_to_string("/sys/fs/cgroup/memory.stat").ok()?;
    let cached = stat
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file "))
        .and_then(|bytes| bytes.trim().parse().ok())
        .unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cached)))
}
