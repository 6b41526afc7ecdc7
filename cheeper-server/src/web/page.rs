//! The page's files, embedded in the binary as the build script made them: plain, and compressed.

use std::sync::LazyLock;

use bytes::Bytes;
use headers::{ETag, HeaderMapExt as _, IfNoneMatch};
use warp::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::negotiation::{self, Coding};

/// Only our own files and our own socket; nothing inline, no text that turns into markup, nobody's frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css";
const JS: &str = "text/javascript";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
const MANIFEST: &str = "application/manifest+json";

struct Asset {
    path: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

macro_rules! assets {
    ($($path:literal $file:literal $content_type:ident;)*) => {
        const ASSETS: &[Asset] = &[$(Asset {
            path: $path,
            content_type: $content_type,
            plain: include_bytes!(concat!(env!("OUT_DIR"), "/", $file)),
            brotli: include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".br")),
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".gz")),
        },)*];
    };
}

assets! {
    "" "index.html" HTML;
    "style.css" "style.css" CSS;
    "main.js" "main.js" JS;
    "actions.js" "actions.js" JS;
    "admission.js" "admission.js" JS;
    "article.js" "article.js" JS;
    "audit.js" "audit.js" JS;
    "carry.js" "carry.js" JS;
    "changes.js" "changes.js" JS;
    "changing.js" "changing.js" JS;
    "composer.js" "composer.js" JS;
    "connection.js" "connection.js" JS;
    "dialogs.js" "dialogs.js" JS;
    "dom.js" "dom.js" JS;
    "door.js" "door.js" JS;
    "emoji.js" "emoji.js" JS;
    "entrance.js" "entrance.js" JS;
    "feed.js" "feed.js" JS;
    "follow-outbox.js" "follow-outbox.js" JS;
    "follow-timeline.js" "follow-timeline.js" JS;
    "follow.js" "follow.js" JS;
    "frames.js" "frames.js" JS;
    "host.js" "host.js" JS;
    "keyed.js" "keyed.js" JS;
    "lean-qr.js" "lean-qr.js" JS;
    "links.js" "links.js" JS;
    "listing.js" "listing.js" JS;
    "lookups.js" "lookups.js" JS;
    "orders.js" "orders.js" JS;
    "pace.js" "pace.js" JS;
    "protocol.js" "protocol.js" JS;
    "query.js" "query.js" JS;
    "quotes.js" "quotes.js" JS;
    "reactions.js" "reactions.js" JS;
    "scripts.js" "scripts.js" JS;
    "share.js" "share.js" JS;
    "signals.js" "signals.js" JS;
    "status.js" "status.js" JS;
    "storage.js" "storage.js" JS;
    "strip.js" "strip.js" JS;
    "text.js" "text.js" JS;
    "theme.js" "theme.js" JS;
    "time.js" "time.js" JS;
    "timeline.js" "timeline.js" JS;
    "who.js" "who.js" JS;
    "writing.js" "writing.js" JS;
    "favicon.svg" "favicon.svg" SVG;
    "icon.svg" "icon.svg" SVG;
    "icon.png" "icon.png" PNG;
    "manifest.webmanifest" "manifest.webmanifest" MANIFEST;
}

/// Modules that the page loads when somebody needs them: who is not let in, who carries a name to another device, a host.
#[cfg(test)]
const LATER: &[&str] =
    &["audit.js", "carry.js", "door.js", "host.js", "lean-qr.js", "links.js", "orders.js", "share.js"];

/// What the tags of all files share: they change together, with the binary.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for asset in ASSETS {
        hasher.update(asset.path.as_bytes()).update(asset.plain);
    }
    hasher.finalize().to_hex()[..10].to_owned()
});

impl Asset {
    /// The body in the best coding that the client reads. What compression does not make smaller stays as it is.
    fn body(&self, request: &HeaderMap) -> (&'static [u8], Option<Coding>) {
        let codings = [(Coding::Brotli, self.brotli), (Coding::Gzip, self.gzip)];
        let smaller = codings.into_iter().filter(|(_, body)| body.len() < self.plain.len());
        let mut readable = smaller.filter(|&(coding, _)| negotiation::accepts(request, coding));
        readable.next().map_or((self.plain, None), |(coding, body)| (body, Some(coding)))
    }
}

/// The file at `path`, without its leading slash.
pub(crate) fn file(path: &str, request: &HeaderMap) -> Option<Response<Bytes>> {
    let asset = ASSETS.iter().find(|asset| asset.path == path)?;
    let (body, coding) = asset.body(request);
    // Each coding is a representation of its own.
    let tag = format!("\"{}-{}\"", &*VERSION, coding.map_or("plain", Coding::name)).parse::<ETag>().ok();
    let asked = request.typed_get::<IfNoneMatch>();
    let known = asked.zip(tag.as_ref()).is_some_and(|(asked, tag)| !asked.precondition_passes(tag));
    let mut response = Response::new(if known { Bytes::new() } else { Bytes::from_static(body) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, asset.content_type),
        // A new version of the server is noticed with the next load; until then files cost a few bytes each.
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(tag) = tag {
        headers.typed_insert(tag);
    }
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    if asset.content_type == HTML {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// Files that the HTML names beside the modules.
    const IN_THE_HEAD: &[&str] = &["style.css", "favicon.svg", "icon.png", "manifest.webmanifest"];

    #[test]
    fn every_file_of_the_page_is_served_and_preloaded() {
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let html = fs::read_to_string(web.join("index.html")).unwrap();
        for file in fs::read_dir(web).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
            let name = file.file_name().into_string().unwrap();
            let path = if name == "index.html" { "" } else { &name };
            assert!(ASSETS.iter().any(|asset| asset.path == path), "{name} is not served");
            // A module that the HTML does not name is found only when another one was read: a round trip more.
            let is_module = Path::new(&name).extension().is_some_and(|extension| extension == "js");
            let is_named = html.contains(&format!("\"./{name}\""));
            assert_eq!(is_named, is_module && !LATER.contains(&&*name) || IN_THE_HEAD.contains(&&*name), "{name}");
        }
    }

    #[test]
    fn the_page_stays_light() {
        let code = ASSETS.iter().filter(|asset| [HTML, CSS, JS].contains(&asset.content_type));
        let (later, first): (Vec<_>, Vec<_>) = code.partition(|asset| LATER.contains(&asset.path));
        for (what, assets, most) in [("first", first, (41_500, 46_900)), ("later", later, (8_000, 9_000))] {
            let weigh = |(br, gz), asset: &Asset| (br + asset.brotli.len(), gz + asset.gzip.len());
            let (brotli, gzip) = assets.into_iter().fold((0, 0), weigh);
            assert!(brotli <= most.0 && gzip <= most.1, "what is loaded {what}: brotli {brotli}, gzip {gzip} bytes");
        }
    }
}
