//! How long a client waits for what.

/// A moment or a span, in milliseconds; moments count from wherever the caller's clock starts.
pub type Millis = u64;

/// How long a connection may take until its `welcome`.
pub const CONNECT_TIMEOUT_MS: Millis = 10_000;
/// Silence after which a `ping` asks whether the server is there. It says `online` every 30 s by itself.
pub const QUIET_MS: Millis = 40_000;
/// How long that `ping` may stay unanswered.
pub const PONG_TIMEOUT_MS: Millis = 10_000;
/// How long a refused request waits when the server named no time of its own.
pub const RETRY_MS: Millis = 2_000;
