//! Workers: building them, starting them, talking to them.

use std::{
    collections::BTreeMap,
    env, fmt,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
};

use winterlane_field_simd::{BACKEND_VARIABLE, Backend};

use crate::{Build, Job, Reply, Request, Run, Setup};

/// glibc's allocator with 2 MiB pages (where `madvise` is allowed), one heap, and nothing given
/// back to the system: no contender pays for page faults after its first run.
const HUGE_PAGES: &str = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:\
     glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=1099511627776:\
     glibc.malloc.top_pad=268435456";

/// Set to run the workers that are there, up to date or not.
const NO_BUILD: &str = "WINTERLANE_BENCHES_NO_BUILD";

/// Why there is no result.
#[derive(Clone, Debug)]
pub enum WorkerError {
    /// The contender has no such piece.
    Unsupported(String),
    /// Anything else, in words.
    Failed(String),
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(reason) => write!(f, "unsupported: {reason}"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for WorkerError {}

fn failed(context: impl fmt::Display, error: impl fmt::Display) -> WorkerError {
    WorkerError::Failed(format!("{context}: {error}"))
}

/// A running process that does jobs.
#[derive(Debug)]
pub struct Worker {
    setup: Setup,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    peak_rss: Option<u64>,
}

impl Worker {
    /// Starts the binary for `setup`, building it first if it is not up to date.
    ///
    /// # Errors
    /// When the build fails or the process cannot be started.
    pub fn start(setup: Setup) -> Result<Self, WorkerError> {
        let program = build(setup)?;
        let mut command = Command::new(&program);
        command
            .env("RAYON_NUM_THREADS", setup.threads.to_string())
            .env("GLIBC_TUNABLES", HUGE_PAGES)
            .env_remove(BACKEND_VARIABLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // Batches are sealed and traces filled by Winterlane's code for everyone: without vectors for
        // the others, as they have none of their own there.
        let backend = if setup.contender.is_in_our_worker() {
            setup.backend
        } else {
            Some(Backend::Scalar)
        };
        if let Some(backend) = backend {
            command.env(BACKEND_VARIABLE, backend.name());
        }
        let mut child = command
            .spawn()
            .map_err(|error| failed(program.display(), error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(WorkerError::Failed("a worker without pipes".into()));
        };
        Ok(Self {
            setup,
            child,
            input: Some(input),
            output: BufReader::new(output),
            peak_rss: None,
        })
    }

    /// Who this is.
    #[must_use]
    pub const fn setup(&self) -> Setup {
        self.setup
    }

    /// The most memory the process had held at its last reply, in bytes.
    #[must_use]
    pub const fn peak_rss(&self) -> Option<u64> {
        self.peak_rss
    }

    /// Does `job` so often and returns the timed runs.
    ///
    /// # Errors
    /// When the contender has no such piece, or the job or the process fails.
    pub fn run(&mut self, job: Job, runs: u64) -> Result<Vec<Run>, WorkerError> {
        Ok(self.ask(job, runs, false)?.0)
    }

    /// Does `job` once and returns a digest of its output, where outputs are comparable.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn digest(&mut self, job: Job) -> Result<Option<String>, WorkerError> {
        Ok(self.ask(job, 1, true)?.1)
    }

    fn ask(
        &mut self,
        job: Job,
        runs: u64,
        digest: bool,
    ) -> Result<(Vec<Run>, Option<String>), WorkerError> {
        let request = Request {
            contender: self.setup.contender,
            job,
            runs,
            digest,
        };
        let context = format!("{}: {job:?}", self.setup);
        let Some(input) = &mut self.input else {
            return Err(failed(context, "the worker has ended"));
        };
        let line = serde_json::to_string(&request).map_err(|error| failed(&context, error))?;
        let mut reply = String::new();
        writeln!(input, "{line}")
            .and_then(|()| self.output.read_line(&mut reply))
            .map_err(|error| failed(&context, error))?;
        if reply.is_empty() {
            return Err(failed(context, "the worker has ended"));
        }
        match serde_json::from_str(&reply).map_err(|error| failed(&context, error))? {
            Reply::Done {
                runs,
                digest,
                peak_rss,
            } => {
                self.peak_rss = peak_rss;
                Ok((runs, digest))
            }
            Reply::Unsupported(reason) => Err(WorkerError::Unsupported(reason)),
            Reply::Failed(reason) => Err(failed(context, reason)),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input ends a worker.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// Workers by setup, each started when it is first asked for.
#[derive(Debug, Default)]
pub struct Fleet(BTreeMap<Setup, Worker>);

impl Fleet {
    /// The worker of this setup.
    ///
    /// # Errors
    /// As [`Worker::start`].
    pub fn get(&mut self, setup: Setup) -> Result<&mut Worker, WorkerError> {
        use std::collections::btree_map::Entry;
        match self.0.entry(setup) {
            Entry::Occupied(worker) => Ok(worker.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(Worker::start(setup)?)),
        }
    }

    /// Ends all workers and with them frees what they keep.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Builds the worker's binary, once a process, and returns its path.
///
/// # Errors
/// When the build fails, or Winterlane is asked for in another build than its default.
pub fn build(setup: Setup) -> Result<PathBuf, WorkerError> {
    static BUILT: Mutex<BTreeMap<(bool, Build), PathBuf>> = Mutex::new(BTreeMap::new());
    // Both peers are one program.
    let key = (setup.contender.is_in_our_worker(), setup.build);
    let mut built = BUILT.lock().map_err(|error| failed("build", error))?;
    if let Some(program) = built.get(&key) {
        return Ok(program.clone());
    }
    let program = run_cargo(setup)?;
    built.insert(key, program.clone());
    Ok(program)
}

/// Winterlane's own worker is built from this workspace with no flags; the others from `peers`, each
/// build in a target directory of its own.
fn run_cargo(setup: Setup) -> Result<PathBuf, WorkerError> {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = target_directory();
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--release", "--locked"])
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS");
    let (directory, name) = if setup.contender.is_in_our_worker() {
        if setup.build != Build::Default {
            return Err(WorkerError::Unsupported(
                "Winterlane is measured in its default build".into(),
            ));
        }
        cargo.args([
            "--bin",
            "worker",
            "--features",
            "winterlane",
            "--manifest-path",
        ]);
        cargo.arg(benches.join("Cargo.toml"));
        (target, "worker")
    } else {
        cargo.arg("--manifest-path");
        cargo.arg(benches.join("peers/Cargo.toml"));
        if setup.build != Build::Default {
            cargo.env("RUSTFLAGS", setup.build.flags());
            cargo.args(["--features", setup.build.peer_features()]);
        }
        let directory = format!("peers-{}", setup.build.name());
        (target.join(directory), "winterlane-peers")
    };
    cargo.arg("--target-dir").arg(&directory);
    if env::var_os(NO_BUILD).is_none() {
        let status = cargo.status().map_err(|error| failed("cargo", error))?;
        if !status.success() {
            return Err(failed("cargo", format!("cannot build {name}: {status}")));
        }
    }
    Ok(directory
        .join("release")
        .join(name)
        .with_extension(env::consts::EXE_EXTENSION))
}

/// The target directory that this program was built into.
#[must_use]
pub fn target_directory() -> PathBuf {
    let fallback = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    env::current_exe()
        .ok()
        .and_then(|program| {
            let profile = program.ancestors().find(|path| {
                path.file_name()
                    .is_some_and(|name| name == "release" || name == "debug")
            })?;
            profile.parent().map(Path::to_path_buf)
        })
        .unwrap_or_else(fallback)
}
