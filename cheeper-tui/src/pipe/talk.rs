//! A conversation with the server, over any number of connections, for those who do nothing else meanwhile.

use std::future::pending;

use cheeper_protocol::follow::{Follow, Input, Millis, Output};
use tokio::time::{Instant, sleep_until};

use super::error::PipeError;
use crate::{
    clock::Clock,
    connection::{Connection, Heard},
    random,
    server::Server,
};

pub(super) struct Talk {
    pub(super) follow: Follow,
    /// Why there is no connection.
    pub(super) trouble: Option<String>,
    server: Server,
    connection: Option<Connection>,
    clock: Clock,
    heard_at: Instant,
    outputs: Vec<Output>,
}

impl Talk {
    pub(super) fn begin(server: &Server, follow: Follow) -> Self {
        let mut talk = Self {
            follow,
            trouble: None,
            server: server.clone(),
            connection: None,
            clock: Clock::start(),
            heard_at: Instant::now(),
            outputs: Vec::new(),
        };
        talk.handle(Input::Start);
        talk
    }

    pub(super) fn host(&self) -> &str {
        &self.server.host
    }

    /// What to tell the person once the server has said that it does not want this client.
    pub(super) fn barred(&self) -> PipeError {
        let why = self.trouble.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
        PipeError::Barred { host: self.host().to_owned(), why }
    }

    /// When the server was last heard from, or the conversation began.
    pub(super) fn heard_at(&self) -> Instant {
        self.heard_at
    }

    pub(super) fn handle(&mut self, input: Input) {
        let now: Millis = self.clock.now();
        self.follow.handle(input, now);
        while let Some(output) = self.follow.poll_output() {
            match output {
                Output::Connect => self.connection = Some(Connection::open(self.server.url.clone())),
                Output::Disconnect => {
                    self.connection = None;
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
                self.handle(Input::Frame { frame });
            }
            Some(Heard::Closed { code, why }) => {
                self.connection = None;
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
