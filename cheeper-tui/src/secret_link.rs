//! Links in a text that are for one pair of eyes: whoever reads them may come in, or is somebody else. Pure.

use cheeper_protocol::Token;
use url::form_urlencoded;

/// What a link in a text gives away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SecretLink {
    /// Its bearer is let in.
    WayIn,
    /// Its bearer is the one of that name.
    Name,
}

impl SecretLink {
    /// The first one that stands anywhere in a text, whatever else is around it.
    pub fn find(text: &str) -> Option<Self> {
        let behind = text.match_indices('#').map(|(at, sign)| &text[at + sign.len()..]);
        behind.map(|rest| rest.split(char::is_whitespace).next().unwrap_or_default()).find_map(Self::of_fragment)
    }

    fn of_fragment(fragment: &str) -> Option<Self> {
        let field = |name: &str| form_urlencoded::parse(fragment.as_bytes()).find(|(key, _)| key == name);
        if let Some((_, value)) = field("join") {
            // In a sentence a full stop or a bracket may stand behind it, which is no part of it.
            let end =
                value.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')).unwrap_or(value.len());
            return Token::parse(&value[..end]).is_ok().then_some(Self::WayIn);
        }
        // Any part of a secret is too much, so it need not be a whole one.
        (field("name").is_some() && field("secret").is_some_and(|(_, value)| !value.is_empty())).then_some(Self::Name)
    }

    /// Why it is not posted and what it is for, without the full stop.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::WayIn => {
                "This is a link that lets people in: it is not posted. Start with: cheeper-tui --server LINK"
            }
            Self::Name => {
                "This is a link that carries a name with its secret: it is not posted. Give it to: cheeper-tui identity import"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_found_whatever_is_around_it() {
        let (way_in, name) = (Some(SecretLink::WayIn), Some(SecretLink::Name));
        for (text, found) in [
            ("https://cheeper.example/team/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg", way_in),
            ("come in: https://host/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg.\nsee you", way_in),
            ("[here](https://host/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg)", way_in),
            ("#cheeper #join=j_8cZ0u3m5Q1xkq2Yw7b9aTg", way_in),
            ("host#a=1&join=%6A_8cZ0u3m5Q1xkq2Yw7b9aTg", way_in),
            ("https://host/#name=Zo%C3%AB&secret=correct%20horse%20battery%20staple", name),
            ("https://host/#secret=half&name=alice", name),
            ("Links end in #join=TOKEN", None),
            ("#join us, all of you", None),
            ("https://host/#name=alice", None),
            ("https://host/#name=alice&secret=", None),
            ("j_8cZ0u3m5Q1xkq2Yw7b9aTg", None),
            ("", None),
            ("###", None),
        ] {
            assert_eq!(SecretLink::find(text), found, "{text}");
        }
    }
}
