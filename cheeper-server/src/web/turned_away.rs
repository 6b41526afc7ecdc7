//! What those hear who are not let in: an answer to whatever they may be about to ask.

use warp::http::StatusCode;

use crate::limits::TurnedAway;

/// Status, seconds until they may try again, and why.
pub(super) fn answer(why: TurnedAway) -> (StatusCode, u32, &'static str) {
    match why {
        TurnedAway::Full => (StatusCode::SERVICE_UNAVAILABLE, 5, "This server is full; please try again in a moment."),
        TurnedAway::TooMany => {
            let why = "Your address has too many connections here; close some, or try again in a moment.";
            (StatusCode::TOO_MANY_REQUESTS, 5, why)
        }
        TurnedAway::TooFast => {
            (StatusCode::TOO_MANY_REQUESTS, 1, "Too many new connections at once; please try again in a moment.")
        }
    }
}

/// The same for somebody who has not been heard yet.
pub(super) fn head_and_body(why: TurnedAway) -> String {
    let (status, seconds, body) = answer(why);
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nRetry-After: {seconds}\r\nConnection: close\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
