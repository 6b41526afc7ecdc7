//! The time as the model counts it, and whether the machine slept.

use std::time::{Duration, SystemTime};

use cheeper_protocol::follow::Millis;
use tokio::time::Instant;

/// The wall clock may run so much ahead before it counts as sleep; it is also set now and then.
const ASLEEP: Duration = Duration::from_secs(5);

pub(crate) struct Clock {
    began: Instant,
    last: (Instant, SystemTime),
}

impl Clock {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { began: now, last: (now, SystemTime::now()) }
    }

    pub(crate) fn now(&self) -> Millis {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn instant(&self, at: Millis) -> Instant {
        self.began.checked_add(Duration::from_millis(at)).unwrap_or_else(Self::never)
    }

    pub(crate) fn never() -> Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        Instant::now() + YEAR
    }

    /// Whether the wall clock went on since the last time without this process's own: then connections may be dead.
    pub(crate) fn was_asleep(&mut self) -> bool {
        let now = (Instant::now(), SystemTime::now());
        let (own, wall) = (now.0 - self.last.0, now.1.duration_since(self.last.1).unwrap_or_default());
        self.last = now;
        wall > own + ASLEEP
    }
}
