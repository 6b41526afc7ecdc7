//! The way out to one client: answers in its outbox, then live events from the tail's ring, from its cursor on.
//!
//! A client that keeps up holds no buffer: the ring is its queue. Only answers, and the rest of a frame that the socket
//! took half of, wait in the outbox.

use std::{
    io::{self, ErrorKind, Read as _, Write},
    net::Shutdown,
};

use bytes::Bytes;
use cheeper_protocol::{Seq, ServerFrame};
use mio::net::TcpStream;

use super::super::{
    desk::Desk,
    frames,
    outbox::Outbox,
    tail::{NotHere, Slice},
};

/// Bytes of live events in one write.
const WRITE_BYTES: usize = 64 * 1024;

pub(super) struct Outgoing<S = TcpStream> {
    stream: S,
    outbox: Outbox,
    /// The live event that it is to get next.
    next: Seq,
    writable: bool,
    is_broken: bool,
}

impl Outgoing {
    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    pub(super) fn stream_ref(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    /// Says that nothing more will come.
    pub(super) fn shut(&mut self) {
        // A socket that is gone already needs no word.
        drop(self.stream.shutdown(Shutdown::Write));
    }
}

impl<S: Write> Outgoing<S> {
    pub(super) fn new(stream: S, next: Seq) -> Self {
        Self { stream, outbox: Outbox::default(), next, writable: true, is_broken: false }
    }

    /// Whether the socket took no more, and does now.
    pub(super) fn on_writable(&mut self) -> bool {
        let was_full = !self.writable && !self.is_broken;
        self.writable = !self.is_broken;
        was_full
    }

    /// Nothing can be written any more; what waited is gone.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Nothing waits but what the ring has from `first` on, and the socket takes it.
    pub(super) fn keeps_up(&self, first: Seq) -> bool {
        self.next == first && self.writable && self.outbox.is_empty()
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.outbox.is_empty()
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    pub(super) fn is_stuck(&mut self, now: u32) -> bool {
        self.outbox.note_progress(now);
        self.outbox.is_stuck(now)
    }

    /// The live events up to this one came another way, or are not wanted.
    pub(super) fn skip_to(&mut self, last: Seq) {
        self.next = last.next();
    }

    pub(super) fn push(&mut self, frame: Vec<u8>, desk: &Desk) {
        self.share(desk.shared.replies.charge(frame));
    }

    pub(super) fn say(&mut self, frame: &ServerFrame, desk: &Desk) {
        self.push(frames::text(&frame.to_json()), desk);
    }

    /// The same bytes may wait for others too.
    pub(super) fn share(&mut self, frame: Bytes) {
        if !self.is_broken {
            self.outbox.push(frame);
        }
    }

    /// Writes of the outbox what the socket takes.
    pub(super) fn write_outbox(&mut self) {
        while self.writable && !self.outbox.is_empty() {
            let written = self.outbox.write_to(&mut self.stream);
            self.on_result(written);
        }
    }

    /// Writes live events, up to the newest that the shard has delivered, as long as the socket takes them.
    pub(super) fn write_live(&mut self, desk: &Desk) {
        while self.writable && self.outbox.is_empty() && self.next <= desk.live {
            match desk.shared.feed.tail.piece(self.next, WRITE_BYTES) {
                Ok(Some(piece)) => {
                    let written = self.stream.write(piece.bytes());
                    self.wrote(&piece, written, desk);
                }
                Ok(None) => return,
                Err(NotHere) => {
                    desk.shared.metrics.lagged();
                    self.next = desk.live.next();
                    self.say(&ServerFrame::Lagged { head: desk.live }, desk);
                    self.write_outbox();
                }
            }
        }
    }

    /// Live events were written, so far. Of a frame that the socket took half of, the rest goes to the outbox, so that the
    /// ring may move on.
    pub(super) fn wrote(&mut self, piece: &Slice, written: io::Result<usize>, desk: &Desk) {
        let Some(written) = self.on_result(written) else { return };
        desk.shared.metrics.wrote(written);
        if written == piece.bytes().len() {
            self.next = piece.next();
            return;
        }
        let (seq, rest) = piece.split(written);
        self.next = seq;
        if !rest.is_empty() {
            self.next = seq.next();
            self.push(rest.to_vec(), desk);
        }
        // A short write says that the socket is full, but not that it will tell; the next one finds out.
        self.write_outbox();
    }

    fn on_result<T>(&mut self, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
            Err(_) => {
                self.is_broken = true;
                self.writable = false;
                self.outbox.clear();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cheeper_protocol::{Cheep, CheepText, Limits, Name, Timestamp};
    use mio::{Poll, Token, Waker};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        fanout::{ReplyBudget, Shared, mailbox::Mailbox, presence::Presence, tail::Tail},
        feed::Feed,
        metrics::Metrics,
        session::{Rules, budget::Budget},
        timeline::{Answer, Author, Named, NewCheep, Posted, Timeline, page::Span},
    };

    /// Everything here comes from the ring.
    struct Nowhere;

    impl Timeline for Nowhere {
        fn id(&self) -> &'static str {
            "nowhere"
        }

        fn append(&self, _: NewCheep, _: Answer<Posted>) {
            unreachable!()
        }

        fn claim(&self, _: Author, _: Answer<Named>) {
            unreachable!()
        }

        fn is_failing(&self) -> bool {
            false
        }

        fn read(&self, _: Span, _: Answer<Vec<Cheep>>) {
            unreachable!()
        }
    }

    fn desk(tail: Arc<Tail>) -> Desk {
        let metrics = Arc::new(Metrics::new());
        let shared = Shared {
            feed: Arc::new(Feed::new(Arc::new(Nowhere), tail, metrics.clone())),
            rules: Arc::new(Rules { limits: Limits::default(), budget: Budget::new(0) }),
            presence: Arc::new(Presence::default()),
            metrics,
            replies: ReplyBudget::new(usize::MAX),
        };
        let poll = Poll::new().unwrap();
        Desk::new(Arc::new(shared), Mailbox::new(Waker::new(poll.registry(), Token(0)).unwrap()))
    }

    /// A socket with so much room, and what went into it and was not looked at yet.
    #[derive(Default)]
    struct Socket {
        room: usize,
        taken: Vec<u8>,
    }

    impl Write for Socket {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let length = bytes.len().min(self.room);
            if length == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.room -= length;
            self.taken.extend_from_slice(&bytes[..length]);
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[derive(Clone, Debug)]
    enum Happening {
        /// Cheeps of these lengths become durable.
        Published(Vec<usize>),
        /// The shard delivers what is new.
        Delivered,
        /// The client read so many bytes.
        Room(usize),
    }

    fn happenings() -> impl Strategy<Value = Vec<Happening>> {
        let happening = prop_oneof![
            prop::collection::vec(1..1500_usize, 1..4).prop_map(Happening::Published),
            Just(Happening::Delivered),
            (1..6_000_usize).prop_map(Happening::Room),
        ];
        prop::collection::vec(happening, 1..60)
    }

    fn cheep(seq: Seq, chars: usize) -> Cheep {
        Cheep {
            seq,
            at: Timestamp::UNIX_EPOCH,
            name: Name::parse("alice").unwrap(),
            cheep: CheepText::cleaned(&"x".repeat(chars)),
            verified: false,
            reply_to: None,
            id: None,
        }
    }

    /// What the client makes of its bytes.
    struct Reader {
        rest: Vec<u8>,
        expects: Seq,
    }

    impl Reader {
        fn read(&mut self, bytes: &[u8], tail: &Tail) {
            self.rest.extend_from_slice(bytes);
            while let Some((json, length)) = frames::first(&self.rest) {
                match ServerFrame::parse(json).unwrap() {
                    ServerFrame::Cheep(cheep) => {
                        assert_eq!(cheep.seq, self.expects, "no hole, no repeat, no reorder");
                        self.expects = cheep.seq.next();
                    }
                    ServerFrame::Lagged { head } => {
                        assert!(head >= self.expects, "what it is to ask for is not empty");
                        assert_eq!(tail.piece(self.expects, 1).err(), Some(NotHere), "it is told only when it must be");
                        self.expects = head.next();
                    }
                    other => panic!("{other:?}"),
                }
                self.rest.drain(..length);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// However events, deliveries and the client's reading fall together, it gets each event once and in order, or is told
        /// which ones to ask for, and that only if the ring no longer has them.
        #[test]
        fn a_client_misses_nothing_that_it_is_not_told_of(happenings in happenings(), ring in 1..60_000_usize) {
            let tail = Arc::new(Tail::new(Seq::ZERO, ring));
            let mut desk = desk(tail.clone());
            let mut out = Outgoing::new(Socket::default(), desk.live.next());
            let mut reader = Reader { rest: Vec::new(), expects: desk.live.next() };
            let mut head = Seq::ZERO;
            let everything_is_read = [Happening::Delivered, Happening::Room(usize::MAX), Happening::Delivered];
            for happening in happenings.into_iter().chain(everything_is_read) {
                match happening {
                    Happening::Published(lengths) => {
                        let cheeps: Vec<Cheep> = lengths
                            .into_iter()
                            .map(|chars| {
                                head = head.next();
                                cheep(head, chars)
                            })
                            .collect();
                        tail.push(&cheeps);
                    }
                    Happening::Delivered => while desk.live < head {
                        let first = desk.live.next();
                        match tail.piece(first, WRITE_BYTES) {
                            Ok(Some(piece)) => {
                                desk.live = piece.next().previous();
                                if out.keeps_up(first) {
                                    let written = out.stream.write(piece.bytes());
                                    out.wrote(&piece, written, &desk);
                                }
                            }
                            Ok(None) => unreachable!("the head is further on"),
                            Err(NotHere) => desk.live = head,
                        }
                        out.write_outbox();
                        out.write_live(&desk);
                    },
                    Happening::Room(bytes) => {
                        out.stream.room = bytes;
                        out.on_writable();
                        out.write_outbox();
                        out.write_live(&desk);
                    }
                }
                reader.read(&std::mem::take(&mut out.stream.taken), &tail);
            }
            prop_assert_eq!(reader.expects, head.next());
            prop_assert!(reader.rest.is_empty());
        }
    }
}
