//! A node as a process, on ports that the system chooses, and the wallet's command beside it.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
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

/// Ports that were free a moment ago.
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
}

impl Served {
    /// Runs the node of a folder.
    pub(crate) fn start(data: &Path) -> Self {
        let [port, health] = free_ports();
        Self::start_at(data, port, health)
    }

    pub(crate) fn start_at(data: &Path, port: u16, health: u16) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_winterlane-node"))
            .arg("--data")
            .arg(data)
            .args([
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--health",
                &format!("127.0.0.1:{health}"),
            ])
            .env("RUST_LOG", "warn")
            .spawn()
            .unwrap();
        let mut served = Self {
            child,
            port,
            health,
        };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = served.child.try_wait().unwrap();
            assert!(ended.is_none(), "the node ended: {ended:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        served
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
