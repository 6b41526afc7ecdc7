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
use cheeper_protocol::{Refusal, Seq};

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
        Self { tail, pages: Arc::new(Pages::new(memory)), timeline }
    }

    /// The newest events, and which one is the newest.
    pub(crate) fn tail(&self) -> &Arc<Tail> {
        &self.tail
    }

    /// A page, if it can be had at once; else `later` gets it, from another thread.
    pub(crate) fn page(
        &self,
        request: PageRequest,
        later: impl FnOnce(Result<Ready, Refusal>) + Send + 'static,
    ) -> Option<Ready> {
        if let Some(ready) = self.pages.made(&request) {
            return Some(ready);
        }
        let selection = request.selection();
        if let Ok(page) = self.tail.part(&selection.read, |part| request.encode(&selection, part)) {
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
