//! A server without sockets, and a line to its one client on which things can be made to go wrong. It keeps the rules of the
//! protocol document; `cheeper-server/tests/fake.rs` runs the same scripts against it and the real one.

use std::collections::{HashMap, VecDeque};

use self::{log::Log, rules::Asker};
use super::{name as name_of, request_id};
use crate::{
    Ack, CheepText, ClientFrame, Code, ErrorFrame, FoldedName, Limits, Name, Refusal, Request, RequestId, Role, Secret,
    Seq, ServerFrame, Unreadable, VERSION, Welcome,
};

mod log;
mod pages;
mod rules;

/// A server with a log. Each request is carried out when [`Self::serve`] is called, each frame comes when it is taken.
#[derive(Debug, Default)]
pub struct Fake {
    /// Everything that happened.
    pub log: Log,
    /// What it tells and holds to.
    pub limits: Limits,
    /// Refuses the next requests to change the timeline.
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

/// A name, and the secret that it is used with.
pub type Author = (Name, Option<Secret>);

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
        self.log.head()
    }

    /// A connection begins; one that was there is lost.
    pub fn connect(&mut self) {
        let welcome = Welcome {
            protocol: VERSION,
            server: "fake".to_owned(),
            timeline: "t".to_owned(),
            head: self.head(),
            online: 1,
            role: Role::default(),
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

    /// Lets everything that is on its way behind a page overtake it: answers may come in any order. `which` chooses the page by
    /// the places of all.
    pub fn overtake(&mut self, which: impl FnOnce(&[usize]) -> usize) {
        let Some(Line { down, .. }) = &mut self.line else { return };
        let pages: Vec<usize> = (0..down.len()).filter(|&at| matches!(down[at], ServerFrame::Page(_))).collect();
        if !pages.is_empty() {
            let page = down.remove(which(&pages));
            down.extend(page);
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

    /// What is on its way live is given as it is now, as a server does that takes it from memory only when there is room.
    pub fn take_from_memory(&mut self) {
        let Some(Line { down, .. }) = &mut self.line else { return };
        for frame in down {
            if let ServerFrame::Event(event) = frame
                && let Some(now) = self.log.event(event.seq())
            {
                *event = now.clone();
            }
        }
    }

    /// Somebody else cheeps.
    pub fn cheep(&mut self, name: &str, text: &str, id: Option<&str>) {
        let request = Request::Post { name: None, cheep: CheepText::cleaned(text), reply_to: None };
        let ack = self.act(&(name_of(name), None), id.map(request_id), request);
        assert!(ack.is_ok(), "{ack:?}");
    }

    /// Somebody else posts, edits, deletes or reacts, over a connection of their own. A secret claims their name.
    pub fn act(&mut self, author: &Author, id: Option<RequestId>, request: Request) -> Result<Ack, Refusal> {
        let (shown, claimed) = self.use_name(author)?;
        self.carry_out(&Asker { name: shown, is_holder: claimed, is_host: false }, id, request)
    }

    /// A host takes a cheep back.
    pub fn delete_as_host(&mut self, target: Seq) -> Result<Ack, Refusal> {
        let host = Asker { name: name_of("host"), is_holder: false, is_host: true };
        self.carry_out(&host, None, Request::Delete { name: None, target })
    }

    /// Everybody hears of what comes of it.
    fn carry_out(&mut self, asker: &Asker, id: Option<RequestId>, request: Request) -> Result<Ack, Refusal> {
        let before = self.log.published.len();
        let ack = rules::carry_out(&mut self.log, asker, id, request);
        if let Some(line) = &mut self.line {
            line.down.extend(self.log.published[before..].iter().cloned().map(ServerFrame::Event));
        }
        ack
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
            Request::Post { .. } | Request::Edit { .. } | Request::Delete { .. } | Request::React { .. } => {
                self.change(id, request).map(ServerFrame::Ack)
            }
            Request::History(history) => {
                Ok(ServerFrame::Page(pages::history(&self.log, id.as_ref(), history, self.limits.page)))
            }
            Request::Thread(thread) => {
                pages::thread(&self.log, id.as_ref(), thread, self.limits.page).map(ServerFrame::Page)
            }
            Request::Search(search) => {
                Ok(ServerFrame::Page(pages::search(&self.log, id.as_ref(), &search, self.limits.page)))
            }
            Request::Who => {
                let names = self.line().present.clone().into_iter().collect();
                Ok(ServerFrame::Who { id, names, online: 1 })
            }
            // It lets nobody in as a host.
            Request::Mute { .. }
            | Request::Release { .. }
            | Request::Link { .. }
            | Request::Undo { .. }
            | Request::Audit(_) => Err(Refusal::new(Code::Forbidden, "Only a host may do this.")),
            Request::Ping => Ok(ServerFrame::Pong { id, head: self.head() }),
        }
    }

    fn hello(&mut self, id: Option<RequestId>, name: Name, secret: Option<Secret>) -> Result<ServerFrame, Refusal> {
        let author = (name, secret);
        let (shown, claimed) = self.use_name(&author).inspect_err(|_| self.forget_name())?;
        self.line().author = Some(author);
        self.appears(&shown);
        Ok(ServerFrame::Hello { id, name: shown, claimed })
    }

    /// A free name is claimed if there is a secret.
    fn use_name(&mut self, author: &Author) -> Result<(Name, bool), Refusal> {
        let (shown, claimed) = self.shown(author)?;
        if let (false, (name, Some(secret))) = (claimed, author) {
            self.claims.insert(name.fold(), (name.clone(), secret.clone()));
        }
        Ok((shown, claimed || author.1.is_some()))
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

    fn change(&mut self, id: Option<RequestId>, request: Request) -> Result<Ack, Refusal> {
        if let Some(refusal) = self.refusals.pop_front() {
            return Err(refusal);
        }
        let name = match &request {
            Request::Post { name, .. }
            | Request::Edit { name, .. }
            | Request::Delete { name, .. }
            | Request::React { name, .. } => name.clone(),
            other => panic!("{other:?} changes nothing"),
        };
        let said = self.line().author.clone();
        let author = match (name, said) {
            (None, said) => said.ok_or(Refusal::from(Code::NameRequired).in_field("name"))?,
            (Some(name), Some((own, secret))) if own.fold() == name.fold() => (name, secret),
            (Some(name), _) => (name, None),
        };
        let (shown, claimed) = self.shown(&author)?;
        let ack = self.carry_out(&Asker { name: shown, is_holder: claimed, is_host: false }, id, request)?;
        self.appears(&author.0);
        Ok(ack)
    }
}
