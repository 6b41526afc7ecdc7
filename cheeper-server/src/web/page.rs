//! The page's files, embedded in the binary.

use std::sync::LazyLock;

use bytes::Bytes;
use warp::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

/// Only our own files, our own socket, nothing inline, nobody's frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Asset {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

macro_rules! assets {
    ($($path:literal $file:literal $content_type:literal;)*) => {
        const ASSETS: &[Asset] = &[$(Asset {
            path: $path,
            content_type: $content_type,
            body: include_str!(concat!("../../web/", $file)),
        },)*];
    };
}

assets! {
    "" "index.html" "text/html; charset=utf-8";
    "style.css" "style.css" "text/css; charset=utf-8";
    "favicon.svg" "favicon.svg" "image/svg+xml";
    "main.js" "main.js" "text/javascript; charset=utf-8";
    "connection.js" "connection.js" "text/javascript; charset=utf-8";
    "follow.js" "follow.js" "text/javascript; charset=utf-8";
    "protocol.js" "protocol.js" "text/javascript; charset=utf-8";
    "storage.js" "storage.js" "text/javascript; charset=utf-8";
    "timeline.js" "timeline.js" "text/javascript; charset=utf-8";
    "view.js" "view.js" "text/javascript; charset=utf-8";
}

/// One tag for all files: they change together, with the binary.
static TAG: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for asset in ASSETS {
        hasher.update(asset.body.as_bytes());
    }
    format!("\"{}\"", &hasher.finalize().to_hex()[..16])
});

/// The file at `path`, without its leading slash.
pub(crate) fn file(path: &str, request: &HeaderMap) -> Option<Response<Bytes>> {
    let asset = ASSETS.iter().find(|asset| asset.path == path)?;
    let known = request.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == TAG.as_bytes());
    let mut response = Response::new(if known { Bytes::new() } else { Bytes::from_static(asset.body.as_bytes()) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&TAG) {
        headers.insert(header::ETAG, tag);
    }
    for (name, value) in [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}
