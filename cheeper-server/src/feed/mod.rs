//! The timeline as readers get it: live frames from the ring, pages from the ring while it has them, else from the store.

#[cfg(test)]
mod drawn;
pub(crate) mod frame;
pub mod page;
mod pages;
mod request;
pub mod tail;
pub mod text;

use std::sync::Arc;

use bytes::Bytes;
use cheeper_protocol::{Event, Refusal, Seq};

pub(crate) use self::{page::Question, pages::Ready, request::PageRequest};
use self::{pages::Pages, tail::Tail};
use crate::{
    memory::MemoryBudget,
    timeline::{Part, Timeline},
};

/// One timeline's readers' side.
pub(crate) struct Feed {
    tail: Arc<Tail>,
    pages: Arc<Pages>,
    timeline: Arc<dyn Timeline>,
}

impl Feed {
    pub(crate) fn new(timeline: Arc<dyn Timeline>, tail: Arc<Tail>, memory: Arc<MemoryBudget>) -> Self {
        let pages = Arc::new(Pages::new(memory));
        let kept = pages.clone();
        tail.wake_with(Box::new(move |events| {
            if let Some(event) = events.iter().rev().find(|event| takes_text_away(event)) {
                kept.erase(event.seq());
            }
        }));
        Self { tail, pages, timeline }
    }

    /// The newest events, and which one is the newest. Whoever asks finds nothing there that is not kept any longer.
    pub(crate) fn tail(&self) -> &Arc<Tail> {
        if self.tail.raise_floor(self.timeline.floor()) {
            // Pages that were made before, or are just being read, have what is not kept any longer.
            self.pages.erase(self.tail.head().next());
        }
        &self.tail
    }

    /// A page, if it can be had at once; else `later` gets it, from another thread.
    pub(crate) fn page(
        &self,
        request: PageRequest,
        later: impl FnOnce(Result<Ready, Refusal>) + Send + 'static,
    ) -> Option<Ready> {
        let tail = self.tail();
        if let Some(ready) = self.pages.made(&request) {
            return Some(ready);
        }
        let selection = request.selection(tail.floor());
        if let Ok(page) = tail.part(&selection.read, |part| request.encode(&selection, part)) {
            return Some(self.pages.make(request, &page));
        }
        if self.pages.wait_for(request.clone(), Box::new(later)) {
            let pages = self.pages.clone();
            let read = selection.read.clone();
            let on_read = move |part: Result<Part, Refusal>| {
                let page = part.map(|Part { events, more_before, more_after, last }| {
                    let events: Vec<(Seq, Bytes)> =
                        events.iter().map(|event| (event.seq(), event.to_json().into())).collect();
                    let events = events.iter().map(|(seq, json)| (*seq, json.as_ref())).collect();
                    request.encode(&selection, &Part { events, more_before, more_after, last })
                });
                pages.on_read(request, page);
            };
            self.timeline.read(read, Box::new(on_read));
        }
        None
    }

    /// Lets go of the pages that nobody has asked for in a while.
    pub(crate) fn forget_pages(&self) {
        self.pages.forget();
    }
}

fn takes_text_away(event: &Event) -> bool {
    match event {
        Event::Edit(_) | Event::Delete(_) => true,
        Event::Cheep(_) | Event::Reaction(_) | Event::Void { .. } | Event::Unknown { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Mutex};

    use cheeper_protocol::{
        AuditQuery, Cheep, CheepText, Code, Delete, DeletedBy, History, Range, Timestamp,
        testkit::{cheep, seq},
    };

    use super::*;
    use crate::timeline::{Answer, Audit, Command, Damage, Outcome, Read, Trouble};

    /// A timeline that gives what is read when a test says so.
    #[derive(Default)]
    struct Slow(Mutex<Vec<Answer<Part>>>);

    impl Slow {
        /// Answers the oldest reading.
        fn give(&self, events: Vec<Event>) {
            let answer = self.0.lock().unwrap().remove(0);
            let last = events.last().map_or(Seq::ZERO, Event::seq);
            answer(Ok(Part { events, more_before: false, more_after: false, last }));
        }
    }

    impl Timeline for Slow {
        fn id(&self) -> &'static str {
            "slow"
        }

        fn key(&self, _: &'static str) -> [u8; 32] {
            [0; 32]
        }

        fn trouble(&self) -> Option<Trouble> {
            None
        }

        fn damage(&self) -> Option<Damage> {
            None
        }

        fn submit(&self, _: Command, answer: Answer<Outcome>) {
            answer(Err(Code::Internal.into()));
        }

        fn read(&self, _: Read, answer: Answer<Part>) {
            self.0.lock().unwrap().push(answer);
        }

        fn audit(&self, _: AuditQuery, answer: Answer<Audit>) {
            answer(Err(Code::Internal.into()));
        }

        fn close(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn delete(at: u64, target: u64) -> Event {
        let (seq, target, by) = (seq(at), seq(target), DeletedBy::Author);
        let at = Timestamp::UNIX_EPOCH;
        Event::Delete(Delete { seq, at, target, by, reply_to: None, parent_replies: None, id: None })
    }

    fn gone(number: u64) -> Event {
        let mut gone = Cheep { cheep: CheepText::default(), ..cheep(number, "") };
        gone.state.deleted = Some(DeletedBy::Author);
        Event::Cheep(gone)
    }

    /// Who asks once a delete is acked, and so published, is given what was read after it: not what others are waiting
    /// for, nor what they were given. Those get what they asked for, which nobody keeps.
    #[test]
    fn a_page_with_a_deleted_text_goes_to_nobody_who_asks_after_the_delete() {
        let timeline = Arc::new(Slow::default());
        // The ring has none of the old events, so pages come from the timeline.
        let tail = Arc::new(Tail::new(seq(3), usize::MAX));
        let feed = Feed::new(timeline.clone(), tail.clone(), MemoryBudget::new(usize::MAX));
        let got = Arc::new(Mutex::new(Vec::new()));
        let request = || {
            let history = History { range: Range::Before(seq(3)), limit: 9 };
            PageRequest { id: None, question: Question::History(history), head: tail.head(), reset: false }
        };
        let ask = |who: &'static str| {
            let got = got.clone();
            let note = move |ready: Ready| {
                let text = String::from_utf8(ready.json().to_vec()).unwrap();
                got.lock().unwrap().push((who, text.contains("secret")));
            };
            if let Some(ready) = feed.page(request(), {
                let note = note.clone();
                move |page| note(page.unwrap())
            }) {
                note(ready);
            }
        };
        let before = request();
        ask("early");
        tail.push(&[delete(4, 1)]);
        ask("late");
        let read_before = vec![Event::Cheep(cheep(1, "a secret")), Event::Cheep(cheep(2, "another"))];
        timeline.give(read_before.clone());
        assert_eq!(*got.lock().unwrap(), [("early", true)]);
        assert!(feed.pages.made(&before).is_none(), "a text that is gone is not kept");
        ask("later");
        timeline.give(vec![gone(1), Event::Cheep(cheep(2, "another"))]);
        ask("last");
        assert_eq!(got.lock().unwrap()[1..], [("late", false), ("later", false), ("last", false)]);

        // A page that is kept when something is deleted is kept no longer.
        let kept = request();
        assert!(feed.pages.made(&kept).is_some());
        tail.push(&[delete(5, 2)]);
        assert!(feed.pages.made(&kept).is_none());
        ask("after another");
        timeline.give(vec![gone(1), gone(2)]);
        assert_eq!(got.lock().unwrap().last(), Some(&("after another", false)));
        // What takes no text away changes nothing about the others' pages.
        let kept = request();
        tail.push(&[Event::Cheep(cheep(6, "a third"))]);
        assert!(feed.pages.made(&kept).is_some());
    }
}
