//! What is measured.

use serde::{Deserialize, Serialize};
use winterfell::{BatchingMethod, FieldExtension, ProofOptions};
use winterlane_air::presets::Preset;

use crate::Contender;

/// One thing to measure; the same data for everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Arithmetic on arrays that stay in the first-level cache.
    Field {
        /// What is computed for each element.
        operation: FieldOperation,
        /// Whether each result is the next operand: latency instead of throughput.
        dependent: bool,
    },
    /// Low-degree extension of evaluations over a subgroup to a coset: inverse transform included.
    Lde {
        /// Base-2 logarithm of the rows.
        log_rows: u32,
        /// Columns.
        columns: usize,
        /// Rows after over rows before.
        blowup: usize,
    },
    /// BLAKE3 digests of the rows of a row-major matrix, and the Merkle tree over them.
    Commit {
        /// Base-2 logarithm of the rows.
        log_rows: u32,
        /// Columns.
        columns: usize,
    },
    /// Rescue-Jive compressions of independent pairs of digests.
    Rescue {
        /// How many.
        count: usize,
    },
    /// The trace of [`Statement::Poseidon2`], filled.
    Trace {
        /// Base-2 logarithm of the rows.
        log_rows: u32,
    },
    /// From a filled trace to a proof; for [`Statement::Batch`], from signed orders.
    Prove {
        /// What is proven.
        statement: Statement,
        /// How.
        options: Options,
    },
    /// Verification of the bytes of a proof.
    Verify {
        /// What is proven.
        statement: Statement,
        /// How.
        options: Options,
    },
    /// A plain and a hiding proof of [`Statement::Poseidon2`] in turn, and their verification. What is timed
    /// is the hiding proof; the values have the others.
    Hide {
        /// Base-2 logarithm of the rows.
        log_rows: u32,
        /// How, both.
        options: Options,
        /// In rows that are left free, instead of twice the rows.
        in_place: bool,
    },
    /// A piece of the work before a trace is filled.
    Witness {
        /// Which piece.
        step: WitnessStep,
        /// How many signatures, one-time keys, updates or operations.
        count: usize,
    },
}

impl Job {
    /// Whether this contender has such a piece.
    #[must_use]
    pub fn is_for(self, contender: Contender) -> bool {
        match contender {
            Contender::Winterlane => true,
            Contender::WinterlaneAnyAir => matches!(self, Self::Prove { .. }),
            Contender::WinterfellVerifier => matches!(self, Self::Verify { .. }),
            // Its hash function serves wallets and ledgers; traces of batches are Winterlane's alone.
            Contender::Winterfell => match self {
                Self::Witness { step, .. } => step != WitnessStep::FillTrace,
                Self::Verify { .. } | Self::Hide { .. } => false,
                _ => true,
            },
            Contender::Plonky3 => match self {
                Self::Field { .. }
                | Self::Lde { .. }
                | Self::Commit { .. }
                | Self::Trace { .. } => true,
                Self::Prove { statement, options } | Self::Verify { statement, options } => {
                    matches!(statement, Statement::Poseidon2 { .. }) && options.extension == 2
                }
                // Its traces are extended to twice the rows.
                Self::Hide {
                    in_place, options, ..
                } => !in_place && options.extension == 2,
                Self::Rescue { .. } | Self::Witness { .. } => false,
            },
        }
    }

    /// Whether a run of this leaves a process as warm as a run of `other`: proofs that differ in their
    /// proof of work touch the same memory.
    #[must_use]
    pub fn warms(self, other: Self) -> bool {
        let without_grinding = |job| match job {
            Self::Prove { statement, options } => Self::Prove {
                statement,
                options: options.without_grinding(),
            },
            _ => job,
        };
        without_grinding(self) == without_grinding(other)
    }

    /// What must be equal before this job's outputs are compared: the trace of a statement that is
    /// written down twice.
    #[must_use]
    pub const fn trace(self) -> Option<Self> {
        match self {
            Self::Prove {
                statement: Statement::Poseidon2 { log_rows },
                ..
            } => Some(Self::Trace { log_rows }),
            _ => None,
        }
    }
}

/// Field arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldOperation {
    /// `a + b`.
    Add,
    /// `a b`, in the form in which the contender keeps elements.
    Mul,
    /// `a b` of canonical integers, as in Winterlane's transforms; as `Mul` for the others.
    MulCanonical,
    /// `a b` in the cubic extension, modulo `x^3 - x - 1` for everyone.
    CubicMul,
    /// `a^(1/7)`, the inverse of Rescue's power map.
    SeventhRoot,
}

impl FieldOperation {
    /// All, from the cheapest.
    pub const ALL: [Self; 5] = [
        Self::Add,
        Self::Mul,
        Self::MulCanonical,
        Self::CubicMul,
        Self::SeventhRoot,
    ];

    /// Elements of an array: 8 KiB, or 24 KiB in the extension.
    pub const ELEMENTS: usize = 1024;

    /// The name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Mul => "mul",
            Self::MulCanonical => "mul_canonical",
            Self::CubicMul => "cubic_mul",
            Self::SeventhRoot => "seventh_root",
        }
    }

    /// Base field elements in an element.
    #[must_use]
    pub const fn degree(self) -> usize {
        if matches!(self, Self::CubicMul) { 3 } else { 1 }
    }

    /// Passes over the array, or links of the chain in 1,024s, in one run: a millisecond or a few for
    /// the slowest contender.
    #[must_use]
    pub const fn passes(self) -> usize {
        match self {
            Self::Add | Self::Mul | Self::MulCanonical => 256,
            Self::CubicMul => 32,
            Self::SeventhRoot => 4,
        }
    }
}

/// What is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// 94 columns with constraints of degree 7.
    Wide {
        /// Base-2 logarithm of the rows.
        log_rows: u32,
    },
    /// 12 columns with constraints of degree 2 and 3.
    Narrow {
        /// Base-2 logarithm of the rows.
        log_rows: u32,
    },
    /// One Poseidon2 permutation a row in 180 columns of degree 3: Plonky3's own AIR.
    Poseidon2 {
        /// Base-2 logarithm of the rows.
        log_rows: u32,
    },
    /// Real transfers: 256 rows of 251 columns an operation, one Rescue permutation a row.
    Batch {
        /// Operation slots, a power of two.
        operations: usize,
    },
}

impl Statement {
    /// Rows of the trace.
    #[must_use]
    pub const fn rows(self) -> usize {
        match self {
            Self::Wide { log_rows } | Self::Narrow { log_rows } | Self::Poseidon2 { log_rows } => {
                1 << log_rows
            }
            Self::Batch { operations } => operations * winterlane_air::batch::schedule::BLOCK_ROWS,
        }
    }

    /// Columns of the trace.
    #[must_use]
    pub const fn columns(self) -> usize {
        match self {
            Self::Wide { .. } => crate::columns::WIDE_COLUMNS,
            Self::Narrow { .. } => crate::columns::NARROW_COLUMNS,
            Self::Poseidon2 { .. } => crate::columns::POSEIDON2_COLUMNS,
            Self::Batch { .. } => winterlane_air::batch::columns::TRACE_WIDTH,
        }
    }

    /// A short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wide { .. } => "wide",
            Self::Narrow { .. } => "narrow",
            Self::Poseidon2 { .. } => "poseidon2",
            Self::Batch { .. } => "batch",
        }
    }
}

/// The parameters of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// FRI queries.
    pub queries: usize,
    /// Rows of the extended trace over rows of the trace.
    pub blowup: usize,
    /// Bits of proof of work.
    pub grinding: u32,
    /// Degree of the field that challenges are drawn from.
    pub extension: usize,
    /// How many evaluations FRI folds into one.
    pub folding: usize,
    /// Largest degree of the FRI remainder.
    pub remainder: usize,
}

impl Options {
    /// Quadratic extension, folding by 8 down to degree 127.
    #[must_use]
    pub const fn quadratic(queries: usize, blowup: usize, grinding: u32) -> Self {
        Self {
            queries,
            blowup,
            grinding,
            extension: 2,
            folding: 8,
            remainder: 127,
        }
    }

    /// The options of a preset for a trace of that many rows; `None` when it has none.
    #[must_use]
    pub fn of_preset(preset: Preset, rows: usize) -> Option<Self> {
        let parameters = preset.parameters(rows)?;
        let blowup = preset.options(rows)?.blowup_factor();
        Some(Self {
            queries: parameters.queries.into(),
            blowup,
            grinding: parameters.grinding.into(),
            extension: 3,
            folding: parameters.folding.into(),
            remainder: parameters.remainder_max_degree.into(),
        })
    }

    /// The same without proof of work, so that a prover whose search is parallel has the nonce of
    /// one whose search is not.
    #[must_use]
    pub const fn without_grinding(self) -> Self {
        Self {
            grinding: 0,
            ..self
        }
    }

    /// In winterfell's form.
    ///
    /// # Panics
    /// When winterfell does not allow them.
    #[must_use]
    pub fn to_winterfell(self) -> ProofOptions {
        let extension = match self.extension {
            1 => FieldExtension::None,
            2 => FieldExtension::Quadratic,
            _ => FieldExtension::Cubic,
        };
        ProofOptions::new(
            self.queries,
            self.blowup,
            self.grinding,
            extension,
            self.folding,
            self.remainder,
            BatchingMethod::Linear,
            BatchingMethod::Linear,
        )
    }
}

/// Work of wallets and sequencers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WitnessStep {
    /// One-time public keys.
    GenerateKeys,
    /// Signatures, the search for the randomiser included.
    Sign,
    /// Checks of signatures.
    CheckSignatures,
    /// Updates of the account tree, of whose accounts each is updated.
    UpdateTree,
    /// Updates among 4,096 times as many accounts, side by side: those of 256 operations among 2^20.
    UpdateAmongDense,
    /// The same among as many accounts at random ids, whose paths meet only near the root.
    UpdateAmongScattered,
    /// From signed orders to a sealed batch.
    Seal,
    /// From a sealed batch to its trace.
    FillTrace,
}

impl WitnessStep {
    /// All, in the order of a batch's life.
    pub const ALL: [Self; 8] = [
        Self::GenerateKeys,
        Self::Sign,
        Self::CheckSignatures,
        Self::UpdateTree,
        Self::UpdateAmongDense,
        Self::UpdateAmongScattered,
        Self::Seal,
        Self::FillTrace,
    ];

    /// The name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GenerateKeys => "generate_keys",
            Self::Sign => "sign",
            Self::CheckSignatures => "check_signatures",
            Self::UpdateTree => "update_tree",
            Self::UpdateAmongDense => "update_among_dense",
            Self::UpdateAmongScattered => "update_among_scattered",
            Self::Seal => "seal",
            Self::FillTrace => "fill_trace",
        }
    }
}
