//! What somebody sees who has read the log.

use std::collections::BTreeMap;

use crate::{Cheep, Event, Seq};

/// The cheeps of these events, each as the changes after it among them have made it: what everybody sees in the end who has
/// read them from the first one on.
pub fn screen_of<'a>(events: impl IntoIterator<Item = &'a Event>) -> BTreeMap<Seq, Cheep> {
    let mut screen = BTreeMap::new();
    for event in events {
        take(&mut screen, event);
    }
    screen
}

/// One more event.
pub fn take(screen: &mut BTreeMap<Seq, Cheep>, event: &Event) {
    for seq in event.changes() {
        if let Some(cheep) = screen.get_mut(&seq) {
            cheep.apply(event);
        }
    }
    if let Event::Cheep(cheep) = event {
        screen.insert(cheep.seq, cheep.clone());
    }
}
