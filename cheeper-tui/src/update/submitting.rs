//! Having something done to the timeline.

use cheeper_protocol::{
    RequestId,
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

/// It is done as soon as the server has it: at once, or once there is a connection.
pub(super) fn submit(model: &mut Model, submission: Submission) {
    model.follow.handle(Input::Submit { submission }, model.now);
}
