//! What is unsent, half written and read, for a name on a server. Another thread writes it: no key waits for the disk.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use cheeper_protocol::{Name, Seq, follow::Submission};
use serde::{Deserialize, Serialize};

use etcetera::base_strategy::BaseStrategy as _;

use super::files::{StorageError, file_name, folder, read, write};

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What is not done yet.
    #[serde(default)]
    pub outbox: Vec<Submission>,
    /// What was being written.
    #[serde(default)]
    pub draft: String,
    /// What the draft answers.
    #[serde(default)]
    pub reply_to: Option<Seq>,
    /// How far the timeline was read.
    #[serde(default)]
    pub read: Option<Read>,
}

/// The last cheep that was on screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Read {
    pub timeline: String,
    pub seq: Seq,
}

/// Keeps the state while it lives, and writes the last of it when it is dropped.
pub struct Keeper {
    saves: Option<mpsc::Sender<Kept>>,
    writer: Option<JoinHandle<()>>,
    // Held for its lock: the outbox belongs to one client at a time.
    _lock: File,
}

impl Keeper {
    /// What was kept, and who keeps it from now on: nobody if another client of the same name does. What goes wrong later is
    /// told to `tell`.
    pub fn open(
        host: &str,
        name: &Name,
        tell: impl Fn(StorageError) + Send + 'static,
    ) -> Result<(Kept, Option<Self>), StorageError> {
        Self::at(
            folder(|folders| folders.state_dir().unwrap_or_else(|| folders.data_dir()))?.join(file_name(host, name)),
            tell,
        )
    }

    fn at(path: PathBuf, tell: impl Fn(StorageError) + Send + 'static) -> Result<(Kept, Option<Self>), StorageError> {
        let Some(lock) = lock(&path)? else { return Ok((Kept::default(), None)) };
        let kept = match read(&path)? {
            None => Kept::default(),
            Some(text) => {
                serde_json::from_str(&text).map_err(|why| StorageError::Damaged { path: path.clone(), why })?
            }
        };
        let (saves, queue) = mpsc::channel();
        let writer = thread::spawn(move || write_newest(&path, &queue, &tell));
        Ok((kept, Some(Self { saves: Some(saves), writer: Some(writer), _lock: lock })))
    }

    /// Has it written soon.
    pub fn save(&self, kept: Kept) {
        if let Some(saves) = &self.saves {
            // The writer lives as long as the sender.
            drop(saves.send(kept));
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.saves.take());
        drop(self.writer.take().map(JoinHandle::join));
    }
}

fn write_newest(path: &Path, queue: &mpsc::Receiver<Kept>, tell: &impl Fn(StorageError)) {
    while let Ok(kept) = queue.recv() {
        let newest = queue.try_iter().last().unwrap_or(kept);
        let written = serde_json::to_vec(&newest)
            .map_err(|why| StorageError::Damaged { path: path.to_owned(), why })
            .and_then(|json| write(path, &json, true));
        if let Err(error) = written {
            tell(error);
        }
    }
}

fn lock(path: &Path) -> Result<Option<File>, StorageError> {
    let path = path.with_extension("lock");
    let open = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        OpenOptions::new().write(true).create(true).truncate(false).open(&path)
    };
    let file = open().map_err(|why| StorageError::io(&path, why))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(why)) => Err(StorageError::io(&path, why)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use cheeper_protocol::{CheepText, Emoji, RequestId};

    use super::*;

    fn open(path: &Path) -> (Kept, Option<Keeper>) {
        Keeper::at(path.to_owned(), |error| panic!("{error}")).unwrap()
    }

    fn kept(draft: &str) -> Kept {
        Kept { draft: draft.to_owned(), ..Kept::default() }
    }

    #[test]
    fn the_last_that_was_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cheeper/alice.json");
        let (nothing, keeper) = open(&path);
        assert_eq!(nothing, Kept::default());
        for draft in ["h", "he", "hello"] {
            keeper.as_ref().unwrap().save(kept(draft));
        }
        drop(keeper);
        assert_eq!(open(&path).0, kept("hello"));
    }

    #[test]
    fn every_kind_of_what_is_unsent_is_there_again_and_so_is_what_was_kept_when_there_was_one_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alice.json");
        let seq = Seq::new(7).unwrap();
        fs::write(&path, r#"{"outbox":[{"id":"a","cheep":"hello","reply_to":7}],"draft":"h"}"#).unwrap();
        let (mut kept, keeper) = open(&path);
        let id = || RequestId::parse("a").unwrap();
        let post = Submission::Post { id: id(), cheep: CheepText::cleaned("hello"), reply_to: Some(seq) };
        assert_eq!(kept.outbox, [post]);
        kept.outbox.extend([
            Submission::Edit { id: id(), target: seq, cheep: CheepText::cleaned("hi") },
            Submission::Delete { id: id(), target: seq },
            Submission::React { id: id(), target: seq, emoji: Emoji::parse("🎉").unwrap(), on: false },
        ]);
        keeper.as_ref().unwrap().save(kept.clone());
        drop(keeper);
        assert_eq!(open(&path).0, kept);
    }

    #[test]
    fn a_second_client_of_the_name_leaves_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alice.json");
        let (_, first) = open(&path);
        first.as_ref().unwrap().save(kept("mine"));
        let (other, second) = open(&path);
        assert!(other == Kept::default() && second.is_none());
        drop(first);
        assert_eq!(open(&path).0, kept("mine"));
    }

    #[test]
    fn a_full_disk_is_told_and_a_damaged_file_is_not_written_over() {
        static TOLD: AtomicUsize = AtomicUsize::new(0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alice.json");
        let told = |_| _ = TOLD.fetch_add(1, Ordering::SeqCst);
        let (_, keeper) = Keeper::at(path.clone(), told).unwrap();
        // A folder in its place cannot be written over.
        fs::create_dir(&path).unwrap();
        keeper.as_ref().unwrap().save(kept("lost"));
        drop(keeper);
        assert_eq!(TOLD.load(Ordering::SeqCst), 1);
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "{").unwrap();
        assert!(matches!(Keeper::at(path.clone(), told), Err(StorageError::Damaged { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    }
}
