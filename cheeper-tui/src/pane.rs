//! A list of cheeps that can be on screen: which part of it is, and which cheep is selected. Pure.

use cheeper_protocol::{Name, Seq};

use crate::{scroll::Place, timeline::Timeline};

pub struct Pane {
    pub timeline: Timeline,
    /// What of it is on screen.
    pub place: Place,
    pub selected: Option<Seq>,
}

impl Pane {
    /// One of the person with this name, with nothing in it yet.
    pub fn new(me: &Name) -> Self {
        Self { timeline: Timeline::new(me), place: Place::Following, selected: None }
    }

    /// Changes what is in it. If the cheep that is cut off at the top of the screen, whose text has `width` columns, takes more
    /// rows then or fewer, what is read below it stands still all the same.
    pub fn change(&mut self, width: usize, change: impl FnOnce(&mut Timeline)) {
        let before = self.cut_off(width);
        change(&mut self.timeline);
        if let (Some(before), Some(after), Place::At { seq, row }) = (before, self.cut_off(width), self.place) {
            let row = row.saturating_add_unsigned(after).saturating_sub_unsigned(before);
            self.place = Place::At { seq, row };
        }
    }

    /// The rows of the cheep of which only the end is on screen.
    fn cut_off(&self, width: usize) -> Option<usize> {
        match self.place {
            Place::At { seq, row: 1.. } => Some(self.timeline.get(seq)?.body(width)),
            Place::At { .. } | Place::Following => None,
        }
    }
}
