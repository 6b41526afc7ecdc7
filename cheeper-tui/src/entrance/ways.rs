//! In which order the ways in are tried. Pure.

use cheeper_protocol::Token;

use crate::storage::Session;

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
    /// What to tell somebody who has come in by this way because another one, of which that is said, was refused.
    pub(super) fn instead_of(&self, ended: &str) -> Option<String> {
        match self {
            Self::Session(_) => Some(format!("{ended}: you are here by another one.")),
            Self::Stranger => Some(format!("{ended}: you are here without one.")),
            // It is what was asked for.
            Self::Link(_) => None,
        }
    }
}

/// What is tried one after the other, as long as each is refused for its token, by whoever gave this link and has kept these
/// sessions, the best one first. A session may have ended and its link not, and another link may have been used meanwhile; a
/// server that needed one yesterday may let in everybody today, or be another one.
pub(super) fn ways(link: Option<&Token>, link_was_refused: bool, kept: &[Session]) -> Vec<Way> {
    let session = |kept: &Session| Way::Session(kept.session.clone());
    let Some(link) = link else {
        return kept.iter().map(session).chain([Way::Stranger]).collect();
    };
    // Whoever gives a link means that one. Once it was refused it comes last: servers make those wait who try too many.
    let means_it = |kept: &&Session| !link_was_refused && kept.is_of(link);
    let (of_the_link, others): (Vec<&Session>, Vec<&Session>) = kept.iter().partition(means_it);
    let link = Way::Link(link.clone());
    let (of_the_link, others) = (of_the_link.into_iter().map(session), others.into_iter().map(session));
    if link_was_refused { others.chain([link]).collect() } else { of_the_link.chain([link]).chain(others).collect() }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::Role;

    use super::*;

    fn token(name: &str) -> Token {
        Token::parse(&format!("{name:0<24}")).unwrap()
    }

    #[test]
    fn a_session_is_tried_before_its_link_and_a_stranger_gives_no_token() {
        let (link, other) = (token("j_"), token("h_"));
        let (mine, hosts) = (token("s_1"), token("s_2"));
        let kept = [Session::new(&other, hosts.clone(), Role::Host), Session::new(&link, mine.clone(), Role::Member)];
        let (by_mine, by_hosts) = (Way::Session(mine), Way::Session(hosts));
        let by_link = || Way::Link(link.clone());
        assert_eq!(ways(None, false, &[]), [Way::Stranger]);
        assert_eq!(ways(None, false, &kept), [by_hosts.clone(), by_mine.clone(), Way::Stranger]);
        assert_eq!(ways(Some(&link), false, &[]), [by_link()], "who was given a link does not come in without");
        assert_eq!(ways(Some(&link), false, &kept), [by_mine.clone(), by_link(), by_hosts.clone()]);
        assert_eq!(ways(Some(&link), false, &kept[..1]), [by_link(), by_hosts.clone()], "it is worth a try");
        assert_eq!(ways(Some(&link), true, &kept), [by_hosts, by_mine, by_link()]);
    }
}
