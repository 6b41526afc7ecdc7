//! Tokens: made here from chance, and known by a keyed hash alone.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cheeper_protocol::{Code, Refusal, Role, Token};

use crate::timeline::{Person, Timeline};

/// What tokens are hashed under, so that whoever reads a store or a backup of it gets in by none of them.
const TOKEN_KEY: &str = "cheeper 2026-11 tokens";
/// Chance in a token: nobody guesses 128 bits.
const RANDOM_BYTES: usize = 16;

/// What is kept of a token.
pub(crate) type TokenHash = [u8; 32];

/// What a token opens. It can be read from its first letters, so that people see what they have in their hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    MemberLink,
    HostLink,
    Session,
}

impl TokenKind {
    /// Of a link for a role.
    pub(super) fn of_link(role: Role) -> Self {
        if role == Role::Host { Self::HostLink } else { Self::MemberLink }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::MemberLink => "j_",
            Self::HostLink => "h_",
            Self::Session => "s_",
        }
    }
}

/// Makes tokens and hashes them.
pub(super) struct TokenIssuer {
    key: [u8; 32],
}

impl TokenIssuer {
    pub(super) fn new(timeline: &dyn Timeline) -> Self {
        Self { key: timeline.key(TOKEN_KEY) }
    }

    /// What is kept of a token. Two are compared by it, so how long that takes tells nothing of a token.
    pub(super) fn hash(&self, token: &str) -> TokenHash {
        *blake3::keyed_hash(&self.key, token.as_bytes()).as_bytes()
    }

    /// A new token, and what is kept of it.
    pub(super) fn make(&self, kind: TokenKind) -> Result<(Token, TokenHash), Refusal> {
        let text = format!("{}{}", kind.prefix(), BASE64_URL_SAFE_NO_PAD.encode(random::<RANDOM_BYTES>()?));
        let hash = self.hash(&text);
        Ok((Token::parse(&text)?, hash))
    }
}

/// Somebody who was not there before.
pub(super) fn new_person() -> Result<Person, Refusal> {
    Ok(Person(u64::from_le_bytes(random()?)))
}

fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        Refusal::from(Code::Internal)
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_it_opens_and_is_never_made_twice() {
        let mint = TokenIssuer { key: [7; 32] };
        for (kind, begin) in [(TokenKind::MemberLink, "j_"), (TokenKind::HostLink, "h_"), (TokenKind::Session, "s_")] {
            let (token, hash) = mint.make(kind).unwrap();
            assert!(token.expose().starts_with(begin) && token.expose().len() == 24, "{}", token.expose());
            assert_eq!(hash, mint.hash(token.expose()));
            assert_ne!(token, mint.make(kind).unwrap().0);
        }
    }

    #[test]
    fn another_timeline_keeps_something_else_of_the_same_token() {
        let (one, other) = (TokenIssuer { key: [1; 32] }, TokenIssuer { key: [2; 32] });
        assert_ne!(one.hash("j_0123456789abcdef"), other.hash("j_0123456789abcdef"));
    }
}
