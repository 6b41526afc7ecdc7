//! A thread, or what a search found: a list of its own that lies over the timeline until it is left. Pure.

use cheeper_protocol::{
    ClientFrame, Event, Name, Page, Query, Request, RequestId, Search, Seq, Thread, follow::Recent,
};

use crate::{pane::Pane, scroll::Place};

/// What is in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// What this cheep answers, the cheep, and all answers below it.
    Thread(Seq),
    /// The cheeps that have this in them.
    Search(Query),
}

pub struct Side {
    pub subject: Subject,
    pub pane: Pane,
    /// The newest cheeps were not searched: the index is filled behind the posts.
    pub is_behind: bool,
    question: Question,
    /// Where the last page ended, in the direction in which it is read on.
    edge: Option<Seq>,
    /// There is more in that direction.
    more: bool,
}

/// How it stands with what is to be asked next.
#[derive(Clone, Debug, PartialEq)]
enum Question {
    None,
    Wanted,
    /// Under this id.
    Asked(RequestId),
    /// Wanted, but not at once: the server could not answer.
    Later,
}

impl Side {
    pub fn new(subject: Subject, me: &Name) -> Self {
        Self { subject, pane: Pane::new(me), is_behind: false, question: Question::Wanted, edge: None, more: true }
    }

    /// Whether something was asked for and is not here yet.
    pub fn is_waiting(&self) -> bool {
        self.question != Question::None
    }

    /// Whether there is more to read on.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// More of it is wanted, if there is more.
    pub fn want_more(&mut self) {
        if self.more && self.question == Question::None {
            self.question = Question::Wanted;
        }
    }

    /// The last of what is here is on screen. A thread goes on there; what a search found does at its beginning.
    pub fn end_is_seen(&mut self) {
        if matches!(self.subject, Subject::Thread(_)) {
            self.want_more();
        }
    }

    /// What to ask now, under this id.
    pub fn next_question(&mut self, id: RequestId, limit: usize) -> Option<ClientFrame> {
        if self.question != Question::Wanted {
            return None;
        }
        let request = match &self.subject {
            Subject::Thread(seq) => Request::Thread(Thread { seq: *seq, after: self.edge }),
            Subject::Search(query) => Request::Search(Search { q: query.clone(), before: self.edge, limit }),
        };
        self.question = Question::Asked(id.clone());
        Some(ClientFrame { id: Some(id), request })
    }

    /// Whether this is the id of what was asked.
    pub fn asked(&self, id: Option<&RequestId>) -> bool {
        matches!((&self.question, id), (Question::Asked(asked), Some(id)) if asked == id)
    }

    /// The answer will not come on this connection.
    pub fn lost(&mut self) {
        if matches!(self.question, Question::Asked(_)) {
            self.question = Question::Wanted;
        }
    }

    /// The server could not answer, but may be able to later.
    pub fn put_off(&mut self) {
        self.question = Question::Later;
    }

    /// Later is now.
    pub fn try_again(&mut self) {
        if self.question == Question::Later {
            self.question = Question::Wanted;
        }
    }

    /// The answer. What came live since it was made is in `recent`.
    pub fn answered(&mut self, mut page: Page, recent: &Recent) {
        if !recent.refresh_page(&mut page) {
            self.put_off();
            return;
        }
        self.question = Question::None;
        self.more = page.more;
        let is_first = self.edge.is_none();
        let head = page.head;
        match self.subject {
            Subject::Thread(seq) => {
                self.edge = Some(page.to);
                self.pane.timeline.prepend(page.events, false);
                // Answers may have come since the page was made, and been changed since they came.
                for event in recent.after(head) {
                    self.pane.timeline.apply(event);
                    self.take_answer(event);
                }
                if is_first {
                    self.pane.selected = Some(seq);
                    self.pane.place = Place::At { seq, row: 0 };
                }
            }
            Subject::Search(_) => {
                self.edge = Some(page.from);
                self.is_behind |= is_first && page.to < page.head;
                self.pane.timeline.prepend(page.events, page.more);
                if is_first {
                    self.pane.selected = self.pane.timeline.entries().back().map(|entry| entry.seq);
                }
            }
        }
    }

    /// Something happened on the timeline. Texts are shown in `width` columns.
    pub fn live(&mut self, event: &Event, width: usize) {
        self.pane.change(width, |timeline| timeline.apply(event));
        self.take_answer(event);
    }

    /// Adds an answer that belongs to the thread, unless the next page will have it.
    fn take_answer(&mut self, event: &Event) {
        let (Subject::Thread(root), Event::Cheep(cheep)) = (&self.subject, event) else { return };
        // All that is here after the root is below it: what it answers comes before it.
        let is_below = |seq: Seq| seq >= *root && self.pane.timeline.get(seq).is_some();
        if !self.more && cheep.reply_to.is_some_and(is_below) {
            self.pane.timeline.insert(event.clone());
        }
    }
}
