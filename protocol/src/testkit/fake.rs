//! A server without sockets, and a line to its one client on which things can be made to go wrong. It keeps the rules of the
//! protocol document; `cheeper-server/tests/fake.rs` runs the same scripts against it and the real one.

use std::collections::{HashMap, VecDeque};

use super::{cheep_by, request_id};
use crate::{
    Ack, Cheep, CheepState, CheepText, ClientFrame, Code, ErrorFrame, Event, FoldedName, History, Limits, Name, Page,
    Range, Refusal, Request, RequestId, Secret, Seq, ServerFrame, Timestamp, Unreadable, VERSION, Welcome,
    limits::PAGE_BYTES,
};

/// A server with a log. Each request is carried out when [`Self::serve`] is called, each frame comes when it is taken.
#[derive(Debug, Default)]
pub struct Fake {
    /// Every cheep.
    pub log: Vec<Cheep>,
    /// What it tells and holds to.
    pub limits: Limits,
    /// Refuses the next posts.
    pub refusals: VecDeque<Refusal>,
    claims: HashMap<FoldedName, (Name, Secret)>,
    line: Option<Line>,
}

/// A connection: what is on its way in both directions, and who is at its other end.
#[derive(Debug, Default)]
struct Line {
    up: VecDeque<Result<ClientFrame, Unreadable>>,
    down: VecDeque<ServerFrame>,
    author: Option<Author>,
    /// As `who` lists it.
    present: Option<Name>,
}

type Author = (Name, Option<Secret>);

/// Whether a frame is an event of the log on its way to everybody.
fn is_live(frame: &ServerFrame) -> bool {
    matches!(frame, ServerFrame::Event(_))
}

impl Fake {
    /// One whose pages are small, so that there are many.
    pub fn with_pages_of(page: usize) -> Self {
        Self { limits: Limits { page, ..Limits::default() }, ..Self::default() }
    }

    /// The newest seq.
    pub fn head(&self) -> Seq {
        self.log.last().map_or(Seq::ZERO, |cheep| cheep.seq)
    }

    /// A connection begins; one that was there is lost.
    pub fn connect(&mut self) {
        let welcome = Welcome {
            protocol: VERSION,
            server: "fake".to_owned(),
            timeline: "t".to_owned(),
            head: self.head(),
            online: 1,
            limits: self.limits.clone(),
        };
        self.line = Some(Line { down: [ServerFrame::Welcome(welcome)].into(), ..Line::default() });
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.line.is_some()
    }

    /// What is on its way is lost, in both directions. False if there was no connection.
    pub fn hang_up(&mut self) -> bool {
        self.line.take().is_some()
    }

    /// A request is on its way.
    pub fn hear(&mut self, frame: ClientFrame) {
        self.receive(Ok(frame));
    }

    /// A text frame is on its way, whatever it is.
    pub fn hear_text(&mut self, text: &str) {
        let frame = ClientFrame::parse(text, &self.limits);
        self.receive(frame);
    }

    /// A binary frame is on its way.
    pub fn hear_binary(&mut self) {
        self.receive(Err(Unreadable { id: None, refusal: Code::BadFrame.into(), is_hello: false }));
    }

    fn receive(&mut self, frame: Result<ClientFrame, Unreadable>) {
        if let Some(line) = &mut self.line {
            line.up.push_back(frame);
        }
    }

    /// Says something of itself.
    pub fn say(&mut self, frame: ServerFrame) {
        if let Some(line) = &mut self.line {
            line.down.push_back(frame);
        }
    }

    /// The next frame reaches the client.
    pub fn take(&mut self) -> Option<ServerFrame> {
        self.line.as_mut()?.down.pop_front()
    }

    /// Does something to one of the live events on their way, which `which` chooses by their places. Nothing else may be
    /// tampered with: a request has its answer.
    pub fn tamper(
        &mut self,
        which: impl FnOnce(&[usize]) -> usize,
        tamper: impl FnOnce(&mut VecDeque<ServerFrame>, usize),
    ) {
        let Some(Line { down, .. }) = &mut self.line else { return };
        let live: Vec<usize> = (0..down.len()).filter(|&at| is_live(&down[at])).collect();
        if !live.is_empty() {
            tamper(down, which(&live));
        }
    }

    /// Skips the live events on their way and says so.
    pub fn lag(&mut self) {
        let head = self.head();
        if let Some(line) = &mut self.line {
            line.down.retain(|frame| !is_live(frame));
        }
        self.say(ServerFrame::Lagged { head });
    }

    /// Somebody else cheeps.
    pub fn cheep(&mut self, name: &str, text: &str, id: Option<&str>) {
        let cheep = Cheep { id: id.map(request_id), ..cheep_by(name, self.head().next().get(), text) };
        self.append(cheep);
    }

    fn append(&mut self, cheep: Cheep) {
        self.log.push(cheep.clone());
        self.say(ServerFrame::Event(Event::Cheep(cheep)));
    }

    /// Carries out the client's oldest request; false if there is none.
    pub fn serve(&mut self) -> bool {
        let Some(frame) = self.line.as_mut().and_then(|line| line.up.pop_front()) else { return false };
        let answer = match frame {
            Ok(ClientFrame { id, request }) => self
                .answer(id.clone(), request)
                .unwrap_or_else(|refusal| ServerFrame::Error(ErrorFrame::new(id, refusal))),
            Err(Unreadable { id, refusal, is_hello }) => {
                if is_hello {
                    self.forget_name();
                }
                ServerFrame::Error(ErrorFrame::new(id, refusal))
            }
        };
        self.say(answer);
        true
    }

    fn line(&mut self) -> &mut Line {
        self.line.as_mut().expect("a request came over a line")
    }

    fn answer(&mut self, id: Option<RequestId>, request: Request) -> Result<ServerFrame, Refusal> {
        match request {
            Request::Hello { name, secret } => self.hello(id, name, secret),
            Request::Post { name, cheep, reply_to } => self.post(id, name, cheep, reply_to).map(ServerFrame::Ack),
            Request::History(history) => Ok(ServerFrame::Page(self.page(id.as_ref(), history))),
            Request::Edit { .. }
            | Request::Delete { .. }
            | Request::React { .. }
            | Request::Thread(_)
            | Request::Search(_) => Err(Code::Internal.into()),
            Request::Who => {
                let names = self.line().present.clone().into_iter().collect();
                Ok(ServerFrame::Who { id, names, online: 1 })
            }
            Request::Ping => Ok(ServerFrame::Pong { id, head: self.head() }),
        }
    }

    fn hello(&mut self, id: Option<RequestId>, name: Name, secret: Option<Secret>) -> Result<ServerFrame, Refusal> {
        let author = (name, secret);
        let (shown, mut claimed) = self.shown(&author).inspect_err(|_| self.forget_name())?;
        if let (false, (name, Some(secret))) = (claimed, &author) {
            self.claims.insert(name.fold(), (name.clone(), secret.clone()));
            claimed = true;
        }
        self.line().author = Some(author);
        self.appears(&shown);
        Ok(ServerFrame::Hello { id, name: shown, claimed })
    }

    /// A refused `hello` leaves the connection without a name.
    fn forget_name(&mut self) {
        let line = self.line();
        (line.author, line.present) = (None, None);
    }

    /// A name as it is shown, and whether it is claimed by who says it.
    fn shown(&self, (name, secret): &Author) -> Result<(Name, bool), Refusal> {
        match self.claims.get(&name.fold()) {
            None => Ok((name.clone(), false)),
            Some((shown, theirs)) if secret.as_ref() == Some(theirs) => Ok((shown.clone(), true)),
            Some(_) => Err(Refusal::from(Code::NameTaken).in_field("name")),
        }
    }

    fn appears(&mut self, name: &Name) {
        let present = &mut self.line().present;
        // Another way to write it is no other person.
        if present.as_ref().is_none_or(|present| present.fold() != name.fold()) {
            *present = Some(name.clone());
        }
    }

    fn post(
        &mut self,
        id: Option<RequestId>,
        name: Option<Name>,
        cheep: CheepText,
        reply_to: Option<Seq>,
    ) -> Result<Ack, Refusal> {
        if let Some(refusal) = self.refusals.pop_front() {
            return Err(refusal);
        }
        let said = self.line().author.clone();
        let author = match (name, said) {
            (None, said) => said.ok_or(Refusal::from(Code::NameRequired).in_field("name"))?,
            (Some(name), Some((own, secret))) if own.fold() == name.fold() => (name, secret),
            (Some(name), _) => (name, None),
        };
        let (shown, verified) = self.shown(&author)?;
        let known = self.log.iter().find(|known| id.is_some() && known.id == id && known.name.fold() == shown.fold());
        let (seq, duplicate) = match known {
            Some(known) if known.cheep == cheep && known.reply_to == reply_to => (known.seq, true),
            Some(_) => return Err(Refusal::from(Code::IdConflict).in_field("id")),
            None if reply_to > Some(self.head()) => return Err(Refusal::from(Code::BadReply).in_field("reply_to")),
            None => {
                let seq = self.head().next();
                let at = Timestamp::UNIX_EPOCH;
                self.append(Cheep {
                    seq,
                    at,
                    name: shown,
                    cheep,
                    verified,
                    reply_to,
                    parent_replies: None,
                    id: id.clone(),
                    state: CheepState::default(),
                });
                (seq, false)
            }
        };
        self.appears(&author.0);
        Ok(Ack { id, seq, at: Timestamp::UNIX_EPOCH, duplicate })
    }

    fn page(&self, id: Option<&RequestId>, History { range, limit }: History) -> Page {
        let limit = limit.min(self.limits.page);
        let up_to = |seq: Seq| self.log.partition_point(|cheep| cheep.seq <= seq);
        let (reset, all) = (matches!(range, Range::After(seq) if seq > self.head()), self.log.len());
        // The request began between two events; so many before and after that place are wanted.
        let (pivot, older, newer) = match range {
            Range::After(seq) if !reset => (up_to(seq), 0, limit),
            Range::Newest | Range::After(_) => (all, limit, 0),
            Range::Before(seq) => (up_to(seq.previous()), limit, 0),
            Range::Around(seq) => {
                let pivot = up_to(seq);
                let older = limit.div_ceil(2).max(limit.saturating_sub(all - pivot)).min(pivot);
                (pivot, older, limit - older)
            }
        };
        let (mut first, mut last) = (pivot.saturating_sub(older), (pivot + newer).min(all));
        let page = |first: usize, last: usize| {
            let more = match range {
                Range::After(_) if !reset => last < all,
                Range::Around(_) => first > 0 || last < all,
                Range::Newest | Range::Before(_) | Range::After(_) => first > 0,
            };
            let events: Vec<Event> = self.log[first..last].iter().cloned().map(Event::Cheep).collect();
            let (from, to) = (self.log.get(first), last.checked_sub(1).and_then(|last| self.log.get(last)));
            let from = from.map_or(self.head().next(), |cheep| cheep.seq);
            let to = to.map_or(Seq::ZERO, |cheep| cheep.seq);
            Page { id: id.cloned(), events, from, to, head: self.head(), more, reset, floor: None, missing: false }
        };
        // What lies farthest from there is left out until the rest fits.
        while last - first > 1 && ServerFrame::Page(page(first, last)).to_json().len() > PAGE_BYTES {
            if pivot - first > last - pivot { first += 1 } else { last -= 1 }
        }
        page(first, last)
    }
}
