//! The way out to one client: answers in its outbox, then live events from the tail's ring, from its cursor on.
//!
//! A client that keeps up holds no buffer: the ring is its queue. Only answers, and the rest of a frame that the socket
//! took half of, wait in the outbox.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
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

pub(super) struct Outgoing {
    stream: TcpStream,
    outbox: Outbox,
    /// The live event that it is to get next.
    next: Seq,
    writable: bool,
    is_broken: bool,
}

impl Outgoing {
    pub(super) fn new(stream: TcpStream, next: Seq) -> Self {
        Self { stream, outbox: Outbox::default(), next, writable: true, is_broken: false }
    }

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
