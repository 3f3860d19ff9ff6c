//! Limits of memory and threads, beyond proving batches.

use std::fs;

use super::{
    ends::{ONE_ARENA, shell},
    in_directory, text,
};

/// What a command does under limits of its address space, in MiB, the tightest first: it ends with 0, or with 2 and words about
/// memory, and there is a limit for each.
fn ends_with_words(limits: &[u64], line: &str) {
    let mut ends = Vec::new();
    for mebibytes in limits {
        let line = format!("ulimit -v {}; {line}", mebibytes << 10);
        let output = shell(&line, &[ONE_ARENA]);
        let said = String::from_utf8_lossy(&output.stderr);
        let status = output.status.code();
        assert!(
            matches!(status, Some(0 | 2)),
            "{mebibytes}: {status:?}, {said}"
        );
        assert!(status == Some(0) || said.contains("memory"), "{said}");
        ends.push(status);
    }
    assert!(
        ends.contains(&Some(2)) && ends.contains(&Some(0)),
        "{ends:?}"
    );
}

/// Accounts and keys take memory too, before there is anything to prove.
#[test]
fn more_transfers_than_an_address_space_has_room_for_are_refused_with_words() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("many.csv");
    let mut csv = String::from("from_address,to_address,value_wei,fee_wei\n");
    for number in 0..20_000 {
        csv += &format!("0x{:040x},0x{:040x},1,1\n", number % 7, 100 + number);
    }
    fs::write(&file, csv).unwrap();
    let line = format!("$W open --transfers {} --threads 1 --json", text(&file));
    ends_with_words(&[30, 50, 80, 110, 140, 4000], &line);
}

/// Nothing is invalid because a machine is small; and a passphrase takes 64 MiB to open a seed with.
#[test]
fn a_small_address_space_is_no_fault_of_a_private_statement() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("words"), "hush\n").unwrap();
    for line in [
        "private key --wallet alice --out alice.address --encrypt --passphrase-file words",
        "private shield --pool pool --to alice.address --amount 10",
    ] {
        in_directory(&directory, 0, line);
    }
    let line = format!(
        "cd {}; $W private withdraw --pool pool --wallet alice --passphrase-file words --linkable --to-account 1 \
         --amount 1 --json",
        text(directory.path())
    );
    ends_with_words(&[30, 60, 90, 120, 200, 400, 4000], &line);
}

/// A line on a terminal that says what runs is no reason to fail, and without a terminal there is none. `RLIMIT_NPROC` does not
/// bind root, so that another user runs it.
#[test]
fn where_no_thread_starts_nothing_needs_one_to_show_what_runs() {
    use std::os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    };

    let directory = tempfile::tempdir().unwrap();
    in_directory(
        &directory,
        0,
        "private key --wallet alice --out alice.address",
    );
    let place = directory.path();
    fs::copy(env!("CARGO_BIN_EXE_winterlane"), place.join("winterlane")).unwrap();
    fs::set_permissions(place, fs::Permissions::from_mode(0o777)).unwrap();
    let is_root = fs::metadata(place).unwrap().uid() == 0;
    for line in [
        "private shield --pool pool --to alice.address --amount 1 --json",
        "private shield --pool pool --to alice.address --amount 1",
    ] {
        let mut shell = std::process::Command::new("sh");
        // dash and bash have two names for it.
        let limit = "ulimit -u 1 2>/dev/null || ulimit -p 1";
        shell.args(["-c", &format!("{limit}; exec ./winterlane {line}")]);
        shell.current_dir(place).env_remove("RUST_LOG");
        if is_root {
            shell.uid(65_534).gid(65_534);
        }
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        assert!(said.contains("the only thread does all the work"), "{said}");
    }
}
