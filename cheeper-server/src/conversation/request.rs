//! What a request calls for, by the same rules for every way in: WebSocket, form, JSON. It touches no store and no socket.

use cheeper_protocol::{AuditQuery, Code, Limits, Name, Refusal, Request, RequestId, Role};

use crate::{
    access::{Grant, ONLY_HOSTS, Order},
    feed::Question,
    limits::{RateLimits, Source},
    timeline::{Author, Claim, Command, Delete, Edit, Post, React},
};

/// What every conversation of a server holds to.
pub struct Rules {
    /// What clients are told of bounds.
    pub limits: Limits,
    /// How often they may ask for what costs something.
    pub rate_limits: RateLimits,
}

impl Rules {
    /// Lets somebody ask for a page, if they have not asked for too many.
    pub(crate) fn check_question(&self, question: &Question, source: Source) -> Result<(), Refusal> {
        match question {
            Question::Search(_) => self.rate_limits.check_search(source),
            Question::History(_) | Question::Thread(_) => self.rate_limits.check_page(source),
        }
    }

    fn read(&self, question: Question, source: Source) -> Result<Step, Refusal> {
        self.check_question(&question, source)?;
        Ok(Step::Read(question))
    }
}

/// What a request calls for. Each leads to exactly one answer.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Have the timeline carry this out.
    Submit(Command),
    /// Have it carry out what a host orders.
    Order(Order),
    /// Read a page.
    Read(Question),
    /// Read a part of the audit.
    ReadAudit(AuditQuery),
    /// Say who is here.
    ListNames,
    /// Say that we are here.
    Pong,
}

/// Who speaks, as far as they have said so.
#[derive(Default)]
pub struct Speaker {
    /// As `hello` gave it. The timeline checks the secret with every command, so a claim that is still on its way, or that
    /// somebody else makes later, needs no care here.
    author: Option<Author>,
}

impl Speaker {
    /// Somebody who has said it already.
    pub fn new(author: Author) -> Self {
        Self { author: Some(author) }
    }

    /// What their request calls for, or why it is refused.
    pub fn on_request(
        &mut self,
        id: Option<&RequestId>,
        request: Request,
        source: Source,
        rules: &Rules,
    ) -> Result<Step, Refusal> {
        match request {
            Request::Post { name, cheep, reply_to } => {
                let author = self.writer(name, source, rules)?;
                Ok(Step::Submit(Command::Post(Post { author, cheep, reply_to, id: id.cloned() })))
            }
            Request::Hello { name, secret } => {
                // Whatever comes of it, the earlier name is not theirs any more.
                self.author = None;
                match &secret {
                    Some(_) => rules.rate_limits.check_secret(source, &name)?,
                    None => rules.rate_limits.check_name(source)?,
                }
                let may_claim = match secret {
                    None => Ok(()),
                    // The name may be theirs already.
                    Some(_) if source.grant.role < Role::Member => Err(Code::ReadOnly.into()),
                    Some(_) => rules.rate_limits.check_claim(source),
                };
                let Grant { role, person, link, .. } = source.grant;
                let author = Author { name, secret, role, person, link };
                self.author = Some(author.clone());
                Ok(Step::Submit(Command::Claim(Claim { author, may_claim })))
            }
            Request::Edit { name, target, cheep } => {
                let author = self.writer(name, source, rules)?;
                Ok(Step::Submit(Command::Edit(Edit { author, target, cheep, id: id.cloned() })))
            }
            Request::Delete { name: None, target } if self.author.is_none() && source.grant.role == Role::Host => {
                Ok(Step::Order(Order::Remove { target }))
            }
            Request::Delete { name, target } => {
                let author = self.writer(name, source, rules)?;
                Ok(Step::Submit(Command::Delete(Delete { author, target, id: id.cloned() })))
            }
            Request::React { name, target, emoji, on } => {
                let author = self.allowed(name, source.grant)?;
                rules.rate_limits.check_reaction(source, &author)?;
                Ok(Step::Submit(Command::React(React { author, target, emoji, on, id: id.cloned() })))
            }
            Request::History(history) => rules.read(Question::History(history), source),
            Request::Thread(thread) => rules.read(Question::Thread(thread), source),
            Request::Search(search) => rules.read(Question::Search(search), source),
            Request::Who => rules.rate_limits.check_page(source).map(|()| Step::ListNames),
            Request::Ping => Ok(Step::Pong),
            _ if source.grant.role < Role::Host => Err(Refusal::new(Code::Forbidden, ONLY_HOSTS)),
            Request::Audit(query) => Ok(Step::ReadAudit(query)),
            order => Order::of(order).map(Step::Order).ok_or(Code::UnknownType.into()),
        }
    }

    /// As whom they speak, if they have said so.
    pub(crate) fn author(&self) -> Option<&Author> {
        self.author.as_ref()
    }

    /// A `hello` was refused, which leaves them without a name.
    pub fn forget(&mut self) {
        self.author = None;
    }

    /// Who changes the timeline, if they may do so now.
    fn writer(&self, name: Option<Name>, source: Source, rules: &Rules) -> Result<Author, Refusal> {
        let author = self.allowed(name, source.grant)?;
        rules.rate_limits.check_post(source, &author)?;
        Ok(author)
    }

    fn allowed(&self, name: Option<Name>, grant: Grant) -> Result<Author, Refusal> {
        if grant.role < Role::Member {
            return Err(Code::ReadOnly.into());
        }
        self.author_of(name, grant).ok_or(Refusal::from(Code::NameRequired).in_field("name"))
    }

    fn author_of(&self, name: Option<Name>, grant: Grant) -> Option<Author> {
        let Some(name) = name else { return self.author.clone() };
        // A post that spells its name out is no less its holder's.
        let own = self.author.as_ref().filter(|author| author.name.fold() == name.fold());
        let secret = own.and_then(|author| author.secret.clone());
        let Grant { role, person, link, .. } = grant;
        Some(Author { name, secret, role, person, link })
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{ClientFrame, Muted, Seq};

    use super::*;
    use crate::{
        limits::Connected,
        timeline::{LinkId, Person},
    };

    const GRANT: Grant = Grant { role: Role::Member, person: Person(1), link: None, ends_at: None };

    fn steps(frames: &[&str]) -> Vec<Result<Step, Refusal>> {
        steps_of(GRANT, 0, frames)
    }

    /// The same where people may post so often in a minute.
    fn steps_within(per_minute: u32, frames: &[&str]) -> Vec<Result<Step, Refusal>> {
        steps_of(GRANT, per_minute, frames)
    }

    /// The same for somebody who may do something else.
    fn steps_of(grant: Grant, per_minute: u32, frames: &[&str]) -> Vec<Result<Step, Refusal>> {
        let rules = Rules { limits: Limits::default(), rate_limits: RateLimits::new(per_minute) };
        let connection = Some(Connected { serial: 1, is_settled: true });
        let source = Source { address: [127, 0, 0, 1].into(), connection, grant };
        let mut speaker = Speaker::default();
        let frames = frames.iter().map(|frame| ClientFrame::parse(frame, &rules.limits).unwrap());
        frames.map(|frame| speaker.on_request(frame.id.as_ref(), frame.request, source, &rules)).collect()
    }

    #[test]
    fn a_post_without_a_name_takes_the_one_that_hello_gave() {
        let steps = steps(&[
            r#"{"cheep":"who am I"}"#,
            r#"{"type":"hello","name":"alice","secret":"0123456789abcdef"}"#,
            r#"{"type":"post","cheep":"I am alice","id":"1"}"#,
        ]);
        assert_eq!(steps[0].as_ref().unwrap_err().code, Code::NameRequired);
        let Ok(Step::Submit(Command::Post(post))) = &steps[2] else { panic!("{:?}", steps[2]) };
        assert_eq!(post.author.name.as_str(), "alice");
        assert!(post.author.secret.is_some());
        assert_eq!(post.id, RequestId::parse("1").ok());
    }

    #[test]
    fn the_secret_goes_with_its_own_name_only() {
        let steps = steps(&[
            r#"{"type":"hello","name":"alice","secret":"0123456789abcdef"}"#,
            r#"{"name":"Alice","cheep":"me"}"#,
            r#"{"name":"bob","cheep":"not me"}"#,
        ]);
        let secrets = steps[1..].iter().map(|step| match step {
            Ok(Step::Submit(Command::Post(post))) => post.author.secret.is_some(),
            other => panic!("{other:?}"),
        });
        assert_eq!(secrets.collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn changes_use_up_the_same_budget_as_posts_and_reading_uses_none() {
        let frames = [
            r#"{"name":"alice","cheep":"hi"}"#,
            r#"{"type":"edit","name":"alice","target":1,"cheep":"hello"}"#,
            r#"{"type":"thread","seq":1}"#,
            r#"{"type":"react","name":"alice","target":1,"emoji":"🎉"}"#,
            r#"{"type":"search","q":"hi"}"#,
            r#"{"type":"react","name":"alice","target":1,"emoji":"🎉","on":false}"#,
            r#"{"type":"delete","name":"alice","target":1}"#,
            r#"{"type":"delete","name":"alice","target":2}"#,
            r#"{"type":"history"}"#,
        ];
        let refused = steps_within(4, &frames).into_iter().map(|step| step.err().map(|refusal| refusal.code));
        let expected = [None, None, None, None, None, None, None, Some(Code::RateLimited), None];
        assert_eq!(refused.collect::<Vec<_>>(), expected, "five at once, and no sixth");
    }

    #[test]
    fn who_guesses_secrets_is_stopped_for_that_name_and_has_none_left() {
        let guess = r#"{"type":"hello","name":"alice","secret":"0123456789abcdef"}"#;
        let mut frames = vec![guess; 1000];
        frames.extend([r#"{"cheep":"nobody"}"#, r#"{"type":"hello","name":"bob","secret":"0123456789abcdef"}"#]);
        let steps = steps(&frames);
        let refused = steps[..1000].iter().filter(|step| step.is_err()).count();
        assert!(refused > 900, "{refused}");
        let Err(why) = &steps[999] else { panic!("{:?}", steps[999]) };
        assert!(why.code == Code::RateLimited && why.retry_after_ms.is_some(), "{why:?}");
        assert_eq!(steps[1000].as_ref().unwrap_err().code, Code::NameRequired);
        assert!(steps[1001].is_ok());
    }
    #[test]
    fn only_a_host_keeps_order_and_needs_no_name_for_it() {
        let frames = [
            r#"{"type":"mute","name":"mallory","for_ms":1000}"#,
            r#"{"type":"release","name":"bob"}"#,
            r#"{"type":"link","role":"host"}"#,
            r#"{"type":"undo","entry":7}"#,
            r#"{"type":"audit"}"#,
            r#"{"type":"delete","target":3}"#,
        ];
        let refused = steps(&frames).into_iter().map(|step| step.unwrap_err().code);
        let forbidden = std::iter::repeat_n(Code::Forbidden, 5).chain([Code::NameRequired]);
        assert!(refused.eq(forbidden));
        let host = Grant { role: Role::Host, link: Some(LinkId(1)), ..GRANT };
        let steps: Vec<Step> = steps_of(host, 1, &frames).into_iter().map(Result::unwrap).collect();
        let who = Muted::Name { name: Name::parse("mallory").unwrap() };
        assert_eq!(steps[0], Step::Order(Order::Mute { who, for_ms: Some(1000) }));
        assert_eq!(steps[5], Step::Order(Order::Remove { target: Seq::new(3).unwrap() }));
        assert!(matches!(steps[4], Step::ReadAudit(_)));
    }

    #[test]
    fn a_host_with_a_name_deletes_under_it() {
        let host = Grant { role: Role::Host, ..GRANT };
        let frames = [r#"{"type":"hello","name":"ann"}"#, r#"{"type":"delete","target":3}"#];
        let steps = steps_of(host, 0, &frames);
        assert!(matches!(&steps[1], Ok(Step::Submit(Command::Delete(_)))), "{:?}", steps[1]);
    }

    #[test]
    fn a_reader_writes_nothing_and_claims_no_name_that_is_free() {
        let reader = Grant { role: Role::Reader, ..GRANT };
        let steps = steps_of(
            reader,
            0,
            &[
                r#"{"name":"alice","cheep":"hi"}"#,
                r#"{"type":"hello","name":"alice","secret":"0123456789abcdef"}"#,
                r#"{"type":"history"}"#,
            ],
        );
        assert_eq!(steps[0].as_ref().unwrap_err().code, Code::ReadOnly);
        let Ok(Step::Submit(Command::Claim(claim))) = &steps[1] else { panic!("{:?}", steps[1]) };
        assert_eq!(claim.may_claim.as_ref().unwrap_err().code, Code::ReadOnly);
        assert!(steps[2].is_ok());
    }
}
