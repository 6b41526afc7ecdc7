//! A server's address, as people type it. Pure.

/// Where a timeline is.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// For the socket: `ws://…` or `wss://…`.
    pub url: String,
    /// For people, and for the names of files.
    pub host: String,
}

impl Server {
    pub fn parse(typed: &str) -> Result<Self, String> {
        let (scheme, rest) = typed.split_once("://").unwrap_or(("ws", typed));
        let scheme = match scheme {
            "ws" | "http" => "ws",
            "wss" | "https" => "wss",
            _ => {
                return Err(
                    "it must begin with ws://, wss://, http:// or https://, or be just a host and port".to_owned()
                );
            }
        };
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let strange = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '@');
        if address.is_empty() || rest.contains(strange) {
            return Err("it must name a host, such as localhost:5000".to_owned());
        }
        let path = if path.is_empty() { "ws" } else { path };
        // Two timelines on one host differ in what stands before the last part of the path.
        let before = path.strip_suffix("ws").map_or(path, |before| before.trim_end_matches('/'));
        let host = if before.is_empty() { address.to_owned() } else { format!("{address}/{before}") };
        Ok(Self { url: format!("{scheme}://{address}/{path}"), host })
    }
}

impl Default for Server {
    /// The one on this machine.
    fn default() -> Self {
        Self { url: "ws://localhost:5000/ws".to_owned(), host: "localhost:5000".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_can_be_typed_as_people_know_it() {
        for (typed, url, host) in [
            ("localhost:5000", "ws://localhost:5000/ws", "localhost:5000"),
            ("http://localhost:5000/", "ws://localhost:5000/ws", "localhost:5000"),
            ("https://cheeper.example", "wss://cheeper.example/ws", "cheeper.example"),
            ("ws://[::1]:5000/ws", "ws://[::1]:5000/ws", "[::1]:5000"),
            ("wss://cheeper.example/team/ws", "wss://cheeper.example/team/ws", "cheeper.example/team"),
        ] {
            assert_eq!(Server::parse(typed), Ok(Server { url: url.to_owned(), host: host.to_owned() }), "{typed}");
        }
        for typed in ["", "ftp://localhost", "ws:///ws", "a host", "user@host", "host/a b"] {
            assert!(Server::parse(typed).is_err(), "{typed}");
        }
        assert_eq!(Server::parse("localhost:5000"), Ok(Server::default()));
    }
}
