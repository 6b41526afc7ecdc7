//! Decides who is let in: by a token, by the cookie of a browser, or as a stranger.

use std::sync::Arc;

use cheeper_protocol::{Code, Refusal, Role, Timestamp, Token};

use super::{
    principal::{Client, Grant},
    recent_authors::RecentAuthors,
    registry::Opened,
    standing::Standing,
    token::{TokenIssuer, TokenKind, new_person},
};
use crate::timeline::{Actor, Command, Deed, LinkId, Moderate, Person, Timeline};

/// What addresses are hashed under, so that no store holds one.
const PERSON_KEY: &str = "cheeper 2026-11 people by address";
/// What the cookie of this store is told by from that of another one.
const COOKIE_KEY: &str = "cheeper 2026-11 the name of the cookie";

/// Decides for each client what it may do.
pub(crate) struct Access {
    person_key: [u8; 32],
    pub(super) mint: TokenIssuer,
    /// The name of the cookie that carries a session. It is the store's own, for a browser sends the cookies of one host to all
    /// servers there, whatever their ports; and it stays when a backup is restored, which has another id but the same sessions.
    cookie: String,
    /// What somebody without a token may do, if they may come in.
    pub(super) strangers: Option<Role>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) authors: RecentAuthors,
}

/// What a client shows to be let in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Credentials<'a> {
    /// A token that was given for this request alone: a wrong one is a mistake that somebody should hear of.
    pub(crate) bearer: Option<&'a str>,
    /// A session that a browser sends along by itself: a stale one is of no account.
    pub(crate) cookie: Option<&'a str>,
}

/// Why a client may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotGranted {
    /// A token is needed, and none came.
    NoToken,
    /// The token is none, or none any more. It may be a guess.
    WrongToken,
}

/// By which name a browser keeps a session here.
fn cookie(timeline: &dyn Timeline) -> String {
    let key = timeline.key(COOKIE_KEY);
    let digits = key[..8].iter().map(|byte| format!("{byte:02x}"));
    format!("cheeper_{}", digits.collect::<String>())
}

/// Somebody who comes in by a link, once the timeline has carried out the command.
pub(crate) struct Joining {
    /// What they may do.
    pub(crate) role: Role,
    /// Until when, if the link ends by itself.
    pub(crate) ends_at: Option<Timestamp>,
    /// What they come in with from now on.
    pub(crate) session: Token,
    /// None: they have this session already.
    pub(crate) command: Option<Command>,
}

impl Access {
    pub(crate) fn new(strangers: Option<Role>, timeline: &dyn Timeline, standing: Arc<Standing>) -> Self {
        Self {
            person_key: timeline.key(PERSON_KEY),
            mint: TokenIssuer::new(timeline),
            cookie: cookie(timeline),
            strangers,
            standing,
            authors: RecentAuthors::default(),
        }
    }

    /// The name of the cookie that carries a session.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// What a client may do, or why it may not come in.
    pub(crate) fn grant(&self, client: &Client, shown: Credentials) -> Result<Grant, NotGranted> {
        if let Some(bearer) = shown.bearer {
            return self.by_token(client, bearer).ok_or(NotGranted::WrongToken);
        }
        if let Some(grant) = shown.cookie.and_then(|cookie| self.by_session(cookie)) {
            return Ok(grant);
        }
        let role = self.strangers.ok_or(NotGranted::NoToken)?;
        Ok(Grant { role, person: self.person(client, None), link: None, ends_at: None })
    }

    /// A session for whoever shows the token of a link. A browser that has one of the same link keeps it, so that to open
    /// the link once more makes nobody a stranger to the limits and the mutes that they are under; and so does one that may do more
    /// by it, as a host who tries a link for members.
    pub(crate) fn join(&self, token: &Token, shown: Credentials) -> Result<Joining, Refusal> {
        let opened = |token: &str| self.standing.find(&self.mint.hash(token), Timestamp::now());
        let Some((Opened::Link(link), role, ends_at)) = opened(token.expose()) else {
            return Err(NotGranted::WrongToken.into());
        };
        if let Some(cookie) = shown.cookie
            && let Some((Opened::Session(of, _), role_so_far, ends_at)) = opened(cookie)
            && (of == link || role_so_far > role)
        {
            let role = role_so_far;
            return Ok(Joining { role, ends_at, session: Token::parse(cookie)?, command: None });
        }
        let (session, session_hash) = self.mint.make(TokenKind::Session)?;
        let deed = Deed::Join { link, session_hash, person: new_person()? };
        let command = Some(Command::Moderate(Moderate { by: Actor::Oneself, deed }));
        Ok(Joining { role, ends_at, session, command })
    }

    fn by_token(&self, client: &Client, token: &str) -> Option<Grant> {
        let (opened, role, ends_at) = self.standing.find(&self.mint.hash(token), Timestamp::now())?;
        let (link, person) = match opened {
            Opened::Link(link) => (link, self.person(client, Some(link))),
            Opened::Session(link, person) => (link, person),
        };
        Some(Grant { role, person, link: Some(link), ends_at })
    }

    fn by_session(&self, token: &str) -> Option<Grant> {
        match self.standing.find(&self.mint.hash(token), Timestamp::now())? {
            (Opened::Session(link, person), role, ends_at) => Some(Grant { role, person, link: Some(link), ends_at }),
            (Opened::Link(_), ..) => None,
        }
    }

    /// Who somebody is that has no session: all behind one address are one, or those of them who came by one link.
    pub(super) fn person(&self, client: &Client, link: Option<LinkId>) -> Person {
        let mut hasher = blake3::Hasher::new_keyed(&self.person_key);
        hasher.update(client.network().to_string().as_bytes());
        if let Some(LinkId(link)) = link {
            hasher.update(b" by link ").update(&link.to_le_bytes());
        }
        let mut person = [0; 8];
        person.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Person(u64::from_le_bytes(person))
    }
}

impl From<NotGranted> for Refusal {
    fn from(why: NotGranted) -> Self {
        match why {
            NotGranted::NoToken => Code::TokenRequired.into(),
            NotGranted::WrongToken => {
                let why = "This token is not, or not any more, one of this timeline: ask its host for a link.";
                Self::new(Code::TokenRequired, why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::{
        access::{Principal, PrincipalRef},
        timeline::{Engine as _, Outcome, memory::Memory},
    };

    const HERE: Client = Client { address: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), is_secure: false };

    /// A timeline, and who is let in to it.
    fn door(strangers: Option<Role>) -> (Arc<dyn Timeline>, Access) {
        let standing = Arc::new(Standing::default());
        let admitted = standing.clone();
        let admit = Box::new(move |changes: &[crate::timeline::AccessChange]| admitted.apply(changes));
        let Ok(timeline) = Memory::new("door").start(Box::new(|_| ()), admit);
        let timeline: Arc<dyn Timeline> = Arc::new(timeline);
        let access = Access::new(strangers, &*timeline, standing);
        (timeline, access)
    }

    fn carry_out(timeline: &dyn Timeline, command: Command) -> Result<Outcome, Refusal> {
        let (answer, answered) = mpsc::channel();
        timeline.submit(command, Box::new(move |outcome| drop(answer.send(outcome))));
        answered.recv().unwrap()
    }

    fn link(timeline: &dyn Timeline, access: &Access, role: Role) -> Token {
        let (token, token_hash) = access.mint.make(TokenKind::of_link(role)).unwrap();
        let deed = Deed::MakeLink { role, token_hash, ends_at: None, note: None };
        carry_out(timeline, Command::Moderate(Moderate { by: Actor::Operator, deed })).unwrap();
        token
    }

    fn join(timeline: &dyn Timeline, access: &Access, token: &Token) -> Token {
        let joining = access.join(token, Credentials::default()).unwrap();
        carry_out(timeline, joining.command.unwrap()).unwrap();
        joining.session
    }

    fn bearer(token: &Token) -> Credentials<'_> {
        Credentials { bearer: Some(token.expose()), cookie: None }
    }

    #[test]
    fn a_token_comes_before_a_cookie_and_that_before_nothing() {
        let (timeline, access) = door(Some(Role::Reader));
        let host = link(&*timeline, &access, Role::Host);
        let session = join(&*timeline, &access, &link(&*timeline, &access, Role::Member));
        let role = |bearer, cookie| access.grant(&HERE, Credentials { bearer, cookie }).map(|grant| grant.role);
        let (host, session) = (Some(host.expose()), Some(session.expose()));
        assert_eq!(role(host, session), Ok(Role::Host));
        assert_eq!(role(None, session), Ok(Role::Member));
        assert_eq!(role(None, None), Ok(Role::Reader));
        assert_eq!(role(Some("j_wrong-token-it-is"), session), Err(NotGranted::WrongToken));
        assert_eq!(role(None, Some("s_of-another-day-it-is")), Ok(Role::Reader));
        assert_eq!(role(None, host), Ok(Role::Reader), "a cookie carries sessions only");
        let (_, private) = door(None);
        assert_eq!(private.grant(&HERE, Credentials::default()), Err(NotGranted::NoToken));
    }

    #[test]
    fn a_stranger_is_known_again_by_the_address_alone() {
        let (timeline, access) = door(Some(Role::Reader));
        let principal = |shown| Principal { client: HERE, grant: access.grant(&HERE, shown).unwrap() };
        let stranger = principal(Credentials::default());
        assert_eq!(PrincipalRef::to_keep(Box::new(stranger), HERE.address), None);
        assert_eq!(PrincipalRef::Stranger { access: &access, address: HERE.address }.principal(), stranger);
        // Not of whom a proxy speaks, nor of whom a link lets in.
        assert!(PrincipalRef::to_keep(Box::new(stranger), [10, 0, 0, 2].into()).is_some());
        let member = principal(bearer(&link(&*timeline, &access, Role::Member)));
        assert!(PrincipalRef::to_keep(Box::new(member), HERE.address).is_some_and(|kept| *kept == member));
    }

    #[test]
    fn each_session_is_a_person_and_all_behind_an_address_are_one_for_a_link_and_without_it() {
        let (timeline, access) = door(Some(Role::Member));
        let (one, other) = (link(&*timeline, &access, Role::Member), link(&*timeline, &access, Role::Member));
        let sessions = [join(&*timeline, &access, &one), join(&*timeline, &access, &one)];
        let elsewhere = Client { address: [10, 0, 0, 2].into(), ..HERE };
        let person = |client: &Client, shown| access.grant(client, shown).unwrap().person;
        let mut people = vec![
            person(&HERE, bearer(&sessions[0])),
            person(&HERE, bearer(&sessions[1])),
            person(&HERE, bearer(&one)),
            person(&HERE, bearer(&other)),
            person(&elsewhere, bearer(&one)),
            person(&HERE, Credentials::default()),
            person(&elsewhere, Credentials::default()),
        ];
        assert_eq!(person(&elsewhere, bearer(&sessions[0])), people[0], "wherever they are");
        people.sort_by_key(|person| person.0);
        people.dedup();
        assert_eq!(people.len(), 7);
    }
}
