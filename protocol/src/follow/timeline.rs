//! What of the timeline was applied, what is held back until a gap is filled, and what is to be asked for.

use std::collections::BTreeMap;

use super::{
    recent::Recent,
    time::{Millis, RETRY_MS},
};
use crate::{cheep::RequestId, event::Event, question::Range, seq::Seq, server_frame::Page};

/// Live events held while a gap is being filled; more are dropped and asked for again.
pub const HELD_EVENTS: usize = 1000;

const FIRST: Seq = Seq::ZERO.next();
const GAP: &str = "gap";
const OLDER: &str = "older";

/// One timeline, as far as it is known here.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    id: Option<String>,
    cursor: Option<Seq>,
    oldest: Option<Seq>,
    head: Seq,
    held: BTreeMap<Seq, Event>,
    gap_asked: bool,
    older: Older,
    recent: Recent,
    ask_from: Option<Millis>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Older {
    #[default]
    Enough,
    Wanted,
    /// Those before this one, which was the oldest here.
    Asked {
        before: Seq,
    },
}

/// What a page came to.
#[derive(Debug)]
pub(super) enum Turned {
    /// Events to add at the end, up to the cursor; before that, everything is dropped if it was a `reset`.
    Newer { events: Vec<Event>, reset: bool },
    /// Events to add at the front.
    Older { events: Vec<Event>, from: Seq, to: Seq, more: bool },
    /// Nothing that was asked for.
    Nothing,
}

impl Timeline {
    pub(super) fn after(cursor: Seq) -> Self {
        Self { cursor: Some(cursor), oldest: Some(cursor.next()), recent: Recent::since(cursor), ..Self::default() }
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(super) fn cursor(&self) -> Option<Seq> {
        self.cursor
    }

    /// The first event that everything from there on up to the cursor is here.
    pub(super) fn oldest(&self) -> Option<Seq> {
        self.oldest
    }

    pub(super) fn caught_up(&self) -> bool {
        self.cursor.is_some_and(|cursor| cursor >= self.head)
    }

    pub(super) fn recent(&self) -> &Recent {
        &self.recent
    }

    /// When there is something to ask that has to wait.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.ask_from
    }

    /// A new connection: true if what is here is of another timeline, and is dropped.
    pub(super) fn welcomed(&mut self, id: String, head: Seq) -> bool {
        let is_other = self.id.as_ref().is_some_and(|ours| *ours != id);
        let reset = self.cursor.is_some_and(|cursor| is_other || cursor > head);
        if reset {
            self.reset();
        }
        self.id = Some(id);
        self.head = head;
        reset
    }

    /// The connection ended: what was on its way will not come.
    pub(super) fn lost(&mut self) {
        self.held.clear();
        self.gap_asked = false;
        self.ask_from = None;
        if matches!(self.older, Older::Asked { .. }) {
            self.older = Older::Wanted;
        }
    }

    pub(super) fn head_is(&mut self, head: Seq) {
        self.head = self.head.max(head);
    }

    /// A live event; gives those that can be shown now.
    pub(super) fn live(&mut self, event: Event) -> Vec<Event> {
        let seq = event.seq();
        self.head_is(seq);
        if self.held.len() < HELD_EVENTS {
            self.held.insert(seq, event);
        }
        let events = self.apply_held();
        self.recent.note(&events);
        events
    }

    pub(super) fn page(&mut self, page: Page, now: Millis) -> Turned {
        match (page.id.as_ref().map(RequestId::as_str), self.older) {
            (Some(GAP), _) if self.gap_asked => self.newer(page, now),
            (Some(OLDER), Older::Asked { before }) => self.older(page, before, now),
            _ => Turned::Nothing,
        }
    }

    /// A request of ours was refused. Without its answer nothing goes on, so it is asked again whatever the reason.
    pub(super) fn refused(&mut self, id: &RequestId, again_at: Millis) {
        match id.as_str() {
            GAP if self.gap_asked => self.gap_asked = false,
            OLDER if matches!(self.older, Older::Asked { .. }) => self.older = Older::Wanted,
            _ => return,
        }
        self.ask_from = Some(again_at);
    }

    /// The part before the oldest event is wanted, if there is one.
    pub(super) fn want_older(&mut self) {
        if self.older == Older::Enough && self.oldest.is_some_and(|oldest| oldest > FIRST) {
            self.older = Older::Wanted;
        }
    }

    /// The oldest events are not here any more. A page that was asked for before does not fit what is left, and is not shown.
    pub(super) fn forgot(&mut self, up_to: Seq) {
        let last = self.cursor.unwrap_or_default().min(up_to);
        self.oldest = self.oldest.map(|oldest| oldest.max(last.next()));
    }

    /// What to ask next, and under which id.
    pub(super) fn next_question(&mut self, now: Millis) -> Option<(&'static str, Range)> {
        if self.ask_from.is_some_and(|from| now < from) {
            return None;
        }
        self.ask_from = None;
        if !self.gap_asked && !self.caught_up() {
            self.gap_asked = true;
            return Some((GAP, self.cursor.map_or(Range::Newest, Range::After)));
        }
        match (self.older, self.oldest) {
            (Older::Wanted, Some(oldest)) => {
                self.older = Older::Asked { before: oldest };
                Some((OLDER, Range::Before(oldest)))
            }
            _ => None,
        }
    }

    /// Events held on this connection are of its timeline, so they stay. An answer on its way will come, and shows by what it
    /// was asked for that it is of no use any more.
    fn reset(&mut self) {
        self.cursor = None;
        self.oldest = None;
        if self.older == Older::Wanted {
            self.older = Older::Enough;
        }
        self.head = self.held.keys().next_back().copied().unwrap_or_default();
    }

    fn newer(&mut self, page: Page, now: Millis) -> Turned {
        self.gap_asked = false;
        let before = self.cursor;
        // What a server does not keep any more leaves a hole that nothing fills: what is here does not join on.
        let reset = page.reset || page.missing;
        if reset {
            self.reset();
        }
        self.head_is(page.head);
        if self.cursor.is_none() {
            self.oldest = Some(page.from);
            self.cursor = Some(page.from.previous());
            // Of what it speaks for, it may show the outcome alone.
            self.recent = Recent::since(page.to);
        }
        let mut events = Vec::new();
        match self.cursor {
            Some(cursor) if page.from <= cursor.next() && page.to > cursor => {
                events.extend(page.events.into_iter().filter(|event| event.seq() > cursor));
                self.cursor = Some(page.to);
            }
            // A server that answers beside the question is not to be asked in a tight circle.
            _ if !self.caught_up() && self.cursor == before => self.ask_from = Some(now.saturating_add(RETRY_MS)),
            _ => {}
        }
        events.extend(self.apply_held());
        self.recent.note(&events);
        Turned::Newer { events, reset }
    }

    fn older(&mut self, mut page: Page, before: Seq, now: Millis) -> Turned {
        self.older = Older::Enough;
        if self.oldest != Some(before) {
            // Others are the oldest by now, and there are some before them.
            return self.nothing_older(self.oldest > Some(FIRST));
        }
        if !self.recent.refresh_page(&mut page) {
            self.older = Older::Wanted;
            self.ask_from = Some(now.saturating_add(RETRY_MS));
            return Turned::Nothing;
        }
        if page.from >= before || page.to < before.previous() {
            return self.nothing_older(page.more);
        }
        self.oldest = Some(page.from);
        let events = page.events.into_iter().filter(|event| event.seq() < before).collect();
        Turned::Older { events, from: page.from, to: before.previous(), more: page.more }
    }

    fn nothing_older(&self, more: bool) -> Turned {
        let from = self.oldest.unwrap_or_default();
        Turned::Older { events: Vec::new(), from, to: from.previous(), more }
    }

    /// Moves the cursor over everything that follows it without a hole; what lies behind it came twice.
    fn apply_held(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let (Some(cursor), Some(first)) = (self.cursor, self.held.first_entry()) {
            let seq = *first.key();
            if seq > cursor.next() {
                break;
            }
            let event = first.remove();
            if seq > cursor {
                self.cursor = Some(seq);
                events.push(event);
            }
        }
        events
    }
}
