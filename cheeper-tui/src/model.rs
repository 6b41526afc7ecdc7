//! Everything the client knows. Views read it, `update` alone changes it.

use cheeper_protocol::follow::{Follow, Identity, Millis, Post};
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use crate::{composer::Composer, timeline::Timeline};

pub struct Model {
    pub follow: Follow,
    pub timeline: Timeline,
    pub composer: Composer,
    /// Where the server is, for people.
    pub host: String,
    /// Whose client this is.
    pub identity: Identity,
    pub claimed: bool,
    /// A sentence for the person, until the next key.
    pub notice: Option<String>,
    pub help: bool,
    pub area: Rect,
    pub now: Millis,
    pub zone: TimeZone,
    pub colour: bool,
    /// A fresh random number for each attempt to connect comes from here.
    pub jitter: fn() -> f64,
    pub new_id: fn() -> String,
}

impl Model {
    pub fn new(host: String, identity: Identity, outbox: Vec<Post>, draft: String) -> Self {
        Self {
            follow: Follow::new(Some(identity.clone()), outbox),
            timeline: Timeline::default(),
            composer: Composer::with_text(draft),
            host,
            identity,
            claimed: false,
            notice: None,
            help: false,
            area: Rect::new(0, 0, 80, 24),
            now: 0,
            zone: TimeZone::UTC,
            colour: true,
            jitter: || 0.5,
            new_id: || "id".to_owned(),
        }
    }
}
