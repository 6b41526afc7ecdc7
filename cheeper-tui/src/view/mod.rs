//! Draws the model and changes nothing. Texts come as parsed types, so no control sequence can be in them; ratatui writes
//! what is left cell by cell.

mod cheep;
mod composer;
mod header;
mod help;
mod hints;
mod over;
mod palette;
mod timeline;

use ratatui::Frame;

use crate::{layout::areas, model::Model};

pub fn draw(model: &Model, frame: &mut Frame) {
    let areas = areas(model);
    header::draw(model, frame, areas.header);
    match &model.hosting.over {
        Some(over) => over::draw(model, over, frame, areas.timeline),
        None => timeline::draw(model, frame, areas.timeline),
    }
    composer::draw(model, frame, areas.composer);
    hints::draw(model, frame, areas.hints);
    if let Some(first) = model.help {
        help::draw(model, frame, first);
    }
}
