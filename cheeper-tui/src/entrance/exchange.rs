//! Changing a link for a session: one request over HTTP.

use cheeper_protocol::{Role, Token};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request,
    body::{Body, Bytes},
    header,
};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::{Deserialize, Serialize};

use super::{certificate::Flaw, refused::Refused, shut::Shut};
use crate::storage::Session;

/// Longest answer that is read, in bytes. A session is far shorter, and so is a sentence.
const ANSWER_BYTES: usize = 16 * 1024;

#[derive(Serialize)]
struct Asked<'a> {
    token: &'a Token,
}

#[derive(Deserialize)]
struct Opened {
    session: Token,
    role: Role,
}

/// Opens a session at the page of this address.
pub(super) async fn exchange(page: &str, link: &Token) -> Result<Session, Shut> {
    let tls = HttpsConnectorBuilder::new().with_native_roots().map_err(|error| Shut::trouble(&error))?;
    let connector = tls.https_or_http().enable_http1().build();
    let client = Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(connector);
    let body = serde_json::to_vec(&Asked { token: link }).map_err(|error| Shut::trouble(&error))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{page}api/session"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::from(body))
        .map_err(|error| Shut::trouble(&error))?;
    let answer = client.request(request).await.map_err(|error| {
        Flaw::behind(&error)
            .map_or_else(|| Shut::trouble(&innermost(&error)), |flaw| Shut::Refused(Refused::Certificate(flaw)))
    })?;
    let status = answer.status();
    let body = whole(answer.into_body()).await?;
    match status.as_u16() {
        200..300 => {
            let opened: Opened = serde_json::from_slice(&body)
                .map_err(|_| Shut::Trouble("the server's answer to the link cannot be read".to_owned()))?;
            Ok(Session::new(link, opened.session, opened.role))
        }
        401 => Err(Shut::Refused(Refused::WrongLink)),
        429 => Err(Shut::Trouble("too many wrong links were tried from here".to_owned())),
        404 | 405 => Err(Shut::Trouble("the server knows no links: it is older, or not Cheeper".to_owned())),
        status => Err(match Refused::of_status(status, std::str::from_utf8(&body).ok()) {
            Some(refused) => Shut::Refused(refused),
            None => Shut::Trouble(format!("the server answers the link with HTTP status {status}")),
        }),
    }
}

async fn whole<B>(body: B) -> Result<Bytes, Shut>
where
    B: Body<Data = Bytes, Error = hyper::Error>,
{
    let whole = Limited::new(body, ANSWER_BYTES).collect().await;
    whole.map(http_body_util::Collected::to_bytes).map_err(|error| Shut::trouble(&error.as_ref()))
}

/// What went wrong in the end: the library's own words on top of it say no more than that something did.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |error| error.source());
    errors.last().map_or_else(String::new, ToString::to_string)
}
