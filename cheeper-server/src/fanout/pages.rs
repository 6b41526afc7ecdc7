//! Pages that were made lately or are being read, so that all who ask for the same get the same bytes: when everybody comes
//! back at once, the store is read once and memory holds one page.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use cheeper_protocol::{Refusal, Seq};

use super::{frames, mailbox::Address, outbox::ReplyBudget};
use crate::{feed::PageRequest, timeline::page::Page};

/// Pages that are kept. They are asked for again within moments or not at all.
const KEPT: usize = 8;

/// A page as it is sent, and what its reader must know of it.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) frame: Bytes,
    /// It goes from older to newer: what comes after it is asked for next.
    pub(crate) forward: bool,
    /// There is more in the direction that was asked for.
    pub(crate) more: bool,
    /// Its last event, or the place after which it has none.
    pub(crate) last: Seq,
}

#[derive(Default)]
pub(crate) struct Pages {
    made: VecDeque<(PageRequest, Ready)>,
    awaited: HashMap<PageRequest, Vec<Address>>,
}

impl Pages {
    /// The page, if it is kept.
    pub(crate) fn made(&self, request: &PageRequest) -> Option<Ready> {
        self.made.iter().find(|(made, _)| made == request).map(|(_, ready)| ready.clone())
    }

    /// Makes the page's frame and keeps it for others.
    pub(crate) fn make(&mut self, request: PageRequest, page: &Page, budget: &Arc<ReplyBudget>) -> Ready {
        let frame = budget.charge(frames::text(&page.json));
        let ready = Ready { frame, forward: page.forward, more: page.more, last: page.last };
        if self.made.len() == KEPT {
            self.made.pop_front();
        }
        self.made.push_back((request, ready.clone()));
        ready
    }

    /// Puts a connection on the list of those who wait for a page; true if it is the first.
    #[must_use]
    pub(crate) fn wait_for(&mut self, request: PageRequest, who: Address) -> bool {
        let waiting = self.awaited.entry(request).or_default();
        waiting.push(who);
        waiting.len() == 1
    }

    /// A page was read: what those who wait for it get, and who they are.
    pub(crate) fn on_read(
        &mut self,
        request: PageRequest,
        page: Result<Page, Refusal>,
        budget: &Arc<ReplyBudget>,
    ) -> (Result<Ready, Refusal>, Vec<Address>) {
        let waiting = self.awaited.remove(&request).unwrap_or_default();
        (page.map(|page| self.make(request, &page, budget)), waiting)
    }

    /// Lets go of what is kept: nobody has asked for a while.
    pub(crate) fn forget(&mut self) {
        self.made.clear();
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{History, Range};

    use super::*;

    fn request(limit: usize) -> PageRequest {
        let history = History { range: Range::Newest, limit };
        PageRequest { id: None, history, head: Seq::ZERO, reset: false }
    }

    fn page() -> Page {
        Page { json: "{}".to_owned(), forward: true, more: false, last: Seq::ZERO }
    }

    #[test]
    fn the_same_page_is_read_once_for_all_who_wait_and_kept_for_those_who_come_then() {
        let (mut pages, budget) = (Pages::default(), ReplyBudget::new(1000));
        let [first, second] = [1, 2].map(|place| Address { place, serial: 0 });
        assert!(pages.wait_for(request(1), first));
        assert!(!pages.wait_for(request(1), second));
        assert!(pages.wait_for(request(2), first));
        let (ready, waiting) = pages.on_read(request(1), Ok(page()), &budget);
        assert_eq!(waiting, [first, second]);
        let kept = pages.made(&request(1)).unwrap();
        assert_eq!(kept.frame.as_ptr(), ready.unwrap().frame.as_ptr(), "it is the same memory");
        assert!(pages.made(&request(2)).is_none());
    }

    #[test]
    fn few_pages_are_kept() {
        let (mut pages, budget) = (Pages::default(), ReplyBudget::new(1000));
        for limit in 0..100 {
            pages.make(request(limit), &page(), &budget);
        }
        assert_eq!((0..100).filter(|&limit| pages.made(&request(limit)).is_some()).count(), KEPT);
        pages.forget();
        assert!(pages.made(&request(99)).is_none());
    }
}
