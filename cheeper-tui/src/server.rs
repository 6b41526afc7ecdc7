//! A server's address, as people type it, and the links that are made of it. Pure.

use cheeper_protocol::Token;
use url::{Url, form_urlencoded};

/// Where a timeline is.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// For the socket: `ws://…` or `wss://…`.
    pub url: String,
    /// For people, and for the names of files.
    pub host: String,
    /// What the link that was typed lets its bearer in with.
    pub link: Option<Token>,
}

impl Server {
    /// Reads an address: a host and port, a URL of the page or of the socket, or a link with what lets one in behind its `#`.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let (address, fragment) = typed.split_once('#').unwrap_or((typed, ""));
        let link = link(fragment)?;
        let no_host = || "it must name a host, such as localhost:5000".to_owned();
        // The parser would leave some of these out.
        if address.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(no_host());
        }
        let (scheme, rest) = address.split_once("://").unwrap_or(("ws", address));
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
        let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let address = match (url.host_str(), url.port()) {
            (Some(host), _) if host.is_empty() || !is_plain => return Err(no_host()),
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
        Ok(Self { url: url.into(), host, link })
    }

    /// The page, which everything else is beside: `https://host/` or `https://host/folder/`.
    pub fn page(&self) -> String {
        let page = self.url.strip_suffix("ws").unwrap_or(&self.url);
        // The schemes of the socket are those of the page but for their first letters.
        page.strip_prefix("ws").map_or_else(|| page.to_owned(), |rest| format!("http{rest}"))
    }
}

/// The link by which somebody comes in to the page at this address.
pub fn join_link(page: &str, token: &Token) -> String {
    format!("{page}#join={}", token.expose())
}

/// What stands behind the `#` of a link; nothing needs to. No sentence repeats it, for it is not for everybody's eyes.
fn link(fragment: &str) -> Result<Option<Token>, String> {
    if fragment.is_empty() {
        return Ok(None);
    }
    let field = |name: &str| form_urlencoded::parse(fragment.as_bytes()).find(|(key, _)| key == name);
    match (field("join"), field("secret")) {
        (Some((_, token)), _) => Token::parse(&token)
            .map(Some)
            .map_err(|_| "this link is not whole: copy all of it, up to its last letter".to_owned()),
        (None, Some(_)) => Err("this link carries a name: give it to cheeper-tui identity import".to_owned()),
        (None, None) => Err("behind the # of a link stands join= with what lets you in".to_owned()),
    }
}

impl Default for Server {
    /// The one on this machine.
    fn default() -> Self {
        Self { url: "ws://localhost:5000/ws".to_owned(), host: "localhost:5000".to_owned(), link: None }
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
            let server = Server { url: url.to_owned(), host: host.to_owned(), link: None };
            assert_eq!(Server::parse(typed), Ok(server), "{typed}");
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
            "a b#join=j_0123456789abcdef",
            "[::1",
        ] {
            assert!(Server::parse(typed).is_err(), "{typed}");
        }
        assert_eq!(Server::parse("localhost:5000"), Ok(Server::default()));
    }

    #[test]
    fn a_link_is_an_address_with_what_lets_one_in() {
        let token = "j_8cZ0u3m5Q1xkq2Yw7b9aTg";
        for (typed, page) in [
            ("https://cheeper.example/#join=", "https://cheeper.example/"),
            ("https://cheeper.example/team/#join=", "https://cheeper.example/team/"),
            ("http://192.168.1.20:5000/#join=", "http://192.168.1.20:5000/"),
            ("cheeper.example/team#other=1&join=", "http://cheeper.example/team/"),
        ] {
            let server = Server::parse(&format!("{typed}{token}")).unwrap();
            assert_eq!(
                (server.page().as_str(), server.link.as_ref().map(Token::expose)),
                (page, Some(token)),
                "{typed}"
            );
            let link = join_link(&server.page(), &Token::parse(token).unwrap());
            assert_eq!(Server::parse(&link), Ok(server));
        }
        assert_eq!(Server::parse("localhost:5000/#"), Ok(Server::default()));
        for (wrong, why) in [
            ("host/#join=short", "is not whole"),
            ("host/#join=not a token at all", "is not whole"),
            ("host/#jion=j_8cZ0u3m5Q1xkq2Yw7b9aTg", "stands join="),
            ("host/#name=alice&secret=sixteen%20bytes%20or%20more", "identity import"),
        ] {
            let said = Server::parse(wrong).unwrap_err();
            let fragment = wrong.rsplit('=').next().unwrap_or_default();
            assert!(said.contains(why) && !said.contains(fragment), "{wrong}: {said}");
        }
    }

    #[test]
    fn what_lets_one_in_is_not_printed_with_the_rest() {
        let server = Server::parse("host/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg").unwrap();
        assert!(!format!("{server:?}").contains("8cZ0u3m5"));
    }
}
