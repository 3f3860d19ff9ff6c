//! The configuration of a new rollup, made by `winterlane-node init`.

use std::{fs, io, path::Path};

use thiserror::Error;
use winterlane_machine::address::without_passwords;

use super::{AccountSetting, Config, ConfigError};
use crate::store::{FolderLock, StoreError};

/// The name of the configuration in the node's folder.
pub const FILE: &str = "node.toml";

/// Why a new rollup's configuration is not written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InitError {
    /// There is a node in the folder.
    #[error(
        "{0} exists: a rollup is begun once; change its configuration by hand, or name another folder with --data"
    )]
    Exists(String),
    /// Another process has the folder, or it cannot be locked.
    #[error(transparent)]
    Locked(#[from] StoreError),
    /// A setting is not of the form `SECTION.NAME=VALUE`, or is there twice. What comes before the value is told.
    #[error(
        "{0:?}: expected SECTION.NAME=VALUE, each once, such as batches.slots=16; `winterlane-node config` prints every setting"
    )]
    Setting(String),
    /// The configuration could not be used.
    #[error("the configuration would be of no use: {0}")]
    Config(#[from] ConfigError),
    /// The system refuses.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

/// The text of a configuration with these accounts, and settings that differ from their defaults, each as `SECTION.NAME=VALUE`. A
/// value is read as TOML, and as a word if it is none: `proofs.preset=fast-100`.
///
/// # Errors
/// [`InitError::Setting`], [`InitError::Config`].
pub fn initial(accounts: &[AccountSetting], settings: &[String]) -> Result<String, InitError> {
    let mut table = toml::Table::new();
    for setting in settings {
        // Its value may be the address of a database, with a password.
        let name = setting.split('=').next().unwrap_or_default();
        let wrong = || InitError::Setting(without_passwords(name));
        let (path, value) = setting.split_once('=').ok_or_else(wrong)?;
        let (section, name) = path.split_once('.').ok_or_else(wrong)?;
        let value = format!("value = {value}")
            .parse::<toml::Table>()
            .ok()
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| toml::Value::String(value.to_owned()));
        let section = table
            .entry(section)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()));
        let section = section.as_table_mut().ok_or_else(wrong)?;
        if section.insert(name.to_owned(), value).is_some() {
            return Err(wrong());
        }
    }
    let mut text = "# Written by `winterlane-node init`: what differs from the defaults, which `winterlane-node config` prints.\n\n"
        .to_owned();
    text += &table.to_string();
    for account in accounts {
        text.push('\n');
        text += &account.to_string();
    }
    Config::parse(FILE, &text)?;
    Ok(text)
}

/// Writes the configuration of a new rollup into a folder, which is made if it does not exist.
///
/// # Errors
/// [`InitError`]; nothing is changed then.
pub fn init(folder: &Path, text: &str) -> Result<(), InitError> {
    let path = folder.join(FILE);
    let check = || {
        let found = [path.clone(), folder.join(crate::store::FILE)];
        // a link that leads nowhere is there, too
        match found
            .into_iter()
            .find(|path| path.symlink_metadata().is_ok())
        {
            Some(found) => Err(InitError::Exists(found.display().to_string())),
            None => Ok(()),
        }
    };
    check()?;
    let io = |path: &Path| {
        let path = path.display().to_string();
        move |source| InitError::Io { path, source }
    };
    fs::create_dir_all(folder).map_err(io(folder))?;
    // Two at once would write one over the other's, and both say that theirs is there.
    let _lock = FolderLock::take(folder)?;
    check()?;
    crate::disk::write_whole(&path, text.as_bytes()).map_err(io(&path))
}
