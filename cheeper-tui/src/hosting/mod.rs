//! What a host does beside the timeline, and what lies over it then: the audit, or a link that was made. Pure.

mod audit;
mod wish;
mod words;

use cheeper_protocol::{Entry, Request, RequestId};

pub use self::{
    audit::Audit,
    wish::link as wished_link,
    words::{line, words},
};

/// What a host has asked for, and what is shown of it.
#[derive(Default)]
pub struct Hosting {
    /// Lies over the timeline and takes the keys.
    pub over: Option<Over>,
    /// To be asked as soon as this message is dealt with.
    pub wanted: Vec<(Request, Asked)>,
    /// On their way.
    pub asked: Vec<(RequestId, Asked)>,
    /// How many were asked: each has an id of its own.
    pub count: u64,
}

/// What an answer is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// A part of the audit.
    Audit,
    /// Something was to be done; what, for people.
    Deed(String),
}

pub enum Over {
    Audit(Audit),
    Link(Made),
}

/// A link that was made. It is shown once and kept nowhere.
pub struct Made {
    /// The link itself.
    pub link: String,
    pub entry: Entry,
}

impl Hosting {
    /// What this is the answer to.
    pub fn answered(&mut self, id: Option<&RequestId>) -> Option<Asked> {
        let at = self.asked.iter().position(|(asked, _)| Some(asked) == id)?;
        Some(self.asked.remove(at).1)
    }

    /// The audit, if it is open.
    pub fn audit(&mut self) -> Option<&mut Audit> {
        match &mut self.over {
            Some(Over::Audit(audit)) => Some(audit),
            _ => None,
        }
    }
}
