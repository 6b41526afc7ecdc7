//! Waiting until the server has done what it was asked for.

use std::time::Duration;

use cheeper_protocol::{
    Code, RequestId,
    follow::{Input, Output, Submission},
};
use tokio::time::Instant;

use super::{
    error::{PipeError, Posted},
    talk::Talk,
};
use crate::span;

/// Submits it, and waits until it is done or refused with a sentence.
pub(super) async fn submit(
    talk: &mut Talk,
    submission: Submission,
    patience: Duration,
    posted: Posted,
) -> Result<Result<(), String>, PipeError> {
    talk.handle(Input::Submit { submission });
    let began = Instant::now();
    loop {
        for output in talk.outputs() {
            match output {
                Output::Accepted { .. } => return Ok(Ok(())),
                Output::Refused { error, .. } => return Ok(Err(span::refusal(&error))),
                Output::NameRefused { error } => {
                    let name = talk.follow.identity().map(|identity| identity.name.clone());
                    return match name {
                        Some(name) if error.code == Code::NameTaken => Err(PipeError::NameTaken { name }),
                        _ => Ok(Err(span::refusal(&error))),
                    };
                }
                _ => {}
            }
        }
        talk.go_on_for(began, patience, posted).await?;
    }
}

/// An id that nobody has used.
pub(super) fn new_id() -> Result<RequestId, PipeError> {
    let hex = crate::random::hex()?;
    // 32 digits are an id.
    RequestId::parse(&hex).map_err(|refusal| PipeError::Input(std::io::Error::other(refusal)))
}
