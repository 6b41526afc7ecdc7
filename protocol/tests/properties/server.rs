//! A server with a log, and a line to its one client on which things go wrong.

use std::collections::{HashMap, VecDeque};

use cheeper_protocol::{
    Ack, Cheep, CheepText, ClientFrame, Code, ErrorFrame, Event, FoldedName, Limits, Name, Page, Range, Refusal,
    Request, RequestId, Seq, ServerFrame, Timestamp, VERSION, Welcome,
};

/// Small, so that there are many pages.
const PAGE: usize = 3;

#[derive(Default)]
pub(crate) struct Server {
    pub(crate) log: Vec<Cheep>,
    posted: HashMap<(FoldedName, RequestId), Seq>,
    line: Option<Line>,
    /// Refuses the next posts.
    pub(crate) refusals: VecDeque<Refusal>,
}

/// A connection: what is on its way in both directions.
#[derive(Default)]
struct Line {
    up: VecDeque<ClientFrame>,
    down: VecDeque<ServerFrame>,
    name: Option<Name>,
}

impl Server {
    pub(crate) fn head(&self) -> Seq {
        self.log.last().map_or(Seq::ZERO, |cheep| cheep.seq)
    }

    pub(crate) fn connect(&mut self) {
        let welcome = Welcome {
            protocol: VERSION,
            server: "simulated".to_owned(),
            timeline: "t".to_owned(),
            head: self.head(),
            online: 1,
            limits: Limits { page: PAGE, ..Limits::default() },
        };
        self.line = Some(Line { down: [ServerFrame::Welcome(welcome)].into(), ..Line::default() });
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.line.is_some()
    }

    /// What is on its way is lost, in both directions.
    pub(crate) fn hang_up(&mut self) {
        self.line = None;
    }

    pub(crate) fn send_up(&mut self, frame: ClientFrame) {
        if let Some(line) = &mut self.line {
            line.up.push_back(frame);
        }
    }

    pub(crate) fn send_down(&mut self, frame: ServerFrame) {
        if let Some(line) = &mut self.line {
            line.down.push_back(frame);
        }
    }

    pub(crate) fn take_down(&mut self) -> Option<ServerFrame> {
        self.line.as_mut()?.down.pop_front()
    }

    /// Changes what is on its way to the client. Only live events may be tampered with: a request has its answer.
    pub(crate) fn tamper(&mut self, tamper: impl FnOnce(&mut VecDeque<ServerFrame>)) {
        if let Some(line) = &mut self.line {
            tamper(&mut line.down);
        }
    }

    /// Skips the live events on their way and says so.
    pub(crate) fn lag(&mut self) {
        let head = self.head();
        self.tamper(|down| down.retain(|frame| !matches!(frame, ServerFrame::Event(_))));
        self.send_down(ServerFrame::Lagged { head });
    }

    pub(crate) fn append(&mut self, name: Name, cheep: CheepText, id: Option<RequestId>) -> (Seq, bool) {
        let key = id.clone().map(|id| (name.fold(), id));
        if let Some(&seq) = key.as_ref().and_then(|key| self.posted.get(key)) {
            return (seq, true);
        }
        let seq = self.head().next();
        let cheep = Cheep { seq, at: Timestamp::UNIX_EPOCH, name, cheep, verified: false, reply_to: None, id };
        self.posted.extend(key.map(|key| (key, seq)));
        self.log.push(cheep.clone());
        self.send_down(ServerFrame::Event(Event::Cheep(cheep)));
        (seq, false)
    }

    /// Carries out the client's oldest request; false if there is none.
    pub(crate) fn serve(&mut self) -> bool {
        let Some(frame) = self.line.as_mut().and_then(|line| line.up.pop_front()) else { return false };
        let answer = self.answer(frame);
        self.send_down(answer);
        true
    }

    fn answer(&mut self, ClientFrame { id, request }: ClientFrame) -> ServerFrame {
        match request {
            Request::Hello { name, .. } => {
                self.line.as_mut().expect("a connection").name = Some(name.clone());
                ServerFrame::Hello { id, name, claimed: false }
            }
            Request::Post { cheep, .. } => {
                if let Some(refusal) = self.refusals.pop_front() {
                    return ServerFrame::Error(ErrorFrame::new(id, refusal));
                }
                let Some(name) = self.line.as_ref().and_then(|line| line.name.clone()) else {
                    return ServerFrame::Error(ErrorFrame::new(id, Code::NameRequired.into()));
                };
                let (seq, duplicate) = self.append(name, cheep, id.clone());
                ServerFrame::Ack(Ack { id, seq, at: Timestamp::UNIX_EPOCH, duplicate })
            }
            Request::History(history) => ServerFrame::Page(self.page(id, history.range, history.limit.min(PAGE))),
            Request::Who => ServerFrame::Who { id, names: Vec::new(), online: 1 },
            Request::Ping => ServerFrame::Pong { id, head: self.head() },
        }
    }

    fn page(&self, id: Option<RequestId>, range: Range, limit: usize) -> Page {
        let asked: Vec<&Cheep> = self
            .log
            .iter()
            .filter(|cheep| match range {
                Range::Before(seq) => cheep.seq < seq,
                Range::After(seq) => cheep.seq > seq,
                Range::Newest | Range::Around(_) => true,
            })
            .collect();
        let more = asked.len() > limit;
        let part = match range {
            Range::After(_) => &asked[..limit.min(asked.len())],
            _ => &asked[asked.len().saturating_sub(limit)..],
        };
        let cheeps = part.iter().map(|&cheep| Event::Cheep(cheep.clone())).collect();
        Page { id, cheeps, head: self.head(), more, reset: false }
    }
}
