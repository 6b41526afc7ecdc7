//! Carrying out what the model asks for.

use std::{process::Stdio, time::Duration};

use crossterm::event::EventStream;
use rustix::process::{Signal, getpid, kill_process};
use tokio::{process::Command, time::timeout};

use super::{App, AppError, editor::Editor};
use crate::{args::Notify, connection::Connection, effect::Effect, msg::Msg, terminal::Escape};

/// A stopped process goes on when the shell says so. One that nobody can start again is not stopped at all; this is how long
/// to wait for that to show.
const STOPPED: Duration = Duration::from_millis(300);

impl App {
    /// Does it; true means that this is the end.
    pub(super) async fn carry_out(&mut self, effect: Effect) -> Result<bool, AppError> {
        match effect {
            Effect::Connect => self.connection = Some(Connection::open(self.entrance.clone())),
            Effect::Disconnect => {
                self.connection = None;
                self.waiting.push(Msg::Closed { code: None, why: Some("the server does not answer".to_owned()) });
            }
            Effect::Send(frame) => {
                if let Some(connection) = &self.connection {
                    connection.send(frame);
                }
            }
            Effect::Save(kept) => {
                if let Some(keeper) = &self.keeper {
                    keeper.save(kept);
                }
            }
            Effect::Ring(words) => self.ring(&words)?,
            Effect::Copy(text) => self.guard.say(&Escape::copy(&text))?,
            Effect::Title(title) => self.guard.entitle(&title)?,
            Effect::Open(link) => self.open(&link),
            Effect::Edit(text) => self.edit(&text)?,
            Effect::Redraw => self.guard.clear()?,
            Effect::Suspend => self.suspend().await?,
            Effect::Quit => return Ok(true),
        }
        Ok(false)
    }

    fn ring(&mut self, words: &str) -> Result<(), AppError> {
        if self.settings.bell {
            self.guard.say(&Escape::bell())?;
        }
        match self.settings.notify {
            Notify::Off => {}
            Notify::Osc9 => self.guard.say(&Escape::notify(words))?,
            Notify::Osc777 => self.guard.say(&Escape::notify_with_title("Cheeper", words))?,
        }
        Ok(())
    }

    /// Opens a link with what opens links here.
    fn open(&mut self, link: &str) {
        let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let opened =
            Command::new(opener).arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        match opened {
            Ok(mut child) => drop(tokio::spawn(async move { child.wait().await })),
            Err(error) => {
                self.waiting
                    .push(Msg::Told(format!("{opener} cannot open links here ({error}): copy the text with c.")));
            }
        }
    }

    fn edit(&mut self, text: &str) -> Result<(), AppError> {
        self.events = None;
        self.guard.leave();
        match Editor::open(text) {
            Ok(editor) => self.editor = Some(editor),
            Err(error) => {
                self.take_again()?;
                self.waiting.push(Msg::Told(format!("The editor cannot be started: {error}.")));
            }
        }
        Ok(())
    }

    pub(super) fn editor_left(&mut self, text: Result<String, String>) -> Result<Vec<Msg>, AppError> {
        self.editor = None;
        self.take_again()?;
        Ok(match text {
            Ok(text) => vec![Msg::Edited(Some(text))],
            Err(words) => vec![Msg::Edited(None), Msg::Told(words)],
        })
    }

    /// Stops until the shell lets it go on.
    async fn suspend(&mut self) -> Result<(), AppError> {
        self.events = None;
        self.guard.leave();
        // It does not fail: the process is our own.
        let _ = kill_process(getpid(), Signal::TSTP);
        drop(timeout(STOPPED, self.again.recv()).await);
        self.take_again()?;
        self.waiting.push(Msg::Woke);
        Ok(())
    }

    fn take_again(&mut self) -> Result<(), AppError> {
        self.guard.enter()?;
        self.events = Some(EventStream::new());
        let size = self.guard.size()?;
        self.waiting.push(Msg::Resized(size.width, size.height));
        Ok(())
    }
}
