//! When to come back after a connection ended.

use super::time::Millis;

/// First reconnect delay before jitter; it doubles with every failed attempt.
pub const BACKOFF_FIRST_MS: Millis = 500;
/// Longest reconnect delay before jitter.
pub const BACKOFF_CAP_MS: Millis = 30_000;

/// The attempts since the last `welcome`, and what the server said about coming back.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    return_within_ms: Option<Millis>,
}

impl Backoff {
    /// Only a `welcome` shows that the server can be used again; an open socket does not.
    pub(super) fn welcomed(&mut self) {
        *self = Self::default();
    }

    /// The server is about to stop and wants its clients back within this time, spread out.
    pub(super) fn goodbye(&mut self, return_within_ms: Millis) {
        self.return_within_ms = Some(return_within_ms);
    }

    /// The delay before the next attempt; `jitter`, 0 to 1, is where in the range of possible ones it lies.
    pub(super) fn next_delay(&mut self, jitter: f64) -> Millis {
        let failures = self.failures;
        self.failures = failures.saturating_add(1);
        if let Some(window) = self.return_within_ms.take() {
            return scale(window, jitter);
        }
        let longest = BACKOFF_FIRST_MS.saturating_mul(1 << failures.min(16)).min(BACKOFF_CAP_MS);
        longest / 2 + scale(longest / 2, jitter)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rough delay"
)]
fn scale(span: Millis, jitter: f64) -> Millis {
    (span as f64 * jitter.clamp(0.0, 1.0)) as Millis
}
