//! Slips of the fingers: a folder that is another program's, two at once, a file without an end.

use std::{fs, path::Path};

use super::{command, output};

/// A folder with empty files of these names.
fn with(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(folder.path().join(name), "").unwrap();
    }
    folder
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// Whatever begins something in a folder asks first whose it is; and `check` says so before a service is started.
#[test]
fn a_rollup_begins_in_a_folder_of_its_own() {
    let snapshot = with(&["snapshot"]);
    let file = snapshot.path().join("snapshot");
    fs::write(&file, b"winterlane snapshot\n").unwrap();
    let restore = ["restore", file.to_str().unwrap()];
    let listen = ["--listen", "127.0.0.1:0", "--health", "127.0.0.1:0"];
    let begins: [&[&str]; 4] = [&listen, &["init"], &["check"], &restore];
    let cases: [(&[&str], &str); 5] = [
        (&["seed", "journal"], "the folder of a wallet"),
        (&["settlement.redb", "lock"], "the folder of a settlement"),
        (&["issuer.json", "heights.json"], "the folder of an issuer"),
        (&["pool.json"], "the folder of a pool"),
        (&["beach.jpg"], "\"beach.jpg\""),
    ];
    for (names, said) in cases {
        let folder = with(names);
        for arguments in begins {
            let (status, _, words) = output(folder.path(), arguments);
            assert_eq!(status, 2, "{names:?} {arguments:?}: {words}");
            assert!(words.contains(said), "{names:?} {arguments:?}: {words}");
            assert_eq!(count(folder.path()), names.len(), "{names:?} {arguments:?}");
        }
    }
    let file = with(&["file"]);
    let (status, _, words) = output(&file.path().join("file"), &["init"]);
    assert!(
        status == 2 && words.contains("is a file, and a folder is needed"),
        "{words}"
    );
    // What an operator puts there first is no reason not to begin; and a folder that has begun may have more in it.
    let folder = with(&["chain.pem", "operator.secret"]);
    assert_eq!(output(folder.path(), &["check"]).0, 0);
    assert_eq!(output(folder.path(), &["init"]).0, 0);
    fs::write(folder.path().join("photo.jpg"), "").unwrap();
    assert_eq!(output(folder.path(), &["check"]).0, 0);
}

/// What is asked of a folder in which no node has run says so, and leaves nothing there.
#[test]
fn where_no_node_has_run_there_is_nothing_to_save() {
    let folder = with(&[]);
    let kept = with(&[]);
    let file = kept.path().join("snapshot");
    let file = file.to_str().unwrap();
    for arguments in [
        &["snapshot", file][..],
        &["forget", "--from", "0", "--keep", file],
    ] {
        for place in [folder.path(), &folder.path().join("nowhere")] {
            let (status, _, words) = output(place, arguments);
            assert_eq!(status, 2, "{words}");
            assert!(words.contains("no node has run there"), "{words}");
        }
    }
    // and what is no snapshot makes no folder
    fs::write(file, "something else than a snapshot").unwrap();
    let (status, _, words) = output(&folder.path().join("restored"), &["restore", file]);
    assert!(
        status == 2 && words.contains("does not begin like one"),
        "{words}"
    );
    assert_eq!((count(folder.path()), count(kept.path())), (0, 1));
}

/// One of several that begin a rollup at once begins it, and it is that one's.
#[test]
fn one_begins_a_rollup() {
    let place = with(&[]);
    let folder = place.path().join("rollup");
    let children: Vec<_> = (1..=6)
        .map(|power| {
            let setting = format!("batches.slots={}", 1 << power);
            let mut command = command(&folder, &["init", "--set", &setting]);
            command.stdout(std::process::Stdio::null());
            command.stderr(std::process::Stdio::piped());
            (1 << power, command.spawn().unwrap())
        })
        .collect();
    let mut winners = Vec::new();
    for (slots, child) in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) => winners.push(slots),
            Some(2) => assert!(
                said.contains("a rollup is begun once") || said.contains("is in use by"),
                "{said}"
            ),
            other => panic!("{other:?}: {said}"),
        }
    }
    let [slots] = winners[..] else {
        panic!("{winners:?}");
    };
    let written = fs::read_to_string(folder.join("node.toml")).unwrap();
    assert!(written.contains(&format!("slots = {slots}\n")), "{written}");
}

/// Words of strangers act on no terminal.
#[test]
fn what_is_given_is_shown_with_care() {
    let folder = with(&[]);
    let evil = folder.path().join("evil.toml");
    fs::write(&evil, "\"\\u001b]0;owned\\u0007\" = 1\n").unwrap();
    let account = format!("{}=5", evil.display());
    // What the parser of the command line says may leave it out; elsewhere it is escaped.
    let cases: [(&[&str], bool); 4] = [
        (&["check", "--config", evil.to_str().unwrap()], true),
        (&["check", "--config", "nowhere\u{1b}[2J"], true),
        (&["init", "--account", &account], false),
        (&["a\u{1b}[2J"], false),
    ];
    for (arguments, escaped) in cases {
        let (status, _, words) = output(folder.path(), arguments);
        assert_eq!(status, 2, "{words}");
        assert!(!words.contains(['\u{1b}', '\u{7}']), "{words:?}");
        assert!(!escaped || words.contains("\\u{1b}"), "{words:?}");
    }
}

/// A limit on the size of files is an error, as a full disk is; and a mask of 0 gives the state to nobody else.
#[cfg(unix)]
#[test]
fn limits_and_masks_of_the_process_are_no_surprise() {
    use std::{os::unix::fs::PermissionsExt as _, process::Command};

    let place = with(&[]);
    let shell = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line, env!("CARGO_BIN_EXE_winterlane-node")]);
        shell.current_dir(place.path()).output().unwrap()
    };
    let listen = "--listen 127.0.0.1:0 --health 127.0.0.1:0";
    let limited = shell(&format!("ulimit -f 8; exec \"$0\" --data small {listen}"));
    let said = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(2), "{said}");
    assert!(!place.path().join("small/state.redb").exists());

    let begun = shell("umask 000; exec \"$0\" --data open init");
    assert_eq!(begun.status.code(), Some(0), "{begun:?}");
    for name in ["open", "open/node.toml"] {
        let mode = fs::metadata(place.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o022, 0, "{name}: {mode:o}");
    }
}

/// A pipe with a name is waited for by whoever opens it: a service would be neither there nor gone.
#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_not_waited_for() {
    let place = with(&[]);
    let pipe = place.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let pipe = pipe.to_str().unwrap();
    let folder = place.path().join("rollup");
    let account = format!("{pipe}=5");
    for arguments in [
        &["check", "--config", pipe][..],
        &["init", "--account", &account],
        &["restore", pipe],
        &["audit", "check", pipe],
    ] {
        let (status, _, words) = output(&folder, arguments);
        assert_eq!(status, 2, "{arguments:?}: {words}");
        assert!(words.contains("a named pipe"), "{arguments:?}: {words}");
    }
    assert!(!folder.exists());
    // What a shell has opened is read.
    let (reader, writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut &writer, b"[batches]\nslots = 1000\n").unwrap();
    drop(writer);
    let mut check = command(&folder, &["check", "--config", "/dev/stdin"]);
    let output = check.stdin(reader).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/dev/stdin:2: "), "{said}");
}

/// What is said is shown to others, and kept in logs.
#[test]
fn no_password_of_an_address_is_said() {
    for arguments in [
        &["check", "--queue", "postgres://me:hush@db/x?port=y"][..],
        &["check", "--queue", "https://me:hush@db/x"],
        &["check", "--listen", "http://me:hush@127.0.0.1:1"],
        &["check", "--listen", "http://me:hush:1"],
        &["check", "--config", "https://me:hush@x/node.toml"],
        &[
            "--objects",
            "ftp://me:hush@objects/x",
            "--queue",
            "postgres://me:hush@127.0.0.1:1/x",
        ],
        &[
            "init",
            "--set",
            "queue.address=postgres://me:hush@db/x?port=y",
        ],
        &["init", "--set", "settlement.at=https://me:hush@127.0.0.1:1"],
        &["init", "--set", "settlement.at=http://me:hush:7440"],
        &["init", "--set", "address=postgres://me:hush@db/x"],
        &["postgres://me:hush@db/x"],
    ] {
        let folder = with(&[]);
        let (status, printed, said) = output(folder.path(), arguments);
        assert_eq!(status, 2, "{arguments:?}: {printed}{said}");
        assert!(
            !said.contains("hush") && !printed.contains("hush"),
            "{arguments:?}: {said}"
        );
    }
    let folder = with(&[]);
    let hook = folder.path().join("hook.toml");
    for url in [
        "https://me:hush@hook/x",
        "https://hook:1/hush path",
        "ftp://me:hush@hook",
        "http://me:hush:8650/x",
    ] {
        let text = format!("[[interface.webhooks]]\nurl = \"{url}\"\n");
        fs::write(&hook, text).unwrap();
        let (status, _, said) = output(
            folder.path(),
            &["check", "--config", hook.to_str().unwrap()],
        );
        assert!(status == 2 && said.contains("hook.toml:2: "), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}
