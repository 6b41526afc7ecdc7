//! What is counted, and how it is shown at `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use cheeper_protocol::{Code, Refusal};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::timeline::{Outcome, Posted};

/// Panics of this process, whichever server in it they belong to.
pub(crate) static PANICS: AtomicU64 = AtomicU64::new(0);
/// Lines that were to be logged and could not be, likewise.
pub(crate) static LOST_LOG_LINES: AtomicU64 = AtomicU64::new(0);

/// Counters of the whole server. Adding to one is an atomic increment.
pub(crate) struct Metrics {
    registry: Registry,
    posts: Counter,
    duplicates: Counter,
    refused: Family<Reason, Counter>,
    lagged: Counter,
    refused_connections: Counter,
    read_bytes: Counter,
    event_bytes: Counter,
    panics: Counter,
    lost_log_lines: Counter,
    online: Gauge,
    head: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    code: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("cheeper"),
            posts: Counter::default(),
            duplicates: Counter::default(),
            refused: Family::default(),
            lagged: Counter::default(),
            refused_connections: Counter::default(),
            read_bytes: Counter::default(),
            event_bytes: Counter::default(),
            panics: Counter::default(),
            lost_log_lines: Counter::default(),
            online: Gauge::default(),
            head: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("posts", "Cheeps stored", metrics.posts.clone());
        registry.register("duplicates", "Posts that had been stored before", metrics.duplicates.clone());
        registry.register(
            "refused_posts",
            "Commands refused by the timeline, or posts for coming too often",
            metrics.refused.clone(),
        );
        registry.register("lagged", "Times a reader was told that it was too slow", metrics.lagged.clone());
        registry.register(
            "refused_connections",
            "Connections turned away, the server being full",
            metrics.refused_connections.clone(),
        );
        registry.register("read_bytes", "Bytes of WebSocket frames read", metrics.read_bytes.clone());
        registry.register("event_bytes", "Bytes of live events written", metrics.event_bytes.clone());
        registry.register("panics", "Times a part of the server failed by a bug", metrics.panics.clone());
        registry.register("lost_log_lines", "Lines of the log that nobody could read", metrics.lost_log_lines.clone());
        registry.register("online", "Open WebSocket connections", metrics.online.clone());
        registry.register("head", "The newest seq", metrics.head.clone());
        metrics
    }

    /// The timeline has answered a command.
    pub(crate) fn answered(&self, outcome: &Result<Outcome, Refusal>) {
        match outcome {
            Ok(Outcome::Posted(Posted { duplicate: false, .. })) => self.posts.inc(),
            Ok(Outcome::Posted(Posted { duplicate: true, .. })) => self.duplicates.inc(),
            Ok(Outcome::Changed(_) | Outcome::Named(_)) => 0,
            Err(refusal) => self.refused.get_or_create(&Reason { code: refusal.code.as_str() }).inc(),
        };
    }

    pub(crate) fn lagged(&self) {
        self.lagged.inc();
    }

    pub(crate) fn refused_connection(&self) {
        self.refused_connections.inc();
    }

    pub(crate) fn read(&self, bytes: usize) {
        self.read_bytes.inc_by(bytes as u64);
    }

    pub(crate) fn wrote(&self, bytes: usize) {
        self.event_bytes.inc_by(bytes as u64);
    }

    /// Everything, in the OpenMetrics text form. What is counted elsewhere is given.
    pub(crate) fn text(&self, online: u64, head: u64, rate_limited: u64) -> String {
        let reason = Reason { code: Code::RateLimited.as_str() };
        self.refused.get_or_create(&reason).inner().store(rate_limited, Ordering::Relaxed);
        self.panics.inner().store(PANICS.load(Ordering::Relaxed), Ordering::Relaxed);
        self.lost_log_lines.inner().store(LOST_LOG_LINES.load(Ordering::Relaxed), Ordering::Relaxed);
        self.online.set(i64::try_from(online).unwrap_or(i64::MAX));
        self.head.set(i64::try_from(head).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes every write");
        text
    }
}
