//! What outlives the process: the secret of a name, the outbox and the draft, in one file for each server and name.

use std::{
    env, fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use cheeper_protocol::{
    Name, Secret,
    follow::{Identity, Post},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("there is no place to keep your secret: set HOME or XDG_DATA_HOME")]
    NoFolder,
    #[error("{path} cannot be read or written: {why}; check its permissions", path = .path.display())]
    Io { path: PathBuf, why: io::Error },
    #[error("{path} is damaged: {why}; move it away to start afresh (the name's secret is in it)", path = .path.display())]
    Damaged { path: PathBuf, why: serde_json::Error },
    #[error("the system gave no random numbers: {0}")]
    Random(getrandom::Error),
}

/// What is kept for one name on one server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    pub identity: Identity,
    #[serde(default)]
    pub outbox: Vec<Post>,
    #[serde(default)]
    pub draft: String,
}

pub struct Storage {
    path: PathBuf,
}

impl Storage {
    /// The file for this server and name.
    pub fn new(host: &str, name: &Name) -> Result<Self, StorageError> {
        let absolute = |variable: &str| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
        let folder = folder.ok_or(StorageError::NoFolder)?.join("cheeper");
        Ok(Self { path: folder.join(format!("{}@{}.json", encode(name.fold().as_str()), encode(host))) })
    }

    /// What was kept; a new identity with a secret of its own if nothing was.
    pub fn load(&self, name: &Name) -> Result<Kept, StorageError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = Secret::parse(&random_hex()?).ok();
                let kept =
                    Kept { identity: Identity { name: name.clone(), secret }, outbox: vec![], draft: String::new() };
                self.save(&kept)?;
                return Ok(kept);
            }
            Err(why) => return Err(self.io(why)),
        };
        serde_json::from_str(&text).map_err(|why| StorageError::Damaged { path: self.path.clone(), why })
    }

    /// Keeps it: for the owner's eyes only, and whole or not at all.
    pub fn save(&self, kept: &Kept) -> Result<(), StorageError> {
        let write = || {
            fs::create_dir_all(self.path.parent().unwrap_or(Path::new("/")))?;
            let beside = self.path.with_extension("new");
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(&serde_json::to_vec(kept)?)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)
        };
        write().map_err(|why| self.io(why))
    }

    fn io(&self, why: io::Error) -> StorageError {
        StorageError::Io { path: self.path.clone(), why }
    }
}

/// 128 random bits as text: a secret, or an id.
pub fn random_hex() -> Result<String, StorageError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(StorageError::Random)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// A part of a file name in which letters, digits, dots and dashes stand for themselves.
fn encode(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    text.chars().map(|c| if plain(c) { c.to_string() } else { format!("_{:x}_", u32::from(c)) }).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_name_keeps_its_secret_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage { path: folder.path().join("cheeper/alice.json") };
        let name = Name::parse("alice").unwrap();
        let first = storage.load(&name).unwrap();
        assert!(first.identity.secret.is_some());
        assert_eq!(storage.load(&name).unwrap().identity, first.identity);
        assert_eq!(fs::metadata(&storage.path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&storage.path, "{").unwrap();
        assert!(matches!(storage.load(&name), Err(StorageError::Damaged { .. })));
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert_eq!(encode("../a b"), ".._2f_a_20_b");
    }
}
