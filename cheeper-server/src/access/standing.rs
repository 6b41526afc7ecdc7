//! The links and sessions that stand, for all threads: the timeline's own tells of changes, all others ask.

use std::sync::{
    PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use cheeper_protocol::{Role, Timestamp};

use super::{
    principal::Grant,
    registry::{Opened, Registry},
    token::TokenHash,
};
use crate::timeline::AccessChange;

/// Wakes somebody who has to see to it that those are out who may not be in any more.
pub(crate) type WakeUp = Box<dyn Fn() + Send + Sync>;

/// See the module.
#[derive(Default)]
pub(crate) struct Standing {
    registry: RwLock<Registry>,
    /// Counts the times that somebody who was in is out, so that to know of none costs a look at a number.
    revision: AtomicU64,
    /// When the next link ends by itself, in milliseconds of Unix time; 0: none does.
    next_end_ms: AtomicI64,
    wake_ups: RwLock<Vec<WakeUp>>,
}

impl Standing {
    /// Takes in what has changed. Who asks from now on goes by it.
    pub(crate) fn apply(&self, changes: &[AccessChange]) {
        let mut registry = self.write();
        let ends = registry.apply(changes);
        self.note(registry, ends);
    }

    /// Ends the links whose time has come. To be called about once a second.
    pub(crate) fn expire(&self, now: Timestamp) {
        let next = self.next_end_ms.load(Ordering::Relaxed);
        if next != 0 && now.as_millisecond() >= next {
            let mut registry = self.write();
            let ends = registry.expire(now);
            self.note(registry, ends);
        }
    }

    /// Changes whenever somebody who was in is out.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Has somebody woken whenever it does.
    pub(crate) fn wake_with(&self, wake_up: WakeUp) {
        self.wake_ups.write().unwrap_or_else(PoisonError::into_inner).push(wake_up);
    }

    /// Whether somebody who was let in still may be.
    pub(crate) fn stands(&self, grant: &Grant) -> bool {
        grant.link.is_none_or(|link| self.read().stands(link, grant.person))
    }

    pub(super) fn find(&self, token: &TokenHash, now: Timestamp) -> Option<(Opened, Role, Option<Timestamp>)> {
        self.read().find(token, now).map(|(opened, link)| (opened, link.role, link.ends_at))
    }

    fn note(&self, registry: RwLockWriteGuard<Registry>, ends: bool) {
        // Noted before another change is let in, which would know of a later one.
        let next = registry.next_end().map_or(0, Timestamp::as_millisecond);
        self.next_end_ms.store(next, Ordering::Relaxed);
        drop(registry);
        if ends {
            self.revision.fetch_add(1, Ordering::AcqRel);
            self.wake_ups.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(|wake_up| wake_up());
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().unwrap_or_else(PoisonError::into_inner)
    }
}
