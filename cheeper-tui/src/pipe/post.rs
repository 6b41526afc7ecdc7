//! `post`: a cheep from the command line, or from every line of the input. It ends well when all of them are on the timeline.

use std::{io, time::Duration};

use cheeper_protocol::{
    CheepText, Name,
    follow::{Follow, Submission},
    limits::CHEEP_CHARS_RANGE,
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Stdin, stdin};

use super::{
    acked::{new_id, submit},
    error::{Line, PipeError, Posted},
    talk::Talk,
};
use crate::{args, config::Settings, secret_link::SecretLink, storage::Identities};

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
    let patience = Duration::from_secs(args.patience.patience.into());
    let reply_to = args.reply_to;
    let mut source = Source::new(args);
    let mut talk = Talk::begin(&settings.server, Follow::new(Some(identity), Vec::new()));
    let mut count = 0;
    while let Some(text) = next_text(&mut source, &mut talk).await.map_err(PipeError::Input)? {
        let posted = Posted(Some(count));
        let refused = |sentence: &str| PipeError::Refused {
            sentence: sentence.trim_end_matches('.').to_owned(),
            line: source.line(),
            posted,
        };
        if let Some(secret) = SecretLink::find(&text) {
            return Err(refused(secret.sentence()));
        }
        // How long a cheep may be is for the server to say.
        let cheep = CheepText::parse(&text, *CHEEP_CHARS_RANGE.end()).map_err(|refusal| refused(&refusal.message))?;
        let post = Submission::Post { id: new_id()?, cheep, reply_to };
        submit(&mut talk, post, patience, posted).await?.map_err(|sentence| refused(&sentence))?;
        count += 1;
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
