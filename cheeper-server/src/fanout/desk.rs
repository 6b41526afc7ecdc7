//! What a shard's connections work with: what all shards share, and what this one has of its own.

use std::sync::Arc;

use cheeper_protocol::Seq;

use super::{
    Shared,
    mailbox::{Address, Mail, Mailbox},
    pages::{Pages, Ready},
};
use crate::feed::PageRequest;

pub(crate) struct Desk {
    pub(crate) shared: Arc<Shared>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) pages: Pages,
    /// The newest event that this shard has delivered.
    pub(crate) live: Seq,
    /// Seconds since the shard began.
    pub(crate) now: u32,
    /// What a connection reads into; it is kept for the next one.
    pub(crate) buffer: Vec<u8>,
}

impl Desk {
    pub(crate) fn new(shared: Arc<Shared>, mailbox: Mailbox) -> Self {
        let live = shared.feed.tail.head();
        Self { shared, mailbox: Arc::new(mailbox), pages: Pages::default(), live, now: 0, buffer: Vec::new() }
    }

    /// A page, if it can be had at once; else it comes as mail, and `to` is told.
    pub(crate) fn page(&mut self, request: PageRequest, to: Address) -> Option<Ready> {
        if let Some(ready) = self.pages.made(&request) {
            return Some(ready);
        }
        if let Some(page) = self.shared.feed.page_from_tail(&request) {
            return Some(self.pages.make(request, &page, &self.shared.replies));
        }
        if self.pages.wait_for(request.clone(), to) {
            let mailbox = self.mailbox.clone();
            let asked = request.clone();
            self.shared.feed.page_from_store(request, move |page| mailbox.send(Mail::Read { request: asked, page }));
        }
        None
    }
}
