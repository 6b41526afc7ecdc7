//! The same bytes to many sockets: a few hundred sends in one system call where the kernel has `io_uring`, else one by one.

mod batch;

use std::io::{self, Write as _};

use mio::net::TcpStream;

use self::batch::Batch;
pub use self::batch::WIDTH;
use crate::feed::tail::Slice;

/// How a shard sends what goes to everybody.
pub enum Broadcast {
    /// One `send` after the other.
    Plain,
    /// Many in one system call.
    Batched(Box<Batch>),
}

impl Broadcast {
    /// The best that this system allows. To be called by the thread that will send.
    pub fn probe() -> Self {
        match Batch::new() {
            Ok(batch) => {
                tracing::debug!("sending in batches, by io_uring");
                Self::Batched(Box::new(batch))
            }
            Err(error) => {
                tracing::debug!(%error, "sending one by one, as io_uring cannot be had");
                Self::Plain
            }
        }
    }

    /// Writes `piece` once to each of at most [`WIDTH`] sockets, as much as each takes, and waits for none of them.
    /// `results` gets what came of each, in their order.
    pub fn send(&mut self, sockets: &[&TcpStream], piece: &Slice, results: &mut Vec<io::Result<usize>>) {
        debug_assert!(sockets.len() <= WIDTH);
        results.clear();
        match self {
            Self::Plain => results.extend(sockets.iter().map(|&(mut socket)| socket.write(piece.bytes()))),
            Self::Batched(batch) => {
                if let Err(error) = batch.send(sockets, piece, results) {
                    tracing::error!(%error, "io_uring failed; sending one by one from now on");
                    *self = Self::Plain;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, net};

    use cheeper_protocol::{Cheep, CheepText, Event, Name, Seq, Timestamp};

    use super::*;
    use crate::feed::tail::Tail;

    fn pair() -> (TcpStream, net::TcpStream) {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let near = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        near.set_nonblocking(true).unwrap();
        (TcpStream::from_std(near), listener.accept().unwrap().0)
    }

    fn piece() -> Slice {
        let tail = Tail::new(Seq::ZERO, usize::MAX);
        tail.push(&[Event::Cheep(Cheep {
            seq: Seq::ZERO.next(),
            at: Timestamp::UNIX_EPOCH,
            name: Name::parse("alice").unwrap(),
            cheep: CheepText::cleaned(&"x".repeat(2000)),
            verified: false,
            reply_to: None,
            parent_replies: None,
            id: None,
            state: cheeper_protocol::CheepState::default(),
        })]);
        tail.piece(Seq::ZERO.next(), 1).unwrap().unwrap()
    }

    /// However it sends, readers get the bytes, one that is full takes no more, and one that is gone is known to be.
    fn sends_to_each(mut broadcast: Broadcast) {
        let piece = piece();
        let length = piece.bytes().len();
        let pairs: Vec<_> = (0..3).map(|_| pair()).collect();
        let (mut full, gone) = (&pairs[1].0, &pairs[2].0);
        while full.write(&[0; 4096]).is_ok() {}
        gone.shutdown(net::Shutdown::Write).unwrap();

        let mut results = Vec::new();
        for _ in 0..2 {
            broadcast.send(&[&pairs[0].0, full, gone], &piece, &mut results);
            assert!(matches!(results[0], Ok(written) if written == length), "{results:?}");
            assert_eq!(results[1].as_ref().unwrap_err().kind(), io::ErrorKind::WouldBlock);
            assert_eq!(results[2].as_ref().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
            let mut read = vec![0; length];
            (&pairs[0].1).read_exact(&mut read).unwrap();
            assert!(read == piece.bytes());
        }
    }

    #[test]
    fn one_by_one() {
        sends_to_each(Broadcast::Plain);
    }

    #[test]
    fn in_batches_where_the_system_allows_it() {
        sends_to_each(Broadcast::probe());
    }
}
