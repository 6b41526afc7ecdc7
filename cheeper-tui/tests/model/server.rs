//! A server in a few lines, over a line that loses what tests want it to lose.

use std::collections::VecDeque;

use cheeper_protocol::{
    Ack, Cheep, CheepText, ClientFrame, Event, Limits, Name, Page, Range, Request, RequestId, Seq, ServerFrame,
    Timestamp, Welcome,
};

#[derive(Default)]
pub(crate) struct Server {
    pub(crate) log: Vec<Cheep>,
    is_connected: bool,
    /// Requests on their way, and answers and events.
    up: VecDeque<ClientFrame>,
    pub(crate) down: VecDeque<ServerFrame>,
}

impl Server {
    pub(crate) fn head(&self) -> Seq {
        self.log.last().map_or(Seq::ZERO, |cheep| cheep.seq)
    }

    pub(crate) fn connect(&mut self) {
        self.is_connected = true;
        self.down.push_back(ServerFrame::Welcome(Welcome {
            protocol: 1,
            server: "t".to_owned(),
            timeline: "t".to_owned(),
            head: self.head(),
            online: 1,
            limits: Limits { page: 7, ..Limits::default() },
        }));
    }

    /// False if there was no connection.
    pub(crate) fn cut(&mut self) -> bool {
        self.up.clear();
        self.down.clear();
        std::mem::take(&mut self.is_connected)
    }

    pub(crate) fn hear(&mut self, frame: ClientFrame) {
        if self.is_connected {
            self.up.push_back(frame);
        }
    }

    pub(crate) fn say(&mut self, frame: ServerFrame) {
        if self.is_connected {
            self.down.push_back(frame);
        }
    }

    pub(crate) fn append(&mut self, name: &str, text: &str, id: Option<RequestId>) -> Seq {
        let cheep = Cheep {
            seq: self.head().next(),
            at: Timestamp::UNIX_EPOCH,
            name: Name::parse(name).unwrap(),
            cheep: CheepText::cleaned(text),
            verified: false,
            reply_to: None,
            id,
        };
        self.log.push(cheep.clone());
        self.say(ServerFrame::Event(Event::Cheep(cheep)));
        self.head()
    }

    /// Carries one request out; false if there was none.
    pub(crate) fn serve(&mut self) -> bool {
        let Some(ClientFrame { id, request }) = self.up.pop_front() else { return false };
        let answer = match request {
            Request::Hello { name, .. } => ServerFrame::Hello { id, name, claimed: true },
            Request::Ping => ServerFrame::Pong { id, head: self.head() },
            Request::Who => ServerFrame::Who { id, names: Vec::new(), online: 1 },
            Request::Post { cheep, .. } => {
                let known = self.log.iter().find(|known| known.name.as_str() == "alice" && known.id == id);
                let (seq, duplicate) = match known {
                    Some(known) => (known.seq, true),
                    None => (self.append("alice", cheep.as_str(), id.clone()), false),
                };
                ServerFrame::Ack(Ack { id, seq, at: Timestamp::UNIX_EPOCH, duplicate })
            }
            Request::History(history) => {
                let limit = history.limit.min(7);
                let all = &self.log;
                let (cheeps, more) = match history.range {
                    Range::After(seq) => {
                        let from = all.partition_point(|cheep| cheep.seq <= seq);
                        let to = (from + limit).min(all.len());
                        (&all[from..to], to < all.len())
                    }
                    range => {
                        let before = if let Range::Before(seq) = range { seq } else { self.head().next() };
                        let to = all.partition_point(|cheep| cheep.seq < before);
                        let from = to.saturating_sub(limit);
                        (&all[from..to], from > 0)
                    }
                };
                let cheeps = cheeps.iter().cloned().map(Event::Cheep).collect();
                ServerFrame::Page(Page { id, cheeps, head: self.head(), more, reset: false })
            }
        };
        self.say(answer);
        true
    }
}
