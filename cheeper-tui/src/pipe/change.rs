//! `edit`, `delete`, `react`: a change of a cheep from the command line. It ends well when the server has made it.

use std::{io, time::Duration};

use cheeper_protocol::{
    CheepText, Name, RequestId,
    follow::{Follow, Submission},
    limits::CHEEP_CHARS_RANGE,
};
use tokio::io::{AsyncReadExt as _, stdin};

use super::{
    acked::{new_id, submit},
    error::{PipeError, Posted},
    talk::Talk,
};
use crate::{args, config::Settings, secret_link::SecretLink, storage::Identities};

/// Corrects the text of a cheep.
pub async fn edit(settings: &Settings, name: &Name, args: args::Edit) -> Result<(), PipeError> {
    let args::Edit { seq: target, text, patience } = args;
    let text = if text == "-" { whole_input().await.map_err(PipeError::Input)? } else { text };
    if let Some(secret) = SecretLink::find(&text) {
        return Err(PipeError::refused(secret.sentence()));
    }
    // How long a cheep may be is for the server to say.
    let cheep =
        CheepText::parse(&text, *CHEEP_CHARS_RANGE.end()).map_err(|refusal| PipeError::refused(&refusal.message))?;
    change(settings, name, patience, |id| Submission::Edit { id, target, cheep }).await
}

/// Takes a cheep back.
pub async fn delete(settings: &Settings, name: &Name, args: args::Delete) -> Result<(), PipeError> {
    let args::Delete { seq: target, patience } = args;
    change(settings, name, patience, |id| Submission::Delete { id, target }).await
}

/// Reacts to a cheep, or takes that back.
pub async fn react(settings: &Settings, name: &Name, args: args::React) -> Result<(), PipeError> {
    let args::React { seq: target, emoji, off, patience } = args;
    change(settings, name, patience, |id| Submission::React { id, target, emoji, on: !off }).await
}

async fn change(
    settings: &Settings,
    name: &Name,
    args::Patience { patience }: args::Patience,
    submission: impl FnOnce(RequestId) -> Submission,
) -> Result<(), PipeError> {
    let identity = Identities::of_this_person()?.load_or_create(&settings.server.host, name)?;
    let mut talk = Talk::begin(&settings.server, Follow::new(Some(identity), Vec::new()));
    let patience = Duration::from_secs(patience.into());
    submit(&mut talk, submission(new_id()?), patience, Posted::NO_POST)
        .await?
        .map_err(|sentence| PipeError::refused(&sentence))
}

async fn whole_input() -> io::Result<String> {
    let mut text = String::new();
    stdin().read_to_string(&mut text).await?;
    Ok(text)
}
