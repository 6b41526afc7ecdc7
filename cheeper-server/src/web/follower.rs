//! Readers over HTTP that go on from a cursor for as long as they like.
//!
//! There is no queue: a follower takes what it has missed from the ring, or from the store if that no longer has it, and then
//! has live events written past it. One that is slow just takes older events.

use std::sync::Arc;

use bytes::Bytes;
use cheeper_protocol::{Code, History, Range, Refusal, Seq, limits::PAGE};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{api, framing::Framing, line::Line, live::PIECE_BYTES, site::Site};
use crate::{
    access::Grant,
    feed::{Question, tail::NotHere},
};

/// One such reader.
pub(super) struct Follower {
    site: Arc<Site>,
    grant: Grant,
    line: Arc<Line>,
    framing: Framing,
    cursor: Seq,
}

impl Follower {
    pub(super) fn new(
        site: Arc<Site>,
        grant: Grant,
        line: Arc<Line>,
        framing: Framing,
        after: Option<Seq>,
    ) -> Result<Self, Refusal> {
        let newest = site.services.feed.tail().head();
        let cursor = after.unwrap_or(newest);
        if cursor > newest {
            let why = format!("This timeline ends at {newest}: it is not the one you were following, start afresh.");
            return Err(Refusal::new(Code::BadField, why).in_field("after"));
        }
        let floor = site.services.feed.tail().floor();
        if cursor.next() < floor {
            let why = format!(
                "What came before {floor} is not kept any longer: start afresh, or with after={}.",
                floor.previous()
            );
            return Err(Refusal::new(Code::Gone, why).in_field("after"));
        }
        Ok(Self { site, grant, line, framing, cursor })
    }

    /// What it has missed, piece by piece, until the server stops or it may not read here any more.
    pub(super) fn missed(self) -> impl Stream<Item = Bytes> + Send + Sync + 'static {
        stream::unfold(self, |mut follower| async {
            let piece = follower.next().await?;
            Some((piece, follower))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        while !self.site.stopping.is_cancelled() {
            // Looked at first: whoever ends its session later finds it by this.
            let revision = self.site.services.access.standing.revision();
            if !self.site.services.access.standing.stands(&self.grant) {
                return None;
            }
            match self.site.services.feed.tail().piece(self.cursor.next(), PIECE_BYTES) {
                Ok(Some(piece)) => {
                    self.cursor = piece.next().previous();
                    return Some(piece.text(self.framing.form));
                }
                Ok(None) => self.cursor = self.line.go_live(self.framing, self.cursor, revision).await,
                Err(NotHere) => return self.next_page().await,
            }
        }
        None
    }

    /// What the ring no longer has.
    async fn next_page(&mut self) -> Option<Bytes> {
        let question = Question::History(History { range: Range::After(self.cursor), limit: PAGE });
        let page = api::page(&self.site, question).await.ok()?;
        let json = page.json();
        let Events { events, missing } = serde_json::from_slice(&json).ok()?;
        if missing {
            // They would seem to follow each other. Whoever comes back is told why.
            return None;
        }
        let mut text = Vec::with_capacity(json.len());
        // They have no hole, so their seqs follow from the cursor.
        for (seq, event) in (self.cursor.next().get()..).map_while(Seq::new).zip(events) {
            self.framing.form.write(seq, event.get().as_bytes(), &mut text);
        }
        self.cursor = page.last;
        Some(self.site.services.memory.shared(text))
    }
}

/// The events of a page, as they stand in it.
#[derive(Deserialize)]
struct Events<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
    #[serde(default)]
    missing: bool,
}
