//! Posts on their way to the timeline, and the name they go out under: one thing is said at a time.

use std::collections::VecDeque;

use super::{
    message::{
        Identity, Output,
        Output::{NameRefused, Named, Refused},
        Post,
    },
    time::{Millis, RETRY_MS},
};
use crate::{
    cheep::{RequestId, Seq},
    client_frame::{ClientFrame, Request},
    event::Event,
    name::Name,
    refusal::{Code, Refusal},
    server_frame::ErrorFrame,
};

const HELLO: &str = "hello";

/// What is to be posted, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    identity: Option<Identity>,
    hello: Hello,
    posts: VecDeque<Post>,
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
    pub(super) fn new(identity: Option<Identity>, posts: Vec<Post>) -> Self {
        Self { identity, hello: Hello::Unsaid, posts: posts.into(), sending: None, send_from: None }
    }

    pub(super) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    pub(super) fn posts(&self) -> impl ExactSizeIterator<Item = &Post> {
        self.posts.iter()
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

    pub(super) fn push(&mut self, post: Post) {
        self.posts.push_back(post);
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
            Hello::Done => self.send_post(frame_bytes),
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

    fn send_post(&mut self, frame_bytes: usize) -> Option<Output> {
        let Post { id, cheep, reply_to } = self.posts.front()?.clone();
        let frame = ClientFrame { id: Some(id.clone()), request: Request::Post { name: None, cheep, reply_to } };
        let bytes = frame.to_json().len();
        if bytes <= frame_bytes {
            self.sending = Some(id);
            return Some(Output::Send { frame });
        }
        let why = format!(
            "This cheep is too long: it takes {bytes} bytes on its way, and this server reads at most {frame_bytes}."
        );
        let error = ErrorFrame::new(frame.id, Refusal::new(Code::CheepTooLong, why).in_field("cheep"));
        self.take(&id).map(|post| Refused { post, error })
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

    /// A post is on the timeline; it counts once, however often that is said.
    pub(super) fn posted(&mut self, id: RequestId, seq: Seq) -> Option<Output> {
        self.take(&id).map(|_| Output::Posted { id, seq })
    }

    /// Posts of ours among events: they are on the timeline, whether or not their acks got through.
    pub(super) fn seen(&mut self, events: &[Event]) -> Vec<Output> {
        let Some(ours) = self.identity.as_ref().map(|identity| identity.name.fold()) else { return Vec::new() };
        events
            .iter()
            .filter_map(|event| match event {
                Event::Cheep(cheep) => {
                    let id = cheep.id.as_ref().filter(|id| self.posts.iter().any(|post| post.id == **id))?;
                    if cheep.name.fold() == ours { self.posted(id.clone(), cheep.seq) } else { None }
                }
                Event::Edit(_) | Event::Delete(_) | Event::Reaction(_) | Event::Void { .. } | Event::Unknown { .. } => {
                    None
                }
            })
            .collect()
    }

    /// A request was refused.
    pub(super) fn refused(&mut self, error: ErrorFrame, now: Millis) -> Option<Output> {
        let id = error.id.as_ref()?;
        if self.sending.as_ref() == Some(id) {
            return self.post_refused(error, now);
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

    fn post_refused(&mut self, error: ErrorFrame, now: Millis) -> Option<Output> {
        let id = self.sending.take()?;
        if error.retryable {
            self.wait(&error, now);
            return None;
        }
        if matches!(error.code, Code::BadName | Code::BadSecret | Code::NameRequired | Code::NameTaken) {
            // The post is all right. It waits for another name, or goes out under the one given meanwhile.
            if self.hello != Hello::Done {
                return None;
            }
            self.hello = Hello::Refused;
            return Some(NameRefused { error });
        }
        self.take(&id).map(|post| Refused { post, error })
    }

    fn wait(&mut self, error: &ErrorFrame, now: Millis) {
        self.send_from = Some(now.saturating_add(error.retry_after_ms.unwrap_or(RETRY_MS)));
    }

    fn take(&mut self, id: &RequestId) -> Option<Post> {
        if self.sending.as_ref() == Some(id) {
            self.sending = None;
        }
        let at = self.posts.iter().position(|post| post.id == *id)?;
        self.posts.remove(at)
    }
}
