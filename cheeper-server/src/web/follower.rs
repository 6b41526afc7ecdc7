//! Readers over HTTP that go on from a cursor for as long as they like.
//!
//! There is no queue: a follower takes what comes after its cursor from the ring, as text that is made once for all of them,
//! and from the store what the ring no longer has. One that is slow just takes older events.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cheeper_protocol::{Code, History, Range, Refusal, Seq, limits::PAGE};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;

use super::{Site, api};
use crate::feed::{
    tail::{NotHere, Tail},
    text::TextForm,
};

/// How often a follower is told something even if nothing happens: proxies cut a line that is quiet for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Bytes of events in one piece.
const PIECE_BYTES: usize = 64 * 1024;

/// Wakes all followers. The timeline's writer has only one task to wake, and that wakes the others among their own kind,
/// which is far cheaper than from another thread.
#[derive(Clone)]
pub(super) struct Wakeups(Arc<watch::Sender<Wakeup>>);

/// What a follower may have been woken for, besides new events.
#[derive(Clone, Copy, Default)]
struct Wakeup {
    /// How often it was time to show that we are still here.
    keep_alives: u64,
    is_over: bool,
}

impl Wakeups {
    /// Goes on until the server stops.
    pub(super) fn start(tail: &Tail, stopping: CancellationToken) -> Self {
        let (sender, grown) = (Arc::new(watch::Sender::new(Wakeup::default())), Arc::new(Notify::new()));
        let (followers, notify) = (sender.clone(), grown.clone());
        tail.wake_with(Box::new(move || {
            // A follower that comes right now has not looked at the ring yet.
            if followers.receiver_count() > 0 {
                notify.notify_one();
            }
        }));
        let wakeups = Self(sender.clone());
        tokio::spawn(async move {
            let mut due = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = grown.notified() => sender.send_modify(|_| {}),
                    _ = due.tick() => sender.send_modify(|wakeup| wakeup.keep_alives += 1),
                    () = stopping.cancelled() => return sender.send_modify(|wakeup| wakeup.is_over = true),
                }
            }
        });
        wakeups
    }
}

/// One such reader.
pub(super) struct Follower {
    site: Arc<Site>,
    form: TextForm,
    cursor: Seq,
    wakeups: watch::Receiver<Wakeup>,
    keep_alives: u64,
}

impl Follower {
    pub(super) fn new(site: Arc<Site>, wakeups: &Wakeups, form: TextForm, after: Option<Seq>) -> Result<Self, Refusal> {
        let wakeups = wakeups.0.subscribe();
        let keep_alives = wakeups.borrow().keep_alives;
        let newest = site.feed.tail().head();
        let cursor = after.unwrap_or(newest);
        if cursor > newest {
            let why = format!("This timeline ends at {newest}: it is not the one you were following, start afresh.");
            return Err(Refusal::new(Code::BadField, why).in_field("after"));
        }
        Ok(Self { site, form, cursor, wakeups, keep_alives })
    }

    /// Everything it is to get, piece by piece, until the server stops.
    pub(super) fn text(self) -> impl Stream<Item = Bytes> + Send + Sync + 'static {
        stream::unfold(self, |mut follower| async {
            let piece = follower.next().await?;
            Some((piece, follower))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.site.feed.tail().text(self.form, self.cursor.next(), PIECE_BYTES) {
                Ok(Some((text, next))) => {
                    self.cursor = next.previous();
                    return Some(text);
                }
                Ok(None) => {}
                Err(NotHere) => return self.next_page().await,
            }
            let wakeup = *self.wakeups.borrow_and_update();
            if wakeup.is_over {
                return None;
            }
            if wakeup.keep_alives != self.keep_alives {
                self.keep_alives = wakeup.keep_alives;
                return Some(Bytes::from_static(self.form.keep_alive()));
            }
            self.wakeups.changed().await.ok()?;
        }
    }

    /// What the ring no longer has.
    async fn next_page(&mut self) -> Option<Bytes> {
        let page = api::page(&self.site, History { range: Range::After(self.cursor), limit: PAGE }).await.ok()?;
        let json = page.json();
        let Events { cheeps } = serde_json::from_slice(&json).ok()?;
        let mut text = Vec::with_capacity(json.len());
        // They have no hole, so their seqs follow from the cursor.
        for (seq, event) in (self.cursor.next().get()..).map_while(Seq::new).zip(cheeps) {
            self.form.write(seq, event.get().as_bytes(), &mut text);
        }
        self.cursor = page.last;
        Some(text.into())
    }
}

/// The events of a page, as they stand in it.
#[derive(Deserialize)]
struct Events<'a> {
    #[serde(borrow)]
    cheeps: Vec<&'a RawValue>,
}
