//! The server's end of the socket.

use std::{
    fs::{self, File, Permissions},
    io,
    os::{
        fd::AsRawFd as _,
        unix::{
            fs::PermissionsExt as _,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cheeper_protocol::limits::FRAME_BYTES;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net,
};

use super::{greeting::Greeting, handler::Handler};

/// What stands behind the store's name.
const SOCKET: &str = "-control";
/// One that is being made.
const NEW: &str = ".new";
/// The most bytes that the path of a socket may have, on any Unix.
const PATH_BYTES: usize = 100;
/// How long nobody is accepted when the system has no more files.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket that is ours. It goes with this.
#[derive(Debug)]
pub struct Bound {
    listener: Option<UnixListener>,
    path: PathBuf,
    greeting: String,
}

/// Makes the socket of the store at `store`, which nobody else works with: one that is there already was left by a server that
/// was killed.
pub(crate) fn bind(store: &Path, greeting: &Greeting) -> io::Result<Bound> {
    let path = beside(store, SOCKET);
    let new = beside(&path, NEW);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = at(&new, |path| UnixListener::bind(path))?;
    listener.set_nonblocking(true)?;
    // Its place is taken when nobody else can open it.
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    fs::rename(&new, &path)?;
    Ok(Bound { listener: Some(listener), path, greeting: greeting.to_line() })
}

/// Connects to the socket of the store at `store`. `None`: no server works with it.
pub(super) fn connect(store: &Path) -> io::Result<Option<UnixStream>> {
    match at(&beside(store, SOCKET), |path| UnixStream::connect(path)) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes whoever comes, each in a task of its own.
pub(super) async fn accept(bound: &Bound, handler: &Arc<Handler>) {
    let listener = bound.listener.as_ref().map(UnixListener::try_clone);
    let listener = match listener.map(|listener| listener.and_then(net::UnixListener::from_std)) {
        Some(Ok(listener)) => listener,
        Some(Err(error)) => return tracing::warn!(%error, "the commands of the machine's operator are not heard"),
        None => return,
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (handler, greeting) = (handler.clone(), bound.greeting.clone());
                tokio::spawn(async move {
                    if let Err(error) = attend(stream, &handler, &greeting).await {
                        tracing::debug!(%error, "an operator left in the middle of something");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "an operator could not be heard");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn attend(mut stream: net::UnixStream, handler: &Handler, greeting: &str) -> io::Result<()> {
    // The mode of the file says so already, but for the moment before it had that.
    let peer = stream.peer_cred()?.uid();
    if peer != 0 && peer != rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading);
    writing.write_all(greeting.as_bytes()).await?;
    loop {
        let mut line = Vec::new();
        (&mut reading).take(FRAME_BYTES as u64 + 1).read_until(b'\n', &mut line).await?;
        if line.is_empty() || line.len() > FRAME_BYTES {
            return Ok(());
        }
        let mut answer = handler.answer(&String::from_utf8_lossy(&line)).await.to_json();
        answer.push('\n');
        writing.write_all(answer.as_bytes()).await?;
    }
}

/// The name of a file beside another.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Does something with a socket's path. A long one is named by way of its folder, as the system takes short ones only.
fn at<T>(path: &Path, work: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return work(path) };
    if path.as_os_str().len() <= PATH_BYTES {
        return work(path);
    }
    let folder = File::open(folder)?;
    work(&Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name))
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Closed first: who finds it is told at once that nobody is there. One that stays is replaced by the next start.
        self.listener = None;
        drop(fs::remove_file(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_its_owners_alone_replaces_a_stale_one_and_goes_with_its_server() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["short".to_owned(), "long".repeat(25)] {
            let store = folder.path().join(&name).join("cheeper.db");
            fs::create_dir(folder.path().join(&name)).unwrap();
            let greeting = Greeting { addresses: vec!["http://here/".to_owned()] };
            assert!(connect(&store).unwrap().is_none(), "there is none");
            let bound = bind(&store, &greeting).unwrap();
            let path = beside(&store, SOCKET);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(connect(&store).unwrap().is_some());
            // As a server that is killed leaves it.
            let Bound { listener, .. } = &mut *std::mem::ManuallyDrop::new(bound);
            drop(listener.take());
            assert!(path.exists() && connect(&store).unwrap().is_none(), "nobody is there any more");
            let bound = bind(&store, &greeting).unwrap();
            assert!(connect(&store).unwrap().is_some());
            drop(bound);
            assert!(!path.exists());
        }
    }
}
