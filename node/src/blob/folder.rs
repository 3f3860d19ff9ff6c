//! Objects as files.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{BlobError, Blobs, Name};
use crate::disk::{beside, sync_folder};

/// A folder. Several processes, and several machines that mount it, may use it at once.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder if it does not exist.
    ///
    /// # Errors
    /// [`BlobError::File`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(at(&path))?;
        Ok(Self { path })
    }

    fn file(&self, name: &Name) -> PathBuf {
        self.path.join(name.to_string())
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> BlobError {
    let path = path.display().to_string();
    move |source| BlobError::File {
        path: path.clone(),
        source,
    }
}

/// Makes the folders of an object last: those of its batch and of its rollup.
fn make_folders(file: &Path) -> io::Result<()> {
    if let Some(batch) = file.parent() {
        fs::create_dir_all(batch)?;
        sync_folder(batch)?;
        if let Some(rollup) = batch.parent() {
            sync_folder(rollup)?;
        }
    }
    Ok(())
}

impl Blobs for Folder {
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), BlobError> {
        let file = self.file(name);
        // another process may write the same object, or remove the folder with the last object in it
        let temporary = beside(&file).map_err(at(&file))?;
        let write = || {
            make_folders(&file)?;
            let mut opened = File::create_new(&temporary)?;
            opened.write_all(bytes)?;
            opened.sync_all()?;
            drop(opened);
            fs::rename(&temporary, &file)?;
            sync_folder(&file)
        };
        let written = match write() {
            // whoever removed the last object of the batch removed its folder in between
            Err(error) if error.kind() == io::ErrorKind::NotFound => write(),
            written => written,
        };
        written.map_err(|error| {
            // a full disk is not to be filled by what is of no use
            let _ = fs::remove_file(&temporary);
            at(&file)(error)
        })
    }

    fn has(&self, name: &Name) -> Result<bool, BlobError> {
        let file = self.file(name);
        file.try_exists().map_err(at(&file))
    }

    fn fetch(&self, name: &Name) -> Result<Option<Vec<u8>>, BlobError> {
        let file = self.file(name);
        let opened = match File::open(&file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&file)(error)),
        };
        let mut bytes = Vec::new();
        let most = name.kind.most_bytes();
        let limit = most as u64 + 1;
        opened
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(at(&file))?;
        if bytes.len() > most {
            return Err(BlobError::too_large(name));
        }
        Ok(Some(bytes))
    }

    fn remove(&self, name: &Name) -> Result<(), BlobError> {
        let file = self.file(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&file)(error)),
            _ => {}
        }
        // the folder of the batch goes with its last object
        if let Some(folder) = file.parent() {
            let _ = fs::remove_dir(folder);
        }
        Ok(())
    }
}
