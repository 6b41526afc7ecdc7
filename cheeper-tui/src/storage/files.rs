//! Files for their owner's eyes alone: where they lie, and how they are read and written.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use cheeper_protocol::Name;
use etcetera::base_strategy::Xdg;
use tempfile::NamedTempFile;

use crate::digest::digest;

/// Why something is not kept, or was not found.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("there is no place to keep your files: set HOME")]
    NoFolder,
    #[error("{path} cannot be read or written: {why}; check its permissions", path = .path.display())]
    Io { path: PathBuf, why: io::Error },
    #[error("{path} is damaged: {why}; move it away to start afresh", path = .path.display())]
    Damaged { path: PathBuf, why: serde_json::Error },
    #[error("{name} has a secret here already; give --replace to put another in its place")]
    HasSecret { name: Name },
    #[error("{name} has no secret here yet: run cheeper-tui --name \"{name}\" once to claim the name")]
    NoSecret { name: Name },
    #[error("the system gave no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl StorageError {
    pub(super) fn io(path: &Path, why: io::Error) -> Self {
        Self::Io { path: path.to_owned(), why }
    }
}

/// Cheeper's folder among those of one kind, such as `Xdg::data_dir`.
pub fn folder(of_kind: impl FnOnce(&Xdg) -> PathBuf) -> Result<PathBuf, StorageError> {
    let place = Xdg::new().ok().map(|folders| of_kind(&folders));
    // An empty HOME would make it a folder beside wherever the client was started.
    let place = place.filter(|place| place.is_absolute()).ok_or(StorageError::NoFolder)?;
    Ok(place.join("cheeper"))
}

/// The name of the file for a name on a server.
pub(super) fn file_name(host: &str, name: &Name) -> String {
    format!("{}@{}.json", encode(name.fold().as_str()), encode(host))
}

/// A part of a file name in which ASCII letters, digits, dots and dashes stand for themselves. Longer ones than a file name
/// can be end in a number made from all of it.
pub(super) fn encode(text: &str) -> String {
    const LONGEST: usize = 96;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let encoded: String =
        text.chars().map(|c| if plain(c) { c.to_string() } else { format!("_{:x}_", u32::from(c)) }).collect();
    if encoded.len() <= LONGEST { encoded } else { format!("{}_{:016x}", &encoded[..LONGEST], digest(text)) }
}

/// A file as it is; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, StorageError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(StorageError::io(path, why)),
    }
}

/// Writes a file for the owner's eyes only, whole or not at all; `over` what is there, or only if nothing is.
pub(super) fn write(path: &Path, bytes: &[u8], over: bool) -> Result<(), StorageError> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        // A temporary file is made with mode 0600.
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        let persisted = if over { file.persist(path) } else { file.persist_noclobber(path) };
        persisted.map(drop).map_err(|error| error.error)
    };
    write().map_err(|why| StorageError::io(path, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder_or_is_too_long_for_a_file() {
        assert_eq!(encode("../a b"), ".._2f_a_20_b");
        let long = encode(&"家".repeat(32));
        assert!(long.len() < 120 && long != encode(&"家".repeat(31)), "{long}");
    }
}
