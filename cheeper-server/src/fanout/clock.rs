//! The time that a shard goes by.

use std::time::{Duration, Instant};

/// More than this between two looks at the clock was not ours: the process was stopped, or got no processor. The shard looks
/// once a second at least.
const LONGEST_STEP: Duration = Duration::from_secs(3);

/// Counts the time that the shard was there to listen. A process that stood still for a minute would else take everybody for
/// gone who had no chance to be heard.
pub(super) struct Clock {
    looked_at: Instant,
    passed: Duration,
}

impl Clock {
    pub(super) fn start(now: Instant) -> Self {
        Self { looked_at: now, passed: Duration::ZERO }
    }

    /// Whole seconds since the start.
    pub(super) fn seconds(&mut self, now: Instant) -> u32 {
        self.passed += now.saturating_duration_since(self.looked_at).min(LONGEST_STEP);
        self.looked_at = now;
        u32::try_from(self.passed.as_secs()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_it_stood_still_does_not_count() {
        let began = Instant::now();
        let mut clock = Clock::start(began);
        let at = |millis: u64| began + Duration::from_millis(millis);
        assert_eq!(clock.seconds(at(900)), 0);
        assert_eq!(clock.seconds(at(1900)), 1);
        assert_eq!(clock.seconds(at(61_900)), 4, "a minute is a few seconds");
        assert_eq!(clock.seconds(at(62_900)), 5);
    }
}
