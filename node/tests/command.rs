//! The command as a process: its exit statuses, and what it says.

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_winterlane-node"));
    command.arg("--data").arg(folder).args(arguments);
    command
}

fn output(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(folder, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

#[test]
fn a_bad_configuration_ends_with_status_2_and_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.toml");
    std::fs::write(&file, "[batches]\n\nslots = 1000\n").unwrap();
    for arguments in [&[][..], &["check"]] {
        let (status, _, said) = output(folder.path(), arguments);
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("node.toml:3: "), "{said}");
    }
    // nothing was made
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let (status, _, said) = output(folder.path(), &["--config", "/nowhere/node.toml"]);
    assert_eq!(status, 2, "{said}");
    let (status, _, _) = output(folder.path(), &["--no-such-option"]);
    assert_eq!(status, 2);
}

#[test]
fn the_default_configuration_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (status, printed, _) = output(folder.path(), &["config"]);
    assert_eq!(status, 0);
    std::fs::write(folder.path().join("node.toml"), printed).unwrap();
    assert_eq!(output(folder.path(), &["check"]).0, 0);
}

/// Asked to stop, it ends well; a second one on its folder does not start.
#[cfg(unix)]
#[test]
fn one_process_has_a_folder_and_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--listen", "127.0.0.1:0"];
    let mut first = command(folder.path(), &arguments).spawn().unwrap();
    let lock = folder.path().join("lock");
    let holder = format!("process {}\n", first.id());
    for _ in 0..600 {
        if std::fs::read_to_string(&lock).is_ok_and(|said| said == holder) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let (status, _, said) = output(folder.path(), &arguments);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("is in use by process"), "{said}");
    let id = first.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(first.wait().unwrap().code(), Some(0));
}
