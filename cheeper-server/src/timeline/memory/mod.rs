//! The naive engine: the log in plain lists and maps, on no disk. Tests hold every other engine against it; it is for them
//! and for benches, as nothing of it outlives the process.

mod log;
mod order;
mod part;
mod state;

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cheeper_protocol::{AuditQuery, Code, Event, Refusal, Seq};

use self::log::{KEY, Log, Taken};
use super::{
    AccessChange, Admit, Answer, Audit, Command, Damage, Engine, Outcome, Part, Publish, Read, Timeline, Trouble,
    rules::State as _,
};

/// A log in memory. A clone is the same log, so that one can be opened again after its timeline was closed or dropped.
#[derive(Clone)]
pub struct Memory {
    id: String,
    log: Arc<Mutex<Log>>,
}

impl Memory {
    /// An empty log.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), log: Arc::default() }
    }

    /// Another log with what this one holds now: what a process that is killed at this moment leaves behind.
    #[must_use]
    pub fn image(&self) -> Self {
        let log = lock(&self.log).clone();
        Self { id: self.id.clone(), log: Arc::new(Mutex::new(log)) }
    }
}

impl Engine for Memory {
    type Error = Infallible;

    fn head(&self) -> Seq {
        lock(&self.log).head()
    }

    fn newest(&self, count: u64, bytes: usize) -> Result<Vec<Event>, Infallible> {
        Ok(lock(&self.log).newest(count, bytes))
    }

    fn access(&self) -> Result<Vec<AccessChange>, Infallible> {
        Ok(lock(&self.log).order.access())
    }

    fn start(self, publish: Publish, admit: Admit) -> Result<impl Timeline + 'static, Infallible> {
        Ok(Running { memory: self, listeners: Mutex::new(Some((publish, admit))) })
    }
}

/// A log in memory at work. It answers at once, on the thread that asks.
struct Running {
    memory: Memory,
    /// Whoever holds them may change the log, so that events are published in order; nobody can once it is closed.
    listeners: Mutex<Option<(Publish, Admit)>>,
}

impl Timeline for Running {
    fn id(&self) -> &str {
        &self.memory.id
    }

    fn key(&self, purpose: &'static str) -> [u8; 32] {
        blake3::derive_key(purpose, &KEY)
    }

    fn trouble(&self) -> Option<Trouble> {
        None
    }

    fn damage(&self) -> Option<Damage> {
        None
    }

    fn submit(&self, command: Command, answer: Answer<Outcome>) {
        let command = command.prepare(&KEY);
        let outcome = match &mut *lock(&self.listeners) {
            None => Err(command.not_stored()),
            Some((publish, admit)) => {
                let Taken { outcome, events, access } = lock(&self.memory.log).carry_out(&command);
                if !events.is_empty() {
                    publish(&events);
                }
                if !access.is_empty() {
                    admit(&access);
                }
                outcome
            }
        };
        answer(outcome);
    }

    fn read(&self, read: Read, answer: Answer<Part>) {
        let part = match &*lock(&self.listeners) {
            None => Err(Refusal::from(Code::Internal)),
            Some(_) => lock(&self.memory.log).part(&read),
        };
        answer(part);
    }

    fn audit(&self, query: AuditQuery, answer: Answer<Audit>) {
        let entries = match &*lock(&self.listeners) {
            None => Err(Refusal::from(Code::Internal)),
            Some(_) => Ok(lock(&self.memory.log).order.audit(query)),
        };
        answer(entries);
    }

    fn close(&self) -> io::Result<()> {
        lock(&self.listeners).take();
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::contract::{Site, contract};

    impl Site for Memory {
        type Engine = Self;

        fn new() -> Self {
            Self::new("memory")
        }

        fn open(&self) -> Self {
            self.clone()
        }

        fn image(&self) -> Self {
            self.image()
        }
    }

    contract!(Memory);
}
