//! The log: what happens, on standard error, a line each.
//!
//! Whatever filter the host gives, libraries have a say only when something is wrong: below that they show what they read
//! and write, secrets among it.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    env,
    fmt::{self, Write as _},
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
    sync::atomic::Ordering,
    thread,
    time::Duration,
};

use jiff::Timestamp;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    filter::filter_fn,
    layer::{Context, Layer, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

use super::{output::Output, plain::PlainLine};
use crate::metrics::PANICS;

/// How long the end of the process waits for somebody to read what is left.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(300);

#[derive(Clone)]
pub(super) struct Log {
    output: Output,
    has_colours: bool,
}

impl Log {
    /// From here on, all that is logged and all panics come out.
    pub(super) fn start(filter: &str) -> io::Result<Self> {
        let has_colours = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let lost = |lines| format!("{} {lines} lines of the log were lost, as they could not be written", head("WARN"));
        let log = Self { output: Output::start(io::stderr(), lost)?, has_colours };
        tracing_subscriber::registry().with(EnvFilter::new(filter)).with(filter_fn(is_shown)).with(log.clone()).init();
        let hook = log.clone();
        panic::set_hook(Box::new(move |panic| hook.on_panic(panic)));
        Ok(log)
    }

    /// Says something to whoever started the server, whatever is logged.
    pub(super) fn say(&self, sentence: &str) {
        self.output.line(plain(String::new(), format_args!("{sentence}")));
    }

    /// Gets out what was logged, if somebody reads it.
    pub(super) fn flush(&self) {
        self.output.flush(FLUSH_TIMEOUT);
    }

    /// Does so when this is dropped.
    pub(super) fn flush_at_the_end(&self) -> impl Drop + use<> {
        struct AtTheEnd(Log);
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                self.0.flush();
            }
        }
        AtTheEnd(self.clone())
    }

    /// A panic is a bug, so it comes out whatever the filter is.
    fn on_panic(&self, panic: &PanicHookInfo) {
        PANICS.fetch_add(1, Ordering::Relaxed);
        let thread = thread::current();
        let name = thread.name().unwrap_or("<unnamed>");
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)");
        let line = |what: fmt::Arguments| self.output.line(plain(self.head(Level::ERROR), what));
        line(format_args!("thread '{name}' panicked at {place}: {text}"));
        // Only if the host asked for it, with RUST_BACKTRACE.
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            backtrace.to_string().lines().for_each(|frame| line(format_args!("{frame}")));
        }
    }

    /// How a line begins.
    fn head(&self, level: Level) -> String {
        if !self.has_colours {
            return head(level.as_str()) + " ";
        }
        let colour = match level {
            Level::ERROR => 31,
            Level::WARN => 33,
            Level::INFO => 32,
            Level::DEBUG => 34,
            Level::TRACE => 35,
        };
        // The time is dim, as is what is there on every line.
        format!("\u{1b}[2m{:.6}\u{1b}[0m \u{1b}[{colour}m{:>5}\u{1b}[0m ", Timestamp::now(), level.as_str())
    }
}

fn head(level: &str) -> String {
    format!("{:.6} {level:>5}", Timestamp::now())
}

fn plain(head: String, what: fmt::Arguments) -> String {
    let mut line = PlainLine::begin(head);
    // A `Display` of somebody else's may fail; what it said by then is better than nothing.
    let _ = line.write_fmt(what);
    line.finish()
}

/// What may come out at all.
fn is_shown(metadata: &Metadata) -> bool {
    let target = metadata.target();
    let is_ours = target.strip_prefix("cheeper_server").is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    is_ours || *metadata.level() <= Level::WARN
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event, _: Context<S>) {
        let mut line = PlainLine::begin(self.head(*event.metadata().level()));
        event.record(&mut Fields(&mut line));
        self.output.line(line.finish());
    }
}

/// Writes the message, then each field with its name.
struct Fields<'a>(&'a mut PlainLine);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // As in `plain`, half of a value is better than nothing.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            // Where in a library it came from, for those that use `log`.
            name if name.starts_with("log.") => Ok(()),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
