//! What is on its way to the timeline, and the name it goes out under: one thing is said at a time.

use std::collections::VecDeque;

use super::{
    message::{
        Identity, Output,
        Output::{NameRefused, Named, Refused},
    },
    submission::Submission,
    time::{Millis, RETRY_MS},
};
use crate::{
    cheep::RequestId,
    client_frame::{ClientFrame, Request},
    event::Event,
    name::{FoldedName, Name},
    refusal::{Code, Refusal},
    seq::Seq,
    server_frame::ErrorFrame,
};

const HELLO: &str = "hello";

/// What is to be done, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    identity: Option<Identity>,
    hello: Hello,
    submissions: VecDeque<Submission>,
    sending: Option<RequestId>,
    send_from: Option<Millis>,
}

/// How far this connection's `hello` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hello {
    Unsaid,
    Asked,
    /// Asked, but for a name that is not ours any more.
    Outdated,
    Done,
    Refused,
}

impl Outbox {
    pub(super) fn new(identity: Option<Identity>, submissions: Vec<Submission>) -> Self {
        Self { identity, hello: Hello::Unsaid, submissions: submissions.into(), sending: None, send_from: None }
    }

    pub(super) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    pub(super) fn submissions(&self) -> impl ExactSizeIterator<Item = &Submission> {
        self.submissions.iter()
    }

    /// When there is something to send that has to wait.
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.send_from
    }

    pub(super) fn identify(&mut self, identity: Identity) {
        self.identity = Some(identity);
        self.hello = match self.hello {
            Hello::Asked | Hello::Outdated => Hello::Outdated,
            Hello::Unsaid | Hello::Done | Hello::Refused => Hello::Unsaid,
        };
    }

    pub(super) fn push(&mut self, submission: Submission) {
        self.submissions.push_back(submission);
    }

    /// The connection ended: what was on its way goes out again under the same id, which makes that safe.
    pub(super) fn lost(&mut self) {
        self.hello = Hello::Unsaid;
        self.sending = None;
    }

    /// What to say next. It waits for the answer to what was said before.
    ///
    /// What makes a frame of more than `frame_bytes` is refused here, as a server would refuse it. A server would close the
    /// connection over such a frame (1009), and again each time it comes back.
    pub(super) fn next(&mut self, now: Millis, frame_bytes: usize) -> Option<Output> {
        if self.send_from.is_some_and(|from| now < from) {
            return None;
        }
        self.send_from = None;
        let identity = self.identity.as_ref()?;
        if self.sending.is_some() {
            return None;
        }
        match self.hello {
            Hello::Unsaid => Some(self.say_hello(identity.clone(), frame_bytes)),
            Hello::Done => self.submit(frame_bytes),
            Hello::Asked | Hello::Outdated | Hello::Refused => None,
        }
    }

    fn say_hello(&mut self, Identity { name, secret }: Identity, frame_bytes: usize) -> Output {
        let frame = ClientFrame { id: RequestId::parse(HELLO).ok(), request: Request::Hello { name, secret } };
        let bytes = frame.to_json().len();
        if bytes <= frame_bytes {
            self.hello = Hello::Asked;
            return Output::Send { frame };
        }
        self.hello = Hello::Refused;
        let why = format!(
            "This name and its secret take {bytes} bytes on their way, and this server reads at most {frame_bytes}."
        );
        NameRefused { error: ErrorFrame::new(frame.id, Refusal::new(Code::BadName, why).in_field("name")) }
    }

    fn submit(&mut self, frame_bytes: usize) -> Option<Output> {
        let submission = self.submissions.front()?;
        let (id, frame) = (submission.id().clone(), submission.clone().frame());
        let bytes = frame.to_json().len();
        if bytes <= frame_bytes {
            self.sending = Some(id);
            return Some(Output::Send { frame });
        }
        let error = ErrorFrame::new(frame.id, submission.too_long(bytes, frame_bytes));
        self.take(&id).map(|submission| Refused { submission, error })
    }

    /// The server knows us by this name.
    pub(super) fn named(&mut self, name: Name, claimed: bool) -> Option<Output> {
        match self.hello {
            Hello::Asked => {
                self.hello = Hello::Done;
                Some(Named { name, claimed })
            }
            Hello::Outdated => {
                self.hello = Hello::Unsaid;
                None
            }
            Hello::Unsaid | Hello::Done | Hello::Refused => None,
        }
    }

    /// A submission is done; it counts once, however often that is said.
    pub(super) fn accepted(&mut self, id: RequestId, seq: Seq) -> Option<Output> {
        self.take(&id).map(|_| Output::Accepted { id, seq })
    }

    /// What came of submissions of ours, among events: they are done, whether or not their acks got through.
    pub(super) fn seen(&mut self, events: &[Event]) -> Vec<Output> {
        let Some(ours) = self.identity.as_ref().map(|identity| identity.name.fold()) else { return Vec::new() };
        events
            .iter()
            .filter_map(|event| {
                let submission = self.submissions.iter().find(|submission| is_done(submission, event, &ours))?;
                self.accepted(submission.id().clone(), event.seq())
            })
            .collect()
    }

    /// A request was refused.
    pub(super) fn refused(&mut self, error: ErrorFrame, now: Millis) -> Option<Output> {
        let id = error.id.as_ref()?;
        if self.sending.as_ref() == Some(id) {
            return self.submission_refused(error, now);
        }
        if id.as_str() == HELLO {
            return self.hello_refused(error, now);
        }
        None
    }

    fn hello_refused(&mut self, error: ErrorFrame, now: Millis) -> Option<Output> {
        let is_ours = match self.hello {
            Hello::Asked => true,
            Hello::Outdated => false,
            Hello::Unsaid | Hello::Done | Hello::Refused => return None,
        };
        self.hello = Hello::Unsaid;
        if error.retryable {
            self.wait(&error, now);
        } else if is_ours {
            self.hello = Hello::Refused;
            return Some(NameRefused { error });
        }
        None
    }

    fn submission_refused(&mut self, error: ErrorFrame, now: Millis) -> Option<Output> {
        let id = self.sending.take()?;
        if error.retryable {
            self.wait(&error, now);
            return None;
        }
        if matches!(error.code, Code::BadName | Code::BadSecret | Code::NameRequired | Code::NameTaken) {
            // What was to be done is all right. It waits for another name, or goes out under the one given meanwhile.
            if self.hello != Hello::Done {
                return None;
            }
            self.hello = Hello::Refused;
            return Some(NameRefused { error });
        }
        self.take(&id).map(|submission| Refused { submission, error })
    }

    fn wait(&mut self, error: &ErrorFrame, now: Millis) {
        self.send_from = Some(now.saturating_add(error.retry_after_ms.unwrap_or(RETRY_MS)));
    }

    fn take(&mut self, id: &RequestId) -> Option<Submission> {
        if self.sending.as_ref() == Some(id) {
            self.sending = None;
        }
        let at = self.submissions.iter().position(|submission| submission.id() == id)?;
        self.submissions.remove(at)
    }
}

/// Whether this event is what came of a submission. Others may give the same id to what they do: a cheep and a reaction are
/// ours by their name, and what changes a cheep of ours is ours by its target.
fn is_done(submission: &Submission, event: &Event, ours: &FoldedName) -> bool {
    match (submission, event) {
        (Submission::Post { id, .. }, Event::Cheep(cheep)) => {
            cheep.id.as_ref() == Some(id) && cheep.name.fold() == *ours
        }
        (Submission::Edit { id, target, .. }, Event::Edit(edit)) => {
            edit.id.as_ref() == Some(id) && edit.target == *target
        }
        (Submission::Delete { id, target }, Event::Delete(delete)) => {
            delete.id.as_ref() == Some(id) && delete.target == *target
        }
        (Submission::React { id, target, .. }, Event::Reaction(reaction)) => {
            reaction.id.as_ref() == Some(id) && reaction.target == *target && reaction.name.fold() == *ours
        }
        (
            _,
            Event::Cheep(_)
            | Event::Edit(_)
            | Event::Delete(_)
            | Event::Reaction(_)
            | Event::Void { .. }
            | Event::Unknown { .. },
        ) => false,
    }
}
