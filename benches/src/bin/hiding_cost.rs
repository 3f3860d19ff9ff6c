//! What hiding costs: the same statement proven plainly, in place and by doubling, with the same options. And what the
//! first proof of a process costs beside the next ones.
//!
//! ```console
//! cargo run --release -p winterlane-benches --features winterlane --bin hiding_cost
//! cargo run --release -p winterlane-benches --features winterlane --bin hiding_cost -- first
//! ```
//!
//! With the argument `phases`, what each phase of one more proof took, in ms; with `first phases`, what each phase of the
//! first and of the next proofs took.
//!
//! Each figure is the median of five runs, which take turns. There is no proof of work: its length is a matter of
//! luck, and of no other.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Instant;

use winterfell::crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterfell::math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, Proof, ProofOptions, TraceInfo, TraceTable,
    TransitionConstraintDegree,
};
use winterlane_air::hiding::{Doubling, Hiding, InPlace, TailFree};
use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_prover::engine::{EngineOptions, MemoryEstimate, Observer, Phase, prove_inlined};
use winterlane_prover::hiding::prove_hiding_inlined;
use winterlane_prover::{HidingRng, PlainProver};
use winterlane_verifier::{AirPolicy, TraceShape, verify};

type Hash = Blake3_256<BaseElement>;
type Coin = DefaultRandomCoin<Hash>;
type Tree = MerkleTree<Hash>;

/// What is public: the last column in the middle of the trace.
#[derive(Clone, Copy)]
struct Image(BaseElement);

impl ToElements<BaseElement> for Image {
    fn to_elements(&self) -> Vec<BaseElement> {
        vec![self.0]
    }
}

/// Columns `c_i' = c_i^3 + c_(i+1)`, as many as there are; the witness is the first row.
struct Rounds {
    context: AirContext<BaseElement>,
    image: Image,
}

impl Air for Rounds {
    type BaseField = BaseElement;
    type PublicInputs = Image;

    fn new(info: TraceInfo, image: Image, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(3); info.width()];
        Self {
            context: AirContext::new(info, degrees, 1, options),
            image,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        let (current, next) = (frame.current(), frame.next());
        for i in 0..result.len() {
            let other = current[if i + 1 < result.len() { i + 1 } else { 0 }];
            result[i] = next[i] - current[i] * current[i] * current[i] - other;
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let middle = self.trace_length() / 2 - 1;
        vec![Assertion::single(
            self.trace_info().width() - 1,
            middle,
            self.image.0,
        )]
    }
}

impl TailFree for Rounds {
    fn needed_rows(&self) -> usize {
        self.trace_length() / 2
    }
}

fn trace(width: usize, rows: usize) -> (TraceTable<BaseElement>, Image) {
    let mut columns = vec![Vec::with_capacity(rows); width];
    let mut row: Vec<_> = (0..width as u64).map(BaseElement::new).collect();
    for _ in 0..rows {
        for (column, &cell) in columns.iter_mut().zip(&row) {
            column.push(cell);
        }
        let next = |i: usize| row[i] * row[i] * row[i] + row[(i + 1) % width];
        row = (0..width).map(next).collect();
    }
    let image = Image(columns[width - 1][rows / 2 - 1]);
    (TraceTable::init(columns), image)
}

/// Seconds of each of `what`, the median of five runs that take turns, and the last results.
fn measure<T>(what: &[&dyn Fn() -> T]) -> Vec<(f64, T)> {
    let mut times = vec![Vec::new(); what.len()];
    let mut last = Vec::new();
    for _ in 0..5 {
        last = what
            .iter()
            .zip(&mut times)
            .map(|(what, times)| {
                let start = Instant::now();
                let result = what();
                times.push(start.elapsed().as_secs_f64());
                result
            })
            .collect();
    }
    times.into_iter().map(median).zip(last).collect()
}

/// The options of a preset, without proof of work.
fn options(preset: HidingPreset, rows: usize) -> ProofOptions {
    let options = preset.options(rows).expect("a length of the preset");
    ProofOptions::new(
        options.num_queries(),
        options.blowup_factor(),
        0,
        options.field_extension(),
        options.to_fri_options().folding_factor(),
        options.to_fri_options().remainder_max_degree(),
        options.constraint_batching_method(),
        options.deep_poly_batching_method(),
    )
}

fn compare(preset: HidingPreset, width: usize, rows: usize, doubling: bool, phases: bool) {
    let options = options(preset, rows);
    let (trace, image) = trace(width, rows);
    let info = TraceInfo::new(width, rows);
    let prover = PlainProver::<Rounds>::new(options.clone(), image);
    let clock = Clock::default();
    let run = if phases {
        EngineOptions::default().with_observer(&clock)
    } else {
        EngineOptions::default()
    };
    let rng = || HidingRng::from_system().expect("randomness");
    let plain = || prove_inlined(&prover, trace.clone(), &run).expect("a proof");
    let in_place = || {
        prove_hiding_inlined::<_, InPlace>(&prover, trace.clone(), &mut rng(), &run)
            .expect("a proof")
    };
    let doubled = || {
        prove_hiding_inlined::<_, Doubling>(&prover, trace.clone(), &mut rng(), &run)
            .expect("a proof")
    };
    let mut contenders: Vec<&dyn Fn() -> Proof> = vec![&plain, &in_place];
    if doubling {
        contenders.push(&doubled);
    }
    let proofs = measure(&contenders);

    let air = Rounds::new(info.clone(), image, options.clone());
    let shape = TraceShape::of(&air).expect("a shape");
    let of_plain = AirPolicy::<Hash>::new(shape, 0).accept(options.clone());
    let of_plain = of_plain.expect("a policy");
    let policy = AirPolicy::<Hash>::hiding::<Rounds, InPlace>(&info, image, options.clone(), 0);
    let policy = policy.expect("it hides");
    let bytes: Vec<_> = proofs.iter().map(|(_, proof)| proof.to_bytes()).collect();
    let of_doubled =
        AirPolicy::<Hash>::hiding::<Rounds, Doubling>(&info, image, options.clone(), 0);
    let of_doubled = of_doubled.expect("it hides");
    let verify_plain = || {
        verify::<Rounds, Hash, Coin, Tree>(&bytes[0], image, &of_plain).expect("it verifies");
    };
    let verify_in_place = || {
        verify::<Hiding<Rounds, InPlace>, Hash, Coin, Tree>(&bytes[1], image, &policy)
            .expect("it verifies");
    };
    let verify_doubled = || {
        verify::<Hiding<Rounds, Doubling>, Hash, Coin, Tree>(&bytes[2], image, &of_doubled)
            .expect("it verifies");
    };
    let mut verifiers: Vec<&dyn Fn()> = vec![&verify_plain, &verify_in_place];
    if doubling {
        verifiers.push(&verify_doubled);
    }
    let verified = measure(&verifiers);

    let in_place = Hiding::<Rounds, InPlace>::trace_info(&info, image, &options);
    let in_place = in_place.expect("it hides");
    let doubled = Hiding::<Rounds, Doubling>::trace_info(&info, image, &options);
    let doubled = doubled.expect("it hides");
    let in_place = Hiding::<Rounds, InPlace>::new(in_place, image, options.clone());
    let doubled = Hiding::<Rounds, Doubling>::new(doubled, image, options);
    let peaks = [
        MemoryEstimate::new(&air).peak,
        MemoryEstimate::of_hiding(&in_place).peak,
        MemoryEstimate::of_hiding(&doubled).peak,
    ];
    let (base, _) = proofs[0];
    println!("{preset}, {width} columns, {rows} rows:");
    for (i, name) in ["plain", "in place", "doubling"]
        .into_iter()
        .enumerate()
        .take(proofs.len())
    {
        let seconds = proofs[i].0;
        println!(
            "  {name:<9} {:8.1} ms, {:5.2} x, {:7} bytes, verified in {:6.2} ms, {} MiB estimated",
            seconds * 1e3,
            seconds / base,
            bytes[i].len(),
            verified[i].0 * 1e3,
            peaks[i] >> 20
        );
        if phases {
            clock.start();
            contenders[i]();
            println!("            {}", clock.phases());
        }
    }
}

/// When each phase of the proof that runs began.
#[derive(Default)]
struct Clock(Mutex<Vec<(&'static str, Instant)>>);

impl Clock {
    /// Forgets earlier proofs: one starts now.
    fn start(&self) {
        *self.0.lock().expect("no panic") = vec![("before", Instant::now())];
    }

    /// Each phase's ms up to the next one's start, the last one's until now.
    fn took(&self) -> Vec<(&'static str, f64)> {
        let began = self.0.lock().expect("no panic");
        let ends = began.iter().skip(1).map(|&(_, start)| start);
        began
            .iter()
            .zip(ends.chain([Instant::now()]))
            .map(|(&(name, start), end)| (name, (end - start).as_secs_f64() * 1e3))
            .collect()
    }

    /// [`took`](Self::took) as text.
    fn phases(&self) -> String {
        let took = self.took().into_iter();
        let took = took.map(|(name, ms)| format!("{name} {ms:.1}"));
        took.collect::<Vec<_>>().join(", ")
    }
}

impl Observer for Clock {
    fn enter(&self, phase: Phase, _fraction: f64) -> ControlFlow<()> {
        let mut began = self.0.lock().expect("no panic");
        began.push((phase.name(), Instant::now()));
        ControlFlow::Continue(())
    }
}

/// Statements whose first proof is measured: columns, and rows as a power of two.
const FIRST: [(usize, u32); 4] = [(208, 8), (210, 12), (64, 16), (251, 16)];

/// Page faults of this process so far, where the system says.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may have spaces. The seventh number after the state are those that took
    // no disk.
    let numbers = stat.rsplit(')').next().unwrap_or_default();
    let mut numbers = numbers.split_whitespace().skip(7);
    numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// The middle one of some numbers.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// In a process of its own: milliseconds, page faults and milliseconds of each phase of the first proof; and the medians
/// of those of the next ones.
fn first_of_process(width: usize, log2_rows: u32) {
    let rows = 1 << log2_rows;
    let preset = HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128);
    let (trace, image) = trace(width, rows);
    let prover = PlainProver::<Rounds>::new(options(preset, rows), image);
    let clock = Clock::default();
    let options = EngineOptions::default().with_observer(&clock);
    let mut names = Vec::new();
    let mut proofs: Vec<Vec<f64>> = (0..6)
        .map(|_| {
            let trace = trace.clone();
            let before = faults();
            clock.start();
            let start = Instant::now();
            let proof = prove_inlined(&prover, trace, &options);
            let seconds = start.elapsed().as_secs_f64();
            let took = clock.took();
            drop(proof.expect("a proof"));
            names = took.iter().map(|&(name, _)| name).collect();
            let mut numbers = vec![seconds * 1e3, (faults() - before) as f64];
            numbers.extend(took.into_iter().map(|(_, ms)| ms));
            numbers
        })
        .collect();
    let first = proofs.remove(0);
    let next = (0..first.len()).map(|i| median(proofs.iter().map(|proof| proof[i]).collect()));
    let line = |numbers: Vec<f64>| {
        let numbers: Vec<_> = numbers.iter().map(f64::to_string).collect();
        println!("{}", numbers.join(" "));
    };
    println!("{}", names.join(","));
    let next = next.collect();
    line(first);
    line(next);
}

/// First and later proofs: medians of five processes each.
fn first(phases: bool) {
    let program = std::env::current_exe().expect("a path");
    for (width, log2_rows) in FIRST {
        let run = || {
            let mut process = std::process::Command::new(&program);
            process.args(["first", &width.to_string(), &log2_rows.to_string()]);
            let output = process.output().expect("a process");
            let text = String::from_utf8(output.stdout).expect("text");
            let mut lines = text.lines().map(str::to_owned);
            let names = lines.next().expect("the names of the phases");
            let numbers = lines.map(|line| {
                let numbers = line.split_whitespace().map(str::parse::<f64>);
                numbers.collect::<Result<Vec<_>, _>>().expect("numbers")
            });
            (names, numbers.collect::<Vec<_>>())
        };
        let runs: Vec<_> = (0..5).map(|_| run()).collect();
        let number = |line: usize, i: usize| {
            let numbers = runs.iter().map(|(_, lines)| lines[line][i]);
            median(numbers.collect())
        };
        let (first, next) = (number(0, 0), number(1, 0));
        println!(
            "{width} columns, 2^{log2_rows} rows: first {first:.1} ms, {} page faults; next {next:.1} ms, {}; {:.2} x",
            number(0, 1),
            number(1, 1),
            first / next,
        );
        if phases {
            let names = runs[0].0.split(',').enumerate();
            let took = names.map(|(i, name)| {
                let (first, next) = (number(0, i + 2), number(1, i + 2));
                format!("{name} {first:.2} / {next:.2}")
            });
            println!("    {}", took.collect::<Vec<_>>().join(", "));
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let phases = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["phases"] => true,
        ["first"] | ["first", "phases"] => {
            println!("{} threads", rayon::current_num_threads());
            return first(arguments.len() > 1);
        }
        ["first", width, log2_rows] => {
            let number = |text: &str| text.parse::<u32>().expect("a number");
            return first_of_process(number(width) as usize, number(log2_rows));
        }
        _ => {
            eprintln!("usage: hiding_cost [first] [phases]");
            std::process::exit(2);
        }
    };
    println!("{} threads", rayon::current_num_threads());
    let preset = |name| HidingPreset::new(name, SecurityLevel::Bits128);
    for name in [
        HidingPresetName::Compact,
        HidingPresetName::Smallest,
        HidingPresetName::Tiny,
    ] {
        compare(preset(name), 208, 1 << 8, false, phases);
    }
    for log2_rows in [10, 13, 15, 16] {
        compare(
            preset(HidingPresetName::Compact),
            64,
            1 << log2_rows,
            true,
            phases,
        );
    }
    compare(
        preset(HidingPresetName::Balanced),
        64,
        1 << 16,
        true,
        phases,
    );
    // The veil is twelve columns of the base field and a tree, whatever the width.
    compare(
        preset(HidingPresetName::Compact),
        208,
        1 << 15,
        true,
        phases,
    );
}
