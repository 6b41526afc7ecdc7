//! What is counted, and how it is shown at `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use cheeper_protocol::{Code, Refusal};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{
    limits::{Limit, Limited},
    timeline::{Changed, Command, Outcome, Posted},
};

/// Panics of this process, whichever server in it they belong to.
pub(crate) static PANICS: AtomicU64 = AtomicU64::new(0);
/// Lines that were to be logged and could not be, likewise.
pub(crate) static LOST_LOG_LINES: AtomicU64 = AtomicU64::new(0);

/// Counters of the whole server. Adding to one is an atomic increment.
pub(crate) struct Metrics {
    registry: Registry,
    posts: Counter,
    edits: Counter,
    deletes: Counter,
    reactions: Counter,
    duplicates: Counter,
    refused: Family<Reason, Counter>,
    limited: Family<Reached, Counter>,
    lagged: Counter,
    refused_connections: Counter,
    read_bytes: Counter,
    event_bytes: Counter,
    panics: Counter,
    lost_log_lines: Counter,
    online: Gauge,
    head: Gauge,
    damages: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reached {
    limit: &'static str,
}

/// What a command is, to be counted by when it is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CommandKind {
    Post,
    Edit,
    Delete,
    React,
    Claim,
    /// All that hosts do; of a cheep that is removed, a delete.
    Moderate,
}

impl CommandKind {
    /// Of a command that is about to be carried out.
    pub(crate) fn of(command: &Command) -> Self {
        match command {
            Command::Post(_) => Self::Post,
            Command::Edit(_) => Self::Edit,
            Command::Delete(_) => Self::Delete,
            Command::React(_) => Self::React,
            Command::Claim(_) => Self::Claim,
            Command::Moderate(_) => Self::Moderate,
        }
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("cheeper"),
            posts: Counter::default(),
            edits: Counter::default(),
            deletes: Counter::default(),
            reactions: Counter::default(),
            duplicates: Counter::default(),
            refused: Family::default(),
            limited: Family::default(),
            lagged: Counter::default(),
            refused_connections: Counter::default(),
            read_bytes: Counter::default(),
            event_bytes: Counter::default(),
            panics: Counter::default(),
            lost_log_lines: Counter::default(),
            online: Gauge::default(),
            head: Gauge::default(),
            damages: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("posts", "Cheeps stored", metrics.posts.clone());
        registry.register("edits", "Cheeps corrected", metrics.edits.clone());
        registry.register("deletes", "Cheeps taken back", metrics.deletes.clone());
        registry.register("reactions", "Reactions made or taken back", metrics.reactions.clone());
        registry.register(
            "duplicates",
            "Posts and changes that had been stored before, or were so already",
            metrics.duplicates.clone(),
        );
        registry.register(
            "refused_posts",
            "Commands refused by the timeline, or posts for coming too often",
            metrics.refused.clone(),
        );
        registry.register("limited", "Times a limit stopped somebody", metrics.limited.clone());
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
        registry.register("damages", "What was found to be wrong with the store", metrics.damages.clone());
        metrics
    }

    /// The timeline has answered a command of this kind.
    pub(crate) fn answered(&self, kind: CommandKind, outcome: &Result<Outcome, Refusal>) {
        let duplicate = match outcome {
            Ok(Outcome::Posted(Posted { duplicate, .. }) | Outcome::Changed(Changed { duplicate, .. })) => *duplicate,
            Ok(Outcome::Named(_) | Outcome::Moderated(_)) => return,
            Err(refusal) => {
                self.refused.get_or_create(&Reason { code: refusal.code.as_str() }).inc();
                return;
            }
        };
        match kind {
            _ if duplicate => self.duplicates.inc(),
            CommandKind::Post => self.posts.inc(),
            CommandKind::Edit => self.edits.inc(),
            CommandKind::Delete | CommandKind::Moderate => self.deletes.inc(),
            CommandKind::React => self.reactions.inc(),
            CommandKind::Claim => 0,
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
    pub(crate) fn text(&self, online: u64, head: u64, damages: u64, limited: &Limited) -> String {
        for (limit, name) in Limit::ALL {
            let counter = self.limited.get_or_create(&Reached { limit: name });
            counter.inner().store(limited.count(limit), Ordering::Relaxed);
        }
        let rate_limited = limited.count(Limit::Posts) + limited.count(Limit::Reactions);
        let reason = Reason { code: Code::RateLimited.as_str() };
        self.refused.get_or_create(&reason).inner().store(rate_limited, Ordering::Relaxed);
        self.panics.inner().store(PANICS.load(Ordering::Relaxed), Ordering::Relaxed);
        self.lost_log_lines.inner().store(LOST_LOG_LINES.load(Ordering::Relaxed), Ordering::Relaxed);
        self.online.set(i64::try_from(online).unwrap_or(i64::MAX));
        self.head.set(i64::try_from(head).unwrap_or(i64::MAX));
        self.damages.set(i64::try_from(damages).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes every write");
        text
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::testkit::{cheep, name};

    use super::*;
    use crate::timeline::Named;

    #[test]
    fn each_kind_of_change_is_counted_once() {
        let metrics = Metrics::new();
        let posted = |duplicate| Ok(Outcome::Posted(Posted { cheep: cheep(1, "hi"), duplicate }));
        let changed = |duplicate| {
            let cheep = cheep(1, "hi");
            Ok(Outcome::Changed(Changed { seq: cheep.seq, at: cheep.at, cheep, duplicate }))
        };
        for _ in 0..2 {
            metrics.answered(CommandKind::Post, &posted(false));
        }
        metrics.answered(CommandKind::Post, &posted(true));
        for (kind, times) in [(CommandKind::Edit, 3), (CommandKind::Delete, 4), (CommandKind::React, 5)] {
            (0..times).for_each(|_| metrics.answered(kind, &changed(false)));
            metrics.answered(kind, &changed(true));
            metrics.answered(kind, &Err(Code::Gone.into()));
        }
        metrics.answered(CommandKind::Claim, &Ok(Outcome::Named(Named { name: name("alice"), claimed: true })));
        let text = metrics.text(0, 0, 0, &Limited::default());
        for line in [
            "cheeper_posts_total 2",
            "cheeper_edits_total 3",
            "cheeper_deletes_total 4",
            "cheeper_reactions_total 5",
            "cheeper_duplicates_total 4",
            "cheeper_refused_posts_total{code=\"gone\"} 3",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
        }
    }
}
