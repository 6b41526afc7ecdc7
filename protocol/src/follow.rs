//! What a client does to miss nothing and to post everything once. It opens no socket and reads no clock:
//! inputs go in with the time, [`Output`]s are drained, and [`Follow::deadline`] says when to come again.
//!
//! * The cursor is the last seq up to which everything was applied. Live events beyond the next one are held
//!   while the gap is asked for (`history after cursor`); nothing is shown twice, out of order or after a hole.
//! * Posts wait in the outbox, oldest first, one on its way at a time, until the server acks them or refuses
//!   them for good; after a lost connection they go out again under the same id, which makes that safe.
//! * The delay before each new attempt doubles, up to a cap, with jitter, and starts over only after a `welcome`.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::{
    cheep::{CheepText, RequestId, Seq},
    client_frame::{ClientFrame, History, Range, Request},
    limits::Limits,
    name::{Name, Secret},
    server_frame::{ErrorFrame, Event, Page, ServerFrame, Welcome},
};

/// A moment or a span, in milliseconds; moments count from wherever the caller's clock starts.
pub type Millis = u64;

/// First reconnect delay before jitter; it doubles with every failed attempt.
pub const BACKOFF_FIRST_MS: Millis = 500;
/// Longest reconnect delay before jitter.
pub const BACKOFF_CAP_MS: Millis = 30_000;
/// How long a connection may take until its `welcome`.
pub const CONNECT_TIMEOUT_MS: Millis = 10_000;
/// Silence after which a `ping` asks whether the server is there. It says `online` every 30 s by itself.
pub const QUIET_MS: Millis = 40_000;
/// How long that `ping` may stay unanswered.
pub const PONG_TIMEOUT_MS: Millis = 10_000;
/// Live events held while a gap is being filled; more are dropped and asked for again.
pub const HELD_EVENTS: usize = 1000;

/// A cheep that is to be posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its idempotency key.
    pub id: RequestId,
    /// The text.
    pub cheep: CheepText,
    /// The cheep it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
}

/// Who posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name.
    pub name: Name,
    /// The secret that claims it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Input {
    /// Connect for the first time.
    Start,
    /// A frame came.
    Frame {
        /// The frame.
        frame: ServerFrame,
    },
    /// The connection ended, or could not be made.
    Closed {
        /// The WebSocket close code, if one came.
        code: Option<u16>,
        /// Where in the range of possible delays the next attempt lies: a fresh random number, 0 to 1.
        jitter: f64,
    },
    /// The time of [`Follow::deadline`] came.
    Tick,
    /// Somebody or something thinks that now is a good moment: connect without waiting; if connected, make sure.
    Retry,
    /// Post under this name from now on.
    Identify {
        /// The name and its secret.
        identity: Identity,
    },
    /// Post this.
    Post {
        /// The cheep.
        post: Post,
    },
    /// Load the part before the oldest event.
    Older,
}

/// What is to be done or shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Output {
    /// Open a connection; its end or failure comes back as [`Input::Closed`].
    Connect,
    /// Give the connection up and report [`Input::Closed`].
    Disconnect,
    /// Send a frame.
    Send {
        /// The frame.
        frame: ClientFrame,
    },
    /// Drop every event: this is another timeline.
    Reset,
    /// Events to add at the end, ascending, right after those before.
    Events {
        /// The events.
        events: Vec<Event>,
    },
    /// Events to add at the front, ascending, right before those there.
    Older {
        /// The events.
        events: Vec<Event>,
        /// Whether there are older ones still.
        more: bool,
    },
    /// A post is on the timeline.
    Posted {
        /// Its id.
        id: RequestId,
        /// Its place.
        seq: Seq,
    },
    /// A post was refused for good; it has left the outbox.
    Refused {
        /// The post.
        post: Post,
        /// Why.
        error: ErrorFrame,
    },
    /// The name is ours on this connection.
    Named {
        /// The name as the server shows it.
        name: Name,
        /// Whether it is claimed, by us.
        claimed: bool,
    },
    /// The name cannot be used; posts wait until [`Input::Identify`] gives another.
    NameRefused {
        /// Why.
        error: ErrorFrame,
    },
}

/// How the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Link {
    /// Not started.
    Idle,
    /// Between two attempts.
    Waiting {
        /// When the next one begins.
        until: Millis,
    },
    /// An attempt is under way, or a `welcome` is waited for.
    Connecting {
        /// When it is given up.
        until: Millis,
    },
    /// Welcomed.
    Live,
    /// Given up; the end of the connection is waited for.
    Closing,
    /// The server does not want us (close 1008). Only [`Input::Retry`] tries again.
    Barred,
}

/// How far this connection's `hello` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hello {
    Unsaid,
    Asked,
    Done,
    Refused,
}

/// One client's conversation with a server, over any number of connections.
#[derive(Clone, Debug)]
pub struct Follow {
    link: Link,
    failures: u32,
    return_within_ms: Option<Millis>,
    heard_at: Millis,
    pinged_at: Option<Millis>,
    hold_until: Millis,

    timeline: Option<String>,
    cursor: Option<Seq>,
    oldest: Option<Seq>,
    head: Seq,
    held: BTreeMap<Seq, Event>,
    asked_gap: bool,
    asked_older: bool,

    identity: Option<Identity>,
    hello: Hello,
    outbox: VecDeque<Post>,
    sending: Option<RequestId>,

    online: u64,
    limits: Limits,
    outputs: VecDeque<Output>,
}

const GAP: &str = "gap";
const OLDER: &str = "older";
const HELLO: &str = "hello";

impl Follow {
    /// A client that knows nothing of the timeline yet and has these posts left from before.
    pub fn new(identity: Option<Identity>, outbox: Vec<Post>) -> Self {
        Self {
            link: Link::Idle,
            failures: 0,
            return_within_ms: None,
            heard_at: 0,
            pinged_at: None,
            hold_until: 0,
            timeline: None,
            cursor: None,
            oldest: None,
            head: Seq::ZERO,
            held: BTreeMap::new(),
            asked_gap: false,
            asked_older: false,
            identity,
            hello: Hello::Unsaid,
            outbox: outbox.into(),
            sending: None,
            online: 0,
            limits: Limits::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what happened at `now`. Drain [`Self::poll_output`] afterwards.
    pub fn handle(&mut self, input: Input, now: Millis) {
        match input {
            Input::Start => self.connect(now),
            Input::Frame { frame } => self.on_frame(frame, now),
            Input::Closed { code, jitter } => self.on_closed(code, jitter, now),
            Input::Tick => self.on_tick(now),
            Input::Retry => self.on_retry(now),
            Input::Identify { identity } => {
                self.identity = Some(identity);
                self.hello = Hello::Unsaid;
            }
            Input::Post { post } => self.outbox.push_back(post),
            Input::Older => self.ask_older(),
        }
        self.pump(now);
    }

    /// The next thing to do, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due, if nothing else happens before.
    pub fn deadline(&self) -> Option<Millis> {
        match self.link {
            Link::Waiting { until } | Link::Connecting { until } => Some(until),
            Link::Live => {
                let silence = self.pinged_at.map_or(self.heard_at + QUIET_MS, |at| at + PONG_TIMEOUT_MS);
                Some(if self.hold_until > 0 { silence.min(self.hold_until) } else { silence })
            }
            Link::Idle | Link::Closing | Link::Barred => None,
        }
    }

    /// How the connection stands.
    pub fn link(&self) -> Link {
        self.link
    }

    /// Posts that are not on the timeline yet, oldest first.
    pub fn outbox(&self) -> impl ExactSizeIterator<Item = &Post> {
        self.outbox.iter()
    }

    /// The last event up to which everything was applied.
    pub fn cursor(&self) -> Option<Seq> {
        self.cursor
    }

    /// The timeline that the cursor belongs to.
    pub fn timeline(&self) -> Option<&str> {
        self.timeline.as_deref()
    }

    /// Whether every event that the server is known to have was applied.
    pub fn caught_up(&self) -> bool {
        self.cursor.is_some_and(|cursor| cursor >= self.head)
    }

    /// Open connections, as the server last said.
    pub fn online(&self) -> u64 {
        self.online
    }

    /// The server's limits; the protocol's defaults until it has said them.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// When the server was last heard from.
    pub fn heard_at(&self) -> Millis {
        self.heard_at
    }

    /// Who posts.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    fn connect(&mut self, now: Millis) {
        self.link = Link::Connecting { until: now + CONNECT_TIMEOUT_MS };
        self.outputs.push_back(Output::Connect);
    }

    fn disconnect(&mut self) {
        self.link = Link::Closing;
        self.outputs.push_back(Output::Disconnect);
    }

    fn on_tick(&mut self, now: Millis) {
        match self.link {
            Link::Waiting { until } if now >= until => self.connect(now),
            Link::Connecting { until } if now >= until => self.disconnect(),
            Link::Live => match self.pinged_at {
                Some(at) if now >= at + PONG_TIMEOUT_MS => self.disconnect(),
                None if now >= self.heard_at + QUIET_MS => self.ping(now),
                _ => {}
            },
            _ => {}
        }
    }

    fn on_retry(&mut self, now: Millis) {
        match self.link {
            Link::Idle | Link::Waiting { .. } | Link::Barred => self.connect(now),
            Link::Live if self.pinged_at.is_none() => self.ping(now),
            Link::Live | Link::Connecting { .. } | Link::Closing => {}
        }
    }

    fn on_closed(&mut self, code: Option<u16>, jitter: f64, now: Millis) {
        const NOT_ALLOWED: u16 = 1008;
        self.pinged_at = None;
        self.hold_until = 0;
        self.held.clear();
        self.asked_gap = false;
        self.asked_older = false;
        self.hello = Hello::Unsaid;
        self.sending = None;
        let planned = self.return_within_ms.take();
        if code == Some(NOT_ALLOWED) {
            self.link = Link::Barred;
            return;
        }
        let delay = planned.map_or_else(|| backoff(self.failures, jitter), |within| scale(within, jitter));
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Waiting { until: now + delay };
    }

    fn on_frame(&mut self, frame: ServerFrame, now: Millis) {
        if matches!(self.link, Link::Connecting { .. }) {
            // Only a welcome opens the conversation; anything before it is not ours to act on.
            let ServerFrame::Welcome(welcome) = frame else { return };
            self.on_welcome(welcome, now);
            return;
        }
        if self.link != Link::Live {
            return;
        }
        self.heard_at = now;
        self.pinged_at = None;
        match frame {
            ServerFrame::Cheep(cheep) => self.on_live(Event::Cheep(cheep)),
            ServerFrame::Unknown { seq: Some(seq) } => self.on_live(Event::Unknown { seq }),
            ServerFrame::Page(page) => self.on_page(page),
            ServerFrame::Ack(ack) => {
                if let Some(id) = ack.id {
                    self.posted(&id, ack.seq);
                }
            }
            ServerFrame::Hello { name, claimed, .. } => {
                self.hello = Hello::Done;
                self.outputs.push_back(Output::Named { name, claimed });
            }
            ServerFrame::Error(error) => self.on_error(error, now),
            ServerFrame::Online { count, head } => {
                self.online = count;
                self.head = self.head.max(head);
            }
            ServerFrame::Lagged { head } | ServerFrame::Pong { head, .. } => self.head = self.head.max(head),
            ServerFrame::Goodbye { reconnect_after_ms, .. } => self.return_within_ms = Some(reconnect_after_ms),
            ServerFrame::Who { online, .. } => self.online = online,
            ServerFrame::Welcome(_) | ServerFrame::Unknown { seq: None } => {}
        }
    }

    fn on_welcome(&mut self, welcome: Welcome, now: Millis) {
        let other_timeline = self.timeline.as_ref().is_some_and(|timeline| *timeline != welcome.timeline);
        if other_timeline || self.cursor.is_some_and(|cursor| cursor > welcome.head) {
            self.reset();
        }
        self.link = Link::Live;
        self.failures = 0;
        self.heard_at = now;
        self.timeline = Some(welcome.timeline);
        self.head = welcome.head;
        self.online = welcome.online;
        self.limits = welcome.limits;
    }

    fn reset(&mut self) {
        self.cursor = None;
        self.oldest = None;
        self.head = Seq::ZERO;
        self.held.clear();
        self.asked_older = false;
        self.outputs.push_back(Output::Reset);
    }

    fn on_live(&mut self, event: Event) {
        let seq = event.seq();
        self.head = self.head.max(seq);
        let is_news = self.cursor.is_none_or(|cursor| seq > cursor);
        if is_news && self.held.len() < HELD_EVENTS {
            self.held.insert(seq, event);
        }
        self.apply_held();
    }

    fn on_page(&mut self, page: Page) {
        match page.id.as_ref().map(RequestId::as_str) {
            Some(GAP) => self.on_gap(page),
            Some(OLDER) => self.on_older(page),
            _ => {}
        }
    }

    fn on_gap(&mut self, page: Page) {
        self.asked_gap = false;
        if page.reset {
            self.reset();
        }
        // What the server says now counts, so that an answer without events ends the asking.
        let held_head = self.held.keys().next_back().copied().unwrap_or_default();
        self.head = page.head.max(held_head);
        if self.cursor.is_none() {
            let first = page.cheeps.first().map_or(page.head.next(), Event::seq);
            self.oldest = Some(first);
            self.cursor = Some(first.previous());
            self.held.retain(|seq, _| *seq >= first);
        }
        let mut events = Vec::with_capacity(page.cheeps.len());
        for event in page.cheeps {
            self.take_next(event, &mut events);
        }
        self.show(events);
        self.apply_held();
    }

    fn on_older(&mut self, page: Page) {
        self.asked_older = false;
        let mut expected = self.oldest.map(Seq::previous);
        let mut events: Vec<Event> = Vec::with_capacity(page.cheeps.len());
        for event in page.cheeps.into_iter().rev() {
            if Some(event.seq()) != expected {
                continue;
            }
            self.oldest = expected;
            expected = expected.map(Seq::previous);
            events.push(event);
        }
        events.reverse();
        self.outputs.push_back(Output::Older { events, more: page.more });
    }

    fn apply_held(&mut self) {
        let mut events = Vec::new();
        while self.cursor.is_some() {
            let Some((_, event)) = self.held.first_key_value() else { break };
            if self.cursor.is_some_and(|cursor| event.seq() > cursor.next()) {
                break;
            }
            if let Some((_, event)) = self.held.pop_first() {
                self.take_next(event, &mut events);
            }
        }
        self.show(events);
    }

    /// Takes an event if it is the one right after the cursor; anything else was applied already or comes again.
    fn take_next(&mut self, event: Event, into: &mut Vec<Event>) {
        let seq = event.seq();
        if self.cursor.map(Seq::next) == Some(seq) {
            self.cursor = Some(seq);
            into.push(event);
        }
    }

    fn show(&mut self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let ours = self.identity.as_ref().map(|identity| identity.name.fold());
        // A post of ours that comes back as an event is on the timeline, whether or not its ack got through.
        let posted: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Cheep(cheep) if !self.outbox.is_empty() && Some(cheep.name.fold()) == ours => {
                    Some((cheep.id.clone()?, cheep.seq))
                }
                _ => None,
            })
            .collect();
        self.outputs.push_back(Output::Events { events });
        for (id, seq) in posted {
            self.posted(&id, seq);
        }
    }

    fn posted(&mut self, id: &RequestId, seq: Seq) {
        if self.take_from_outbox(id).is_some() {
            self.outputs.push_back(Output::Posted { id: id.clone(), seq });
        }
    }

    fn take_from_outbox(&mut self, id: &RequestId) -> Option<Post> {
        if self.sending.as_ref() == Some(id) {
            self.sending = None;
        }
        let at = self.outbox.iter().position(|post| post.id == *id)?;
        self.outbox.remove(at)
    }

    fn on_error(&mut self, error: ErrorFrame, now: Millis) {
        use crate::refusal::Code::{BadName, BadSecret, NameRequired, NameTaken};
        let Some(id) = error.id.clone() else { return };
        let about_name = matches!(error.code, BadName | BadSecret | NameRequired | NameTaken);
        let is_post = self.sending.as_ref() == Some(&id);
        match id.as_str() {
            GAP => self.asked_gap = false,
            OLDER => self.asked_older = false,
            HELLO => self.hello = Hello::Unsaid,
            _ if is_post => self.sending = None,
            _ => return,
        }
        if error.retryable || matches!(id.as_str(), GAP | OLDER) {
            self.hold_until = now + error.retry_after_ms.unwrap_or(BACKOFF_FIRST_MS).max(1);
        } else if id.as_str() == HELLO || about_name {
            self.hello = Hello::Refused;
            self.outputs.push_back(Output::NameRefused { error });
        } else if let Some(post) = self.take_from_outbox(&id) {
            self.outputs.push_back(Output::Refused { post, error });
        }
    }

    fn ping(&mut self, now: Millis) {
        self.pinged_at = Some(now);
        self.send("ping", Request::Ping);
    }

    fn ask_older(&mut self) {
        let Some(oldest) = self.oldest else { return };
        if self.link != Link::Live || self.asked_older || oldest <= Seq::ZERO.next() {
            return;
        }
        self.asked_older = true;
        self.send(OLDER, Request::History(History { range: Range::Before(oldest), limit: self.limits.page }));
    }

    /// Asks and sends whatever the state calls for and is not under way.
    fn pump(&mut self, now: Millis) {
        if self.link != Link::Live || now < self.hold_until {
            return;
        }
        self.hold_until = 0;
        if !self.asked_gap && !self.caught_up() {
            let range = self.cursor.map_or(Range::Newest, Range::After);
            self.asked_gap = true;
            self.send(GAP, Request::History(History { range, limit: self.limits.page }));
        }
        let Some(identity) = &self.identity else { return };
        match self.hello {
            Hello::Unsaid => {
                let Identity { name, secret } = identity.clone();
                self.hello = Hello::Asked;
                self.send(HELLO, Request::Hello { name, secret });
            }
            Hello::Done if self.sending.is_none() => {
                let Some(Post { id, cheep, reply_to }) = self.outbox.front().cloned() else { return };
                self.sending = Some(id.clone());
                self.send_frame(ClientFrame { id: Some(id), request: Request::Post { name: None, cheep, reply_to } });
            }
            Hello::Asked | Hello::Done | Hello::Refused => {}
        }
    }

    fn send(&mut self, id: &str, request: Request) {
        self.send_frame(ClientFrame { id: RequestId::parse(id).ok(), request });
    }

    fn send_frame(&mut self, frame: ClientFrame) {
        self.outputs.push_back(Output::Send { frame });
    }
}

fn backoff(failures: u32, jitter: f64) -> Millis {
    let full = BACKOFF_FIRST_MS.saturating_mul(1 << failures.min(16)).min(BACKOFF_CAP_MS);
    full / 2 + scale(full / 2, jitter)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn scale(span: Millis, jitter: f64) -> Millis {
    (span as f64 * jitter.clamp(0.0, 1.0)) as Millis
}
