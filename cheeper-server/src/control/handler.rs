//! Answers what the operator of the machine asks, who may do all that a host may.

use std::{io, sync::Arc};

use cheeper_protocol::{
    Ack, ClientFrame, Code, ErrorFrame, Limits, Refusal, Request, RequestId, Role, ServerFrame, Timestamp, Token,
};
use tokio::sync::oneshot;

use crate::{
    access::{Access, Grant, Order, Ordered, Standing},
    timeline::{AccessChange, Changed, Engine, Outcome, Person, Timeline},
};

/// Whoever has the machine.
const OPERATOR: Grant = Grant { role: Role::Host, person: Person(0), link: None, ends_at: None };

/// See the module.
pub(crate) struct Handler {
    timeline: Arc<dyn Timeline>,
    access: Arc<Access>,
}

/// One for a store that no server works with.
pub(crate) fn offline<E: Engine>(engine: E) -> Result<Handler, E::Error> {
    let standing = Arc::new(Standing::default());
    standing.apply(&engine.access()?);
    let admitted = standing.clone();
    let admit = move |changes: &[AccessChange]| admitted.apply(changes);
    let timeline: Arc<dyn Timeline> = Arc::new(engine.start(Box::new(|_| ()), Box::new(admit))?);
    let access = Arc::new(Access::new(None, &*timeline, standing));
    Ok(Handler { timeline, access })
}

impl Handler {
    pub(crate) fn new(timeline: Arc<dyn Timeline>, access: Arc<Access>) -> Self {
        Self { timeline, access }
    }

    /// The answer to a frame, whatever it is.
    pub(crate) async fn answer(&self, frame: &str) -> ServerFrame {
        let ClientFrame { id, request } = match ClientFrame::parse(frame, &Limits::default()) {
            Ok(frame) => frame,
            Err(unreadable) => return ServerFrame::Error(ErrorFrame::new(unreadable.id, unreadable.refusal)),
        };
        let answer = self.carry_out(id.clone(), request).await;
        answer.unwrap_or_else(|refusal| ServerFrame::Error(ErrorFrame::new(id, refusal)))
    }

    /// Lets go of a store that no server works with.
    pub(crate) fn close(&self) -> io::Result<()> {
        self.timeline.close()
    }

    async fn carry_out(&self, id: Option<RequestId>, request: Request) -> Result<ServerFrame, Refusal> {
        if let Request::Audit(query) = request {
            let (sender, receiver) = oneshot::channel();
            self.timeline.audit(query, Box::new(move |audit| drop(sender.send(audit))));
            let (entries, more) = receiver.await.unwrap_or_else(|_| Err(Code::Internal.into()))?;
            return Ok(ServerFrame::Audit { id, entries, more });
        }
        let order = Order::of(request).ok_or_else(|| {
            Refusal::new(Code::UnknownType, "Here you can mute, release, link, undo, audit, and delete without a name.")
        })?;
        match self.order(order).await? {
            (token, Outcome::Moderated(entry)) => Ok(ServerFrame::moderated(id, token, entry)),
            (_, Outcome::Changed(Changed { seq, at, duplicate, .. })) => {
                Ok(ServerFrame::Ack(Ack { id, seq, at, duplicate }))
            }
            (_, Outcome::Posted(_) | Outcome::Named(_)) => Err(Code::Internal.into()),
        }
    }

    async fn order(&self, order: Order) -> Result<(Option<Token>, Outcome), Refusal> {
        let Ordered { command, token } = self.access.prepare(order, &OPERATOR, Timestamp::now())?;
        let (sender, receiver) = oneshot::channel();
        self.timeline.submit(command, Box::new(move |outcome| drop(sender.send(outcome))));
        Ok((token, receiver.await.unwrap_or_else(|_| Err(Code::NotStored.into()))?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::timeline::memory::Memory;

    #[tokio::test]
    async fn what_no_operator_asks_is_refused_in_a_sentence() {
        let Ok(handler) = offline(Memory::new("handler"));
        for (frame, code) in [
            ("{", "bad_json"),
            (r#"{"name":"alice","cheep":"hi","id":"1"}"#, "unknown_type"),
            (r#"{"type":"history"}"#, "unknown_type"),
            (r#"{"type":"mute","target":3}"#, "not_found"),
        ] {
            let answer: Value = serde_json::from_str(&handler.answer(frame).await.to_json()).unwrap();
            assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{frame}: {answer}");
        }
    }
}
