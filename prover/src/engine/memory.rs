//! How much memory a proof takes, known before it starts.

use winter_air::{Air, AirContext, ProofOptions};
use winter_math::fields::f64::BaseElement;

use winterlane_field_simd::{can_map, limit_growth, pooled_bytes};

use super::{
    ProverError,
    constraints::STACK,
    segment::{group_columns, row_elements},
    source::Made,
    system::{Available, System},
    tabulated::Tabulated,
};
use crate::threads;

/// Bytes of a base field element.
const ELEMENT: u64 = 8;

/// Bytes of a digest and of the node above it.
const LEAF_AND_NODE: u64 = 64;

/// Bytes that do not grow with the trace: tables, buffers of the threads, the proof.
const FIXED: u64 = 16 << 20;

/// How the trace of a proof is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// By the caller.
    Trace,
    /// In [`TraceColumns`](super::TraceColumns).
    Columns,
    /// Not at all: columns are made while they are extended.
    Made(Made),
}

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
    /// Of these, bytes that come, or for some hash functions may come, from the allocator and not from the pool of
    /// large buffers.
    heap: u64,
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
        Self::of_air(air, Held::Trace)
    }

    /// As [`new`](Self::new), of a trace in [`TraceColumns`](super::TraceColumns): coefficients take no
    /// memory beside it, but it stays with the process, for the next trace.
    #[must_use]
    pub fn of_columns<A: Air<BaseField = BaseElement>>(air: &A) -> Self {
        Self::of_air(air, Held::Columns)
    }

    /// The estimate of a proof of `air`.
    pub(crate) fn of_air<A: Air<BaseField = BaseElement>>(air: &A, held: Held) -> Self {
        Self::estimate(air.context(), air.options(), Tabulated::of(air), held)
    }

    /// The estimate of a proof of an AIR with this context and these tables.
    pub(crate) fn estimate(
        air: &AirContext<BaseElement>,
        options: &ProofOptions,
        tabulated: Tabulated,
        held: Held,
    ) -> Self {
        let info = air.trace_info();
        let rows = info.length() as u64;
        let points = air.lde_domain_size() as u64;
        let degree = u64::from(options.field_extension().degree());
        let main = info.main_trace_width() as u64;
        let aux = info.aux_segment_width() as u64 * degree;
        let quotient = air.num_constraint_composition_columns() as u64 * degree;

        let column = rows * ELEMENT;
        let extended = points * ELEMENT;
        let row = |columns: u64| row_elements(columns as usize) as u64;
        let tree = points * LEAF_AND_NODE;
        let whole = main * column;
        // The trace; what of it is left for the auxiliary segment, and to the end; and what is built of that
        // segment beside the values that are extended.
        let (trace, for_aux, kept, building) = match held {
            Held::Trace if aux > 0 => (whole, whole, 0, 0),
            Held::Trace => (whole, 0, 0, 0),
            Held::Columns => (whole, 0, whole, 0),
            Held::Made(made) => (made.trace, made.trace, made.trace, made.auxiliary),
        };
        // What is of the auxiliary segment and not in the pool.
        let aside = match held {
            Held::Made(_) => building,
            Held::Trace | Held::Columns => for_aux,
        };

        // The blocks between the passes of the extension of a group of columns; and its coefficients.
        let group = |columns: u64, degree: u64| {
            let at_a_time = group_columns(info.length(), degree as usize) as u64 * degree;
            column * columns.min(at_a_time)
        };
        let of_main = if held == Held::Columns { 1 } else { 2 };
        // Columns that are made are interpolated where they are.
        let of_aux = if matches!(held, Held::Made(_)) { 1 } else { 2 };
        let extending = trace + row(main) * extended + of_main * group(main, 1);
        let extending_aux = main * extended
            + tree
            + aux * column
            + u64::max(aux * extended + of_aux * group(aux, degree), building)
            + for_aux;
        let table = tabulated.bytes();
        let committed =
            kept + (row(main) + row(aux)) * extended + tree * if aux > 0 { 2 } else { 1 };
        let constraints = committed + air.ce_domain_size() as u64 * degree * ELEMENT + table;
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
            heap: tree * if aux > 0 { 4 } else { 3 } + 8 * degree * column + aside + table + FIXED,
        }
    }

    /// Refuses a proof that would not fit: into `limit` bytes, or into what the system has left if no
    /// limit is given; and in any case into the address space, beyond which an allocation ends the
    /// process.
    ///
    /// The trace counts towards a limit, but exists already (`with_trace` says that it does not yet),
    /// and is not asked of the system. Buffers that earlier proofs left in the pool are the system's to
    /// count as used, and this proof's to take.
    pub(crate) fn check(
        &self,
        limit: Option<u64>,
        system: System<'_>,
        with_trace: bool,
    ) -> Result<(), ProverError> {
        let available = system.available();
        threads::ensure()?;
        let stacks = rayon::current_num_threads() as u64 * STACK as u64;
        let asked = self.fits(limit, available, pooled_bytes() as u64, stacks, with_trace)?;
        // Whatever else there may be that refuses an allocation, better now than in the middle.
        let Available {
            memory,
            address_space,
        } = available;
        if !can_map(usize::try_from(asked).unwrap_or(usize::MAX)) {
            return Err(ProverError::Memory {
                needed: asked,
                available: address_space.or(memory).unwrap_or(0),
            });
        }
        // What the pool keeps and this proof cannot use makes room for what it needs.
        if let Some(memory) = memory {
            let room = memory.saturating_sub(self.heap);
            limit_growth(usize::try_from(room).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    /// The bytes to be asked of the system, if they are there or in the pool. The stacks on which
    /// constraints are evaluated take address space, and next to no memory.
    fn fits(
        &self,
        limit: Option<u64>,
        available: Available,
        pooled: u64,
        stacks: u64,
        with_trace: bool,
    ) -> Result<u64, ProverError> {
        let asked = self.peak - if with_trace { 0 } else { self.trace };
        let memory = match limit {
            Some(limit) => (self.peak, Some(limit)),
            None => (
                asked,
                available.memory.map(|left| left.saturating_add(pooled)),
            ),
        };
        let address_space = available.address_space;
        let address_space = (
            asked + stacks,
            address_space.map(|left| left.saturating_add(pooled)),
        );
        for (needed, available) in [memory, address_space] {
            if let Some(available) = available
                && needed > available
            {
                return Err(ProverError::Memory { needed, available });
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn estimate(peak: u64) -> MemoryEstimate {
        MemoryEstimate {
            trace: 10 * MIB,
            coefficients: 0,
            extended_trace: 0,
            peak,
            heap: 0,
        }
    }

    /// Two proofs in a row, in a group of 100 MiB: the first leaves 60 MiB in the pool, which the
    /// group counts as used.
    #[test]
    fn what_the_first_proof_left_is_the_second_ones() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("proc/self/cgroup", "0::/\n");
        write(
            "proc/self/mountinfo",
            "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        );
        write("sys/fs/cgroup/memory.max", &(100 * MIB).to_string());
        let fits = |peak: u64, used: u64, pooled: u64| {
            write("sys/fs/cgroup/memory.current", &(used * MIB).to_string());
            let available = System::new(root.path()).available();
            estimate(peak * MIB).fits(None, available, pooled * MIB, 0, true)
        };
        let refused = |needed, available| {
            let (needed, available) = (needed * MIB, available * MIB);
            Err(ProverError::Memory { needed, available })
        };
        assert_eq!(fits(80, 10, 0), Ok(80 * MIB));
        assert_eq!(fits(91, 10, 0), refused(91, 90));
        assert_eq!(fits(80, 70, 60), Ok(80 * MIB));
        assert_eq!(fits(91, 70, 60), refused(91, 90));
        // If others had it, the second would not fit.
        assert_eq!(fits(80, 70, 0), refused(80, 30));
    }

    #[test]
    fn a_limit_of_ones_own_and_the_address_space() {
        let available = |memory, address_space| Available {
            memory: Some(memory * MIB),
            address_space: Some(address_space * MIB),
        };
        let estimate = estimate(50 * MIB);
        let fits = |limit, available| estimate.fits(limit, available, 0, 0, false);
        let on_stacks = |available| estimate.fits(None, available, 0, 64 * MIB, false);
        assert_eq!(on_stacks(available(40, 104)), Ok(40 * MIB));
        assert!(on_stacks(available(40, 103)).is_err());
        let refused = |needed, available| {
            let (needed, available) = (needed * MIB, available * MIB);
            Err(ProverError::Memory { needed, available })
        };
        // The trace is there already: 40 MiB are asked of the system, 50 of an own limit.
        assert_eq!(fits(None, available(40, 40)), Ok(40 * MIB));
        assert_eq!(fits(None, available(39, 40)), refused(40, 39));
        assert_eq!(fits(None, available(40, 39)), refused(40, 39));
        assert_eq!(fits(Some(49 * MIB), available(999, 999)), refused(50, 49));
        // An own limit takes the place of what is free, and not of what can be mapped.
        assert_eq!(fits(Some(50 * MIB), available(1, 40)), Ok(40 * MIB));
        assert_eq!(fits(Some(50 * MIB), available(1, 39)), refused(40, 39));
    }

    #[test]
    fn more_than_any_address_space() {
        let system = System::new(std::path::Path::new("/nowhere"));
        assert!(
            estimate(1 << 60)
                .check(Some(u64::MAX), system, true)
                .is_err()
        );
        assert_eq!(estimate(11 * MIB).check(None, system, true), Ok(()));
    }
}
