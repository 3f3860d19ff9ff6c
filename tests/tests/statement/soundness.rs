//! The numbers of `docs/soundness.md`: the errors of the protocol's rounds, for every preset.

use std::fmt::Write;

use winter_air::proof::{Context, Proof};
use winterfell::{ProofOptions, TraceInfo, crypto::hashers::Blake3_256};
use winterlane_air::{
    batch::NUM_ASSERTIONS,
    batch::columns::TRACE_WIDTH,
    batch::constraints::NUM_CONSTRAINTS,
    presets::{MAX_LOG2_LENGTH, MIN_LOG2_LENGTH, Preset, PresetName, SecurityLevel, soundness},
};
use winterlane_ledger::BaseElement;

const DOCUMENT: &str = include_str!("../../../docs/soundness.md");

/// The errors of the rounds, each as the number of bits of its inverse.
#[derive(Clone, Copy)]
struct Rounds {
    /// The proximity parameter of the list-decoding regime; none in the unique-decoding regime.
    m: Option<u32>,
    /// Constraints, out-of-domain point, batching, folding, queries.
    bits: [f64; 5],
}

impl Rounds {
    /// As the document has the formulas.
    fn new(options: &ProofOptions, rows: usize, m: Option<u32>) -> Self {
        let (n, blowup) = (rows as f64, options.blowup_factor() as f64);
        let domain = n * blowup;
        let degree = (blowup + 1.0) * (n + 1.0) + (n - 1.0);
        let fri = options.to_fri_options();
        let folding = (fri.folding_factor() as f64 - 1.0) * (domain + 1.0);
        let folds = fri.num_fri_layers(rows * options.blowup_factor()) > 0;
        // Of the code that both quotients of a column, with one coefficient, are tested against.
        let rate = (n + 2.0) / domain;
        // What the common coefficient adds to the round of the point: the exceptions of the document's lemma.
        let (list, exceptions, batching, folding, missed) = match m {
            None => {
                let folding = if folds { folding } else { 0.0 };
                (1.0, 1.0, domain, folding, (1.0 + rate) / 2.0)
            }
            Some(m) => {
                let m = f64::from(m);
                let list = m / (1.0 / blowup - 2.0 * m / domain);
                let batching = (m + 0.5).powi(7) * domain.powi(2) * blowup.powf(1.5) / 3.0;
                let exceptions = (m + 0.5) * blowup.sqrt();
                let missed = (1.0 + 0.5 / m) * rate.sqrt();
                (list, exceptions, batching, 0.0, missed)
            }
        };
        // three elements of 64 bits
        let [constraints, point, batching, folding] =
            [list, list * list * degree + exceptions, batching, folding]
                .map(|error| 192.0 - error.log2());
        let work = f64::from(options.grinding_factor());
        let queries = work - options.num_queries() as f64 * missed.log2();
        Self {
            m,
            bits: [constraints, point, batching, folding, queries],
        }
    }

    /// In the list-decoding regime, with the best parameter of those that winterfell tries, and in the
    /// unique-decoding regime.
    fn regimes(options: &ProofOptions, rows: usize) -> [Self; 2] {
        let n = rows as f64;
        let most = (0.5 / (((n + 2.0) / n).sqrt() - 1.0)).ceil().min(1000.0);
        let list = (3..most as u32).map(|m| Self::new(options, rows, Some(m)));
        let list = list.max_by(|a, b| a.least().total_cmp(&b.least()));
        let list = list.expect("a trace has eight rows at least");
        [list, Self::new(options, rows, None)]
    }

    /// Bits in the better regime.
    fn best(options: &ProofOptions, rows: usize) -> f64 {
        let [list, unique] = Self::regimes(options, rows);
        list.least().max(unique.least())
    }

    /// Of the round with the largest error.
    fn least(&self) -> f64 {
        self.bits.into_iter().fold(f64::INFINITY, f64::min)
    }
}

/// Whole bits, of which the hash has 128.
fn provable(bits: f64) -> u32 {
    bits.min(128.0) as u32
}

fn presets() -> impl Iterator<Item = Preset> {
    [SecurityLevel::Bits128, SecurityLevel::Bits100]
        .into_iter()
        .flat_map(|level| PresetName::ALL.map(|name| Preset::new(name, level)))
}

/// What winterfell says.
fn estimated(options: &ProofOptions, rows: usize) -> u32 {
    let info = TraceInfo::new(TRACE_WIDTH, rows);
    let constraints = NUM_CONSTRAINTS + NUM_ASSERTIONS;
    let proof = Proof {
        context: Context::new::<BaseElement>(info, options.clone(), constraints),
        ..Proof::new_dummy()
    };
    let security = proof.proven_security::<Blake3_256<BaseElement>>();
    security.ldr_bits().max(security.udr_bits())
}

#[test]
fn the_formulas_give_the_bits_of_every_preset_and_length() {
    let mut compared = 0;
    for preset in Preset::ALL {
        for log2_rows in MIN_LOG2_LENGTH..=MAX_LOG2_LENGTH {
            let rows = 1 << log2_rows;
            let Some(options) = preset.options(rows) else {
                continue;
            };
            let bits = provable(Rounds::best(&options, rows));
            // Winterfell leaves out what the formulas count, and cuts the same errors to whole bits.
            assert!(bits <= estimated(&options, rows), "{preset} at {rows} rows");
            let library = provable(soundness::opening_bits(&options, rows));
            assert_eq!(bits, library, "{preset} at {rows} rows");
            let parameters = preset.parameters(rows).expect("there are options");
            assert_eq!(bits, parameters.bits, "{preset} at {rows} rows");
            compared += 1;
        }
    }
    assert_eq!(compared, 108);
}

/// The document's table of the rounds' errors at 1,024 operations.
fn rounds() -> String {
    let rows = 1 << 18;
    let mut table = String::from(
        "| preset | queries + grinding | decoding | constraints | point | batching | folding | \
         queries | bits |\n|---|---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for preset in presets() {
        let options = preset.options(rows).expect("all presets have this length");
        let (queries, work) = (options.num_queries(), options.grinding_factor());
        for rounds in Rounds::regimes(&options, rows) {
            let decoding = rounds
                .m
                .map_or("unique".to_owned(), |m| format!("list, m = {m}"));
            let cells = rounds.bits.map(|bits| {
                if bits.is_finite() {
                    format!("{bits:.1}")
                } else {
                    "–".to_owned()
                }
            });
            writeln!(
                table,
                "| `{preset}` | {queries} + {work} | {decoding} | {} | {} |",
                cells.join(" | "),
                provable(rounds.least())
            )
            .expect("a string");
        }
    }
    table
}

/// The document's table of all lengths.
fn lengths() -> String {
    let names: Vec<String> = presets().map(|preset| format!("`{preset}`")).collect();
    let mut table = format!("| rows | {} |\n", names.join(" | "));
    table += &format!("|---|{}\n", "---|".repeat(names.len()));
    for log2_rows in MIN_LOG2_LENGTH..=MAX_LOG2_LENGTH {
        let rows = 1 << log2_rows;
        let cells: Vec<String> = presets()
            .map(|preset| match preset.options(rows) {
                None => "–".to_owned(),
                Some(options) => {
                    let bits = Rounds::best(&options, rows);
                    let (queries, work) = (options.num_queries(), options.grinding_factor());
                    format!("{queries} + {work}: {bits:.1}")
                }
            })
            .collect();
        writeln!(table, "| 2^{log2_rows} | {} |", cells.join(" | ")).expect("a string");
    }
    table
}

/// The bound of the document's lemma, for the agreement and the rate of each preset: it is not more than what the
/// round of the point counts.
#[test]
fn the_lemma_is_counted() {
    for preset in Preset::ALL {
        for log2_rows in MIN_LOG2_LENGTH..=MAX_LOG2_LENGTH {
            let Some(options) = preset.options(1 << log2_rows) else {
                continue;
            };
            let (n, blowup) = (f64::from(1 << log2_rows), options.blowup_factor() as f64);
            let rate = (n + 2.0) / (n * blowup);
            for m in 3..=1000 {
                let m = f64::from(m);
                let agreement = (1.0 + 0.5 / m) * rate.sqrt();
                let exceptions = (agreement - rate) / (agreement * agreement - rate);
                assert!(exceptions <= (m + 0.5) * blowup.sqrt(), "{preset}, m = {m}");
            }
        }
    }
}

#[test]
fn the_document_states_these_numbers() {
    for table in [rounds(), lengths()] {
        assert!(DOCUMENT.contains(&table), "the document lacks\n{table}");
    }
}
