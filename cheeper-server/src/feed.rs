//! The timeline as clients meet it: pages come from the tail's ring while it has them, else from the store.

use std::sync::Arc;

use cheeper_protocol::{History, Refusal, RequestId, Seq};

use crate::{
    fanout::tail::Tail,
    metrics::Metrics,
    timeline::{
        Answer, Author, Named, NewCheep, Posted, Timeline,
        page::{self, Page, Span, encode_event},
    },
};

/// One timeline, its newest part in memory, and how it fares.
pub(crate) struct Feed {
    pub(crate) tail: Arc<Tail>,
    timeline: Arc<dyn Timeline>,
    metrics: Arc<Metrics>,
}

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageRequest {
    pub(crate) id: Option<RequestId>,
    pub(crate) history: History,
    /// The newest seq that the page may hold.
    pub(crate) head: Seq,
    /// The asker's cursor is of another timeline, so it gets the newest part.
    pub(crate) reset: bool,
}

impl PageRequest {
    fn span(&self) -> Span {
        let mut span = page::span(&self.history, self.head);
        span.reset |= self.reset;
        span
    }

    fn encode(&self, span: &Span, events: &[&[u8]]) -> Page {
        page::encode(self.id.as_ref(), &self.history, span, self.head, events)
    }
}

impl Feed {
    pub(crate) fn new(timeline: Arc<dyn Timeline>, tail: Arc<Tail>, metrics: Arc<Metrics>) -> Self {
        Self { tail, timeline, metrics }
    }

    /// The timeline's id.
    pub(crate) fn timeline_id(&self) -> &str {
        self.timeline.id()
    }

    /// Whether nothing can be stored at present.
    pub(crate) fn is_failing(&self) -> bool {
        self.timeline.is_failing()
    }

    pub(crate) fn append(&self, cheep: NewCheep, answer: Answer<Posted>) {
        let metrics = self.metrics.clone();
        let answer: Answer<Posted> = Box::new(move |result| {
            match &result {
                Ok(posted) => metrics.posted(posted.duplicate),
                Err(refusal) => metrics.refused(refusal.code),
            }
            answer(result);
        });
        self.timeline.append(cheep, answer);
    }

    pub(crate) fn claim(&self, author: Author, answer: Answer<Named>) {
        self.timeline.claim(author, answer);
    }

    /// The page, if the ring has all of it.
    pub(crate) fn page_from_tail(&self, request: &PageRequest) -> Option<Page> {
        let span = request.span();
        self.tail.events(span.first, span.last, |events| request.encode(&span, events)).ok()
    }

    /// The page from the store.
    pub(crate) fn page_from_store(
        &self,
        request: PageRequest,
        answer: impl FnOnce(Result<Page, Refusal>) + Send + 'static,
    ) {
        let span = request.span();
        let read = move |cheeps: Result<Vec<_>, Refusal>| {
            answer(cheeps.map(|cheeps| {
                let span = span.cut_to(&cheeps);
                let events: Vec<_> = cheeps.iter().map(encode_event).collect();
                let events: Vec<&[u8]> = events.iter().map(AsRef::as_ref).collect();
                request.encode(&span, &events)
            }));
        };
        self.timeline.read(span, Box::new(read));
    }
}
