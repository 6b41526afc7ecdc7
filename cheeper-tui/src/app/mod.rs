//! The only loop: waits for whatever comes next, updates the model, carries out the effects, draws.

mod editor;
mod effects;

use std::{
    future::pending,
    io::{self, IsTerminal as _},
    time::Duration,
};

use cheeper_protocol::Name;
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep_until},
};

use self::editor::Editor;
use crate::{
    action::Action,
    clock::Clock,
    config::Settings,
    connection::{Connection, Heard},
    entrance::Entrance,
    keys::Keymap,
    model::Model,
    msg::Msg,
    random,
    storage::{Identities, Keeper, StorageError},
    terminal::Guard,
    theme::{Background, Theme},
    update::{start, update},
    view,
};

/// What is shown of time (a countdown, a silence) is never older than this.
const REDRAW: Duration = Duration::from_secs(1);
/// What has come already is drawn in one picture, up to so many messages: keys do not wait behind a flood.
const TOGETHER: usize = 256;
/// How long the terminal may take to say what its background is.
const TERMINAL_PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("this needs a terminal: run it in one; to use it in a pipe, see cheeper-tui tail and cheeper-tui post")]
    NoTerminal,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
}

/// Runs until the person quits or the process is told to end.
pub async fn run(settings: Settings, name: &Name) -> Result<(), AppError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(AppError::NoTerminal);
    }
    let host = &settings.server.host;
    let identity = Identities::of_this_person()?.load_or_create(host, name)?;
    let (tell, told) = mpsc::unbounded_channel();
    let (kept, keeper) =
        Keeper::open(host, name, move |error| drop(tell.send(format!("Nothing can be kept: {error}."))))?;
    let background = settings.background.unwrap_or_else(ask_for_background);
    let mut model = Model::new(host.clone(), identity, kept);
    model.page = settings.server.page();
    model.zone = TimeZone::system();
    model.theme = Theme { depth: settings.depth, background };
    model.jitter = random::jitter;
    model.new_id = || random::hex().unwrap_or_default();
    if keeper.is_none() {
        let name = &model.identity.name;
        model.notice =
            Some(format!("Another client of {name} keeps the drafts: what is unsent here ends with this one."));
    }
    let keymap = Keymap::new(&settings.keys);
    model.keys = keymap.describe();
    let guard = Guard::take(settings.mouse)?;
    let size = guard.size()?;
    model.area = Rect::new(0, 0, size.width, size.height);
    App {
        entrance: Entrance::new(&settings.server),
        settings,
        keeper,
        told,
        connection: None,
        clock: Clock::start(),
        guard,
        keymap,
        events: Some(EventStream::new()),
        editor: None,
        again: signal(SignalKind::from_raw(SIGCONT))?,
        waiting: Vec::new(),
    }
    .run(model)
    .await
}

/// The number of the signal that lets a stopped process go on, on every Unix that this builds for.
const SIGCONT: i32 = rustix::process::Signal::CONT.as_raw();

fn ask_for_background() -> Background {
    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = TERMINAL_PATIENCE;
    match terminal_colorsaurus::theme_mode(options) {
        Ok(terminal_colorsaurus::ThemeMode::Light) => Background::Light,
        _ => Background::Dark,
    }
}

struct App {
    settings: Settings,
    entrance: Entrance,
    keeper: Option<Keeper>,
    told: mpsc::UnboundedReceiver<String>,
    connection: Option<Connection>,
    clock: Clock,
    guard: Guard,
    keymap: Keymap,
    /// `None` while somebody else reads the keys.
    events: Option<EventStream>,
    editor: Option<Editor>,
    again: Signal,
    /// What effects led to.
    waiting: Vec<Msg>,
}

impl App {
    async fn run(mut self, mut model: Model) -> Result<(), AppError> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut redraw = interval(REDRAW);
        redraw.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut effects = start(&mut model);
        loop {
            for effect in effects.drain(..) {
                if self.carry_out(effect).await? {
                    return Ok(());
                }
            }
            if self.waiting.is_empty() && self.editor.is_none() {
                let size = self.guard.size()?;
                if (size.width, size.height) != (model.area.width, model.area.height) {
                    // The terminal changed and has not said so yet.
                    effects.extend(update(&mut model, Msg::Resized(size.width, size.height)));
                    continue;
                }
                self.guard.draw(|frame| view::draw(&model, frame))?;
            }
            let deadline = model.deadline().map(|at| self.clock.instant(at));
            let msgs = if self.waiting.is_empty() {
                tokio::select! {
                    event = next(&mut self.events) => match event {
                        Some(event) => self.keymap.message(event?, model.context()).into_iter().collect(),
                        None => return Ok(()),
                    },
                    heard = hear(&mut self.connection) => self.heard(heard),
                    Some(words) = self.told.recv() => vec![Msg::Told(words)],
                    _ = terminate.recv() => return Ok(()),
                    _ = hang_up.recv() => return Ok(()),
                    // It also comes when somebody interrupts the editor, which is not our end.
                    _ = interrupt.recv(), if self.editor.is_none() => vec![Msg::Do(Action::Quit)],
                    _ = self.again.recv(), if self.editor.is_none() => {
                        // Somebody stopped it from outside, and the shell may have set the terminal to its own liking.
                        self.guard.leave();
                        self.guard.enter()?;
                        vec![Msg::Woke]
                    },
                    text = written(&mut self.editor) => self.editor_left(text)?,
                    () = async { sleep_until(deadline.unwrap_or_else(Clock::never)).await }, if deadline.is_some() => vec![Msg::Tick],
                    _ = redraw.tick() => vec![if self.clock.was_asleep() { Msg::Woke } else { Msg::Tick }],
                }
            } else {
                std::mem::take(&mut self.waiting)
            };
            model.now = self.clock.now();
            for msg in msgs {
                effects.extend(update(&mut model, msg));
            }
        }
    }

    /// What the connection said, and what it has said since.
    fn heard(&mut self, first: Heard) -> Vec<Msg> {
        let mut msgs = Vec::new();
        let mut next = Some(first);
        while let Some(heard) = next {
            msgs.push(match heard {
                Heard::Frame(frame) => Msg::Frame(frame),
                Heard::Told(words) => Msg::Told(words),
                Heard::Closed { code, why } => {
                    self.connection = None;
                    Msg::Closed { code, why }
                }
            });
            next = self.connection.as_mut().filter(|_| msgs.len() < TOGETHER).and_then(Connection::next_waiting);
        }
        msgs
    }
}

async fn next(events: &mut Option<EventStream>) -> Option<io::Result<Event>> {
    match events {
        Some(events) => events.next().await,
        None => pending().await,
    }
}

async fn hear(connection: &mut Option<Connection>) -> Heard {
    match connection {
        Some(connection) => connection.next().await,
        None => pending().await,
    }
}

async fn written(editor: &mut Option<Editor>) -> Result<String, String> {
    match editor {
        Some(editor) => editor.written().await,
        None => pending().await,
    }
}
