//! The secrets that claim names: one file for each server and name.

use std::{io, path::PathBuf};

use cheeper_protocol::{Name, Secret, follow::Identity};

use etcetera::base_strategy::{BaseStrategy as _, Xdg};

use super::files::{StorageError, file_name, folder, read, write};
use crate::random;

/// Where the secrets are.
pub struct Identities {
    folder: PathBuf,
}

impl Identities {
    /// In the data folder of the person.
    pub fn of_this_person() -> Result<Self, StorageError> {
        Ok(Self { folder: folder(Xdg::data_dir)? })
    }

    /// Who that is on this server; with a new secret if there was none.
    pub fn load_or_create(&self, host: &str, name: &Name) -> Result<Identity, StorageError> {
        if let Some(identity) = self.load(host, name)? {
            return Ok(identity);
        }
        let identity = Identity { name: name.clone(), secret: Secret::parse(&random::hex()?).ok() };
        match self.keep(host, &identity, false) {
            // Another client was faster: its secret is the one.
            Err(StorageError::HasSecret { .. }) => Ok(self.load(host, name)?.unwrap_or(identity)),
            kept => kept.map(|()| identity),
        }
    }

    pub fn load(&self, host: &str, name: &Name) -> Result<Option<Identity>, StorageError> {
        let path = self.path(host, name);
        let Some(text) = read(&path)? else { return Ok(None) };
        let kept: Identity = serde_json::from_str(&text).map_err(|why| StorageError::Damaged { path, why })?;
        // The name as it is typed today: another spelling of it has the same secret.
        Ok(Some(Identity { name: name.clone(), ..kept }))
    }

    /// Keeps an identity. Without `over` it does not take the place of another.
    pub fn keep(&self, host: &str, identity: &Identity, over: bool) -> Result<(), StorageError> {
        let path = self.path(host, &identity.name);
        let json = serde_json::to_vec(identity).map_err(|why| StorageError::Damaged { path: path.clone(), why })?;
        match write(&path, &json, over) {
            Err(StorageError::Io { why, .. }) if why.kind() == io::ErrorKind::AlreadyExists => {
                Err(StorageError::HasSecret { name: identity.name.clone() })
            }
            written => written,
        }
    }

    fn path(&self, host: &str, name: &Name) -> PathBuf {
        self.folder.join(file_name(host, name))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn name(raw: &str) -> Name {
        Name::parse(raw).unwrap()
    }

    #[test]
    fn a_name_has_one_secret_on_each_server_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let identities = Identities { folder: folder.path().join("cheeper") };
        let first = identities.load_or_create("here:5000", &name("alice")).unwrap();
        let secret = |host, who| identities.load_or_create(host, &name(who)).unwrap().secret;
        assert!(first.secret.is_some());
        assert_eq!(secret("here:5000", "alice"), first.secret);
        assert_eq!(secret("here:5000", "ALICE"), first.secret, "another spelling of the same name");
        assert_ne!(secret("there:5000", "alice"), first.secret);
        assert_ne!(secret("here:5000", "bob"), first.secret);
        let path = identities.path("here:5000", &name("alice"));
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn no_secret_is_lost_by_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let identities = Identities { folder: folder.path().to_owned() };
        let first = identities.load_or_create("here", &name("alice")).unwrap();
        let other = Identity { name: name("alice"), secret: Secret::parse("sixteen bytes or more").ok() };
        assert!(matches!(identities.keep("here", &other, false), Err(StorageError::HasSecret { .. })));
        assert_eq!(identities.load("here", &name("alice")).unwrap(), Some(first));
        identities.keep("here", &other, true).unwrap();
        assert_eq!(identities.load("here", &name("alice")).unwrap(), Some(other));
        fs::write(identities.path("here", &name("alice")), "{").unwrap();
        assert!(matches!(identities.load_or_create("here", &name("alice")), Err(StorageError::Damaged { .. })));
    }
}
