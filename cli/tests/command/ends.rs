//! Every end is a documented status, whatever the other ends of the pipes, the limits and the
//! environment are.

use std::{
    fs,
    process::{Output, Stdio},
};

use super::{command, csv_in, proven, text};

/// Runs a line of shell in which `$W` is the command.
pub(crate) fn shell(line: &str, environment: &[(&str, &str)]) -> Output {
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", line])
        .env("W", env!("CARGO_BIN_EXE_winterlane"));
    for name in ["RUST_LOG", "WINTERLANE_BACKEND", "RAYON_NUM_THREADS"] {
        shell.env_remove(name);
    }
    shell.envs(environment.iter().copied()).output().unwrap()
}

#[test]
fn closed_and_full_outputs_have_a_documented_status() {
    let (good, _) = proven();
    let (bad, _) = proven();
    fs::write(bad.path().join("batch-0002.proof"), "no proof").unwrap();
    let csv = csv_in(bad.path());
    let (good, bad) = (text(good.path()), text(bad.path()));
    let prove = format!(
        "prove --transfers {} --limit 1 --out {bad}/new --replace",
        text(&csv)
    );
    let verify = format!("verify {good}");
    let invalid = format!("verify {bad}");
    let invalid_json = format!("verify {bad} --json");
    let inspect = format!("inspect {good}/batch-0000.proof");
    let unusable = format!("verify {good}/missing");
    let cases: &[(&str, &str, i32)] = &[
        // A closed descriptor swallows what is written, a full device is an error on standard output.
        (&verify, ">&-", 0),
        (&verify, "2>&-", 0),
        (&verify, ">&- 2>&-", 0),
        (&verify, ">/dev/full", 2),
        (&verify, "2>/dev/full", 0),
        (&verify, ">/dev/full 2>/dev/full", 2),
        (&inspect, ">/dev/full 2>&-", 2),
        (&prove, "2>/dev/full", 0),
        (&prove, "2>&-", 0),
        (&prove, ">/dev/full 2>/dev/full", 2),
        (&invalid, "2>/dev/full", 1),
        (&invalid, "2>&-", 1),
        (&invalid_json, ">/dev/full", 2),
        (&unusable, "2>/dev/full", 2),
        ("nonsense", "2>/dev/full", 2),
        ("nonsense", "2>&-", 2),
        ("--help", ">/dev/full", 2),
        ("--version", ">&-", 0),
    ];
    for (arguments, ends, status) in cases {
        for log in [&[][..], &[("RUST_LOG", "info")]] {
            let output = shell(&format!("$W {arguments} {ends}"), log);
            assert_eq!(
                output.status.code(),
                Some(*status),
                "{arguments} {ends} {log:?}: {output:?}"
            );
        }
    }
}

#[test]
fn nobody_at_the_other_end_of_a_pipe_is_no_crash() {
    let (directory, _) = proven();
    let good = text(directory.path()).to_owned();
    let missing = good.clone() + "/missing";
    for (arguments, status) in [(["verify", &*good], 0), (["verify", &*missing], 2)] {
        for log in ["error", "trace"] {
            let mut child = command()
                .args(arguments)
                .env("RUST_LOG", log)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            drop((child.stdout.take(), child.stderr.take()));
            assert_eq!(
                child.wait().unwrap().code(),
                Some(status),
                "{arguments:?} {log}"
            );
        }
    }
}

/// A file that grows beyond the limit of its size is an error, as a full disk is, and not an end of the process by a signal; and
/// a mask of 0 does not give what is written to every user of the machine.
#[test]
fn limits_and_masks_of_the_process_are_no_surprise() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let csv = csv_in(directory.path());
    let out = directory.path().join("out");
    let prove = format!(
        "$W prove --transfers {} --limit 1 --batch-size 4 --json --out {}",
        text(&csv),
        text(&out)
    );
    // of 512 or 1,024 bytes, by the shell: a proof has some hundred times as many
    let output = shell(&format!("ulimit -f 10; {prove}"), &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("batch-0000.proof"), "{said}");
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["status"], 2);
    assert!(
        !out.exists() || fs::read_dir(&out).unwrap().next().is_none(),
        "{said}"
    );

    let output = shell(&format!("umask 000; {prove}"), &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut made = vec![out.clone()];
    made.extend(
        fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    assert!(made.len() > 2, "{made:?}");
    for path in made {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o022, 0, "{}: {mode:o}", path.display());
    }
}

/// One arena of the allocator: each further one reserves 64 MiB of a limited address space, or does not, by chance.
pub(crate) const ONE_ARENA: (&str, &str) = ("MALLOC_ARENA_MAX", "1");

#[test]
fn more_threads_than_the_system_allows_are_fewer_or_refused_with_words() {
    let (directory, _) = proven();
    let verify = format!("$W verify {}", text(directory.path()));
    let huge = [("RAYON_NUM_THREADS", "100000"), ONE_ARENA];
    let output = shell(&verify, &huge);
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    // Stacks of 4,096 threads do not fit into this address space.
    let limit = "ulimit -v 2000000;";
    let output = shell(&format!("{limit} {verify}"), &huge);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = shell(&format!("{limit} {verify} --threads 4096"), &[ONE_ARENA]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--threads 4096: the system does not let"),
        "{said}"
    );
}

/// A copy of the command that anybody may run, in a directory of its own with batches that anybody may read.
#[cfg(target_os = "linux")]
fn for_anybody() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let (proven, _) = proven();
    let directory = tempfile::tempdir().unwrap();
    fs::copy(
        env!("CARGO_BIN_EXE_winterlane"),
        directory.path().join("winterlane"),
    )
    .unwrap();
    for entry in fs::read_dir(proven.path()).unwrap() {
        let entry = entry.unwrap();
        let copy = directory.path().join(entry.file_name());
        fs::copy(entry.path(), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).unwrap();
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// `verify` and `verify --threads 2` where no further task is allowed: the one that is there does the work, or
/// the words say "threads".
#[cfg(target_os = "linux")]
fn verifies_alone(limited: impl Fn(&str) -> Output) {
    let output = limited("");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let output = limited("--threads 2");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "the limit holds: {said}");
    assert!(
        said.contains("--threads 2: the system does not let"),
        "{said}"
    );
}

/// `RLIMIT_NPROC`, of a user whom it binds: it does not bind root.
#[cfg(target_os = "linux")]
#[test]
fn no_further_process_of_a_user_is_one_thread() {
    use std::os::unix::{fs::MetadataExt, process::CommandExt};
    let directory = for_anybody();
    let is_root = fs::metadata(directory.path()).unwrap().uid() == 0;
    verifies_alone(|threads| {
        let mut shell = std::process::Command::new("sh");
        // dash and bash have two names for it.
        let limit = "ulimit -u 1 2>/dev/null || ulimit -p 1";
        shell.args([
            "-c",
            &format!("{limit}; exec ./winterlane verify . {threads}"),
        ]);
        shell.current_dir(directory.path());
        if is_root {
            shell.uid(65_534).gid(65_534);
        }
        shell.output().unwrap()
    });
}

/// A control group that allows one task.
#[cfg(target_os = "linux")]
struct OneTask(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl OneTask {
    /// `None` where this process may make no control group.
    fn new() -> Option<Self> {
        let name = format!("winterlane-test-{}", std::process::id());
        for parent in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] {
            let group = std::path::Path::new(parent).join(&name);
            if fs::create_dir(&group).is_err() {
                continue;
            }
            let group = Self(group);
            if fs::write(group.0.join("pids.max"), "1").is_ok() {
                return Some(group);
            }
        }
        None
    }
}

#[cfg(target_os = "linux")]
impl Drop for OneTask {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_control_group_of_one_task_is_one_thread() {
    let Some(group) = OneTask::new() else {
        // Whoever runs this may make no control group; `RLIMIT_NPROC` above is the same to the command.
        return;
    };
    let (directory, _) = proven();
    let (tasks, path) = (group.0.join("cgroup.procs"), text(directory.path()));
    verifies_alone(|threads| {
        let line = format!(
            "echo $$ >{} && exec $W verify {path} {threads}",
            text(&tasks)
        );
        shell(&line, &[])
    });
}

/// On a terminal log lines have colours, unless their reader wants none.
#[cfg(target_os = "linux")]
#[test]
fn colours_are_for_terminals_whose_user_wants_them() {
    let directory = tempfile::tempdir().unwrap();
    let csv = csv_in(directory.path());
    let on_terminal = |environment: &[(&str, &str)]| {
        let mut variables = vec![
            ("RUST_LOG", "info"),
            ("TERM", "xterm"),
            ("CSV", text(&csv)),
            ("OUT", text(directory.path())),
        ];
        variables.extend(environment);
        // A pseudo-terminal on all three descriptors.
        let prove = "\"$W\" prove --transfers \"$CSV\" --limit 1 --out \"$OUT\" --replace";
        let line = format!(
            "unset NO_COLOR; test -z \"$PLAIN\" || export NO_COLOR=$PLAIN; \
             exec script -qec '{prove}' /dev/null </dev/null"
        );
        shell(&line, &variables)
    };
    // Green, as the level INFO is; the bar has other escapes.
    let green = |output: &Output| String::from_utf8_lossy(&output.stdout).contains("\x1b[32m");
    let coloured = on_terminal(&[]);
    if coloured.status.code() == Some(127) {
        // No `script` here.
        return;
    }
    assert!(green(&coloured), "{coloured:?}");
    for variable in [("PLAIN", "1"), ("TERM", "dumb")] {
        let plain = on_terminal(&[variable]);
        let said = String::from_utf8_lossy(&plain.stdout);
        assert!(said.contains("INFO") && !green(&plain), "{said:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_small_address_space_is_refused_with_words() {
    let (directory, _) = proven();
    let csv = csv_in(directory.path());
    let out = directory.path().join("new");
    let (csv, out) = (text(&csv), text(&out));
    let mut ends = Vec::new();
    for mebibytes in [100, 200, 300, 400, 600, 1000, 4000] {
        let kibibytes = mebibytes << 10;
        let line = format!(
            "ulimit -v {kibibytes}; $W prove --transfers {csv} --out {out} --replace --threads 2 --json"
        );
        let output = shell(&line, &[ONE_ARENA]);
        let said = String::from_utf8_lossy(&output.stderr);
        let status = output.status.code();
        assert!(
            matches!(status, Some(0 | 2)),
            "{mebibytes}: {status:?}, {said}"
        );
        assert!(
            status == Some(0) || said.contains("memory") || said.contains("thread"),
            "{said}"
        );
        ends.push(status);
    }
    assert!(
        ends.contains(&Some(2)) && ends.contains(&Some(0)),
        "{ends:?}"
    );
}

/// What one batch leaves in the pool is the next one's to take: where one batch is proven, four are.
#[cfg(target_os = "linux")]
#[test]
fn four_batches_fit_where_one_does() {
    let (directory, _) = proven();
    let csv = csv_in(directory.path());
    let out = directory.path().join("new");
    let (csv, out) = (text(&csv), text(&out));
    let proves = |mebibytes: u32, more: &str| {
        let kibibytes = mebibytes << 10;
        let [size, slots, height, levels] = super::FOUR;
        let line = format!(
            "ulimit -v {kibibytes}; $W prove --transfers {csv} --out {out} --replace --threads 1 --json \
             {size} {slots} {height} {levels} {more}"
        );
        let output = shell(&line, &[ONE_ARENA]);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let least = (100..2000)
        .step_by(50)
        .find(|&mebibytes| proves(mebibytes, "--limit 4").0 == Some(0))
        .expect("one batch fits into 2 GiB");
    let (status, said) = proves(least + 50, "");
    assert_eq!(status, Some(0), "{least} MiB for one batch: {said}");
}

#[test]
fn a_wrong_backend_is_named_by_every_command() {
    let (directory, _) = proven();
    let csv = csv_in(directory.path());
    let (directory, csv) = (text(directory.path()), text(&csv));
    let out = format!("{directory}/out");
    let public = format!("{directory}/batch-0000.public.json");
    let commands: &[&[&str]] = &[
        &[],
        &["prove", "--transfers", csv, "--out", &out],
        &["verify", directory],
        &["inspect", &public],
        &["open", "--transfers", csv],
        &["completions", "bash"],
        &["man"],
    ];
    for arguments in commands {
        let output = command()
            .args(*arguments)
            .env("WINTERLANE_BACKEND", "abacus")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(
            said.contains("WINTERLANE_BACKEND: ")
                && said.contains("abacus")
                && output.stdout.is_empty(),
            "{said}"
        );
    }
}
