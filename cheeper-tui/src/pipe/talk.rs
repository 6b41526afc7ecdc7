//! A conversation with the server, over any number of connections, for those who do nothing else meanwhile.

use std::{future::pending, time::Duration};

use cheeper_protocol::{
    Ack, ClientFrame, ErrorFrame, Page, Request, RequestId, ServerFrame,
    follow::{Follow, Input, Link, Millis, Output},
};
use tokio::time::{Instant, sleep_until};

use super::error::{PipeError, Posted};
use crate::{
    clock::Clock,
    connection::{Connection, Heard},
    entrance::{Entrance, Refused},
    random,
    server::Server,
};

pub(super) struct Talk {
    pub(super) follow: Follow,
    /// Why there is no connection.
    pub(super) trouble: Option<String>,
    entrance: Entrance,
    connection: Option<Connection>,
    clock: Clock,
    /// When the server was last heard from, or the conversation began.
    heard_at: Instant,
    outputs: Vec<Output>,
    question: Option<Question>,
}

/// Something that is asked beside what following the timeline asks.
struct Question {
    frame: ClientFrame,
    is_sent: bool,
    /// Whether it may be asked again after a lost connection, or might then be done twice.
    again: Again,
    answer: Option<Result<ServerFrame, ErrorFrame>>,
    /// The connection was lost before the answer to what is not asked again.
    is_lost: bool,
}

/// What is to become of a question whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Again {
    Ask,
    GiveUp,
}

impl Question {
    /// Keeps what comes if it is the answer.
    fn hear(&mut self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Error(error) if error.id == self.frame.id => self.answer = Some(Err(error.clone())),
            ServerFrame::Page(Page { id, .. })
            | ServerFrame::Ack(Ack { id, .. })
            | ServerFrame::Audit { id, .. }
            | ServerFrame::Link { id, .. }
                if *id == self.frame.id =>
            {
                self.answer = Some(Ok(frame.clone()));
            }
            _ => {}
        }
    }

    fn lose(&mut self) {
        self.is_lost |= self.is_sent && self.again == Again::GiveUp;
        self.is_sent = false;
    }
}

impl Talk {
    pub(super) fn begin(server: &Server, follow: Follow) -> Self {
        let mut talk = Self {
            follow,
            trouble: None,
            entrance: Entrance::new(server),
            connection: None,
            clock: Clock::start(),
            heard_at: Instant::now(),
            outputs: Vec::new(),
            question: None,
        };
        talk.handle(Input::Start);
        talk
    }

    pub(super) fn host(&self) -> &str {
        self.entrance.host()
    }

    /// What to tell the person once the server has said that it does not want this client.
    pub(super) fn barred(&self) -> PipeError {
        PipeError::Barred(self.trouble.clone().unwrap_or_else(|| Refused::Ended.sentence(self.host())))
    }

    pub(super) fn handle(&mut self, input: Input) {
        let now: Millis = self.clock.now();
        self.follow.handle(input, now);
        while let Some(output) = self.follow.poll_output() {
            match output {
                Output::Connect => self.connection = Some(Connection::open(self.entrance.clone())),
                Output::Disconnect => {
                    self.connection = None;
                    if let Some(question) = &mut self.question {
                        question.lose();
                    }
                    self.trouble = Some("it is silent".to_owned());
                    self.follow.handle(Input::Closed { code: None, jitter: random::jitter() }, now);
                }
                Output::Send { frame } => {
                    if let Some(connection) = &self.connection {
                        connection.send(frame);
                    }
                }
                output => self.outputs.push(output),
            }
        }
    }

    /// Asks something, and waits for the answer: what is `picked` from a frame, or a refusal.
    pub(super) async fn ask<T>(
        &mut self,
        request: Request,
        again: Again,
        patience: Duration,
        pick: impl Fn(ServerFrame) -> Option<T>,
    ) -> Result<Result<T, ErrorFrame>, PipeError> {
        let frame = ClientFrame { id: RequestId::parse("question").ok(), request };
        self.question = Some(Question { frame, is_sent: false, again, answer: None, is_lost: false });
        let began = Instant::now();
        loop {
            match self.question.as_mut().and_then(|question| question.answer.take()) {
                Some(Err(error)) => return Ok(Err(error)),
                Some(Ok(frame)) => {
                    if let Some(picked) = pick(frame) {
                        self.question = None;
                        return Ok(Ok(picked));
                    }
                }
                None => {}
            }
            if self.question.as_ref().is_some_and(|question| question.is_lost) {
                return Err(PipeError::Unanswered { host: self.host().to_owned() });
            }
            self.send_question();
            // What happens on the timeline meanwhile is not what was asked for.
            self.outputs.clear();
            self.go_on_for(began, patience, Posted::NO_POST).await?;
        }
    }

    fn send_question(&mut self) {
        if self.follow.link() != Link::Live {
            return;
        }
        if let (Some(question), Some(connection)) = (&mut self.question, &self.connection)
            && !question.is_sent
        {
            question.is_sent = true;
            connection.send(question.frame.clone());
        }
    }

    /// Waits for the next thing that happens, unless the server does not let us in or has been silent for too long: since its
    /// last word, or since `began`.
    pub(super) async fn go_on_for(
        &mut self,
        began: Instant,
        patience: Duration,
        posted: Posted,
    ) -> Result<(), PipeError> {
        if self.follow.link() == Link::Barred {
            return Err(self.barred());
        }
        let until = self.heard_at.max(began) + patience;
        tokio::select! {
            () = self.go_on() => Ok(()),
            () = sleep_until(until) => {
                let why = self.trouble.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                Err(PipeError::NoAnswer { host: self.host().to_owned(), why, posted })
            }
        }
    }

    /// What came of what was handled.
    pub(super) fn outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Drops the events among the outputs, for those who only post: there is no end to them.
    pub(super) fn drop_events(&mut self) {
        self.outputs.retain(|output| !matches!(output, Output::Events { .. }));
    }

    /// Waits for the next thing that happens, and handles it. It may be given up at any time.
    pub(super) async fn go_on(&mut self) {
        let deadline = self.follow.deadline().map(|at| self.clock.instant(at));
        let heard = tokio::select! {
            heard = hear(&mut self.connection) => Some(heard),
            () = async { sleep_until(deadline.unwrap_or_else(Clock::never)).await } => None,
        };
        match heard {
            None => self.handle(Input::Tick),
            Some(Heard::Frame(frame)) => {
                self.heard_at = Instant::now();
                self.trouble = None;
                if let Some(question) = &mut self.question {
                    question.hear(&frame);
                }
                self.handle(Input::Frame { frame });
            }
            Some(Heard::Told(words)) => eprintln!("cheeper-tui: {words}"),
            Some(Heard::Closed { code, why }) => {
                self.connection = None;
                if let Some(question) = &mut self.question {
                    question.lose();
                }
                self.trouble = Some(why.unwrap_or_else(|| "it ended the connection".to_owned()));
                self.handle(Input::Closed { code, jitter: random::jitter() });
            }
        }
    }
}

async fn hear(connection: &mut Option<Connection>) -> Heard {
    match connection {
        Some(connection) => connection.next().await,
        None => pending().await,
    }
}
