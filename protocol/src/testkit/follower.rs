//! The crate's own [`Follow`] on a real socket: a client that misses nothing, over lags, losses and restarts.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use tungstenite::Message;

use super::{Client, PATIENCE, screen_of, seq};
use crate::{
    Cheep, Event, Seq, ServerFrame,
    follow::{Follow, Input, Millis, Output},
};

/// A client that shows the timeline from a cursor on.
#[derive(Debug)]
pub struct Follower {
    /// Where the server is; a restart may move it.
    pub address: SocketAddr,
    /// What it was given: in order and without a hole, or it would have panicked.
    pub shown: Vec<Event>,
    /// Up to where that is all there is.
    to: Seq,
    /// It lost its place, and what it has begins with a page that leaves out changes.
    was_reset: bool,
    follow: Follow,
    client: Option<Client>,
    began: Instant,
}

impl Follower {
    /// One that has everything up to a cursor. It is welcomed and reads no further until it is asked to.
    pub fn after(address: SocketAddr, cursor: u64) -> Self {
        let follow = Follow::after(seq(cursor));
        let mut follower = Self {
            address,
            shown: Vec::new(),
            to: seq(cursor),
            was_reset: false,
            follow,
            client: None,
            began: Instant::now(),
        };
        follower.handle(Input::Start);
        follower
    }

    /// Reads on until every event up to `last` is shown.
    pub fn until(&mut self, last: u64) -> &[Event] {
        let mut progress = (self.follow.cursor(), Instant::now());
        while self.follow.cursor() < Some(seq(last)) {
            self.turn();
            if self.follow.cursor() != progress.0 {
                progress = (self.follow.cursor(), Instant::now());
            }
            assert!(progress.1.elapsed() < PATIENCE, "{last} is waited for in vain: {:?}", self.follow);
        }
        &self.shown
    }

    /// What it sees: the cheeps that it was given, as they are now.
    pub fn screen(&self) -> BTreeMap<Seq, Cheep> {
        screen_of(&self.shown)
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.began.elapsed().as_millis()).expect("not that old")
    }

    fn handle(&mut self, input: Input) {
        self.follow.handle(input, self.now());
        while let Some(output) = self.follow.poll_output() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Connect => match Client::connect(self.address, "/ws") {
                Ok(client) => {
                    let welcome = client.welcome.to_string();
                    self.client = Some(client);
                    self.hear(&welcome);
                }
                Err(_) => self.closed(),
            },
            Output::Disconnect => self.closed(),
            Output::Send { frame } => {
                let sent = self.client.as_mut().map(|client| client.socket.send(Message::text(frame.to_json())));
                // What was said before the line went is still to be read; reading meets its end.
                drop(sent);
            }
            Output::Reset => {
                self.shown.clear();
                (self.to, self.was_reset) = (Seq::ZERO, true);
            }
            Output::Events { events, from, to } => {
                let seqs: Vec<Seq> = events.iter().map(Event::seq).collect();
                assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
                assert!(seqs.iter().all(|seq| (from..=to).contains(seq)), "{from} to {to}: {seqs:?}");
                assert!(
                    self.was_reset || (from, seqs.len() as u64) == (self.to.next(), to.get() - self.to.get()),
                    "{seqs:?}"
                );
                self.to = to;
                self.shown.extend(events);
            }
            // It posts nothing and asks for nothing older.
            other => panic!("no reason for {other:?}"),
        }
    }

    fn hear(&mut self, text: &str) {
        let frame = ServerFrame::parse(text).expect("a server's frame");
        self.handle(Input::Frame { frame });
    }

    fn closed(&mut self) {
        self.client = None;
        self.handle(Input::Closed { code: None, jitter: 0.0 });
    }

    /// A frame, or what is due before one comes.
    fn turn(&mut self) {
        let due = self.follow.deadline().map_or(PATIENCE, |at| Duration::from_millis(at.saturating_sub(self.now())));
        let Some(client) = &mut self.client else {
            thread::sleep(due);
            return self.handle(Input::Tick);
        };
        // Zero would mean for ever.
        let due = due.max(Duration::from_millis(1));
        client.socket.get_ref().set_read_timeout(Some(due)).expect("a socket can be told");
        match client.try_text() {
            Ok(text) => self.hear(&text),
            Err(tungstenite::Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                self.handle(Input::Tick);
            }
            Err(_) => self.closed(),
        }
    }
}
