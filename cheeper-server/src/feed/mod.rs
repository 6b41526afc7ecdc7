//! The timeline as readers get it: live frames from the ring, pages from the ring while it has them, else from the store.

pub(crate) mod frame;
pub mod page;
mod pages;
mod request;
pub mod tail;
pub mod text;

use std::sync::Arc;

use bytes::Bytes;
use cheeper_protocol::Refusal;

use self::{pages::Pages, tail::Tail};
pub(crate) use self::{pages::Ready, request::PageRequest};
use crate::{memory::MemoryBudget, timeline::Timeline};

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
        let span = selection.span;
        if let Ok(page) = self.tail.events(span.first, span.last, |events| request.encode(&selection, events)) {
            return Some(self.pages.make(request, &page));
        }
        if self.pages.wait_for(request.clone(), Box::new(later)) {
            let pages = self.pages.clone();
            let read = move |events: Result<Vec<_>, Refusal>| {
                let page = events.map(|events| {
                    let selection = selection.cut_to(&events);
                    let events: Vec<Bytes> = events.iter().map(|event| event.to_json().into()).collect();
                    let events: Vec<&[u8]> = events.iter().map(AsRef::as_ref).collect();
                    request.encode(&selection, &events)
                });
                pages.on_read(request, page);
            };
            self.timeline.read(span, Box::new(read));
        }
        None
    }

    /// Lets go of the pages that nobody has asked for in a while.
    pub(crate) fn forget_pages(&self) {
        self.pages.forget();
    }
}
