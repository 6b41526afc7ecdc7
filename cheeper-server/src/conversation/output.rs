//! What a conversation has done next: requests first, whose answers so go out joined, then what waits to be written, then
//! what was missed, then what is new, then the end.

use cheeper_protocol::{ClientFrame, Code, Refusal, Request, RequestId, ServerFrame};

use super::{
    Action, Context, Conversation, Pending, Turn,
    frame_reader::Incoming,
    request::Step,
    state::{Ending, State},
};
use crate::{
    feed::{
        PageRequest, frame,
        tail::{NotHere, Slice},
    },
    timeline::Command,
};

/// Answers waiting for one client beyond which nothing more that it says is carried out, in bytes.
pub(super) const OUTBOX_BYTES: usize = 256 * 1024;
/// Bytes of live events in one write.
pub(super) const LIVE_BYTES: usize = 64 * 1024;
/// When to ask again for a page that there was no memory for.
const NO_MEMORY_RETRY_MS: u64 = 1000;
/// What a request costs that reads or writes much, where a ping costs 1.
const LARGE_REQUEST_COST: u32 = 16;

impl Conversation {
    /// What is to be done next in this turn.
    pub(crate) fn next_action(&mut self, turn: &mut Turn, cx: &Context) -> Action {
        loop {
            if self.ending() == Some(Ending::Over) {
                return Action::End;
            }
            if let Some((old, new)) = self.state.as_mut().and_then(|state| state.rename()) {
                return Action::Rename { old, new };
            }
            self.release_answers(cx);
            if let Some(incoming) = self.next_request(turn, cx) {
                match self.carry_out(incoming, turn, cx) {
                    Some(action) => return action,
                    None => continue,
                }
            }
            if !self.outbox.is_empty() {
                if self.socket.writable {
                    return Action::Write;
                }
            } else if let Some(request) = self.next_missed(turn, cx) {
                return Action::GetPage(request);
            } else if let Some(piece) = self.next_live(cx) {
                match piece {
                    Ok(piece) => return Action::WriteLive(piece),
                    // It is told so, which is to be written.
                    Err(NotHere) => continue,
                }
            } else if let Some(action) = self.next_of_the_end(cx) {
                match action {
                    Ok(action) => return action,
                    Err(CloseSaid) => continue,
                }
            }
            return self.read_or_rest(turn, cx);
        }
    }

    fn read_or_rest(&mut self, turn: &mut Turn, cx: &Context) -> Action {
        if let Some(limit) = self.over_its_pace(cx)
            && (self.wants_to_read(cx) || self.has_request(cx))
        {
            cx.rules.rate_limits.limited().note(limit);
            return Action::Pause;
        }
        if self.wants_to_read(cx) {
            if turn.has_read {
                return Action::Yield;
            }
            turn.has_read = true;
            return Action::Read;
        }
        if turn.left == 0 && self.can_go_on(cx) { Action::Yield } else { Action::Wait }
    }

    /// The next request, if it can be carried out now and in this turn.
    fn next_request(&mut self, turn: &Turn, cx: &Context) -> Option<Incoming> {
        if turn.left == 0 || self.is_crowded(cx) || self.over_its_pace(cx).is_some() {
            return None;
        }
        self.state.as_mut().filter(|state| !state.is_busy())?.inbox.pop()
    }

    /// Whether a turn that is used up was all that kept it from going on.
    fn can_go_on(&self, cx: &Context) -> bool {
        let Some(state) = &self.state else { return false };
        let has_missed = self.outbox.is_empty() && state.wants_missed() && !cx.memory.is_exhausted();
        has_missed || self.has_request(cx)
    }

    /// Whether there is a request that nothing but its turn or its pace keeps from being carried out.
    fn has_request(&self, cx: &Context) -> bool {
        let is_ready = |state: &State| !state.inbox.has_no_message() && !state.is_busy();
        self.state.as_deref().is_some_and(is_ready) && !self.is_crowded(cx)
    }

    /// Nothing more is carried out before some of what waits is written.
    fn is_crowded(&self, cx: &Context) -> bool {
        self.outbox.bytes() > OUTBOX_BYTES || self.outbox.bytes() > 0 && cx.memory.is_exhausted()
    }

    fn carry_out(&mut self, incoming: Incoming, turn: &mut Turn, cx: &Context) -> Option<Action> {
        turn.spend(1);
        // What is carried out now may have been said in an earlier second.
        self.hear(cx);
        self.pace.count_frame();
        match incoming {
            Incoming::Text(text) => return self.on_text(&text, turn, cx),
            Incoming::Binary => self.refuse(None, Code::BadFrame.into(), cx),
            Incoming::Ping(payload) => self.push(frame::pong(&payload), cx),
            Incoming::Close(code) => self.state().end(Ending::Close(code)),
            Incoming::Broken(code) => self.state().end(Ending::Dismissed(code)),
        }
        None
    }

    fn on_text(&mut self, text: &str, turn: &mut Turn, cx: &Context) -> Option<Action> {
        let ClientFrame { id, request } = match ClientFrame::parse(text, &cx.rules.limits) {
            Ok(frame) => frame,
            Err(unreadable) => {
                if unreadable.is_hello {
                    self.state().forget_name();
                }
                self.refuse(unreadable.id, unreadable.refusal, cx);
                return None;
            }
        };
        let is_hello = matches!(request, Request::Hello { .. });
        let source = self.source(cx);
        let step = self.state().speaker.on_request(id.as_ref(), request, source, cx.rules);
        match step {
            Ok(step) => self.on_step(id, step, turn, cx),
            Err(refusal) => {
                if is_hello {
                    self.state().forget_name();
                }
                self.refuse(id, refusal, cx);
                None
            }
        }
    }

    fn on_step(&mut self, id: Option<RequestId>, step: Step, turn: &mut Turn, cx: &Context) -> Option<Action> {
        turn.spend(match step {
            Step::Submit(_) | Step::Pong => 0,
            Step::Order(_) | Step::Read(_) | Step::ReadAudit(_) | Step::ListNames => LARGE_REQUEST_COST,
        });
        let state = self.state();
        match step {
            Step::Submit(command) => {
                state.pending += 1;
                state.is_naming = matches!(command, Command::Claim(_));
                let name = command.author().map(|author| author.name.clone());
                Some(Action::Submit(Pending { id, name, is_hello: state.is_naming }, command))
            }
            Step::Order(order) => {
                state.pending += 1;
                Some(Action::Order(Pending { id, name: None, is_hello: false }, order))
            }
            Step::Read(_) | Step::ReadAudit(_) if cx.memory.is_exhausted() => {
                let why = Refusal::from(Code::Internal).retry_after(NO_MEMORY_RETRY_MS);
                // Not what was asked: it may be what somebody searches for.
                tracing::warn!("there is no memory for more pages");
                self.refuse(id, why, cx);
                None
            }
            Step::Read(question) => {
                state.awaits_page = true;
                Some(Action::GetPage(PageRequest { id, question, head: cx.tail.head(), reset: false }))
            }
            Step::ReadAudit(query) => {
                state.awaits_page = true;
                Some(Action::ReadAudit(id, query))
            }
            Step::ListNames => Some(Action::ListNames(id)),
            Step::Pong => {
                let head = cx.tail.head();
                self.say_after(head, &ServerFrame::Pong { id, head }, cx);
                None
            }
        }
    }

    /// The next page of what the URL asked for.
    fn next_missed(&mut self, turn: &mut Turn, cx: &Context) -> Option<PageRequest> {
        let state = self.state.as_mut()?;
        if turn.left == 0 || !state.wants_missed() || cx.memory.is_exhausted() {
            return None;
        }
        turn.spend(LARGE_REQUEST_COST);
        state.next_missed(cx.tail.head())
    }

    /// The next live events to write, as far as the driver has got; an error if they are gone, and the client is told.
    fn next_live(&mut self, cx: &Context) -> Option<Result<Slice, NotHere>> {
        if !self.socket.writable || self.next > cx.live || !self.is_live() {
            return None;
        }
        match cx.tail.piece(self.next, LIVE_BYTES) {
            Ok(piece) => piece.map(Ok),
            Err(NotHere) => {
                cx.metrics.lagged();
                self.next = cx.live.next();
                self.say(&ServerFrame::Lagged { head: cx.live }, cx);
                Some(Err(NotHere))
            }
        }
    }

    /// Says the close when its time has come; ends when it is written.
    fn next_of_the_end(&mut self, cx: &Context) -> Option<Result<Action, CloseSaid>> {
        if self.outbox.held_for().is_some() {
            return None;
        }
        let is_broken = self.is_broken;
        let state = self.state.as_mut()?;
        if let Some(code) = state.close() {
            self.push(frame::close(code), cx);
            return Some(Err(CloseSaid));
        }
        match state.ending? {
            Ending::Said { .. } if is_broken => {
                state.ending = Some(Ending::Over);
                Some(Ok(Action::End))
            }
            Ending::Said { lingers } => {
                state.ending = Some(Ending::Closing { lingers });
                Some(Ok(Action::ShutDown))
            }
            Ending::Closing { .. } if self.socket.writable => Some(Ok(Action::ShutDown)),
            _ => None,
        }
    }

    fn wants_to_read(&self, cx: &Context) -> bool {
        self.socket.readable && !self.is_crowded(cx) && self.state.as_ref().is_none_or(|state| state.wants_to_read())
    }

    fn release_answers(&mut self, cx: &Context) {
        while let Some(seq) = self.outbox.held_for()
            && !self.awaits(seq)
        {
            self.outbox.release(cx.memory);
        }
    }
}

/// The close was put among what is to be written.
struct CloseSaid;
