//! What private statements cost: proofs, published bytes, scanning. The figures of the README are from here.
//!
//! ```text
//! cargo run --release -p winterlane --example private_figures                 # proofs
//! cargo run --release -p winterlane --example private_figures -- phases       # where the time of a withdrawal goes
//! cargo run --release -p winterlane --example private_figures -- scan [NOTES] # finding notes
//! ```
//!
//! Times are medians, and only count on a machine that does nothing else. Sizes do not depend on the machine.

use std::{
    collections::BTreeMap,
    error::Error,
    ops::ControlFlow,
    sync::Mutex,
    time::{Duration, Instant},
};

use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};
use serde_json::json;
use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_ledger::{
    Amount, AssetId, BatchNumber, ChainId, RollupId,
    hash::domain_digest,
    pool::{Payment, Pool, PoolOperation, PrivateOperation, encode_operation},
    private::{Note, NoteTree, PrivateInputs},
};
use winterlane_prover::{
    EngineOptions, SimdCompressor,
    engine::{Observer, Phase},
    hiding::HidingRng,
    private::{
        CredentialWitness, NewNote, PrivateWitness, SpentNote, TransferWitness, WithdrawalWitness,
        prove_private,
    },
};
use winterlane_verifier::verify_private;
use winterlane_wallet::{
    MasterSeed, Wallet,
    credentials::{Day, Issuer, Known, Question, Value, ask, attributes},
    notes::{Input, NoteBook, NoteSecret, Terms, expiry_after, shield},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs of each measurement.
const RUNS: usize = 21;
/// Notes that are scanned unless another number is asked for.
const SAMPLE: usize = 1 << 16;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        None => proofs(),
        Some("phases") => phases(),
        Some("scan") => scan(arguments.next().map_or(Ok(SAMPLE), |text| text.parse())?),
        Some(other) => {
            Err(format!("{other:?}: nothing, `phases`, or `scan` and a number of notes").into())
        }
    }
}

fn pool_of_threads(threads: usize) -> Result<ThreadPool> {
    Ok(ThreadPoolBuilder::new().num_threads(threads).build()?)
}

fn account(number: u32) -> NoteSecret {
    MasterSeed::from_bytes([7; 32]).note_secret(number)
}

/// A pool with notes of Alice and of others.
struct World {
    pool: Pool,
    tree: NoteTree,
    book: NoteBook,
    alice: NoteSecret,
}

impl World {
    fn new() -> Result<Self> {
        let domain = domain_digest(ChainId::new(1), RollupId::new(1));
        let (mut pool, mut tree) = (Pool::new(domain), NoteTree::default());
        let alice = account(0);
        let mut published = Vec::new();
        let mut batch = pool.open_batch();
        for index in 0..64 {
            let to = account(index % 16).payment_address();
            let (note, _) = shield(&to, AssetId::ZERO, Amount::new(1000 + u128::from(index)))?;
            let payment = Payment {
                batch: BatchNumber::ZERO,
                record: index,
            };
            batch.shield(&note, payment)?;
            published.push(PoolOperation::Shield(note, payment));
        }
        tree.append_many(&batch.seal().commitments, &SimdCompressor)?;
        let mut book = NoteBook::new(domain);
        book.scan(&alice.viewing_key(), &published);
        Ok(Self {
            pool,
            tree,
            book,
            alice,
        })
    }

    fn terms(&self, amount: Amount) -> Terms<'static> {
        let batch_number = self.pool.batch_number();
        Terms {
            asset: AssetId::ZERO,
            amount,
            fee: Amount::new(1),
            batch_number,
            valid_until: expiry_after(batch_number, 100),
            association: None,
        }
    }

    fn spent(&self, input: &Input) -> SpentNote {
        SpentNote {
            keys: self.alice.keys(),
            rho: input.note.rho,
            asset: input.note.asset,
            value: input.note.value,
            path: input.path,
            association: None,
        }
    }

    fn withdrawal(&self) -> Result<(PrivateInputs, PrivateWitness, Vec<Vec<u8>>)> {
        let terms = self.terms(Amount::new(600));
        let made = self
            .book
            .withdrawal(&self.alice, &self.tree, &terms, [0xc3; 20])?;
        let witness = WithdrawalWitness {
            note: self.spent(&made.input),
            change: new_note(&made.change),
        };
        let witness = PrivateWitness::Withdrawal(Box::new(witness));
        Ok((PrivateInputs::Withdrawal(made.inputs), witness, Vec::new()))
    }

    fn transfer(&self) -> Result<(PrivateInputs, PrivateWitness, Vec<Vec<u8>>)> {
        let (terms, to) = (self.terms(Amount::new(1500)), account(5).payment_address());
        let made = self.book.transfer(&self.alice, &self.tree, &terms, &to)?;
        let witness = TransferWitness {
            inputs: made.spent.each_ref().map(|input| self.spent(input)),
            outputs: made.made.each_ref().map(new_note),
        };
        let witness = PrivateWitness::Transfer(Box::new(witness));
        Ok((PrivateInputs::Transfer(made.inputs), witness, made.sealed))
    }
}

fn new_note(note: &Note) -> NewNote {
    NewNote::new(&note.owner, &note.rho, note.value)
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

/// An answer about a credential.
fn credential(predicate: &str) -> Result<(PrivateInputs, PrivateWitness, Vec<Vec<u8>>)> {
    let place = tempfile::tempdir()?;
    let mut issuing = Wallet::create(&place.path().join("keys"))?.with_compressor(SimdCompressor);
    let holder = MasterSeed::from_bytes([8; 32]).holder_secret(0);
    let schema = json!({"name": "person", "attributes": {
        "birth_date": "date", "country": "text", "latitude": "integer", "longitude": "integer"}});
    let issuer = Issuer {
        format: Issuer::FORMAT.into(),
        name: "Town of Example".into(),
        schema: serde_json::from_value(schema)?,
        keys: vec![issuing.add_key(0, 3)?],
        revoked: vec![3, 5],
    };
    let person = json!({"birth_date": "1990-05-17", "country": "DE",
        "latitude": 47_376_900, "longitude": 8_541_700});
    let stated = attributes(&issuer.schema, person.as_object().ok_or("no object")?)?;
    let signed = issuing.issue(&issuer, stated, holder.key(), Day::LAST)?;
    let eu = ["AT", "BE", "DE", "FR"].map(|text| Value::Text(text.into()));
    let today = Day::today();
    let challenge = ask(Question {
        verifier: "bar.example".into(),
        expires: u64::MAX,
        today,
        predicate: predicate.parse()?,
        sets: [("eu.json".to_owned(), eu.to_vec())].into(),
        issuer: issuer.clone(),
        pseudonym: false,
    })?;
    let known = Known {
        issuer: &issuer,
        today,
    };
    let showing = challenge.answer(&known, &signed, holder)?;
    let witness = CredentialWitness::new(
        showing.credential,
        showing.holder,
        &showing.revoked,
        &showing.members,
    );
    let inputs = PrivateInputs::Credential(showing.inputs);
    Ok((
        inputs,
        PrivateWitness::Credential(Box::new(witness)),
        Vec::new(),
    ))
}

/// Proving, verifying, sizes.
fn proofs() -> Result<()> {
    let world = World::new()?;
    let one = pool_of_threads(1)?;
    let two = pool_of_threads(2)?;
    println!("| statement | preset | proof, bytes | prove, ms, 1 core | 2 cores | verify, ms |");
    println!("|---|---|---|---|---|---|");
    for (name, (inputs, witness, sealed)) in [
        ("private withdrawal", world.withdrawal()?),
        ("private transfer", world.transfer()?),
        ("age", credential("birth_date <= 2008-11-28")?),
        (
            "age and citizenship",
            credential("birth_date <= 2008-11-28 and country in eu.json")?,
        ),
        (
            "a location in a region",
            credential("47320000 <= latitude <= 47440000 and 8450000 <= longitude <= 8630000")?,
        ),
    ] {
        let mut published = None;
        for preset in [
            HidingPresetName::Compact,
            HidingPresetName::Smallest,
            HidingPresetName::Tiny,
        ] {
            let preset = HidingPreset::new(preset, SecurityLevel::Bits128);
            let mut rng = HidingRng::from_system()?;
            let mut sizes = Vec::new();
            let mut last = Vec::new();
            let mut times = [Vec::new(), Vec::new()];
            for _ in 0..RUNS {
                for (pool, times) in [&one, &two].into_iter().zip(&mut times) {
                    let start = Instant::now();
                    let proof = pool.install(|| {
                        let engine = EngineOptions::default();
                        prove_private(&inputs, &witness, preset, &mut rng, &engine)
                    })?;
                    last = proof.proof;
                    times.push(start.elapsed());
                    sizes.push(last.len());
                }
            }
            let mut verify = Vec::new();
            for _ in 0..RUNS {
                let start = Instant::now();
                verify_private(&last, &inputs, &[preset])?;
                verify.push(start.elapsed());
            }
            let [one, two] = times.map(|times| milliseconds(median(times)));
            println!(
                "| {name} | `{preset}` | {} | {one} | {two} | {} |",
                median(sizes),
                milliseconds(median(verify))
            );
            let operation = PoolOperation::Private(PrivateOperation {
                inputs: inputs.clone(),
                sealed: sealed.clone(),
                proof: last,
            });
            published = encode_operation(&world.pool, &operation).map(|bytes| bytes.len());
        }
        if let Some(published) = published {
            println!("| {name} | published without the proof | {published} | | | |");
        }
    }
    Ok(())
}

/// When each phase of the proof that runs began.
#[derive(Default)]
struct Clock(Mutex<Vec<(&'static str, Instant)>>);

impl Observer for Clock {
    fn enter(&self, phase: Phase, _fraction: f64) -> ControlFlow<()> {
        let mut began = self.0.lock().expect("no panic");
        began.push((phase.name(), Instant::now()));
        ControlFlow::Continue(())
    }
}

/// Median milliseconds of each phase of a private withdrawal.
fn phases() -> Result<()> {
    let (inputs, witness, _) = World::new()?.withdrawal()?;
    let preset = HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128);
    for threads in [1, 2] {
        let pool = pool_of_threads(threads)?;
        let mut rng = HidingRng::from_system()?;
        let mut taken: BTreeMap<(usize, &str), Vec<Duration>> = BTreeMap::new();
        for _ in 0..RUNS {
            let clock = Clock(Mutex::new(vec![("witness", Instant::now())]));
            let engine = EngineOptions::default().with_observer(&clock);
            pool.install(|| prove_private(&inputs, &witness, preset, &mut rng, &engine))?;
            let mut began = clock.0.into_inner()?;
            began.push(("end", Instant::now()));
            for (place, pair) in began.windows(2).enumerate() {
                let time = pair[1].1 - pair[0].1;
                taken.entry((place, pair[0].0)).or_default().push(time);
            }
        }
        println!("| {preset}, {threads} threads | ms |\n|---|--:|");
        for ((_, phase), times) in taken {
            println!("| {phase} | {} |", milliseconds(median(times)));
        }
    }
    Ok(())
}

/// CPU seconds of this process, on Linux.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    // Linux shows a hundredth of a second, whatever its own clock is.
    Some(ticks as f64 / 100.0)
}

/// Runs `work`, and prints what it takes for a note, and for a million of them.
fn measure(what: &str, notes: usize, work: impl FnOnce()) {
    let (cpu, start) = (cpu_seconds(), Instant::now());
    work();
    let wall = start.elapsed().as_secs_f64();
    let cpu = cpu.zip(cpu_seconds()).map(|(before, after)| after - before);
    let scale = 1e6 / notes as f64;
    let cpu = cpu.map_or_else(
        || "unknown".to_owned(),
        |cpu| format!("{:.1} s", cpu * scale),
    );
    println!(
        "| {what} | {:.1} us | {cpu} | {:.1} s |",
        wall / notes as f64 * 1e6,
        wall * scale
    );
}

/// Scanning a pool in which one note of a thousand is one's own.
fn scan(notes: usize) -> Result<()> {
    let threads = rayon::current_num_threads();
    let (alice, others) = (account(0), account(1));
    let [to_alice, to_others] = [&alice, &others].map(NoteSecret::payment_address);
    let operations: Vec<PoolOperation> = (0..notes)
        .into_par_iter()
        .map(|index| {
            let to = if index % 1000 == 0 {
                &to_alice
            } else {
                &to_others
            };
            let (note, _) = shield(to, AssetId::ZERO, Amount::new(1 + index as u128))?;
            let payment = Payment {
                batch: BatchNumber::new(index as u64),
                record: 0,
            };
            Ok(PoolOperation::Shield(note, payment))
        })
        .collect::<std::result::Result<_, winterlane_wallet::WalletError>>()?;
    let commitments: Vec<_> = operations
        .iter()
        .filter_map(|operation| match operation {
            PoolOperation::Shield(shield, _) => Some(shield.commitment()),
            _ => None,
        })
        .collect();
    println!("{notes} notes, {threads} threads\n");
    println!("| | wall, a note | CPU, 10^6 notes | wall, 10^6 notes |");
    println!("|---|---|---|---|");
    let mut book = NoteBook::new(domain_digest(ChainId::new(1), RollupId::new(1)));
    measure("trial decryption", notes, || {
        book.scan(&alice.viewing_key(), &operations);
    });
    if book.notes().len() != notes.div_ceil(1000) {
        return Err(format!("found {} notes", book.notes().len()).into());
    }
    let mut tree = NoteTree::default();
    let mut appended = Ok(0);
    measure("the note tree", notes, || {
        appended = tree.append_many(&commitments, &SimdCompressor);
    });
    appended?;
    Ok(())
}
