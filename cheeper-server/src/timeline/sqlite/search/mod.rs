//! The index by which cheeps are found, in a database of its own beside the store's (`NAME-search`): it shares no lock and no
//! log with the posts, and none of them waits for it.
//!
//! It is derived: whatever is wrong with it, it is made anew from the store, and no start is refused over it. A thread that
//! lets all others go first fills it behind the writes ([`indexer`]); another one searches ([`searcher`]), so that no page
//! waits for a search. What the index gives is a proposal: the cheep is read from the store as it is now, and shown only if
//! what was looked for is in it. So what was edited away or deleted is not found any more from the moment it was acked, though
//! its words leave the index a moment later.

mod index;
mod indexer;
mod patience;
mod searcher;
mod shared;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use cheeper_protocol::Event;

pub(super) use self::searcher::Request;
use self::{indexer::Indexer, searcher::Searcher, shared::Shared};
use super::{
    lock::beside,
    queue::{self, Sender},
    reader::Reader,
};
use crate::{timeline::Publish, worker};

/// Searches that may wait; more are refused at once.
const WAITING: usize = 4096;
/// What the index's name has after the store's.
const SUFFIX: &str = "-search";

/// The index and its searcher at work.
pub(super) struct Search {
    requests: Sender<Request>,
    shared: Arc<Shared>,
    threads: [JoinHandle<()>; 2],
}

impl Search {
    /// Puts them to work for the store at `path`, which is named `timeline` and read by the connections of `readers`.
    pub(super) fn start(path: &Path, timeline: &str, readers: [Reader; 2], shared: Arc<Shared>) -> io::Result<Self> {
        let path: PathBuf = beside(path, SUFFIX);
        let (requests, queue) = queue::bounded(WAITING);
        let [for_indexer, for_searcher] = readers;
        let indexer = Indexer::new(path.clone(), timeline.to_owned(), for_indexer, shared.clone());
        let searcher = Searcher::new(path, for_searcher, shared.clone());
        let threads = [
            worker::spawn("search-index", move || indexer.run())?,
            worker::spawn("search", move || searcher.run(&queue))?,
        ];
        Ok(Self { requests, shared, threads })
    }

    /// Where what is searched for comes in.
    pub(super) fn requests(&self) -> &Sender<Request> {
        &self.requests
    }

    /// Ends both: what was asked for is answered with what is found at once, what is not in the index yet comes into it after
    /// the next start.
    pub(super) fn stop(self) -> impl Iterator<Item = JoinHandle<()>> {
        self.shared.close();
        // The searcher ends when nobody can ask any more.
        drop(self.requests);
        self.threads.into_iter()
    }
}

/// What tells the indexer of news, and how it is told: it wraps what is called with every new event.
pub(super) fn listen(mut publish: Publish) -> (Publish, Arc<Shared>) {
    let shared = Arc::new(Shared::new());
    let told = shared.clone();
    let publish = move |events: &[Event]| {
        publish(events);
        told.ring();
    };
    (Box::new(publish), shared)
}
