//! A request for a page, as it is shared by all who ask for the same.

use cheeper_protocol::{RequestId, Seq};

use super::page::{self, Page, Question, Selection};
use crate::timeline::Part;

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageRequest {
    pub(crate) id: Option<RequestId>,
    pub(crate) question: Question,
    /// The newest seq that the page may hold.
    pub(crate) head: Seq,
    /// The asker's cursor is of another timeline, so it gets the newest part.
    pub(crate) reset: bool,
}

impl PageRequest {
    /// The part that it gets of a timeline of which nothing before `floor` is kept.
    pub(super) fn selection(&self, floor: Seq) -> Selection {
        let mut selection = page::select(&self.question, self.head);
        selection.reset |= self.reset;
        selection.above(floor, self.head)
    }

    /// The page, of what was read for its selection.
    pub(super) fn encode(&self, selection: &Selection, part: &Part<(Seq, &[u8])>) -> Page {
        page::encode(self.id.as_ref(), selection, self.head, part)
    }
}
