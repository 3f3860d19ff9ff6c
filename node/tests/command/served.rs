//! A node as a process, on ports that the system chooses, and the wallet's command beside it.

#[cfg(unix)]
use std::net::TcpListener;
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The `winterlane` command. It is another package's: `cargo test --workspace` has built it, else it is built here.
pub(crate) fn winterlane() -> PathBuf {
    let node = Path::new(env!("CARGO_BIN_EXE_winterlane-node"));
    let command = node.with_file_name(format!("winterlane{}", std::env::consts::EXE_SUFFIX));
    if !command.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--locked",
            "--package",
            "winterlane",
            "--target-dir",
        ]);
        build.arg(node.ancestors().nth(2).unwrap());
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(
            build.status().unwrap().success(),
            "the package winterlane is not built"
        );
    }
    command
}

/// Ports that were free a moment ago: another process may have one by now, so that whoever needs them tries again.
#[cfg(unix)]
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Runs the wallet's command; its status, standard output and standard error.
pub(crate) fn wallet(folder: &Path, arguments: &str) -> (i32, String, String) {
    let output = Command::new(winterlane())
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

/// What the command prints when it ends with that status.
#[track_caller]
pub(crate) fn expect(status: i32, folder: &Path, arguments: &str) -> String {
    let (found, printed, said) = wallet(folder, arguments);
    assert_eq!(found, status, "{arguments}\n{printed}{said}");
    if status == 0 { printed } else { said }
}

/// A node that runs until it is dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
    pub(crate) health: u16,
    /// Where its settlement is, if the node serves one.
    pub(crate) settlement: Option<String>,
}

/// What the log says before the address of a settlement.
const SETTLEMENT: &str = "settlement is served at ";

impl Served {
    /// Runs the node of a folder, on ports that the system chooses.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_at(data, 0, 0)
    }

    pub(crate) fn start_at(data: &Path, port: u16, health: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_winterlane-node"))
            .arg("--data")
            .arg(data)
            .args([
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--health",
                &format!("127.0.0.1:{health}"),
            ])
            .env("RUST_LOG", "info")
            // what is no terminal is given no colours, whatever its user says
            .env_remove("NO_COLOR")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut said, mut settlement) = (String::new(), None);
        // it ends, or says where it is: whichever takes as long as it likes
        let (port, health) = loop {
            let Some(Ok(line)) = log.next() else {
                panic!("the node ended: {:?}\n{said}", child.wait());
            };
            if let Some((_, at)) = line.split_once(SETTLEMENT) {
                settlement = Some(at.trim().to_owned());
            }
            let port = |name: &str| -> Option<u16> {
                let rest = line.split_once(name)?.1;
                let address = rest.split_whitespace().next()?;
                address.rsplit(':').next()?.parse().ok()
            };
            if let Some(found) = port(" interface=").zip(port(" health=")) {
                break found;
            }
            said.push_str(&line);
            said.push('\n');
        };
        // what is not read it could not say
        std::thread::spawn(move || {
            for line in log.map_while(Result::ok) {
                if line.contains(" WARN ") || line.contains(" ERROR ") {
                    eprintln!("{line}");
                }
            }
        });
        Self {
            child,
            port,
            health,
            settlement,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
