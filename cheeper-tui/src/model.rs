//! Everything the client knows. Views read it, `update` alone changes it.

use cheeper_protocol::{
    Name, Role, Seq,
    follow::{Follow, Identity, Link, Millis},
};
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::{
    action::Context,
    composer::{Composer, complete::Completion},
    find::{Find, Progress},
    hosting::Hosting,
    pane::Pane,
    prompt::Prompt,
    side::Side,
    storage::{Kept, Read},
    theme::{Background, Depth, Theme},
};

pub struct Model {
    pub follow: Follow,
    /// The timeline.
    pub main: Pane,
    /// Threads and searches that lie over it; the last one is on screen.
    pub sides: Vec<Side>,
    /// How many questions were asked for them: each has an id of its own.
    pub questions: u64,
    pub composer: Composer,
    /// The cheep that is answered.
    pub reply_to: Option<Seq>,
    /// A cheep of this person is being corrected.
    pub editing: Option<Editing>,
    /// An @name is being completed.
    pub completion: Option<Completion>,
    /// Who was here when that was last asked.
    pub here: Vec<Name>,
    pub find: Option<Find>,
    pub prompt: Option<Prompt>,
    /// The first line of the help page that is on screen, while it is.
    pub help: Option<usize>,
    /// A sentence for the person, until the next key.
    pub notice: Option<String>,
    /// Why there is no connection.
    pub trouble: Option<String>,
    /// Where the server is, for people.
    pub host: String,
    /// The address of its page: links begin with it.
    pub page: String,
    /// What this person may do there, as the server said when it last let them in.
    pub role: Role,
    pub hosting: Hosting,
    /// Whose client this is.
    pub identity: Identity,
    pub claimed: bool,
    pub area: Rect,
    pub now: Millis,
    pub zone: TimeZone,
    pub theme: Theme,
    /// Keys and what they do, for the help page.
    pub keys: Vec<(String, &'static str)>,
    /// How far it was read before, until the server says whether it is the same timeline.
    pub read: Option<Read>,
    /// What was last given out to be kept.
    pub saved: Saved,
    /// When it last rang.
    pub rang_at: Option<Millis>,
    /// What was last given out as the terminal's title.
    pub title: String,
    /// A fresh random number for each attempt to connect comes from here.
    pub jitter: fn() -> f64,
    pub new_id: fn() -> String,
}

/// What is in the composer is the new text of a cheep.
#[derive(Debug)]
pub struct Editing {
    pub target: Seq,
    /// What was being written before, and what that answers: it comes back.
    pub draft: Composer,
    pub reply_to: Option<Seq>,
}

/// What tells whether there is something new to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    pub unsent: usize,
    pub draft: String,
    pub reply_to: Option<Seq>,
    pub seen: Seq,
}

impl Model {
    pub fn new(host: String, identity: Identity, kept: Kept) -> Self {
        let Kept { outbox, draft, reply_to, read } = kept;
        let page = format!("http://{host}/");
        let saved = Saved { unsent: outbox.len(), draft: draft.clone(), reply_to, seen: Seq::ZERO };
        Self {
            follow: Follow::new(Some(identity.clone()), outbox),
            main: Pane::new(&identity.name),
            sides: Vec::new(),
            questions: 0,
            composer: Composer::with_text(draft),
            reply_to,
            editing: None,
            completion: None,
            here: Vec::new(),
            find: None,
            prompt: None,
            help: None,
            notice: None,
            trouble: None,
            host,
            page,
            role: Role::Member,
            hosting: Hosting::default(),
            identity,
            claimed: false,
            area: Rect::new(0, 0, 80, 24),
            now: 0,
            zone: TimeZone::UTC,
            theme: Theme { depth: Depth::True, background: Background::Dark },
            keys: Vec::new(),
            read,
            saved,
            rang_at: None,
            title: String::new(),
            jitter: || 0.5,
            new_id: || "id".to_owned(),
        }
    }

    /// What is on screen.
    pub fn pane(&self) -> &Pane {
        self.sides.last().map_or(&self.main, |side| &side.pane)
    }

    pub fn pane_mut(&mut self) -> &mut Pane {
        self.sides.last_mut().map_or(&mut self.main, |side| &mut side.pane)
    }

    /// What is typed into now.
    pub fn input(&self) -> &Composer {
        match (self.prompt.as_ref().and_then(Prompt::typed), &self.find) {
            (Some(typed), _) => typed,
            (None, Some(find)) => &find.query,
            (None, None) => &self.composer,
        }
    }

    /// The cheep that is half written, whatever else is written at the moment, and what it answers.
    pub fn draft(&self) -> (&str, Option<Seq>) {
        match &self.editing {
            Some(Editing { draft, reply_to, .. }) => (draft.text(), *reply_to),
            None => (self.composer.text(), self.reply_to),
        }
    }

    /// What keys mean now.
    pub fn context(&self) -> Context {
        let is_open = self.find.is_some() || self.prompt.is_some() || self.hosting.over.is_some();
        if self.pane().selected.is_some() && !is_open {
            if self.role == Role::Host { Context::Moderating } else { Context::Selecting }
        } else if self.is_offline() && !is_open && self.composer.is_empty() {
            Context::Offline
        } else {
            Context::Always
        }
    }

    /// Whether it waits before the next attempt to connect.
    pub fn is_offline(&self) -> bool {
        matches!(self.follow.link(), Link::Waiting { .. } | Link::Barred)
    }

    /// When the next [`Msg::Tick`](crate::msg::Msg::Tick) is due.
    pub fn deadline(&self) -> Option<Millis> {
        match &self.find {
            Some(Find { progress: Progress::Looking { .. }, .. }) => Some(self.now),
            _ => self.follow.deadline(),
        }
    }
}
