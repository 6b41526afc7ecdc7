//! What a client does to miss nothing and to have everything done once. It opens no socket and reads no clock:
//! inputs go in with the time, [`Output`]s are drained, and [`Follow::deadline`] says when to come again.
//!
//! * The cursor is the last seq up to which everything was applied. Live events beyond the next one are held
//!   while the gap is asked for (`history after cursor`); nothing is shown twice, out of order or after a hole.
//! * Submissions (posts, edits, deletes, reactions) wait in the outbox, oldest first, one on its way at a time, until the
//!   server acks them or refuses them for good; after a lost connection they go out again under the same id, which makes that safe.
//! * No frame is longer than the server reads: what does not fit is refused here.
//! * The delay before each new attempt doubles, up to a cap, with jitter, and starts over only after a `welcome`.

use std::collections::VecDeque;

use crate::{
    cheep::RequestId,
    client_frame::{ClientFrame, Request},
    event::Event,
    limits::Limits,
    question::History,
    seq::Seq,
    server_frame::{ServerFrame, Welcome},
};

mod backoff;
mod message;
mod outbox;
mod recent;
mod submission;
mod time;
mod timeline;

use self::{
    backoff::Backoff,
    outbox::Outbox,
    timeline::{Timeline, Turned},
};
pub use self::{
    backoff::{BACKOFF_CAP_MS, BACKOFF_FIRST_MS},
    message::{Identity, Input, Link, Output},
    recent::{KEPT_CHANGES, Recent},
    submission::Submission,
    time::{CONNECT_TIMEOUT_MS, Millis, PONG_TIMEOUT_MS, QUIET_MS, RETRY_MS},
    timeline::HELD_EVENTS,
};

/// The close code of a server that does not want this client: it is not asked again by itself.
pub const NOT_ALLOWED: u16 = 1008;

const PING: &str = "ping";

/// One client's conversation with a server, over any number of connections.
#[derive(Clone, Debug)]
pub struct Follow {
    link: Link,
    backoff: Backoff,
    heard_at: Millis,
    pinged_at: Option<Millis>,
    timeline: Timeline,
    /// Up to which events were given out.
    shown_to: Option<Seq>,
    outbox: Outbox,
    online: u64,
    limits: Limits,
    outputs: VecDeque<Output>,
}

impl Follow {
    /// A client that knows nothing of the timeline yet and has these submissions left from before.
    pub fn new(identity: Option<Identity>, outbox: Vec<Submission>) -> Self {
        Self {
            link: Link::Idle,
            backoff: Backoff::default(),
            heard_at: 0,
            pinged_at: None,
            timeline: Timeline::default(),
            shown_to: None,
            outbox: Outbox::new(identity, outbox),
            online: 0,
            limits: Limits::default(),
            outputs: VecDeque::new(),
        }
    }

    /// A client that wants no more than what comes after `cursor`, and posts nothing.
    pub fn after(cursor: Seq) -> Self {
        Self { timeline: Timeline::after(cursor), shown_to: Some(cursor), ..Self::new(None, Vec::new()) }
    }

    /// Takes in what happened at `now`. Drain [`Self::poll_output`] afterwards.
    pub fn handle(&mut self, input: Input, now: Millis) {
        match input {
            Input::Start if self.link == Link::Idle => self.connect(now),
            Input::Start => {}
            Input::Frame { frame } => self.on_frame(frame, now),
            Input::Closed { code, jitter } => self.on_closed(code, jitter, now),
            Input::Tick => self.on_tick(now),
            Input::Woke if self.link == Link::Barred => {}
            Input::Retry | Input::Woke => self.on_retry(now),
            Input::Identify { identity } => self.outbox.identify(identity),
            Input::Submit { submission } => self.outbox.push(submission),
            Input::Older => self.timeline.want_older(),
            Input::Forgot { up_to } => self.timeline.forgot(up_to),
        }
        self.send_what_is_due(now);
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
                [Some(silence), self.timeline.deadline(), self.outbox.deadline()].into_iter().flatten().min()
            }
            Link::Idle | Link::Closing | Link::Barred => None,
        }
    }

    /// How the connection stands.
    pub fn link(&self) -> Link {
        self.link
    }

    /// What is not done yet, oldest first.
    pub fn outbox(&self) -> impl ExactSizeIterator<Item = &Submission> {
        self.outbox.submissions()
    }

    /// The last event up to which everything was applied.
    pub fn cursor(&self) -> Option<Seq> {
        self.timeline.cursor()
    }

    /// The timeline that the cursor belongs to.
    pub fn timeline(&self) -> Option<&str> {
        self.timeline.id()
    }

    /// Whether every event that the server is known to have was applied.
    pub fn caught_up(&self) -> bool {
        self.timeline.caught_up()
    }

    /// The changes that came last. What is asked for beside the timeline (a thread, a search, a quoted cheep) may be older than
    /// they are, and is brought up to date with them before it is shown.
    pub fn recent(&self) -> &Recent {
        self.timeline.recent()
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
        self.outbox.identity()
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
        if !matches!(self.link, Link::Connecting { .. } | Link::Live | Link::Closing) {
            return;
        }
        self.pinged_at = None;
        self.timeline.lost();
        self.outbox.lost();
        let delay = self.backoff.next_delay(jitter);
        self.link = match code {
            Some(NOT_ALLOWED) => Link::Barred,
            _ => Link::Waiting { until: now.saturating_add(delay) },
        };
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
            ServerFrame::Event(event) => {
                let events = self.timeline.live(event);
                self.show(events);
            }
            ServerFrame::Page(page) => match self.timeline.page(page, now) {
                Turned::Newer { events, reset } => {
                    if reset {
                        self.reset();
                    }
                    self.show(events);
                }
                Turned::Older { events, from, to, more } => {
                    self.outputs.push_back(Output::Older { events, from, to, more });
                }
                Turned::Nothing => {}
            },
            ServerFrame::Ack(ack) => {
                let accepted = ack.id.and_then(|id| self.outbox.accepted(id, ack.seq));
                self.outputs.extend(accepted);
            }
            ServerFrame::Hello { name, claimed, .. } => self.outputs.extend(self.outbox.named(name, claimed)),
            ServerFrame::Error(error) => {
                if let Some(id) = &error.id {
                    self.timeline.refused(id, now.saturating_add(error.retry_after_ms.unwrap_or(RETRY_MS)));
                }
                self.outputs.extend(self.outbox.refused(error, now));
            }
            ServerFrame::Online { count, head } => {
                self.online = count;
                self.timeline.head_is(head);
            }
            ServerFrame::Lagged { head } | ServerFrame::Pong { head, .. } => self.timeline.head_is(head),
            ServerFrame::Goodbye { reconnect_after_ms, .. } => self.backoff.goodbye(reconnect_after_ms),
            ServerFrame::Who { online, .. } => self.online = online,
            ServerFrame::Welcome(_) | ServerFrame::Audit { .. } | ServerFrame::Link { .. } | ServerFrame::Unknown => {}
        }
    }

    fn on_welcome(&mut self, welcome: Welcome, now: Millis) {
        self.link = Link::Live;
        self.heard_at = now;
        self.backoff.welcomed();
        self.online = welcome.online;
        self.limits = welcome.limits;
        if self.timeline.welcomed(welcome.timeline, welcome.head) {
            self.reset();
        }
    }

    fn reset(&mut self) {
        self.shown_to = None;
        self.outputs.push_back(Output::Reset);
    }

    fn show(&mut self, events: Vec<Event>) {
        let (Some(oldest), Some(to)) = (self.timeline.oldest(), self.timeline.cursor()) else { return };
        let from = self.shown_to.map_or(oldest, Seq::next);
        // With nothing to show, a page can speak for a part of its own all the same.
        if to < from {
            return;
        }
        self.shown_to = Some(to);
        let accepted = self.outbox.seen(&events);
        self.outputs.push_back(Output::Events { events, from, to });
        self.outputs.extend(accepted);
    }

    fn ping(&mut self, now: Millis) {
        self.pinged_at = Some(now);
        self.send(PING, Request::Ping);
    }

    fn send_what_is_due(&mut self, now: Millis) {
        if self.link != Link::Live {
            return;
        }
        while let Some((id, range)) = self.timeline.next_question(now) {
            self.send(id, Request::History(History { range, limit: self.limits.page }));
        }
        while let Some(output) = self.outbox.next(now, self.limits.frame_bytes) {
            self.outputs.push_back(output);
        }
    }

    fn send(&mut self, id: &str, request: Request) {
        let frame = ClientFrame { id: RequestId::parse(id).ok(), request };
        self.outputs.push_back(Output::Send { frame });
    }
}
