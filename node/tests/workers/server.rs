//! A PostgreSQL of a test's own: in a temporary folder, on a socket in it, ended with the test.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use postgres::{Client, NoTls};
use tempfile::TempDir;

use crate::testing::until;

/// A server that runs, or has been killed.
pub(crate) struct Server {
    binaries: PathBuf,
    folder: TempDir,
    /// Whom it runs as: the server refuses to run as root.
    user: Option<(u32, u32)>,
    process: Child,
    /// Where it takes connections with TLS.
    tls: Option<u16>,
}

impl Server {
    /// Makes a database cluster and starts it. `None`, with a loud message, where there is no PostgreSQL 15; that is
    /// a failure where `WINTERLANE_NEEDS_POSTGRES` is set, as `.ci/run` does.
    pub(crate) fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            assert!(
                std::env::var_os("WINTERLANE_NEEDS_POSTGRES").is_none(),
                "PostgreSQL 15 or newer is not installed (Debian: postgresql)"
            );
            eprintln!(
                "\n!!! SKIPPED: PostgreSQL 15 or newer is not installed (Debian: postgresql)\n"
            );
            return None;
        };
        // the path of a socket has less than 108 bytes: not in a long TMPDIR
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp");
        let folder = folder.unwrap();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let made = command(&binaries, "initdb", user)
            .args([
                "--no-sync",
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(folder.path().join("data"))
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let process = serve(&binaries, folder.path(), user, None);
        let mut server = Self {
            binaries,
            folder,
            user,
            process,
            tls: None,
        };
        server.wait();
        Some(server)
    }

    /// A server that takes connections of this machine with TLS, and with TLS alone, as 127.0.0.1.
    pub(crate) fn start_tls() -> Option<Self> {
        let mut server = Self::start()?;
        server.kill();
        let issued = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let own = |name: &str, text: &str| {
            let path = server.folder.path().join(name);
            fs::write(&path, text).unwrap();
            if let Some((uid, gid)) = server.user {
                chown(&path, Some(uid), Some(gid)).unwrap();
            }
            path
        };
        own("server.pem", &issued.cert.pem());
        let key = own("server.key", &issued.signing_key.serialize_pem());
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let rules = server.folder.path().join("data/pg_hba.conf");
        let before = fs::read_to_string(&rules).unwrap();
        fs::write(&rules, format!("hostnossl all all all reject\n{before}")).unwrap();
        server.tls = Some(free_port());
        server.restart();
        Some(server)
    }

    /// The address of the database, for node and workers.
    pub(crate) fn address(&self) -> String {
        match self.tls {
            None => self.socket(),
            Some(port) => format!(
                "postgres://postgres@127.0.0.1:{port}/postgres?sslmode=require&sslrootcert={}",
                self.certificate()
            ),
        }
    }

    /// The file of the certificate, for those who connect with TLS.
    pub(crate) fn certificate(&self) -> String {
        self.folder.path().join("server.pem").display().to_string()
    }

    fn socket(&self) -> String {
        let folder = self.folder.path().display();
        let port = self.tls.unwrap_or(5432);
        format!("postgres:///postgres?host={folder}&user=postgres&port={port}")
    }

    /// A connection of the test's own, by the socket.
    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.socket(), NoTls).unwrap()
    }

    /// SIGKILL, to the server and not to its children: they see that it is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again, on the same folder.
    pub(crate) fn restart(&mut self) {
        self.process = serve(&self.binaries, self.folder.path(), self.user, self.tls);
        self.wait();
    }

    /// Waits until it can be used. It does not start while children of one that was killed live.
    fn wait(&mut self) {
        until(|| {
            if self.process.try_wait().unwrap().is_some() {
                std::thread::sleep(Duration::from_millis(100));
                // another process may have the port by now
                self.tls = self.tls.map(|_| free_port());
                self.process = serve(&self.binaries, self.folder.path(), self.user, self.tls);
            }
            Client::connect(&self.socket(), NoTls).ok()
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = self.process.wait();
    }
}

fn command(binaries: &Path, name: &str, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(binaries.join(name));
    command.current_dir("/").stdin(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn serve(binaries: &Path, folder: &Path, user: Option<(u32, u32)>, tls: Option<u16>) -> Child {
    let more: Vec<String> = match tls {
        None => vec!["listen_addresses=".into()],
        Some(port) => vec![
            "listen_addresses=127.0.0.1".into(),
            format!("port={port}"),
            "ssl=on".into(),
            format!("ssl_cert_file={}", folder.join("server.pem").display()),
            format!("ssl_key_file={}", folder.join("server.key").display()),
        ],
    };
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .unwrap();
    // what is not synchronised survives the kill of a process, and nobody pulls a plug here
    command(binaries, "postgres", user)
        .args(["-c", "fsync=off", "-c", "shared_buffers=16MB"])
        .args(more.iter().flat_map(|setting| ["-c", setting]))
        .arg("-c")
        .arg(format!("unix_socket_directories={}", folder.display()))
        .arg("-D")
        .arg(folder.join("data"))
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Where `postgres` and `initdb` are: the newest of Debian's, or those in the path.
fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(version, path)| *version >= 15 && path.join("initdb").exists())
        .collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = || {
        std::env::split_paths(&path)
            .find(|folder| folder.join("postgres").exists() && folder.join("initdb").exists())
    };
    found.pop().map(|(_, path)| path).or_else(in_path)
}

/// Somebody else to run the server as, if this is root: `postgres`, or `nobody`.
fn unprivileged() -> Option<(u32, u32)> {
    let id = Command::new("id").arg("-u").output().unwrap().stdout;
    if String::from_utf8_lossy(&id).trim() != "0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |wanted: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            (name == wanted).then_some((uid, gid))
        })
    };
    find("postgres").or_else(|| find("nobody"))
}
