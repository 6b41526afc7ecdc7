//! Why a server does not let this client in, and what a person can do about it. Pure.

use cheeper_protocol::CheepText;

use super::certificate::Flaw;

/// Why there is no way in, and none later by itself. The server is not asked again before a person has done something about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// A token is needed, and there is none; with the server's own sentence.
    NoToken(Option<String>),
    /// The link that was given opens nothing, or nothing any more.
    WrongLink,
    /// The link or the session by which one had come in has ended.
    Ended,
    /// It cannot be known whether it is the server that was meant.
    Certificate(Flaw),
    /// Anything else: this status, with the server's own sentence.
    Status(u16, Option<String>),
}

/// What to do with a link, once one has it.
const WITH_A_LINK: &str = "paste the link: cheeper-tui --server LINK";
/// A server's sentence is not longer than this; whatever is goes on about something else.
const SENTENCE: usize = 300;

impl Refused {
    /// What the status of an answer comes to, if it is one that stops a client; and what stands in the answer's body.
    pub(super) fn of_status(status: u16, said: Option<&str>) -> Option<Self> {
        let said = said.and_then(sentence);
        match status {
            401 => Some(Self::NoToken(said)),
            403 | 421 => Some(Self::Status(status, said)),
            _ => None,
        }
    }

    /// The sentence for a person, without its full stop.
    pub fn sentence(&self, host: &str) -> String {
        match self {
            Self::NoToken(said) => {
                let said = said.as_deref().unwrap_or("it is only for those who have its link: ask its host for it");
                format!("{host} does not let this client in: {said}. Then {WITH_A_LINK}")
            }
            Self::WrongLink => format!(
                "{host} does not let this client in: this link has ended, or is not whole. Ask its host for another, then \
                 {WITH_A_LINK}"
            ),
            Self::Ended => format!(
                "the link or the session by which you came to {host} has ended: ask its host for another, then \
                 {WITH_A_LINK}"
            ),
            Self::Certificate(flaw) => flaw.sentence(host),
            Self::Status(_, Some(said)) => format!("{host} does not let this client in: {said}"),
            Self::Status(status, None) => {
                format!("{host} does not let this client in (HTTP status {status}): ask whoever runs it")
            }
        }
    }
}

/// The sentence in the body of an answer, safe to draw: the text, or the message of an `error`. Pages of proxies are none.
fn sentence(body: &str) -> Option<String> {
    let told = serde_json::from_str::<serde_json::Value>(body).ok();
    let told = told.as_ref().and_then(|error| error.get("message")?.as_str()).unwrap_or(body);
    let told = CheepText::cleaned(told).as_str().replace('\n', " ");
    let told = told.trim_end_matches('.');
    (!told.is_empty() && told.len() <= SENTENCE && !told.starts_with(['<', '{'])).then(|| told.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_why_and_what_to_do() {
        let says = |status, body| Refused::of_status(status, body).map(|refused| refused.sentence("host"));
        let ask = "This timeline is only for those who have its link: ask its host for it.";
        for (status, body, expected) in [
            (
                401,
                Some(ask),
                "host does not let this client in: This timeline is only for those who have its link: ask its \
                              host for it. Then paste the link: cheeper-tui --server LINK",
            ),
            (
                401,
                None,
                "host does not let this client in: it is only for those who have its link: ask its host for it. \
                         Then paste the link: cheeper-tui --server LINK",
            ),
            (
                403,
                Some("<html>Forbidden</html>"),
                "host does not let this client in (HTTP status 403): ask whoever runs it",
            ),
            (
                421,
                Some(r#"{"type":"error","message":"I am not \"host\"\u001b[2J.\n"}"#),
                "host does not let this client in: I am not \"host\"[2J",
            ),
        ] {
            assert_eq!(says(status, body).as_deref(), Some(expected), "{status} {body:?}");
        }
        for status in [400, 404, 426, 429, 500, 503] {
            assert_eq!(says(status, None), None, "{status}");
        }
    }
}
