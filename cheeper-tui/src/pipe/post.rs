//! `post`: a cheep from the command line, or from every line of the input. It ends well when all of them are on the timeline.

use std::{io, time::Duration};

use cheeper_protocol::{
    CheepText, Code, Name, RequestId,
    follow::{Follow, Input, Link, Output, Submission},
    limits::CHEEP_CHARS_RANGE,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Stdin, stdin},
    time::sleep_until,
};

use super::{
    error::{Line, PipeError, Posted},
    talk::Talk,
};
use crate::{args, config::Settings, storage::Identities};

/// Where the cheeps come from.
enum Source {
    Argument(Option<String>),
    Whole(Option<Stdin>),
    Lines(BufReader<Stdin>, u64),
}

impl Source {
    fn new(args: args::Post) -> Self {
        match (args.text.as_str(), args.whole) {
            ("-", true) => Self::Whole(Some(stdin())),
            ("-", false) => Self::Lines(BufReader::new(stdin()), 0),
            _ => Self::Argument(Some(args.text)),
        }
    }

    /// The next text; empty lines are none.
    async fn next(&mut self) -> io::Result<Option<String>> {
        match self {
            Self::Argument(text) => Ok(text.take()),
            Self::Whole(input) => {
                let Some(mut input) = input.take() else { return Ok(None) };
                let mut text = String::new();
                input.read_to_string(&mut text).await?;
                Ok(Some(text))
            }
            Self::Lines(input, number) => loop {
                let mut line = String::new();
                if input.read_line(&mut line).await? == 0 {
                    return Ok(None);
                }
                *number += 1;
                if !line.trim().is_empty() {
                    return Ok(Some(line));
                }
            },
        }
    }

    fn line(&self) -> Line {
        match self {
            Self::Lines(_, number) => Line(Some(*number)),
            Self::Argument(_) | Self::Whole(_) => Line(None),
        }
    }
}

/// Posts, one cheep after the other.
pub async fn post(settings: &Settings, name: &Name, args: args::Post) -> Result<(), PipeError> {
    let identity = Identities::of_this_person()?.load_or_create(&settings.server.host, name)?;
    let patience = Duration::from_secs(args.patience.into());
    let reply_to = args.reply_to;
    let mut source = Source::new(args);
    let mut talk = Talk::begin(&settings.server, Follow::new(Some(identity), Vec::new()));
    let mut posted = Posted::default();
    while let Some(text) = next_text(&mut source, &mut talk).await.map_err(PipeError::Input)? {
        let refused = |sentence: &str, posted| PipeError::Refused {
            sentence: sentence.trim_end_matches('.').to_owned(),
            line: source.line(),
            posted,
        };
        // How long a cheep may be is for the server to say.
        let cheep =
            CheepText::parse(&text, *CHEEP_CHARS_RANGE.end()).map_err(|refusal| refused(&refusal.message, posted))?;
        talk.handle(Input::Submit { submission: Submission::Post { id: new_id()?, cheep, reply_to } });
        match acked(&mut talk, patience, posted).await? {
            Ok(()) => posted.0 += 1,
            Err(sentence) => return Err(refused(&sentence, posted)),
        }
    }
    Ok(())
}

/// The next text. Meanwhile the conversation goes on: the input may take hours.
async fn next_text(source: &mut Source, talk: &mut Talk) -> io::Result<Option<String>> {
    let mut next = std::pin::pin!(source.next());
    loop {
        tokio::select! {
            text = &mut next => return text,
            () = talk.go_on() => talk.drop_events(),
        }
    }
}

/// Waits until the post is on the timeline, or is refused with a sentence.
async fn acked(talk: &mut Talk, patience: Duration, posted: Posted) -> Result<Result<(), String>, PipeError> {
    let began = tokio::time::Instant::now();
    loop {
        for output in talk.outputs() {
            match output {
                Output::Accepted { .. } => return Ok(Ok(())),
                Output::Refused { error, .. } => return Ok(Err(error.message.into_owned())),
                Output::NameRefused { error } => {
                    let name = talk.follow.identity().map(|identity| identity.name.clone());
                    return match name {
                        Some(name) if error.code == Code::NameTaken => Err(PipeError::NameTaken { name }),
                        _ => Ok(Err(error.message.into_owned())),
                    };
                }
                _ => {}
            }
        }
        if talk.follow.link() == Link::Barred {
            return Err(talk.barred());
        }
        let until = talk.heard_at().max(began) + patience;
        tokio::select! {
            () = talk.go_on() => {}
            () = sleep_until(until) => {
                let why = talk.trouble.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                return Err(PipeError::NoAnswer { host: talk.host().to_owned(), why, posted });
            }
        }
    }
}

fn new_id() -> Result<RequestId, PipeError> {
    let hex = crate::random::hex()?;
    // 32 digits are an id.
    RequestId::parse(&hex).map_err(|refusal| PipeError::Input(io::Error::other(refusal)))
}
