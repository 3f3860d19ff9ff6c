//! The command as a process: its exit statuses, and what it says.

mod balance;
mod container;
mod page;
mod served;
mod settled;
mod slips;
mod wallet;

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

/// Asks until there is an answer, for five minutes at least: a machine that has other things to do may take its time.
#[track_caller]
fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..6000 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing came of it in five minutes");
}

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

/// Before anything is made, and not in the thread that computes first.
#[test]
fn a_wrong_backend_ends_with_status_2() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    let listen = ["--listen", "127.0.0.1:0", "--health", "127.0.0.1:0"];
    for arguments in [&listen[..], &["init"], &["check"], &["config"]] {
        let mut command = command(&folder, arguments);
        let output = command
            .env("WINTERLANE_BACKEND", "abacus")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("WINTERLANE_BACKEND: "), "{said}");
        assert!(!folder.exists(), "{arguments:?}");
    }
}

/// A node that took it for no configuration would begin a rollup without its accounts.
#[cfg(unix)]
#[test]
fn a_configuration_that_leads_nowhere_is_not_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("node.toml");
    std::os::unix::fs::symlink("nowhere.toml", &file).unwrap();
    let listen = ["--listen", "127.0.0.1:0", "--health", "127.0.0.1:0"];
    for arguments in [&listen[..], &["check"], &["init"]] {
        let (status, _, said) = output(folder.path(), arguments);
        assert_eq!(status, 2, "{arguments:?}: {said}");
        assert!(said.contains("node.toml"), "{said}");
        // nothing was made
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    assert!(std::fs::symlink_metadata(&file).unwrap().is_symlink());
}

/// The places where tests kill the process are in no build that is shipped.
#[test]
fn the_command_has_no_fail_points() {
    let bytes = std::fs::read(env!("CARGO_BIN_EXE_winterlane-node")).unwrap();
    let name = b"FAILPOINTS";
    assert!(!bytes.windows(name.len()).any(|window| window == name));
    // what it does have is found so
    let known = b"winterlane-data";
    assert!(bytes.windows(known.len()).any(|window| window == known));
}

#[test]
fn the_default_configuration_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (status, printed, _) = output(folder.path(), &["config"]);
    assert_eq!(status, 0);
    std::fs::write(folder.path().join("node.toml"), printed).unwrap();
    assert_eq!(output(folder.path(), &["check"]).0, 0);
}

/// Output that cannot be written ends with a status that is documented; and a node whose log cannot be, on a full disk, goes on:
/// its orders are on another.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_ends_no_node() {
    let full = || std::fs::File::create("/dev/full").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["config"][..], &["check"], &["init"]] {
        let mut command = command(folder.path(), arguments);
        let output = command.stdout(full()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("standard output: "), "{said}");
    }
    // whoever reads nothing has what they want
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let config = command(folder.path(), &["config"]).stdout(writer).status();
    assert_eq!(config.unwrap().code(), Some(0));
    let refused = command(folder.path(), &["--config", "/nowhere.toml"])
        .stderr(full())
        .status();
    assert_eq!(refused.unwrap().code(), Some(2));

    // its log would say which port it has: it is given one, and another if somebody else has taken that
    let on_a_port = |_| {
        let address = format!("127.0.0.1:{}", served::free_ports::<1>()[0]);
        let arguments = ["--listen", "127.0.0.1:0", "--health", &address];
        let mut node = command(folder.path(), &arguments)
            .env("RUST_LOG", "trace")
            .stderr(full())
            .spawn()
            .unwrap();
        let probe = ["--health", &address, "probe", "live"];
        let lives = until(|| match node.try_wait().unwrap() {
            Some(_) => Some(false),
            None => (output(folder.path(), &probe).0 == 0).then_some(true),
        });
        lives.then_some(node)
    };
    let mut node = (0..20).find_map(on_a_port).expect("a node that lives");
    let id = node.id().to_string();
    let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(asked.success());
    assert_eq!(node.wait().unwrap().code(), Some(0));
}

/// Asked to stop, it ends well; a second one on its folder does not start.
#[cfg(unix)]
#[test]
fn one_process_has_a_folder_and_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--health", "127.0.0.1:0"];
    let mut first = command(folder.path(), &arguments).spawn().unwrap();
    let lock = folder.path().join("lock");
    let holder = format!("process {}\n", first.id());
    until(|| {
        std::fs::read_to_string(&lock)
            .ok()
            .filter(|said| *said == holder)
    });
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

/// The first keys, and the checker of the log: 0 in order, 1 not, 2 not to be looked at.
#[test]
fn keys_are_made_on_the_machine_and_the_log_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let make = |client: &str| {
        let file = folder.path().join(format!("{client}.key"));
        let generate = [
            "keys",
            "generate",
            "--client",
            client,
            "--environment",
            "development",
            "--out",
        ];
        let arguments = [&generate[..], &[file.to_str().unwrap()]].concat();
        let (status, printed, said) = output(folder.path(), &arguments);
        assert_eq!(status, 0, "{said}");
        let printed: Vec<_> = printed.split_whitespace().collect();
        output(
            folder.path(),
            &[&["keys", "bootstrap", "--client", client][..], &printed].concat(),
        )
    };
    for client in ["ada", "bert"] {
        let (status, printed, said) = make(client);
        assert!(status == 0 && printed.contains(client), "{said}");
    }
    let (status, _, said) = make("carl");
    assert!(
        status == 2 && said.contains("two clients hold the scope keys"),
        "{said}"
    );

    let log = folder.path().join("keys/audit.log");
    let check = |head: &str| {
        let arguments = ["audit", "check", log.to_str().unwrap(), "--head", head];
        output(
            folder.path(),
            &arguments[..if head.is_empty() { 3 } else { 5 }],
        )
    };
    let (status, printed, _) = check("");
    assert!(
        status == 0 && printed.contains("3 lines, all in the chain and in order"),
        "{printed}"
    );
    let head = printed
        .lines()
        .find_map(|line| line.strip_prefix("head "))
        .unwrap()
        .to_owned();
    assert_eq!(check(&head).0, 0);
    assert_eq!(check(&head.replacen('3', "2", 1)).0, 1);
    assert_eq!(check("3:zz").0, 2);
    // the check of the configuration looks at it too
    let whole = |config: &str| output(folder.path(), &["--config", config, "check"]);
    let config = folder.path().join("node.toml");
    std::fs::write(&config, "").unwrap();
    let (status, printed, said) = whole(config.to_str().unwrap());
    assert!(
        status == 0
            && printed.contains(&format!(
                "the audit log: 3 lines, all in the chain and in order\nhead {head}\n"
            )),
        "{printed}{said}"
    );
    let other = folder.path().join("other.toml");
    std::fs::write(&other, "[interface]\nenvironment = \"other\"\n").unwrap();
    let (status, printed, said) = whole(other.to_str().unwrap());
    assert!(
        status == 2 && said.contains("development") && printed.is_empty(),
        "{printed}{said}"
    );
    // and at the operator's secret, where there is a settlement
    std::fs::write(&other, "[settlement]\nat = \"there\"\n").unwrap();
    let (status, printed, said) = whole(other.to_str().unwrap());
    assert!(
        status == 2 && said.contains("winterlane-settlement secret") && printed.is_empty(),
        "{printed}{said}"
    );
    let mut bytes = std::fs::read(&log).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let (status, _, said) = check("");
    assert!(status == 1 && said.contains("line "), "{said}");
    let (status, printed, said) = whole(config.to_str().unwrap());
    assert!(
        status == 1 && said.contains("line ") && printed.is_empty(),
        "{printed}{said}"
    );
    std::fs::remove_file(&log).unwrap();
    assert_eq!(check("").0, 2);
    let (status, printed, said) = whole(config.to_str().unwrap());
    assert!(
        status == 0 && printed.contains("there is no audit log yet"),
        "{printed}{said}"
    );
}
