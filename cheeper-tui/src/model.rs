//! Everything the client knows. Views read it, `update` alone changes it.

use cheeper_protocol::{
    Name, Seq,
    follow::{Follow, Identity, Link, Millis},
};
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::{
    action::Context,
    composer::{Composer, complete::Completion},
    find::{Find, Progress},
    scroll::Place,
    storage::{Kept, Read},
    theme::{Background, Depth, Theme},
    timeline::Timeline,
};

pub struct Model {
    pub follow: Follow,
    pub timeline: Timeline,
    /// What of the timeline is on screen.
    pub place: Place,
    pub composer: Composer,
    /// The cheep that is answered.
    pub reply_to: Option<Seq>,
    /// An @name is being completed.
    pub completion: Option<Completion>,
    /// Who was here when that was last asked.
    pub here: Vec<Name>,
    pub selected: Option<Seq>,
    pub find: Option<Find>,
    /// The first line of the help page that is on screen, while it is.
    pub help: Option<usize>,
    /// A sentence for the person, until the next key.
    pub notice: Option<String>,
    /// Why there is no connection.
    pub trouble: Option<String>,
    /// Where the server is, for people.
    pub host: String,
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
        let saved = Saved { unsent: outbox.len(), draft: draft.clone(), reply_to, seen: Seq::ZERO };
        Self {
            follow: Follow::new(Some(identity.clone()), outbox),
            timeline: Timeline::new(&identity.name),
            place: Place::Following,
            composer: Composer::with_text(draft),
            reply_to,
            completion: None,
            here: Vec::new(),
            selected: None,
            find: None,
            help: None,
            notice: None,
            trouble: None,
            host,
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

    /// What is typed into now.
    pub fn input(&self) -> &Composer {
        self.find.as_ref().map_or(&self.composer, |find| &find.query)
    }

    /// What keys mean now.
    pub fn context(&self) -> Context {
        if self.selected.is_some() && self.find.is_none() {
            Context::Selecting
        } else if self.is_offline() && self.find.is_none() && self.composer.is_empty() {
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
