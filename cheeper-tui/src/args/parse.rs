//! Values as they are typed; why one is refused is a sentence for a person.

use cheeper_protocol::{Emoji, Name, Seq};

use crate::server::Server;

pub(crate) fn name(typed: &str) -> Result<Name, String> {
    Name::parse(typed).map_err(|refusal| refusal.message.into_owned())
}

pub(super) fn emoji(typed: &str) -> Result<Emoji, String> {
    Emoji::parse(typed).map_err(|refusal| refusal.message.into_owned())
}

pub(super) fn seq(typed: &str) -> Result<Seq, String> {
    typed.parse().ok().and_then(Seq::new).ok_or_else(|| "the number of a cheep: 0, 1, 2 and so on".to_owned())
}

/// Where it is said where the timeline is.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    At(Server),
    /// The input says it: what is typed as an argument can be seen by everybody on the machine.
    Input,
}

impl Place {
    pub(super) fn parse(typed: &str) -> Result<Self, String> {
        if typed == "-" { Ok(Self::Input) } else { Server::parse(typed).map(Self::At) }
    }
}
