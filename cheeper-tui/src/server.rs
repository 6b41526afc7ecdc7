//! A server's address, as people type it. Pure.

use url::Url;

/// Where a timeline is.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// For the socket: `ws://…` or `wss://…`.
    pub url: String,
    /// For people, and for the names of files.
    pub host: String,
}

impl Server {
    /// Reads an address: a host and port, or a URL of the page or of the socket.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let no_host = || "it must name a host, such as localhost:5000".to_owned();
        // The parser would leave some of these out.
        if typed.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(no_host());
        }
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
        // What the parser would mend: no host at all, or `http:/nope`.
        if rest.starts_with('/') || rest.contains(":/") {
            return Err(no_host());
        }
        let mut url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| no_host())?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        let address = match (url.host_str(), url.port()) {
            (Some(host), _) if host.is_empty() || !is_plain || url.query().is_some() || url.fragment().is_some() => {
                return Err(no_host());
            }
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(no_host()),
        };
        // The page's own address does as well: the socket is beside it. Two timelines on one host differ in their folder.
        let path = url.path().trim_matches('/');
        let folder =
            path.strip_suffix("ws").filter(|before| before.is_empty() || before.ends_with('/')).unwrap_or(path);
        let folder = folder.trim_matches('/').to_owned();
        let host = if folder.is_empty() { address } else { format!("{address}/{folder}") };
        url.set_path(&if folder.is_empty() { "/ws".to_owned() } else { format!("/{folder}/ws") });
        Ok(Self { url: url.into(), host })
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
            ("https://cheeper.example/team/", "wss://cheeper.example/team/ws", "cheeper.example/team"),
            ("https://cheeper.example/team", "wss://cheeper.example/team/ws", "cheeper.example/team"),
            ("cheeper.example/news", "ws://cheeper.example/news/ws", "cheeper.example/news"),
        ] {
            assert_eq!(Server::parse(typed), Ok(Server { url: url.to_owned(), host: host.to_owned() }), "{typed}");
        }
        for typed in [
            "",
            "ftp://localhost",
            "ws:///ws",
            "http:/nope",
            "http:nope",
            "a host",
            "user@host",
            "host/a b",
            "host:port",
            "host:70000",
            "host?a=b",
            "host#join=secret",
            "[::1",
        ] {
            assert!(Server::parse(typed).is_err(), "{typed}");
        }
        assert_eq!(Server::parse("localhost:5000"), Ok(Server::default()));
    }
}
