//! The only loop: waits for whatever comes next, updates the model, carries out the effects, draws.

use std::{
    env, io,
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use cheeper_protocol::follow::Millis;
use crossterm::event::EventStream;
use futures_util::StreamExt as _;
use jiff::tz::TimeZone;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::sleep,
};

use crate::{
    config::Args,
    connection::Connection,
    effect::Effect,
    keys,
    model::Model,
    msg::Msg,
    storage::{Kept, Storage, StorageError, random_hex},
    terminal::Guard,
    update::{start, update},
    view,
};

/// What is shown of time (a countdown, a silence) is never older than this.
const REDRAW: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("this needs a terminal: run it in one, without redirecting its input or output")]
    NoTerminal,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
}

/// Runs until the person quits or the process is told to end.
pub async fn run(args: Args) -> Result<(), AppError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(AppError::NoTerminal);
    }
    let storage = Storage::new(&args.server.host, &args.name)?;
    let Kept { identity, outbox, draft } = storage.load(&args.name)?;
    let mut model = Model::new(args.server.host.clone(), identity, outbox, draft);
    model.zone = TimeZone::system();
    model.colour = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    model.jitter = || getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX));
    model.new_id = || random_hex().unwrap_or_default();

    let (tell, mut told) = mpsc::unbounded_channel();
    let mut app = App { url: args.server.url, storage, tell, connection: None, began: Instant::now() };
    let mut guard = Guard::take()?;
    let size = guard.terminal.size()?;
    model.area = ratatui::layout::Rect::new(0, 0, size.width, size.height);
    let mut events = EventStream::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;

    let mut effects = start(&mut model);
    loop {
        for effect in effects.drain(..) {
            if app.carry_out(effect, &model)? {
                return Ok(());
            }
        }
        guard.terminal.draw(|frame| view::draw(&model, frame))?;
        let deadline = model.follow.deadline().map(|at| Duration::from_millis(at.saturating_sub(app.now())));
        let msg = tokio::select! {
            event = events.next() => match event {
                Some(event) => keys::message(event?),
                None => return Ok(()),
            },
            Some(msg) = told.recv() => Some(msg),
            _ = terminate.recv() => Some(Msg::Quit),
            _ = hang_up.recv() => Some(Msg::Quit),
            () = sleep(deadline.unwrap_or(REDRAW).min(REDRAW)) => Some(Msg::Tick),
        };
        model.now = app.now();
        if let Some(msg) = msg {
            effects = update(&mut model, msg);
        }
        // What came together is drawn together.
        while let Ok(msg) = told.try_recv() {
            effects.extend(update(&mut model, msg));
        }
    }
}

struct App {
    url: String,
    storage: Storage,
    tell: mpsc::UnboundedSender<Msg>,
    connection: Option<Connection>,
    began: Instant,
}

impl App {
    fn now(&self) -> Millis {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Does it; true means that this is the end.
    fn carry_out(&mut self, effect: Effect, model: &Model) -> Result<bool, AppError> {
        match effect {
            Effect::Connect => self.connection = Some(Connection::open(self.url.clone(), self.tell.clone())),
            Effect::Disconnect => {
                self.connection = None;
                drop(self.tell.send(Msg::Closed(None)));
            }
            Effect::Send(frame) => {
                if let Some(connection) = &self.connection {
                    connection.send(frame);
                }
            }
            Effect::Save { outbox, draft } => {
                self.storage.save(&Kept { identity: model.identity.clone(), outbox, draft })?;
            }
            Effect::Bell => {
                io::stdout().write_all(b"\x07")?;
                io::stdout().flush()?;
            }
            Effect::Quit => return Ok(true),
        }
        Ok(false)
    }
}
