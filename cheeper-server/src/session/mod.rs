//! One client's conversation: a frame in, a step out. It opens no socket, asks no clock and touches no store.

pub mod budget;

use cheeper_protocol::{
    Ack, ClientFrame, Code, ErrorFrame, History, Limits, Name, Refusal, Request, RequestId, Secret, ServerFrame,
};

use self::budget::{Budget, Origin};
use crate::timeline::{Author, Named, NewCheep, Posted};

/// What a frame calls for. Each leads to exactly one answer.
#[derive(Debug)]
pub enum Step {
    /// Say this.
    Reply(ServerFrame),
    /// Put a cheep on the timeline; [`Session::on_posted`] makes the answer.
    Append(NewCheep),
    /// Take a name; [`Session::on_named`] makes the answer.
    Claim(Author),
    /// Read a page.
    History(History),
    /// Say who is here.
    Who,
    /// Say that we are here.
    Pong,
}

/// What every session of a server holds to.
pub struct Rules {
    pub limits: Limits,
    pub budget: Budget,
}

/// What one connection has said of itself.
#[derive(Default)]
pub struct Session {
    /// As `hello` gave it. The timeline checks the secret with every post, so a claim that is still on its way, or that
    /// somebody else makes later, needs no care here.
    author: Option<Author>,
}

impl Session {
    /// Reads a text frame: the id its answer goes under, and the step.
    pub fn on_text(&mut self, text: &str, from: Origin, rules: &Rules) -> (Option<RequestId>, Step) {
        let ClientFrame { id, request } = match ClientFrame::parse(text, &rules.limits) {
            Ok(frame) => frame,
            Err(unreadable) => return (unreadable.id.clone(), refuse(unreadable.id, unreadable.refusal)),
        };
        let step = match request {
            Request::Post { name, cheep, reply_to } => match self.author_of(name) {
                None => refuse(id.clone(), Code::NameRequired.into()),
                Some(author) => match rules.budget.spend(from, &author) {
                    Ok(()) => Step::Append(NewCheep { author, cheep, reply_to, id: id.clone() }),
                    Err(refusal) => refuse(id.clone(), refusal),
                },
            },
            Request::Hello { name, secret } => {
                let may_claim = if secret.is_some() { rules.budget.spend_claim(from) } else { Ok(()) };
                let author = Author { name, secret, may_claim };
                self.author = Some(author.clone());
                Step::Claim(author)
            }
            Request::History(history) => Step::History(history),
            Request::Who => Step::Who,
            Request::Ping => Step::Pong,
        };
        (id, step)
    }

    /// The answer to a post.
    pub fn on_posted(id: Option<RequestId>, result: Result<Posted, Refusal>) -> ServerFrame {
        match result {
            Ok(Posted { cheep, duplicate }) => ServerFrame::Ack(Ack { id, seq: cheep.seq, at: cheep.at, duplicate }),
            Err(refusal) => ServerFrame::Error(ErrorFrame::new(id, refusal)),
        }
    }

    /// The answer to a `hello`; a refused one leaves the connection without a name.
    pub fn on_named(&mut self, id: Option<RequestId>, author: &Author, result: Result<Named, Refusal>) -> ServerFrame {
        match result {
            Ok(Named { name, claimed }) => ServerFrame::Hello { id, name, claimed },
            Err(refusal) => {
                // A later hello may be under way already; this answer is not about that one.
                self.author.take_if(|current| current == author);
                ServerFrame::Error(ErrorFrame::new(id, refusal))
            }
        }
    }

    fn author_of(&self, name: Option<Name>) -> Option<Author> {
        let Some(name) = name else { return self.author.clone() };
        let secret = self.secret_of(&name);
        Some(Author::new(name, secret))
    }

    /// A post that spells its name out is no less its holder's.
    fn secret_of(&self, name: &Name) -> Option<Secret> {
        let author = self.author.as_ref()?;
        if author.name.fold() == name.fold() { author.secret.clone() } else { None }
    }
}

fn refuse(id: Option<RequestId>, refusal: Refusal) -> Step {
    Step::Reply(ServerFrame::Error(ErrorFrame::new(id, refusal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(frames: &[&str]) -> (Session, Vec<(Option<RequestId>, Step)>) {
        let rules = Rules { limits: Limits::default(), budget: Budget::new(0) };
        let from = Origin { address: [127, 0, 0, 1].into(), connection: Some(1) };
        let mut session = Session::default();
        let steps = frames.iter().map(|frame| session.on_text(frame, from, &rules)).collect();
        (session, steps)
    }

    fn code(step: &Step) -> Option<Code> {
        match step {
            Step::Reply(ServerFrame::Error(error)) => Some(error.code),
            _ => None,
        }
    }

    #[test]
    fn a_post_without_a_name_takes_the_one_that_hello_gave() {
        let (_, steps) = steps(&[
            r#"{"cheep":"who am I"}"#,
            r#"{"type":"hello","name":"alice","secret":"0123456789abcdef"}"#,
            r#"{"type":"post","cheep":"I am alice","id":"1"}"#,
        ]);
        assert_eq!(code(&steps[0].1), Some(Code::NameRequired));
        let Step::Append(cheep) = &steps[2].1 else { panic!("{:?}", steps[2]) };
        assert_eq!(cheep.author.name.as_str(), "alice");
        assert!(cheep.author.secret.is_some());
        assert_eq!(cheep.id, steps[2].0);
    }

    #[test]
    fn the_secret_goes_with_its_own_name_only() {
        let (_, steps) = steps(&[
            r#"{"type":"hello","name":"alice","secret":"0123456789abcdef"}"#,
            r#"{"name":"Alice","cheep":"me"}"#,
            r#"{"name":"bob","cheep":"not me"}"#,
        ]);
        let secrets: Vec<bool> = steps[1..]
            .iter()
            .map(|(_, step)| matches!(step, Step::Append(cheep) if cheep.author.secret.is_some()))
            .collect();
        assert_eq!(secrets, [true, false]);
    }

    #[test]
    fn a_refused_hello_leaves_no_name_behind_but_that_of_a_later_one() {
        let (mut session, steps) = steps(&[r#"{"type":"hello","name":"alice"}"#, r#"{"type":"hello","name":"bob"}"#]);
        let authors = steps.into_iter().map(|(_, step)| match step {
            Step::Claim(author) => author,
            other => panic!("{other:?}"),
        });
        let left = authors.map(|author| {
            let answer = session.on_named(None, &author, Err(Code::NameTaken.into()));
            assert!(matches!(answer, ServerFrame::Error(error) if error.code == Code::NameTaken));
            session.author_of(None).map(|author| author.name.to_string())
        });
        assert_eq!(left.collect::<Vec<_>>(), [Some("bob".to_owned()), None]);
    }

    #[test]
    fn what_cannot_be_read_is_answered_under_its_id() {
        let (_, steps) = steps(&[r#"{"type":"dance","id":"7"}"#, "[]"]);
        assert_eq!(
            (steps[0].0.as_ref().map(RequestId::as_str), code(&steps[0].1)),
            (Some("7"), Some(Code::UnknownType))
        );
        assert_eq!((&steps[1].0, code(&steps[1].1)), (&None, Some(Code::BadJson)));
    }
}
