//! What was typed on the command line, and what it comes to. Flags come before the environment.

use cheeper_protocol::Name;
use clap::Parser;

const EXAMPLES: &str = "Examples:
  cheeper-tui --name alice
      the timeline on this machine
  cheeper-tui --name alice --server cheeper.example:5000
      the one of another host; also as http://, https://, ws:// or wss://";

/// The Cheeper timeline in a terminal.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Args {
    /// Who you are.
    #[arg(long, env = "CHEEPER_NAME", value_parser = name)]
    pub name: Name,

    /// Where the timeline is.
    #[arg(long, env = "CHEEPER_SERVER", value_name = "URL", default_value = "ws://localhost:5000/ws", value_parser = server)]
    pub server: Server,
}

/// A server's address.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// For the socket: `ws://…` or `wss://…`.
    pub url: String,
    /// For people.
    pub host: String,
}

fn name(typed: &str) -> Result<Name, String> {
    Name::parse(typed).map_err(|refusal| refusal.message.into_owned())
}

fn server(typed: &str) -> Result<Server, String> {
    let (scheme, rest) = typed.split_once("://").unwrap_or(("ws", typed));
    let scheme = match scheme {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        _ => return Err("it must begin with ws://, wss://, http:// or https://, or be just a host and port".to_owned()),
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '@')) {
        return Err("it must name a host, such as localhost:5000".to_owned());
    }
    let path = if path.is_empty() { "ws" } else { path };
    Ok(Server { url: format!("{scheme}://{host}/{path}"), host: host.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_can_be_typed_as_people_know_it() {
        for (typed, url) in [
            ("localhost:5000", "ws://localhost:5000/ws"),
            ("http://localhost:5000/", "ws://localhost:5000/ws"),
            ("https://cheeper.example", "wss://cheeper.example/ws"),
            ("ws://[::1]:5000/ws", "ws://[::1]:5000/ws"),
            ("wss://cheeper.example/team/ws", "wss://cheeper.example/team/ws"),
        ] {
            assert_eq!(server(typed).unwrap().url, url, "{typed}");
        }
        for typed in ["", "ftp://localhost", "ws:///ws", "a host", "user@host"] {
            assert!(server(typed).is_err(), "{typed}");
        }
    }
}
