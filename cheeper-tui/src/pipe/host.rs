//! `mute`, `release`, `undo`, `audit`, `link`: what hosts do, once and from the command line.

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    time::Duration,
};

use cheeper_protocol::{AuditQuery, Entry, Muted, Request, Role, Seq, ServerFrame, follow::Follow, limits::PAGE};
use jiff::tz::TimeZone;

use super::{
    error::PipeError,
    talk::{Again, Talk},
};
use crate::{args, args::LinkRole, config::Settings, hosting, qr, server::join_link, span, theme::Background};

/// Mutes a name, or who wrote a cheep.
pub async fn mute(settings: &Settings, args: args::Mute) -> Result<(), PipeError> {
    let args::Mute { who, author_of, for_ms, answer } = args;
    let who = match (who, author_of) {
        (_, Some(target)) => Muted::Author { target },
        (Some(name), None) => Muted::Name { name },
        // The command line is read so that there is one of the two.
        (None, None) => return Err(PipeError::refused("say whom to mute")),
    };
    deed(settings, Request::Mute { who, for_ms }, &answer).await
}

/// Makes a claimed name free.
pub async fn release(settings: &Settings, args: args::Release) -> Result<(), PipeError> {
    deed(settings, Request::Release { name: args.claimed }, &args.answer).await
}

/// Undoes what an entry of the audit tells of.
pub async fn undo(settings: &Settings, args: args::Undo) -> Result<(), PipeError> {
    deed(settings, Request::Undo { entry: args.entry }, &args.answer).await
}

/// Takes a cheep back as a host, who needs no name for that.
pub async fn remove(settings: &Settings, target: Seq, patience: &args::Patience) -> Result<(), PipeError> {
    let request = Request::Delete { name: None, target };
    let acked = |frame| matches!(frame, ServerFrame::Ack(_)).then_some(());
    // What is deleted already is acked likewise.
    asker(settings).ask(request, Again::Ask, seconds(patience), acked).await?.map_err(|error| refused(&error))
}

/// Prints what was done, the newest at the end.
pub async fn audit(settings: &Settings, args: args::Audit) -> Result<(), PipeError> {
    let args::Audit { last, mut before, answer } = args;
    let mut talk = asker(settings);
    let mut found: VecDeque<Entry> = VecDeque::new();
    while found.len() < last {
        let request = Request::Audit(AuditQuery { before, limit: (last - found.len()).min(PAGE) });
        let (entries, more) = talk
            .ask(request, Again::Ask, seconds(&answer.patience), entries)
            .await?
            .map_err(|error| refused(&error))?;
        before = entries.last().map(|entry| entry.entry);
        for entry in entries {
            found.push_front(entry);
        }
        if !more || before.is_none() {
            break;
        }
    }
    let surplus = found.len().saturating_sub(last);
    print(found.range(surplus..).map(|entry| line(entry, answer.json)))
}

/// Makes a link, and prints it.
pub async fn link(settings: &Settings, args: args::Link) -> Result<(), PipeError> {
    let args::Link { role, for_ms, note, qr: with_code, answer } = args;
    let role = match role {
        LinkRole::Member => Role::Member,
        LinkRole::Host => Role::Host,
    };
    let made = |frame| if let ServerFrame::Link { .. } = frame { Some(frame) } else { None };
    let frame = asker(settings)
        .ask(Request::Link { role, for_ms, note }, Again::GiveUp, seconds(&answer.patience), made)
        .await?
        .map_err(|error| refused(&error))?;
    let ServerFrame::Link { token, made, .. } = &frame else { return Ok(()) };
    if answer.json {
        return print([frame.to_json()]);
    }
    let link = join_link(&settings.server.page(), token);
    // What is asked for goes to the output, what there is to know besides does not disturb a script.
    eprintln!("cheeper-tui: {}.", hosting::line(made, &TimeZone::system()));
    let light = settings.background != Some(Background::Light);
    let code = if with_code { qr::rows(&link, light).unwrap_or_default() } else { Vec::new() };
    print(std::iter::once(link).chain(code))
}

/// Has something done that is not done again by itself: the entry of the audit says what.
async fn deed(settings: &Settings, request: Request, answer: &args::Answer) -> Result<(), PipeError> {
    let patience = seconds(&answer.patience);
    let (entries, _) =
        asker(settings).ask(request, Again::GiveUp, patience, entries).await?.map_err(|error| refused(&error))?;
    print(entries.iter().map(|entry| line(entry, answer.json)))
}

fn entries(frame: ServerFrame) -> Option<(Vec<Entry>, bool)> {
    if let ServerFrame::Audit { entries, more, .. } = frame { Some((entries, more)) } else { None }
}

fn asker(settings: &Settings) -> Talk {
    Talk::begin(&settings.server, Follow::new(None, Vec::new()))
}

fn seconds(args::Patience { patience }: &args::Patience) -> Duration {
    Duration::from_secs((*patience).into())
}

fn refused(error: &cheeper_protocol::ErrorFrame) -> PipeError {
    PipeError::refused(&span::refusal(error))
}

fn line(entry: &Entry, json: bool) -> String {
    match serde_json::to_string(entry) {
        Ok(entry) if json => entry,
        _ => hosting::line(entry, &TimeZone::system()),
    }
}

/// Prints; whoever reads it may have seen enough before the end.
fn print(lines: impl IntoIterator<Item = String>) -> Result<(), PipeError> {
    let mut output = io::stdout().lock();
    let written = lines.into_iter().try_for_each(|line| writeln!(output, "{line}")).and_then(|()| output.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(PipeError::Output(error)),
        _ => Ok(()),
    }
}
