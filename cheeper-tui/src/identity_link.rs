//! A name with its secret as a link: to the page, which takes it as well as this client does, on a phone by its QR code. Pure.

use cheeper_protocol::{Name, Secret, follow::Identity};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use crate::server::Server;

/// What stands for itself in a URL wherever it is; everything else is encoded, so that no reader can take it for a sign.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The link; `None` without a secret, for it would let nobody be anybody.
pub fn write(page: &str, identity: &Identity) -> Option<String> {
    let secret = identity.secret.as_ref()?;
    let encode = |text| utf8_percent_encode(text, ENCODED);
    Some(format!("{page}#name={}&secret={}", encode(identity.name.as_str()), encode(secret.expose())))
}

/// Where the link leads to, and who one is there.
pub fn read(link: &str) -> Option<(Server, Identity)> {
    let (address, fragment) = link.trim().split_once('#')?;
    let server = Server::parse(address).ok()?;
    let field = |name: &str| form_urlencoded::parse(fragment.as_bytes()).find(|(key, _)| key == name);
    let name = Name::parse(&field("name")?.1).ok()?;
    let secret = Secret::parse(&field("secret")?.1).ok()?;
    Some((server, Identity { name, secret: Some(secret) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_and_secret_comes_back_as_it_was() {
        for (name, secret) in
            [("alice", "0123456789abcdef0123456789abcdef"), ("Zoë & #1 = 100 %+", "a secret + with = signs & % # 家")]
        {
            let identity = Identity { name: Name::parse(name).unwrap(), secret: Secret::parse(secret).ok() };
            let link = write("https://cheeper.example/team/", &identity).unwrap();
            assert!(link.is_ascii() && !link.contains([' ', '+']), "{link}");
            assert_eq!(
                read(&format!("{link}\n")),
                Some((Server::parse("https://cheeper.example/team").unwrap(), identity))
            );
        }
        let nobody = Identity { name: Name::parse("alice").unwrap(), secret: None };
        assert_eq!(write("https://cheeper.example/", &nobody), None);
    }

    #[test]
    fn it_is_what_the_page_makes_and_takes() {
        let link = "https://cheeper.example/#name=Zo%C3%AB%20Q&secret=correct%20horse%20battery%20staple";
        let (server, identity) = read(link).unwrap();
        assert_eq!(write(&server.page(), &identity).as_deref(), Some(link));
        for wrong in
            ["", "https://cheeper.example/", "https://cheeper.example/#name=a", "https://x/#name=a&secret=short", "{}"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
