//! Pages that were made lately or are being read, so that all who ask for the same get the same bytes: when everybody comes
//! back at once, the store is read once and memory holds one page.
//!
//! A request names the newest seq that its asker may know of, so nobody is given a page that was asked for before
//! something was edited or deleted of which they know: it is another request. Nor is such a page kept.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use cheeper_protocol::{Refusal, Seq};

use super::{frame, page::Page, request::PageRequest};
use crate::memory::MemoryBudget;

/// Pages that are kept. They are asked for again within moments or not at all.
const KEPT: usize = 8;

/// A page as it is sent, and what its reader must know of it.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    /// The WebSocket frame.
    pub(crate) frame: Bytes,
    /// It goes from older to newer: what comes after it is asked for next.
    pub(crate) forward: bool,
    /// There is more in the direction that was asked for.
    pub(crate) more: bool,
    /// Its last event, or the place after which it has none.
    pub(crate) last: Seq,
}

impl Ready {
    /// The page without the frame around it.
    pub(crate) fn json(&self) -> Bytes {
        self.frame.slice_ref(frame::payload(&self.frame))
    }
}

/// Who waits for a page. It must not block.
pub(crate) type Waiter = Box<dyn FnOnce(Result<Ready, Refusal>) + Send>;

/// The pages of all readers, over all shards and HTTP.
pub(crate) struct Pages {
    state: Mutex<State>,
    memory: Arc<MemoryBudget>,
}

#[derive(Default)]
struct State {
    /// The newest event that took a text away which a page may have.
    erased_by: Seq,
    made: VecDeque<(PageRequest, Ready)>,
    awaited: HashMap<PageRequest, Vec<Waiter>>,
}

impl Pages {
    pub(crate) fn new(memory: Arc<MemoryBudget>) -> Self {
        Self { state: Mutex::default(), memory }
    }

    /// The page, if it is kept.
    pub(crate) fn made(&self, request: &PageRequest) -> Option<Ready> {
        self.state().made.iter().find(|(made, _)| made == request).map(|(_, ready)| ready.clone())
    }

    /// Makes the page's frame, and keeps it for others if it has nothing that is gone.
    pub(crate) fn make(&self, request: PageRequest, page: &Page) -> Ready {
        let frame = self.memory.shared(frame::text(&page.json));
        let ready = Ready { frame, forward: page.forward, more: page.more, last: page.last };
        let mut state = self.state();
        if request.head < state.erased_by {
            return ready;
        }
        if state.made.len() == KEPT {
            state.made.pop_front();
        }
        state.made.push_back((request, ready.clone()));
        ready
    }

    /// Puts somebody on the list of those who wait for a page; true if they are the first, who has to have it read.
    #[must_use]
    pub(crate) fn wait_for(&self, request: PageRequest, waiter: Waiter) -> bool {
        let mut state = self.state();
        let waiting = state.awaited.entry(request).or_default();
        waiting.push(waiter);
        waiting.len() == 1
    }

    /// A page was read: all who wait for it get it.
    pub(crate) fn on_read(&self, request: PageRequest, page: Result<Page, Refusal>) {
        let waiting = self.state().awaited.remove(&request).unwrap_or_default();
        let outcome = page.map(|page| self.make(request, &page));
        // Nobody is called with the lock in hand: they may ask for the next page at once.
        for waiter in waiting {
            waiter(outcome.clone());
        }
    }

    /// An event took a text away: no page that may have it is kept any longer, nor will one be that is still being read.
    pub(crate) fn erase(&self, erased_by: Seq) {
        let mut state = self.state();
        state.erased_by = state.erased_by.max(erased_by);
        state.made.clear();
    }

    /// Lets go of what is kept: nobody has asked for a while.
    pub(crate) fn forget(&self) {
        self.state().made.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{History, Range};

    use super::*;
    use crate::feed::Question;

    fn request(limit: usize) -> PageRequest {
        let history = History { range: Range::Newest, limit };
        PageRequest { id: None, question: Question::History(history), head: Seq::ZERO, reset: false }
    }

    fn page() -> Page {
        Page { json: "{}".to_owned(), forward: true, more: false, last: Seq::ZERO }
    }

    #[test]
    fn the_same_page_is_read_once_for_all_who_wait_and_kept_for_those_who_come_then() {
        let pages = Pages::new(MemoryBudget::new(1000));
        let got = Arc::new(Mutex::new(Vec::new()));
        let waiter = |name: &'static str| -> Waiter {
            let got = got.clone();
            Box::new(move |page| got.lock().unwrap().push((name, page.unwrap().frame.as_ptr() as usize)))
        };
        assert!(pages.wait_for(request(1), waiter("first")));
        assert!(!pages.wait_for(request(1), waiter("second")));
        assert!(pages.wait_for(request(2), waiter("another")));
        pages.on_read(request(1), Ok(page()));
        let kept = pages.made(&request(1)).unwrap().frame.as_ptr() as usize;
        assert_eq!(*got.lock().unwrap(), [("first", kept), ("second", kept)], "it is the same memory");
        assert!(pages.made(&request(2)).is_none());
    }

    #[test]
    fn few_pages_are_kept() {
        let pages = Pages::new(MemoryBudget::new(1000));
        for limit in 0..100 {
            pages.make(request(limit), &page());
        }
        assert_eq!((0..100).filter(|&limit| pages.made(&request(limit)).is_some()).count(), KEPT);
        pages.forget();
        assert!(pages.made(&request(99)).is_none());
    }
}
