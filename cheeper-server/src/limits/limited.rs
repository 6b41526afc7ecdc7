//! The names of the limits, and how often each has stopped somebody.

use std::sync::atomic::{AtomicU64, Ordering};

/// A limit, as `/metrics` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Connections at once, in all.
    Connections,
    /// Connections at once from one address.
    ConnectionsPerAddress,
    /// New connections a second, from one address or in all.
    NewConnections,
    /// Seconds in which a new connection may say nothing.
    Silence,
    /// Seconds that a request's head may take.
    HeadTime,
    /// Bytes of a request's head.
    HeadSize,
    /// Seconds until a request has its answer, which count its body.
    RequestTime,
    /// Requests under way over HTTP.
    Requests,
    /// Frames a second from one connection. Who is over it is not refused but read more slowly.
    Frames,
    /// KiB a second from one connection, likewise.
    Bytes,
    /// Pages, and lists of who is here.
    Pages,
    /// Posts, edits and deletes.
    Posts,
    /// Reactions.
    Reactions,
    /// Uses of a name that needs no secret.
    Names,
    /// Claims of names.
    Claims,
    /// Secrets that were shown.
    Secrets,
    /// Tokens that let nobody in.
    Tokens,
    /// Sessions that were opened by links.
    Sessions,
}

impl Limit {
    /// All of them, and what each is called.
    pub const ALL: [(Self, &str); 18] = [
        (Self::Connections, "connections"),
        (Self::ConnectionsPerAddress, "connections_per_address"),
        (Self::NewConnections, "new_connections"),
        (Self::Silence, "silence"),
        (Self::HeadTime, "head_time"),
        (Self::HeadSize, "head_size"),
        (Self::RequestTime, "request_time"),
        (Self::Requests, "requests"),
        (Self::Frames, "frames"),
        (Self::Bytes, "bytes"),
        (Self::Pages, "pages"),
        (Self::Posts, "posts"),
        (Self::Reactions, "reactions"),
        (Self::Names, "names"),
        (Self::Claims, "claims"),
        (Self::Secrets, "secrets"),
        (Self::Tokens, "tokens"),
        (Self::Sessions, "sessions"),
    ];
}

/// Counts what was stopped, limit by limit.
#[derive(Debug, Default)]
pub struct Limited([AtomicU64; Limit::ALL.len()]);

impl Limited {
    /// It has stopped somebody once more.
    pub fn note(&self, limit: Limit) {
        self.0[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has.
    pub fn count(&self, limit: Limit) -> u64 {
        self.0[limit as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_limit_has_a_counter_and_a_name_of_its_own() {
        let limited = Limited::default();
        for (nth, (limit, _)) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(limit as usize, nth);
            limited.note(limit);
        }
        assert!(Limit::ALL.iter().all(|(limit, _)| limited.count(*limit) == 1));
        let names: BTreeSet<&str> = Limit::ALL.iter().map(|(_, name)| *name).collect();
        assert_eq!(names.len(), Limit::ALL.len());
    }
}
