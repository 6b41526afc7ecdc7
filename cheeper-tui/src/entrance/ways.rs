//! In which order the ways in are tried. Pure.

use cheeper_protocol::Token;

/// How somebody may come in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Way {
    /// By a session that was kept.
    Session(Token),
    /// By a link, which is changed for a session first.
    Link(Token),
    /// As a stranger, without any token.
    Stranger,
}

impl Way {
    /// What is tried first, by whoever gave this link and has kept this session: of that link, or of any if none was given.
    pub(super) fn first(link: Option<&Token>, kept: Option<Token>) -> Self {
        match (kept, link) {
            (Some(session), _) => Self::Session(session),
            (None, Some(link)) => Self::Link(link.clone()),
            (None, None) => Self::Stranger,
        }
    }

    /// What is tried once this one was refused for its token. A session may have ended and its link not; and a server that
    /// needed one yesterday may let in everybody today, or be another one.
    pub(super) fn next(&self, link: Option<&Token>) -> Option<Self> {
        match (self, link) {
            (Self::Session(_), Some(link)) => Some(Self::Link(link.clone())),
            (Self::Session(_), None) => Some(Self::Stranger),
            (Self::Link(_) | Self::Stranger, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str) -> Token {
        Token::parse(&format!("{name:0<24}")).unwrap()
    }

    /// All that are tried if each is refused.
    fn tried(link: Option<&Token>, kept: Option<Token>) -> Vec<Way> {
        std::iter::successors(Some(Way::first(link, kept)), |way| way.next(link)).collect()
    }

    #[test]
    fn a_session_is_tried_before_its_link_and_a_stranger_gives_no_token() {
        let (link, session) = (token("j_"), token("s_"));
        let by_session = Way::Session(session.clone());
        let by_link = || Way::Link(link.clone());
        assert_eq!(tried(None, None), [Way::Stranger]);
        assert_eq!(tried(Some(&link), None), [by_link()], "who was given a link does not come in without");
        assert_eq!(tried(None, Some(session.clone())), [by_session.clone(), Way::Stranger]);
        assert_eq!(tried(Some(&link), Some(session)), [by_session, by_link()]);
    }
}
