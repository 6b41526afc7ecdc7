//! Having something done to the timeline.

use cheeper_protocol::{
    RequestId, Role,
    follow::{Input, Submission},
};

use crate::model::Model;

/// An id for something that is to be done; the person is told if there is none.
pub(super) fn new_id(model: &mut Model) -> Option<RequestId> {
    let id = RequestId::parse(&(model.new_id)()).ok();
    if id.is_none() {
        model.notice = Some("The system gave no random number for this: try again.".to_owned());
    }
    id
}

/// Whether this person may write here; if not, they are told what it takes.
pub(super) fn may_write(model: &mut Model) -> bool {
    let may = model.role >= Role::Member;
    if !may {
        model.notice = Some(
            "You may only read here. To write, ask the host for the link and start with it: cheeper-tui --server LINK"
                .to_owned(),
        );
    }
    may
}

/// It is done as soon as the server has it: at once, or once there is a connection.
pub(super) fn submit(model: &mut Model, submission: Submission) {
    model.follow.handle(Input::Submit { submission }, model.now);
}
