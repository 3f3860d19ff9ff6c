//! Whose folder it is.
//!
//! Several programs keep a folder each: a node, a settlement, a wallet, an issuer, a pool. Their files have names of
//! their own, and some have names that several use (`lock`, `keys`). Two of them in one folder is a slip of the fingers that costs much
//! later: who copies, locks, shares or removes the folder of one does it with the other's. So each asks here before
//! it *begins* in a folder, and leaves one alone that is another's, or that holds files of somebody else.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Who keeps a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keeper {
    /// `winterlane-node`: a rollup.
    Node,
    /// `winterlane-settlement`.
    Settlement,
    /// A wallet: of an account, of notes or of a holder of credentials.
    Wallet,
    /// An issuer of credentials.
    Issuer,
    /// A pool of notes.
    Pool,
    /// Proven batches as files. They lie beside anything but what another program keeps, so nothing tells their
    /// folder from any other.
    Batches,
}

/// Why nothing is begun in a folder.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Another program keeps it.
    #[error("{} is the folder of {kept} (it has {file:?}): name another folder", .folder.display())]
    Kept {
        /// The folder.
        folder: PathBuf,
        /// Who keeps it, in words.
        kept: &'static str,
        /// A file that says so.
        file: &'static str,
    },
    /// It holds files of somebody else.
    #[error("{} has {file:?} in it, which is not of {keeper}: name a folder that is empty, or that does not exist", .folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// Who was to begin there, in words.
        keeper: &'static str,
        /// One of the files.
        file: String,
    },
    /// It is a file.
    #[error("{} is a file, and a folder is needed: name another", .0.display())]
    NotAFolder(PathBuf),
    /// The system does not show what is in it.
    #[error("{}: {error}", .folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

impl Keeper {
    /// All that can be known by their files.
    const KNOWN: [Self; 5] = [
        Self::Node,
        Self::Settlement,
        Self::Wallet,
        Self::Issuer,
        Self::Pool,
    ];

    /// In words.
    const fn words(self) -> &'static str {
        match self {
            Self::Node => "a node",
            Self::Settlement => "a settlement",
            Self::Wallet => "a wallet",
            Self::Issuer => "an issuer",
            Self::Pool => "a pool",
            Self::Batches => "proven batches",
        }
    }

    /// Names by which a folder is known, and how many of them it takes: one, where nobody else would think of the name.
    const fn marks(self) -> (&'static [&'static str], usize) {
        match self {
            Self::Node => (
                &["state.redb", "making.redb", "restoring.redb", "node.toml"],
                1,
            ),
            Self::Settlement => (&["settlement.redb", "settlement.redb.new"], 1),
            Self::Wallet => (
                &["seed", "seed.new", "journal", "journal.new", "account.json"],
                2,
            ),
            // Whoever checks credentials has a copy of the first.
            Self::Issuer => (&["issuer.json", "heights.json"], 2),
            Self::Pool => (&["pool.json"], 1),
            Self::Batches => (&[], usize::MAX),
        }
    }

    /// What may be there before it begins: what people put beside it, and what an interrupted beginning left.
    fn may_have(self, name: &OsStr) -> bool {
        let (marks, _) = self.marks();
        let beside: &[&str] = match self {
            Self::Node => &[
                "lock",
                "witness",
                "keys",
                "settled",
                "settlement",
                "objects",
                "snapshots",
                "false-verdicts.json",
            ],
            Self::Settlement => &["lock"],
            Self::Issuer => &["keys"],
            Self::Pool => &["policy.json"],
            Self::Wallet | Self::Batches => &[],
        };
        // What people lay beside a service under names of their choice: certificates, secrets, settings, the genesis, logs.
        let of_people: &[&str] = match self {
            Self::Node | Self::Settlement => &[
                "pem", "crt", "cer", "key", "secret", "toml", "json", "csv", "log", "txt", "md",
                "pid", "sock", "tmp",
            ],
            _ => &[],
        };
        let is = |known: &&str| name == *known;
        marks.iter().any(is)
            || beside.iter().any(is)
            // A disk's own folder at its root, and what no listing shows.
            || name == "lost+found"
            || name.as_encoded_bytes().starts_with(b".")
            || Path::new(name)
                .extension()
                .is_some_and(|ending| of_people.iter().any(|known| ending == *known))
    }

    /// A file by which a folder is known as this keeper's.
    fn mark_in(self, folder: &Path) -> Option<&'static str> {
        let (marks, least) = self.marks();
        let mut there = marks
            .iter()
            .copied()
            .filter(|name| fs::symlink_metadata(folder.join(name)).is_ok());
        let first = there.next()?;
        (1 + there.count() >= least).then_some(first)
    }
}

/// Refuses a folder that another program keeps. One that does not exist is nobody's.
///
/// # Errors
/// [`FolderError::Kept`].
pub fn check_not_anothers(folder: &Path, keeper: Keeper) -> Result<(), FolderError> {
    let others = Keeper::KNOWN.into_iter().filter(|other| *other != keeper);
    for other in others {
        if let Some(file) = other.mark_in(folder) {
            return Err(FolderError::Kept {
                folder: folder.to_owned(),
                kept: other.words(),
                file,
            });
        }
    }
    Ok(())
}

/// Refuses a folder in which `keeper` has not begun and cannot begin: another program keeps it, or it holds files that are
/// none of the keeper's. One that does not exist is good, and so is the keeper's own.
///
/// # Errors
/// [`FolderError`].
pub fn check_to_begin(folder: &Path, keeper: Keeper) -> Result<(), FolderError> {
    check_not_anothers(folder, keeper)?;
    if keeper.mark_in(folder).is_some() {
        return Ok(());
    }
    let io = |error| FolderError::Io {
        folder: folder.to_owned(),
        error,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            return match error.kind() {
                // A link that leads nowhere is there, and nothing can be made under its name.
                io::ErrorKind::NotFound if fs::symlink_metadata(folder).is_err() => Ok(()),
                io::ErrorKind::NotADirectory => Err(FolderError::NotAFolder(folder.to_owned())),
                _ => Err(io(error)),
            };
        }
    };
    for entry in entries {
        let name = entry.map_err(io)?.file_name();
        if !keeper.may_have(&name) {
            return Err(FolderError::Foreign {
                folder: folder.to_owned(),
                keeper: keeper.words(),
                file: name.to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

/// Opens the file that a folder is locked by, or makes it; what is in one that is there stays. A regular file alone: nothing is
/// written through a link, and no pipe is waited for.
///
/// # Errors
/// What the system says; [`io::ErrorKind::InvalidInput`], with words, for what is no regular file.
pub fn open_lock(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            let words = "not a regular file (a link, a pipe or a directory), and a folder is locked by one: remove it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with empty files of these names.
    fn with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    /// What the folder of each has when it has begun.
    const BEGUN: [(Keeper, &[&str]); 5] = [
        (Keeper::Node, &["node.toml"]),
        (Keeper::Settlement, &["lock", "settlement.redb"]),
        (Keeper::Wallet, &["seed", "journal"]),
        (Keeper::Issuer, &["keys", "heights.json", "issuer.json"]),
        (Keeper::Pool, &["pool.json", "operation-000000.op"]),
    ];

    #[test]
    fn a_folder_is_one_keepers() {
        for (keeper, names) in BEGUN {
            let folder = with(names);
            check_to_begin(folder.path(), keeper).unwrap();
            for (other, _) in BEGUN {
                if other == keeper {
                    continue;
                }
                for refused in [
                    check_not_anothers(folder.path(), other),
                    check_to_begin(folder.path(), other),
                ] {
                    let error = refused.unwrap_err();
                    assert!(
                        matches!(&error, FolderError::Kept { kept, .. } if *kept == keeper.words()),
                        "{other:?} in the folder of {keeper:?}: {error}"
                    );
                }
            }
            check_not_anothers(folder.path(), Keeper::Batches).unwrap_err();
        }
    }

    #[test]
    fn an_empty_folder_is_anybodys_and_one_with_foreign_files_nobodys() {
        for (keeper, _) in BEGUN {
            let empty = with(&[".hidden", "lost+found"]);
            check_to_begin(empty.path(), keeper).unwrap();
            check_to_begin(&empty.path().join("not/there"), keeper).unwrap();
            let foreign = with(&["photo.jpg"]);
            let error = check_to_begin(foreign.path(), keeper).unwrap_err();
            assert!(error.to_string().contains("\"photo.jpg\""), "{error}");
            check_not_anothers(foreign.path(), keeper).unwrap();
            let file = foreign.path().join("photo.jpg");
            let error = check_to_begin(&file, keeper).unwrap_err();
            assert!(matches!(error, FolderError::NotAFolder(_)), "{error}");
        }
    }

    /// What an operator puts into a node's folder before it is begun is no reason not to begin.
    #[test]
    fn what_belongs_beside_a_node_may_be_there_before() {
        let folder = with(&["chain.pem", "ada.key", "operator.secret", "genesis.json"]);
        check_to_begin(folder.path(), Keeper::Node).unwrap();
        check_to_begin(folder.path(), Keeper::Settlement).unwrap();
        let folder = with(&["node.log", "keys", "lock"]);
        check_to_begin(folder.path(), Keeper::Node).unwrap();
        check_to_begin(folder.path(), Keeper::Settlement).unwrap_err();
    }

    /// A name that anybody may have chosen makes no wallet and no issuer.
    #[test]
    fn one_common_name_is_no_mark() {
        for names in [&["journal"][..], &["account.json"], &["issuer.json"]] {
            check_not_anothers(with(names).path(), Keeper::Batches).unwrap();
        }
    }

    /// A folder that is begun may have anything else in it: its owner knows.
    #[test]
    fn its_own_folder_is_good_whatever_else_is_there() {
        let folder = with(&["node.toml", "photo.jpg"]);
        check_to_begin(folder.path(), Keeper::Node).unwrap();
    }

    #[test]
    fn a_lock_keeps_what_is_in_its_file() {
        let folder = with(&[]);
        let path = folder.path().join("lock");
        open_lock(&path).unwrap();
        fs::write(&path, "process 7").unwrap();
        open_lock(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "process 7");
        open_lock(folder.path()).unwrap_err();
    }

    /// Nobody reads from the pipe: whoever opened it to write would wait for ever.
    #[cfg(unix)]
    #[test]
    fn a_link_or_a_pipe_is_no_lock() {
        let folder = with(&["mine"]);
        for target in ["mine", "nowhere"] {
            let link = folder.path().join(format!("to-{target}"));
            std::os::unix::fs::symlink(target, &link).unwrap();
            let error = open_lock(&link).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
        assert!(!folder.path().join("nowhere").exists());
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let error = open_lock(&pipe).unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_no_folder_to_make() {
        let folder = with(&[]);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let error = check_to_begin(&link, Keeper::Node).unwrap_err();
        assert!(matches!(error, FolderError::Io { .. }), "{error}");
    }
}
