//! A server, a line on which things go wrong, and a client with its screen.

use cheeper_protocol::{
    CheepText, ClientFrame, Code, Emoji, Event, History, Query, Range, Refusal, Request, RequestId, Search, Secret,
    Seq, ServerFrame, Thread,
    follow::{Follow, Identity, Input, Link, Millis, Output, Submission},
    testkit::{Author, Fake, name, request_id},
};
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{
    moves::{Deed, Look, Move},
    screen::Screen,
};

/// Small, so that there are many.
const PAGE: usize = 3;
const EMOJI: [&str; 3] = ["🎉", "❤️", "👍"];
/// More than are named.
const CROWD: usize = 54;

/// The newest event, the part that is shown, and how much was looked at beside it.
type Checked = (Seq, Option<(Seq, Seq)>, usize);

pub(super) struct World {
    pub(super) now: Millis,
    pub(super) server: Fake,
    pub(super) client: Follow,
    pub(super) screen: Screen,
    /// The ids of what the client was asked to do, of all its lives.
    pub(super) submitted: Vec<RequestId>,
    /// What was done, and what was refused.
    pub(super) accepted: Vec<(RequestId, Seq)>,
    pub(super) refused: Vec<RequestId>,
    /// What went into the client and came out of it, for another one to do the same.
    pub(super) script: Vec<Value>,
    /// What was held against the log last.
    checked: Option<Checked>,
    /// Texts so far: each is another one.
    texts: usize,
}

impl World {
    pub(super) fn new(before: usize) -> Self {
        let mut world = Self {
            now: 0,
            server: Fake::with_pages_of(PAGE),
            client: Follow::new(None, Vec::new()),
            screen: Screen::default(),
            submitted: Vec::new(),
            accepted: Vec::new(),
            refused: Vec::new(),
            script: Vec::new(),
            checked: None,
            texts: 0,
        };
        for nth in 0..before {
            world.other(nth % 3, Deed::Post { answers: None });
        }
        world.begin(Vec::new());
        world
    }

    /// The client begins, with what was left to do.
    fn begin(&mut self, outbox: Vec<Submission>) {
        let (name, secret) = alice();
        let identity = Identity { name, secret };
        self.script.push(json!({ "begin": { "identity": identity, "outbox": outbox } }));
        self.client = Follow::new(Some(identity), outbox);
        self.screen = Screen::default();
        self.checked = None;
        self.input(Input::Start);
    }

    pub(super) fn input(&mut self, input: Input) {
        let told = json!(input);
        self.client.handle(input, self.now);
        let outputs: Vec<Output> = std::iter::from_fn(|| self.client.poll_output()).collect();
        self.script.push(json!({ "at": self.now, "in": told, "out": outputs }));
        for output in outputs {
            self.carry_out(output);
        }
        self.check();
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Connect => {
                assert!(!self.server.is_connected(), "a second connection");
                self.server.connect();
            }
            Output::Disconnect => self.cut(None, 0.5),
            Output::Send { frame } => self.server.hear(frame),
            Output::Events { events, from, to } => self.screen.append(&events, from, to),
            Output::Older { events, from, to, .. } => self.screen.prepend(&events, from, to),
            Output::Accepted { id, seq } => self.accepted.push((id, seq)),
            Output::Refused { submission, error } => {
                assert!(matches!(error.code, Code::Forbidden | Code::Gone | Code::NotFound), "{error:?}");
                self.refused.push(submission.id().clone());
            }
            Output::Named { .. } => {}
            Output::Reset | Output::NameRefused { .. } => panic!("no reason for {output:?}"),
        }
    }

    fn check(&mut self) {
        self.screen.shows_nothing_deleted();
        let cursor = self.client.cursor();
        assert_eq!(cursor.filter(|cursor| *cursor > Seq::ZERO), self.screen.part.map(|(_, last)| last));
        let state = (self.server.head(), self.screen.part, self.screen.looked_at.len());
        if cursor == Some(state.0) && cursor > Some(Seq::ZERO) && self.checked != Some(state) {
            self.checked = Some(state);
            self.screen.is_the_log(&self.server.log.published);
            let part = self.screen.part.map(|(first, last)| [first, last]);
            let cheeps: Vec<_> = self.screen.cheeps.values().cloned().map(Event::Cheep).collect();
            self.script.push(json!({ "part": part, "cheeps": cheeps }));
        }
    }

    fn cut(&mut self, code: Option<u16>, jitter: f64) {
        if self.server.hang_up() {
            self.input(Input::Closed { code, jitter });
        }
    }

    fn receive(&mut self) -> bool {
        let Some(frame) = self.server.take() else { return false };
        if let ServerFrame::Page(page) = &frame
            && page.id.as_ref().is_some_and(|id| id.as_str().starts_with("look"))
        {
            let mut page = page.clone();
            let made = json!(page);
            let is_fresh = self.client.recent().refresh_page(&mut page);
            self.script.push(json!({ "made": made, "fresh": is_fresh.then_some(&page) }));
            if is_fresh {
                let cheeps = page.events.iter().filter_map(Event::as_cheep);
                self.screen.looked_at.extend(cheeps.map(|cheep| (cheep.seq, cheep.clone())));
            }
        }
        self.input(Input::Frame { frame });
        true
    }

    pub(super) fn wait(&mut self, span: Millis) {
        self.now += span;
        if self.client.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.input(Input::Tick);
        }
    }

    fn text(&mut self) -> CheepText {
        self.texts += 1;
        CheepText::cleaned(&format!("text {}", self.texts))
    }

    /// A cheep that there is; now and then what is none.
    fn target(&self, index: Index) -> Option<Seq> {
        let cheeps = self.server.log.cheeps().map(|cheep| cheep.seq);
        let all: Vec<Seq> = cheeps.chain([self.server.head()]).collect();
        Some(*index.get(&all)).filter(|seq| *seq > Seq::ZERO)
    }

    /// Something is done under some name, or nothing if there is nothing to do it to.
    fn request(&mut self, deed: Deed) -> Option<Request> {
        let name = None;
        Some(match deed {
            Deed::Post { answers } => {
                let reply_to = answers.and_then(|index| self.target(index));
                let reply_to = reply_to.filter(|seq| self.server.log.cheep(*seq).is_some());
                Request::Post { name, cheep: self.text(), reply_to }
            }
            Deed::Edit(index) => Request::Edit { name, target: self.target(index)?, cheep: self.text() },
            Deed::Delete(index) => Request::Delete { name, target: self.target(index)? },
            Deed::React { target, emoji, on } => {
                Request::React { name, target: self.target(target)?, emoji: self::emoji(emoji), on }
            }
        })
    }

    fn other(&mut self, who: usize, deed: Deed) {
        let Some(request) = self.request(deed) else { return };
        let cheep = match &request {
            Request::Edit { target, .. } | Request::Delete { target, .. } => self.server.log.cheep(*target),
            _ => None,
        };
        // Only who wrote it may: alice has another device.
        let author = cheep.map_or_else(|| person(who), |cheep| known(cheep.name.as_str()));
        let id = id(self.server.log.published.len());
        let id = if author.0.as_str() == "alice" { request_id(&format!("elsewhere {id}")) } else { id };
        if let Err(why) = self.server.act(&author, Some(id), request) {
            assert!(matches!(why.code, Code::Forbidden | Code::Gone | Code::NotFound), "{why:?}");
        }
    }

    fn crowd(&mut self, index: Index) {
        let Some(target) = self.target(index) else { return };
        for on in [true, false] {
            // Of those who leave, some were named and some were not.
            for nth in (0..CROWD).filter(|nth| on || nth % 5 == 0) {
                let request = Request::React { name: None, target, emoji: emoji(0), on };
                let done = self.server.act(&(name(&format!("fan {nth}")), None), None, request);
                assert!(done.is_ok() || done.is_err_and(|why| why.code == Code::Gone || why.code == Code::NotFound));
            }
        }
    }

    fn submit(&mut self, deed: Deed) {
        let id = id(self.submitted.len());
        let submission = match self.request(deed) {
            Some(Request::Post { cheep, reply_to, .. }) => Submission::Post { id: id.clone(), cheep, reply_to },
            Some(Request::Edit { target, cheep, .. }) => Submission::Edit { id: id.clone(), target, cheep },
            Some(Request::Delete { target, .. }) => Submission::Delete { id: id.clone(), target },
            Some(Request::React { target, emoji, on, .. }) => Submission::React { id: id.clone(), target, emoji, on },
            _ => return,
        };
        self.submitted.push(id);
        self.input(Input::Submit { submission });
    }

    fn look(&mut self, look: Look) {
        if self.client.link() != Link::Live {
            return;
        }
        let request = match look {
            Look::Around(index) => self.target(index).map(|seq| history(Range::Around(seq))),
            Look::Thread(index) => self.target(index).map(|seq| Request::Thread(Thread { seq, after: None })),
            Look::Search => Query::parse("text").ok().map(|q| Request::Search(Search { q, before: None, limit: PAGE })),
        };
        if let Some(request) = request {
            self.server.hear(ClientFrame { id: Some(request_id("look")), request });
        }
    }

    pub(super) fn make(&mut self, step: Move) {
        match step {
            Move::Receive(count) => (0..count).for_each(|_| _ = self.receive()),
            Move::Serve(count) => (0..count).for_each(|_| _ = self.server.serve()),
            Move::Others(deeds) => deeds.into_iter().for_each(|(who, deed)| self.other(who, deed)),
            Move::Crowd(index) => self.crowd(index),
            Move::Host(index) => {
                if let Some(target) = self.target(index) {
                    drop(self.server.delete_as_host(target));
                }
            }
            Move::Do(deed) => self.submit(deed),
            Move::Older => self.input(Input::Older),
            Move::Forget(count) => {
                if let Some(up_to) = self.screen.forget(count) {
                    self.input(Input::Forgot { up_to });
                }
            }
            Move::Look(look) => self.look(look),
            Move::Race(look, deeds) => {
                match look {
                    Some(look) => self.look(look),
                    None => self.input(Input::Older),
                }
                while self.server.serve() {}
                self.make(Move::Others(deeds));
                self.server.overtake(|pages| pages[pages.len() - 1]);
                while self.receive() {}
            }
            Move::Restart => {
                self.server.hang_up();
                self.begin(self.client.outbox().cloned().collect());
            }
            Move::Retry => self.input(Input::Retry),
            Move::Wait(span) => self.wait(span),
            Move::Cut { code, jitter } => self.cut(code, jitter),
            Move::Goodbye(reconnect_after_ms) => {
                self.server.say(ServerFrame::Goodbye { reason: "restart".to_owned(), reconnect_after_ms });
                while self.receive() {}
                self.cut(Some(1012), 0.5);
            }
            Move::Refuse(code) => {
                let refusal = Refusal::from(code);
                let refusal = if code == Code::RateLimited { refusal.retry_after(3_000) } else { refusal };
                self.server.refusals.push_back(refusal);
            }
            Move::Online => {
                let head = self.server.head();
                self.server.say(ServerFrame::Online { count: 1, head });
            }
            line => self.tamper(&line),
        }
    }

    /// Something goes wrong on the line.
    fn tamper(&mut self, step: &Move) {
        match step {
            Move::Lose(which) => self.server.tamper(|live| *which.get(live), |down, at| drop(down.remove(at))),
            Move::Repeat(which) => {
                self.server.tamper(|live| *which.get(live), |down, at| down.push_back(down[at].clone()));
            }
            Move::Delay(which) => self.server.tamper(
                |live| *which.get(live),
                |down, at| {
                    let late = down.remove(at);
                    down.extend(late);
                },
            ),
            Move::Overtake(which) => self.server.overtake(|pages| *which.get(pages)),
            Move::FromMemory => self.server.take_from_memory(),
            Move::Lag => self.server.lag(),
            other => panic!("{other:?} is nothing of the line's"),
        }
    }

    /// Nothing goes wrong any more: until there is nothing left to do.
    pub(super) fn come_to_rest(&mut self) {
        let head = self.server.head();
        self.server.say(ServerFrame::Online { count: 1, head });
        for _ in 0..5_000 {
            let busy = self.server.serve() | self.receive();
            let done = self.client.link() == Link::Live && self.client.caught_up() && self.client.outbox().len() == 0;
            if !busy && done {
                assert_eq!(self.client.cursor(), Some(self.server.head()));
                return;
            }
            if !busy {
                let deadline = self.client.deadline().expect("something to wait for");
                self.wait(deadline.saturating_sub(self.now));
            }
        }
        panic!("no rest: {:?}", self.client);
    }
}

fn history(range: Range) -> Request {
    Request::History(History { range, limit: PAGE })
}

fn secret(of: &str) -> Option<Secret> {
    Secret::parse(&format!("the secret of {of}")).ok()
}

/// Who follows.
fn alice() -> Author {
    known("alice")
}

/// The others: two have claimed their names, one has not.
pub(super) fn person(nth: usize) -> Author {
    known(["bob", "carol", "dora"][nth])
}

fn known(person: &str) -> Author {
    (name(person), if person == "dora" { None } else { secret(person) })
}

pub(super) fn emoji(nth: usize) -> Emoji {
    Emoji::parse(EMOJI[nth]).expect("an emoji")
}

pub(super) fn id(number: usize) -> RequestId {
    request_id(&format!("id {number}"))
}
