//! What the routes work with.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::admission::AllowedOrigins;
use crate::{
    conversation::request::Rules,
    fanout::{Fanout, presence::Presence},
    feed::Feed,
    metrics::Metrics,
    timeline::Timeline,
};

/// What the routes work with.
pub(crate) struct Site {
    pub(crate) timeline: Arc<dyn Timeline>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) presence: Arc<Presence>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) origins: AllowedOrigins,
    /// Apart from the feed, so that a new event wakes nobody who only waits for the end.
    pub(crate) stopping: CancellationToken,
}
