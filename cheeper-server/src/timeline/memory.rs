//! The naive engine: the log in plain lists and maps, on no disk. Tests hold every other engine against it; it is for them
//! and for benches, as nothing of it outlives the process.

use std::{
    collections::HashMap,
    convert::Infallible,
    io, iter,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cheeper_protocol::{
    Cheep, CheepText, Code, Emoji, Event, FoldedName, Name, Reaction, Refusal, RequestId, Search, Seq, Thread,
    Timestamp,
    limits::{PAGE, PAGE_BYTES, REACTION_NAMES, THREAD_ANCESTORS},
};

use super::{
    Answer, Command, Damage, Engine, Outcome, Part, Prepared, Publish, Read, Timeline, Trouble, bytes_of, now,
    rules::{self, Asked, Change, Decision, Earlier, Fingerprint, Holder, State},
    search,
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
    /// As they are given out now.
    events: Vec<Event>,
    /// When each came in.
    times: Vec<Timestamp>,
    holders: HashMap<FoldedName, Holder>,
    requests: HashMap<(FoldedName, RequestId), Request>,
    /// Who reacts, in the order in which they did.
    reactors: Vec<Reactor>,
    /// The deleted cheeps, each with the event that deleted it.
    deletions: HashMap<Seq, Seq>,
}

/// What a name asked for under an id.
#[derive(Clone)]
struct Request {
    event: Seq,
    cheep: Seq,
    asked: Asked,
}

/// Somebody who reacts to a cheep.
#[derive(Clone)]
struct Reactor {
    cheep: Seq,
    emoji: Emoji,
    folded: FoldedName,
    name: Name,
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
        let event = match change {
            None => None,
            Some(Change::Claim { name, holder }) => {
                self.holders.insert(name.clone(), holder);
                None
            }
            Some(Change::Event { event, author, changed }) => {
                self.take(&event, author, changed);
                Some(event)
            }
        };
        (outcome, event)
    }

    fn take(&mut self, event: &Event, author: &FoldedName, changed: Vec<Cheep>) {
        for earlier in &mut self.events {
            if rules::makes_void(event, earlier) {
                *earlier = Event::Void { seq: earlier.seq() };
            }
        }
        for cheep in changed {
            let at = index(cheep.seq);
            self.events[at] = Event::Cheep(cheep);
        }
        self.take_reactors(event, author);
        if let Some((id, request)) = self.request(event) {
            self.requests.insert((author.clone(), id), request);
        }
        self.events.push(event.clone());
        self.times.push(time(event));
    }

    fn take_reactors(&mut self, event: &Event, author: &FoldedName) {
        match event {
            Event::Reaction(Reaction { target, emoji, name, on: true, .. }) => self.reactors.push(Reactor {
                cheep: *target,
                emoji: emoji.clone(),
                folded: author.clone(),
                name: name.clone(),
            }),
            Event::Reaction(gone) => self.reactors.retain(|reactor| {
                (reactor.cheep, &reactor.emoji, &reactor.folded) != (gone.target, &gone.emoji, author)
            }),
            Event::Delete(delete) => {
                self.reactors.retain(|reactor| reactor.cheep != delete.target);
                self.deletions.insert(delete.target, delete.seq);
            }
            Event::Cheep(_) | Event::Edit(_) | Event::Void { .. } | Event::Unknown { .. } => {}
        }
    }

    /// What stands under the id of a request from now on. Texts are always told by their fingerprints here.
    fn request(&self, event: &Event) -> Option<(RequestId, Request)> {
        let (cheep, id, asked) = match event {
            Event::Cheep(cheep) => {
                (cheep.seq, &cheep.id, Asked::Post { superseded: Some(self.fingerprint(&cheep.cheep)) })
            }
            Event::Edit(edit) => {
                (edit.target, &edit.id, Asked::Edit { superseded: Some(self.fingerprint(&edit.cheep)) })
            }
            Event::Delete(delete) => (delete.target, &delete.id, Asked::Delete),
            Event::Reaction(Reaction { target, emoji, on, id, .. }) => {
                (*target, id, Asked::React(Some((emoji.clone(), *on))))
            }
            Event::Void { .. } | Event::Unknown { .. } => return None,
        };
        Some((id.clone()?, Request { event: event.seq(), cheep, asked }))
    }

    fn part(&self, read: &Read) -> Result<Part, Refusal> {
        match *read {
            Read::Events { first, last } => {
                let wanted: Vec<_> = self.events.iter().filter(|event| (first..=last).contains(&event.seq())).collect();
                let events = until(PAGE_BYTES, wanted.iter().copied());
                Ok(Part { more_before: false, more_after: events.len() < wanted.len(), last, events })
            }
            Read::Cheeps { pivot, back, forth, last } => {
                let cheeps = self.events.iter().filter(|event| event.as_cheep().is_some() && event.seq() <= last);
                let (before, after): (Vec<_>, Vec<_>) = cheeps.partition(|event| event.seq() <= pivot);
                let mut events = until(PAGE_BYTES, before.iter().rev().take(back).copied());
                let more_before = events.len() < before.len();
                events.reverse();
                let forth = until(PAGE_BYTES, after.iter().take(forth).copied());
                let more_after = forth.len() < after.len();
                events.extend(forth);
                Ok(Part { events, more_before, more_after, last })
            }
            Read::Thread { thread, last } => self.thread(thread, last),
            Read::Search { ref search, last } => self.search(search, last),
        }
    }

    fn thread(&self, thread: Thread, last: Seq) -> Result<Part, Refusal> {
        let parent = |seq: Seq| self.event(seq).and_then(Event::as_cheep).and_then(|cheep| cheep.reply_to);
        let lineage = |seq| iter::successors(Some(seq), |seq| parent(*seq));
        if thread.seq > last || self.event(thread.seq).and_then(Event::as_cheep).is_none() {
            return Err(Refusal::from(Code::NotFound).in_field("seq"));
        }
        let above: Vec<_> = lineage(thread.seq).skip(1).take(THREAD_ANCESTORS).collect();
        let cheeps = self.events.iter().filter(|event| event.as_cheep().is_some() && event.seq() <= last);
        let of_it =
            cheeps.filter(|event| above.contains(&event.seq()) || lineage(event.seq()).any(|seq| seq == thread.seq));
        let wanted: Vec<_> = of_it.filter(|event| thread.after.is_none_or(|after| event.seq() > after)).collect();
        let events = until(PAGE_BYTES, wanted.iter().take(PAGE).copied());
        Ok(Part { more_before: false, more_after: events.len() < wanted.len(), last, events })
    }

    fn search(&self, wanted: &Search, last: Seq) -> Result<Part, Refusal> {
        let hits = search::scan(&self.events, wanted, last)?;
        let mut events = until(PAGE_BYTES, hits.iter().take(wanted.limit.min(PAGE)).copied());
        let more_before = events.len() < hits.len();
        events.reverse();
        Ok(Part { events, more_before, more_after: false, last })
    }

    fn event(&self, seq: Seq) -> Option<&Event> {
        self.events.get(index(seq))
    }

    /// The cheep at a place where there is one.
    fn present(&self, seq: Seq) -> Cheep {
        self.event(seq).and_then(Event::as_cheep).expect("nothing is asked for that is no cheep").clone()
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

    fn cheep(&self, seq: Seq) -> Result<Option<Cheep>, Infallible> {
        Ok(self.event(seq).and_then(Event::as_cheep).cloned())
    }

    fn earlier(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, Infallible> {
        let Some(Request { event, cheep, asked }) = self.requests.get(&(name.clone(), id.clone())).cloned() else {
            return Ok(None);
        };
        let cheep = self.present(cheep);
        let asked = if cheep.is_deleted() && matches!(asked, Asked::React(_)) { Asked::React(None) } else { asked };
        Ok(Some(Earlier { seq: event, at: self.times[index(event)], cheep, asked }))
    }

    fn time(&self, seq: Seq) -> Result<Timestamp, Infallible> {
        Ok(self.times[index(seq)])
    }

    fn deletion(&self, cheep: Seq) -> Result<Seq, Infallible> {
        Ok(self.deletions[&cheep])
    }

    fn reactor(&self, cheep: Seq, emoji: &Emoji, name: &FoldedName) -> Result<Option<Name>, Infallible> {
        let is_it = |reactor: &&Reactor| (reactor.cheep, &reactor.emoji, &reactor.folded) == (cheep, emoji, name);
        Ok(self.reactors.iter().find(is_it).map(|reactor| reactor.name.clone()))
    }

    fn first_unlisted(&self, cheep: Seq, emoji: &Emoji) -> Result<Option<Name>, Infallible> {
        let of_it = self.reactors.iter().filter(|reactor| (reactor.cheep, &reactor.emoji) == (cheep, emoji));
        Ok(of_it.skip(REACTION_NAMES).map(|reactor| reactor.name.clone()).next())
    }

    fn fingerprint(&self, text: &CheepText) -> Fingerprint {
        rules::fingerprint(&KEY, text)
    }
}

/// Where an event stands in the list. The first has seq 1, and none has 0.
fn index(seq: Seq) -> usize {
    usize::try_from(seq.get()).unwrap_or(usize::MAX).wrapping_sub(1)
}

fn time(event: &Event) -> Timestamp {
    match event {
        Event::Cheep(cheep) => cheep.at,
        Event::Edit(edit) => edit.at,
        Event::Delete(delete) => delete.at,
        Event::Reaction(reaction) => reaction.at,
        Event::Void { .. } | Event::Unknown { .. } => Timestamp::UNIX_EPOCH,
    }
}

/// Events until they have `bytes`.
fn until<'a>(bytes: usize, events: impl Iterator<Item = &'a Event>) -> Vec<Event> {
    let mut taken = 0;
    let not_enough = |event: &&Event| {
        let go_on = taken < bytes;
        taken += bytes_of(event);
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
