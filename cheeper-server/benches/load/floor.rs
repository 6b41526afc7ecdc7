//! The floor: what the kernel alone asks for one cheep on one screen. The first connection posts, all others read; each
//! post is one `send()` for each of them. Its variants show what a disk adds and what batches save.

use std::{
    fs::File,
    io::{self, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use cheeper_protocol::{Cheep, Event};
use cheeper_server::{
    fanout::broadcast::{Broadcast, WIDTH},
    feed::tail::{Slice, Tail},
};

use crate::{frames, process::System};

const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// Frames that were sent, for those who ask for them.
#[derive(Default)]
struct Past {
    frames: Vec<u8>,
    /// Where the frame of each seq ends.
    ends: Vec<usize>,
}

/// Serves until the poster hangs up.
pub(crate) fn serve(system: System) -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    // The standard library's own queue holds 128 newcomers, of whom more come at once.
    rustix::net::listen(&listener, 4096)?;
    println!("http://{}/", listener.local_addr()?);
    let (mut poster, _) = listener.accept()?;
    poster.set_nodelay(true)?;
    read_head(&mut poster)?;
    poster.write_all(SWITCHING)?;
    let past = Arc::new(Mutex::new(Past::default()));
    let (tell, newcomers) = mpsc::channel();
    {
        let past = past.clone();
        thread::spawn(move || {
            for reader in listener.incoming() {
                // One that has gone meanwhile needs no greeting.
                drop(reader.and_then(|reader| greet(reader, &past, &tell)));
            }
        });
    }
    let mut send = sender(system)?;
    let mut readers: Vec<mio::net::TcpStream> = Vec::new();
    let (mut waiting, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let length = poster.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        readers.extend(newcomers.try_iter().map(mio::net::TcpStream::from_std));
        waiting.extend_from_slice(&buffer[..length]);
        while let Some(post) = frames::take(&mut waiting) {
            send(&post, &mut readers)?;
            past.lock().unwrap_or_else(PoisonError::into_inner).push(&frames::unmasked(&post));
        }
    }
}

/// Sends a post to everybody.
type Sender = Box<dyn FnMut(&[u8], &mut Vec<mio::net::TcpStream>) -> io::Result<()>>;

fn sender(system: System) -> io::Result<Sender> {
    Ok(match system {
        System::DurableFloor => {
            let mut file: File = tempfile::tempfile()?;
            Box::new(move |post, readers| {
                let frame = frames::unmasked(post);
                file.write_all(&frame)?;
                file.sync_data()?;
                send_one_by_one(&frame, readers);
                Ok(())
            })
        }
        System::BatchedFloor => {
            let (mut broadcast, mut results) = (Broadcast::probe(), Vec::new());
            Box::new(move |post, readers| {
                let piece = piece(post)?;
                for readers in readers.chunks(WIDTH) {
                    broadcast.send(&readers.iter().collect::<Vec<_>>(), &piece, &mut results);
                }
                Ok(())
            })
        }
        _ => Box::new(|post, readers| {
            send_one_by_one(&frames::unmasked(post), readers);
            Ok(())
        }),
    })
}

/// A reader that is full loses the frame, which the load counts as missing.
fn send_one_by_one(frame: &[u8], readers: &mut Vec<mio::net::TcpStream>) {
    readers.retain_mut(|reader| match reader.write(frame) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    });
}

/// The post as our server's ring would have it.
fn piece(post: &[u8]) -> io::Result<Slice> {
    let cheep: Cheep = serde_json::from_slice(post)?;
    let tail = Tail::new(cheep.seq.previous(), usize::MAX);
    let seq = cheep.seq;
    tail.push(&[Event::Cheep(cheep)]);
    tail.piece(seq, 1).ok().flatten().ok_or_else(|| io::Error::other("a post has no place in the ring"))
}

/// A newcomer gets what it asks for of the past, and is on the list before it hears so.
fn greet(mut reader: TcpStream, past: &Mutex<Past>, tell: &mpsc::Sender<TcpStream>) -> io::Result<()> {
    reader.set_nodelay(true)?;
    let after = read_head(&mut reader)?;
    let mut greeting = SWITCHING.to_vec();
    if let Some(after) = after {
        greeting.extend_from_slice(past.lock().unwrap_or_else(PoisonError::into_inner).after(after));
    }
    drop(tell.send(reader.try_clone()?));
    reader.write_all(&greeting)?;
    reader.set_nonblocking(true)
}

impl Past {
    fn push(&mut self, frame: &[u8]) {
        self.frames.extend_from_slice(frame);
        self.ends.push(self.frames.len());
    }

    fn after(&self, seq: usize) -> &[u8] {
        let begin = seq.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(0);
        &self.frames[begin..]
    }
}

/// A client sends its head in one piece, and nothing behind it before it is answered. Returns the seq after which it wants
/// the past.
fn read_head(stream: &mut TcpStream) -> io::Result<Option<usize>> {
    let mut head = [0; 1024];
    let mut length = 0;
    while !head[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut head[length..])? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            more => length += more,
        }
    }
    let head = String::from_utf8_lossy(&head[..length]);
    let after = head.strip_prefix("GET /ws?after=").and_then(|rest| rest.split(' ').next());
    Ok(after.and_then(|seq| seq.parse().ok()))
}
