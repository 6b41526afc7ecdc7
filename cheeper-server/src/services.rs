//! What the parts that serve clients have in common, over WebSocket and over HTTP.

use std::sync::Arc;

use crate::{
    conversation::request::Rules, feed::Feed, memory::MemoryBudget, metrics::Metrics, presence::Presence,
    timeline::Timeline,
};

/// One of each, for the whole server.
pub(crate) struct Services {
    pub(crate) timeline: Arc<dyn Timeline>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) rules: Rules,
    pub(crate) presence: Presence,
    pub(crate) metrics: Metrics,
    pub(crate) memory: Arc<MemoryBudget>,
}
