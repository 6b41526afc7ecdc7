//! Correcting a cheep: its text stands in the composer, and what stood there before waits.

use cheeper_protocol::Seq;

use crate::{
    composer::Composer,
    model::{Editing, Model},
};

/// What is written from now on is the new text of a cheep.
pub(super) fn begin(model: &mut Model, target: Seq, text: String) {
    give_up(model);
    let draft = std::mem::replace(&mut model.composer, Composer::with_text(text));
    model.completion = None;
    model.editing = Some(Editing { target, draft, reply_to: model.reply_to.take() });
}

/// What was being written before comes back. True if a cheep was being corrected.
pub(super) fn give_up(model: &mut Model) -> bool {
    let Some(Editing { draft, reply_to, .. }) = model.editing.take() else { return false };
    (model.composer, model.reply_to) = (draft, reply_to);
    true
}
