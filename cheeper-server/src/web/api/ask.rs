//! Asks the timeline and waits for its answer.

use std::sync::Arc;

use cheeper_protocol::{AuditQuery, Code, Refusal, Token};
use tokio::sync::oneshot;

use crate::{
    access::{Grant, Order},
    services::Services,
    timeline::{Audit, Command, Outcome},
};

pub(crate) async fn submit(services: &Arc<Services>, command: Command) -> Result<Outcome, Refusal> {
    let (sender, receiver) = oneshot::channel();
    services.submit(command, Box::new(move |outcome| drop(sender.send(outcome))));
    receiver.await.unwrap_or_else(|_| Err(Code::NotStored.into()))
}

/// What became of an order, and the token that it made.
pub(super) async fn order(
    services: &Arc<Services>,
    order: Order,
    from: &Grant,
) -> Result<(Option<Token>, Outcome), Refusal> {
    let (sender, receiver) = oneshot::channel();
    services.order(order, from, move |token, outcome| drop(sender.send((token, outcome))));
    let (token, outcome) = receiver.await.map_err(|_| Code::NotStored)?;
    Ok((token, outcome?))
}

pub(super) async fn audit(services: &Services, query: AuditQuery) -> Result<Audit, Refusal> {
    let (sender, receiver) = oneshot::channel();
    services.timeline.audit(query, Box::new(move |audit| drop(sender.send(audit))));
    receiver.await.unwrap_or_else(|_| Err(Code::Internal.into()))
}
