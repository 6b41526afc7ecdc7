//! The naive engine: the log in plain lists and maps, on no disk. Tests hold every other engine against it; it is for them
//! and for benches, as nothing of it outlives the process.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cheeper_protocol::{Cheep, Code, Event, FoldedName, Refusal, RequestId, Seq, limits::PAGE_BYTES};

use super::{
    Answer, Command, Engine, Outcome, Part, Prepared, Publish, Read, Timeline, Trouble, now,
    rules::{self, Change, Decision, Holder, State},
};

/// It keeps nothing that is worth a key of its own.
const KEY: [u8; 32] = [0; 32];

/// A log in memory. A clone is the same log, so that one can be opened again after its timeline was closed or dropped.
#[derive(Clone)]
pub struct Memory {
    id: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Clone, Default)]
struct Log {
    events: Vec<Event>,
    posts: HashMap<(FoldedName, RequestId), Cheep>,
    holders: HashMap<FoldedName, Holder>,
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
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut newest = until(bytes, lock(&self.log).events.iter().rev().take(count));
        newest.reverse();
        Ok(newest)
    }

    fn start(self, publish: Publish) -> Result<impl Timeline + 'static, Infallible> {
        Ok(Running { memory: self, publish: Mutex::new(Some(publish)) })
    }
}

/// A log in memory at work. It answers at once, on the thread that asks.
struct Running {
    memory: Memory,
    /// Whoever holds it may change the log, so that events are published in order; nobody can once it is closed.
    publish: Mutex<Option<Publish>>,
}

impl Timeline for Running {
    fn id(&self) -> &str {
        &self.memory.id
    }

    fn trouble(&self) -> Option<Trouble> {
        None
    }

    fn submit(&self, command: Command, answer: Answer<Outcome>) {
        let command = command.prepare(&KEY);
        let outcome = match &mut *lock(&self.publish) {
            None => Err(command.not_stored()),
            Some(publish) => {
                let (outcome, event) = lock(&self.memory.log).carry_out(&command);
                if let Some(event) = event {
                    publish(&[event]);
                }
                outcome
            }
        };
        answer(outcome);
    }

    fn read(&self, read: Read, answer: Answer<Part>) {
        let part = match &*lock(&self.publish) {
            None => Err(Refusal::from(Code::Internal)),
            Some(_) => lock(&self.memory.log).part(&read),
        };
        answer(part);
    }

    fn close(&self) -> io::Result<()> {
        lock(&self.publish).take();
        Ok(())
    }
}

impl Log {
    fn carry_out(&mut self, command: &Prepared) -> (Result<Outcome, Refusal>, Option<Event>) {
        let Ok(Decision { outcome, change }) = rules::decide(command, now(), self);
        (outcome, change.and_then(|change| self.make(change)))
    }

    fn part(&self, read: &Read) -> Result<Part, Refusal> {
        match *read {
            Read::Events { first, last } => {
                let wanted: Vec<_> = self.events.iter().filter(|event| (first..=last).contains(&event.seq())).collect();
                let events = until(PAGE_BYTES, wanted.iter().copied());
                Ok(Part { more_before: false, more_after: events.len() < wanted.len(), last, events })
            }
            Read::Cheeps { pivot, back, forth, last } => {
                let cheeps = self.events.iter().filter(|event| event.seq() <= last);
                let (before, after): (Vec<_>, Vec<_>) = cheeps.partition(|event| event.seq() <= pivot);
                let mut events = until(PAGE_BYTES, before.iter().rev().take(back).copied());
                let more_before = events.len() < before.len();
                events.reverse();
                let forth = until(PAGE_BYTES, after.iter().take(forth).copied());
                let more_after = forth.len() < after.len();
                events.extend(forth);
                Ok(Part { events, more_before, more_after, last })
            }
            Read::Thread { .. } | Read::Search { .. } => Err(Refusal::from(Code::Internal)),
        }
    }

    fn make(&mut self, change: Change) -> Option<Event> {
        match change {
            Change::Cheep { cheep, author } => {
                if let Some(id) = &cheep.id {
                    self.posts.insert((author.clone(), id.clone()), cheep.clone());
                }
                let event = Event::Cheep(cheep);
                self.events.push(event.clone());
                Some(event)
            }
            Change::Claim { name, holder } => {
                self.holders.insert(name.clone(), holder);
                None
            }
        }
    }
}

impl State for Log {
    type Error = Infallible;

    fn head(&self) -> Seq {
        self.events.last().map_or(Seq::ZERO, Event::seq)
    }

    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, Infallible> {
        Ok(self.holders.get(name).cloned())
    }

    fn posted(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Cheep>, Infallible> {
        Ok(self.posts.get(&(name.clone(), id.clone())).cloned())
    }
}

/// Events until their texts have `bytes`.
fn until<'a>(bytes: usize, events: impl Iterator<Item = &'a Event>) -> Vec<Event> {
    let mut taken = 0;
    let not_enough = |event: &&Event| {
        let go_on = taken < bytes;
        if let Event::Cheep(cheep) = event {
            taken += cheep.cheep.as_str().len();
        }
        go_on
    };
    events.take_while(not_enough).cloned().collect()
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
