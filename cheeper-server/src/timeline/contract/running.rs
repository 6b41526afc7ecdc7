//! A log at work, of any engine, and all that can be heard of it.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, mpsc},
};

use cheeper_protocol::{
    AuditQuery, Cheep, Code, Delete, Edit, Entry, Event, Reaction, Refusal, Seq, Timestamp, limits::SEQ_MAX,
};

use crate::timeline::{AccessChange, Changed, Command, Engine, Outcome, Part, Posted, Read, Timeline};

/// A place where a log of some engine lies.
pub(in crate::timeline) trait Site: Sized + Send + Sync + 'static {
    /// The engine.
    type Engine: Engine<Error: Debug>;

    /// One that nobody has used.
    fn new() -> Self;

    /// Opens the log.
    fn open(&self) -> Self::Engine;

    /// Another place with what is left of this one if the process is killed now.
    fn image(&self) -> Self;
}

impl Answered {
    /// Which event came of it, when, and whether that was there before; none if none did.
    pub(super) fn event(&self) -> Option<(Seq, Timestamp, bool)> {
        match &self.outcome {
            Ok(Outcome::Posted(Posted { cheep, duplicate })) => Some((cheep.seq, cheep.at, *duplicate)),
            Ok(Outcome::Changed(Changed { seq, at, duplicate, .. })) => Some((*seq, *at, *duplicate)),
            Ok(Outcome::Named(_) | Outcome::Moderated(_)) | Err(_) => None,
        }
    }
}

/// A log at work.
pub(super) struct Running {
    pub(super) timeline: Box<dyn Timeline>,
    /// The newest event when it was opened.
    opened_at: Seq,
    published: Arc<Mutex<Vec<Event>>>,
    admitted: Arc<Mutex<Vec<AccessChange>>>,
}

/// An answer.
pub(super) struct Answered {
    pub(super) outcome: Result<Outcome, Refusal>,
    /// The newest event that had been published when it came.
    pub(super) newest: Seq,
    /// What had been told of who may come in.
    pub(super) admitted: Vec<AccessChange>,
}

impl Running {
    pub(super) fn start(engine: impl Engine<Error: Debug>) -> Self {
        Self::watched(engine, |_| {})
    }

    /// Calls `on_publish` with all that was published so far whenever something is, from where it is published.
    pub(super) fn watched(
        engine: impl Engine<Error: Debug>,
        mut on_publish: impl FnMut(&[Event]) + Send + 'static,
    ) -> Self {
        let (opened_at, published) = (engine.head(), Arc::new(Mutex::new(Vec::new())));
        let heard = published.clone();
        let publish = Box::new(move |events: &[Event]| {
            let mut heard = heard.lock().unwrap();
            heard.extend_from_slice(events);
            on_publish(&heard);
        });
        let admitted = Arc::<Mutex<Vec<AccessChange>>>::default();
        let heard = admitted.clone();
        let admit = Box::new(move |changes: &[AccessChange]| heard.lock().unwrap().extend_from_slice(changes));
        Self { timeline: Box::new(engine.start(publish, admit).unwrap()), opened_at, published, admitted }
    }

    /// Hands a command in; its answer comes to `answers`, with its number.
    pub(super) fn submit(&self, number: usize, command: Command, answers: &mpsc::Sender<(usize, Answered)>) {
        let (answers, published, opened_at) = (answers.clone(), self.published.clone(), self.opened_at);
        let admitted = self.admitted.clone();
        let answer = move |outcome| {
            let newest = published.lock().unwrap().last().map_or(opened_at, Event::seq);
            // Whoever asked may not want to know any more.
            let admitted = admitted.lock().unwrap().clone();
            drop(answers.send((number, Answered { outcome, newest, admitted })));
        };
        self.timeline.submit(command, Box::new(answer));
    }

    /// Hands all commands in at once and waits for their answers, which are in the order of the commands.
    pub(super) fn carry_out(&self, commands: Vec<Command>) -> Vec<Answered> {
        let (sender, receiver) = mpsc::channel();
        for (number, command) in commands.into_iter().enumerate() {
            self.submit(number, command, &sender);
        }
        drop(sender);
        let mut answers: Vec<_> = receiver.iter().collect();
        answers.sort_by_key(|(number, _)| *number);
        answers.into_iter().map(|(_, answered)| answered).collect()
    }

    pub(super) fn read(&self, read: Read) -> Result<Part, Refusal> {
        let (sender, receiver) = mpsc::channel();
        self.timeline.read(read, Box::new(move |events| sender.send(events).unwrap()));
        receiver.recv().unwrap()
    }

    pub(super) fn audit(&self, query: AuditQuery) -> (Vec<Entry>, bool) {
        let (sender, receiver) = mpsc::channel();
        self.timeline.audit(query, Box::new(move |entries| sender.send(entries).unwrap()));
        let (mut entries, more) = receiver.recv().unwrap().unwrap();
        for entry in &mut entries {
            entry.at = Timestamp::UNIX_EPOCH;
        }
        (entries, more)
    }

    /// What was told of who may come in since it was opened.
    pub(super) fn admitted(&self) -> Vec<AccessChange> {
        self.admitted.lock().unwrap().clone()
    }

    /// The whole log, which must be no longer than a page.
    pub(super) fn log(&self) -> Vec<Event> {
        self.read(Read::Events { first: Seq::ZERO, last: Seq::new(SEQ_MAX).unwrap() }).unwrap().events
    }

    /// All cheeps, which must be no more than a page.
    pub(super) fn cheeps(&self) -> Vec<Event> {
        let (last, back) = (Seq::new(SEQ_MAX).unwrap(), usize::MAX);
        self.read(Read::Cheeps { pivot: last, back, forth: 0, last }).unwrap().events
    }

    /// What was published since it was opened.
    pub(super) fn published(&self) -> Vec<Event> {
        self.published.lock().unwrap().clone()
    }
}

/// Events without their times, in which no two logs agree.
pub(super) fn timeless(mut events: Vec<Event>) -> Vec<Event> {
    for event in &mut events {
        match event {
            Event::Cheep(cheep) => forget_times(cheep),
            Event::Edit(Edit { at, .. }) | Event::Delete(Delete { at, .. }) | Event::Reaction(Reaction { at, .. }) => {
                *at = Timestamp::UNIX_EPOCH;
            }
            Event::Void { .. } | Event::Unknown { .. } => {}
        }
    }
    events
}

fn forget_times(cheep: &mut Cheep) {
    cheep.at = Timestamp::UNIX_EPOCH;
    cheep.state.edited_at = cheep.state.edited_at.map(|_| Timestamp::UNIX_EPOCH);
}

/// An outcome without its times.
pub(super) fn timeless_outcome(outcome: &Result<Outcome, Refusal>) -> Result<Outcome, Refusal> {
    let mut outcome = outcome.clone();
    match &mut outcome {
        Ok(Outcome::Posted(posted)) => forget_times(&mut posted.cheep),
        Ok(Outcome::Changed(changed)) => {
            changed.at = Timestamp::UNIX_EPOCH;
            forget_times(&mut changed.cheep);
        }
        Ok(Outcome::Moderated(entry)) => entry.at = Timestamp::UNIX_EPOCH,
        Err(refusal) if refusal.code == Code::Muted => {
            refusal.retry_after_ms = refusal.retry_after_ms.map(|_| 1);
        }
        Ok(Outcome::Named(_)) | Err(_) => {}
    }
    outcome
}
