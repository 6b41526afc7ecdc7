//! What the parts that serve clients have in common, over WebSocket and over HTTP.

use std::sync::Arc;

use cheeper_protocol::{Refusal, Timestamp, Token};

use crate::{
    access::{Access, Grant, Order, Ordered},
    conversation::request::Rules,
    feed::Feed,
    memory::MemoryBudget,
    metrics::{CommandKind, Metrics},
    presence::Presence,
    timeline::{Answer, Command, Outcome, Posted, Timeline},
};

/// One of each, for the whole server.
pub(crate) struct Services {
    pub(crate) timeline: Arc<dyn Timeline>,
    pub(crate) access: Arc<Access>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) rules: Rules,
    pub(crate) presence: Presence,
    pub(crate) metrics: Metrics,
    pub(crate) memory: Arc<MemoryBudget>,
}

impl Services {
    /// Has the timeline carry out a command. What comes of it is counted, and who wrote a cheep is remembered, before the
    /// asker hears of it.
    pub(crate) fn submit(self: &Arc<Self>, command: Command, answer: Answer<Outcome>) {
        let (services, kind) = (self.clone(), CommandKind::of(&command));
        let author = command.author().map(|author| author.person);
        let answer = move |outcome: Result<Outcome, Refusal>| {
            services.metrics.answered(kind, &outcome);
            // Who sends a post once more may be somebody else by now.
            if let (Ok(Outcome::Posted(Posted { cheep, duplicate: false })), Some(person)) = (&outcome, author) {
                services.access.authors.note(cheep.seq, person);
            }
            answer(outcome);
        };
        self.timeline.submit(command, Box::new(answer));
    }

    /// Has it carry out what a host orders. The token that this makes, if any, comes with the answer.
    pub(crate) fn order(
        self: &Arc<Self>,
        order: Order,
        from: &Grant,
        answer: impl FnOnce(Option<Token>, Result<Outcome, Refusal>) + Send + 'static,
    ) {
        match self.access.prepare(order, from, Timestamp::now()) {
            Ok(Ordered { command, token }) => self.submit(command, Box::new(move |outcome| answer(token, outcome))),
            Err(refusal) => answer(None, Err(refusal)),
        }
    }
}
