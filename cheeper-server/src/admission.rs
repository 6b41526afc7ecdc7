//! How many may be connected at once: every client connection, of whatever kind, has a permit.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets one connection in; it is given back when the last part of the server that works for that connection drops it.
pub(crate) type Permit = Arc<OwnedSemaphorePermit>;

/// The permits there are.
#[derive(Clone)]
pub(crate) struct ConnectionLimit(Arc<Semaphore>);

impl ConnectionLimit {
    pub(crate) fn new(connections: usize) -> Self {
        Self(Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))))
    }

    /// A permit, if there is one.
    pub(crate) fn acquire(&self) -> Option<Permit> {
        self.0.clone().try_acquire_owned().ok().map(Arc::new)
    }
}
