//! Coming in: by a session that was kept, by a link that is changed for one, or as a stranger.

mod certificate;
mod exchange;
mod refused;
mod shut;
mod ways;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cheeper_protocol::Token;
use tokio::{net::TcpStream, task::spawn_blocking};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Error,
        client::IntoClientRequest as _,
        http::{HeaderValue, Response, header},
        protocol::WebSocketConfig,
    },
};

pub use self::{certificate::Flaw, refused::Refused, shut::Shut};
use self::{
    exchange::exchange,
    ways::{Way, ways},
};
use crate::{
    server::Server,
    storage::{Sessions, StorageError},
};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The way in to one server; every connection begins here.
#[derive(Clone)]
pub struct Entrance {
    server: Arc<Server>,
    /// `None` where there is no place for files: then a link is changed anew each time.
    sessions: Option<Arc<Sessions>>,
    /// The link that was given was refused, the last time that it was tried.
    link_was_refused: Arc<AtomicBool>,
}

/// Somebody is in.
pub(crate) struct Entered {
    pub(crate) socket: Socket,
    /// Something that the person has to be told about how they came in.
    pub(crate) remark: Option<String>,
}

impl Entrance {
    /// The entrance of a server, for whoever has given its address or a link.
    pub fn new(server: &Server) -> Self {
        Self {
            server: Arc::new(server.clone()),
            sessions: Sessions::of_this_person().ok().map(Arc::new),
            link_was_refused: Arc::default(),
        }
    }

    pub fn host(&self) -> &str {
        &self.server.host
    }

    /// Connects, by the first way that the server lets us in.
    pub(crate) async fn enter(&self, config: WebSocketConfig) -> Result<Entered, Shut> {
        // They are read each time: another client may have been let in by another link meanwhile.
        let (kept, mut remark) = match self.stored(Sessions::load).await {
            Ok(kept) => (kept.unwrap_or_default(), None),
            Err(error) => (Vec::new(), Some(format!("Your session cannot be read: {error}."))),
        };
        let link_was_refused = self.link_was_refused.load(Ordering::Relaxed);
        let (mut told, mut ended) = (Shut::Refused(Refused::Ended), None);
        for way in ways(self.server.link.as_ref(), link_was_refused, &kept) {
            let shut = match self.enter_by(&way, config, &mut remark).await {
                Ok(socket) => return Ok(Entered { socket, remark: remark.or_else(|| way.instead_of(ended?)) }),
                Err((shut, true)) => shut,
                Err((shut, false)) => return Err(shut),
            };
            // Of all that were tried, a link that somebody gave is what they want to hear about.
            if told != Shut::Refused(Refused::WrongLink) {
                told = shut;
            }
            match way {
                Way::Session(session) => {
                    // What it is not forgotten for now, it will be the next time.
                    drop(self.stored(move |sessions, url| sessions.forget(url, &session)).await);
                    ended = Some("The link by which you came before has ended");
                }
                Way::Link(_) => {
                    self.link_was_refused.store(true, Ordering::Relaxed);
                    ended = Some("The link that was given has ended, or is not whole");
                }
                Way::Stranger => {}
            }
        }
        Err(told)
    }

    /// One attempt. If it fails, whether that is for its token, and no other would fail likewise.
    async fn enter_by(
        &self,
        way: &Way,
        config: WebSocketConfig,
        remark: &mut Option<String>,
    ) -> Result<Socket, (Shut, bool)> {
        let session = match way {
            Way::Stranger => None,
            Way::Session(session) => Some(session.clone()),
            Way::Link(link) => {
                let opened = exchange(&self.server.page(), link).await.map_err(|shut| {
                    let is_for_its_token = shut == Shut::Refused(Refused::WrongLink);
                    (shut, is_for_its_token)
                })?;
                let session = opened.session.clone();
                *remark = match self.stored(move |sessions, url| sessions.keep(url, opened)).await {
                    Ok(Some(())) => None,
                    Ok(None) => Some("There is no place to keep your session: set HOME.".to_owned()),
                    Err(error) => Some(format!("Your session cannot be kept: {error}.")),
                };
                Some(session)
            }
        };
        let connected = connect(&self.server.url, session.as_ref(), config).await;
        connected.map_err(|error| (shut(&error), is_for_its_token(&error)))
    }

    /// Reads or writes what is kept; `None` where nothing can be. No key waits for the disk.
    async fn stored<T: Send + 'static>(
        &self,
        access: impl FnOnce(&Sessions, &str) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<Option<T>, StorageError> {
        let Some(sessions) = self.sessions.clone() else { return Ok(None) };
        let server = Arc::clone(&self.server);
        // It is not given up before it has run, and it does not panic.
        spawn_blocking(move || access(&sessions, &server.url)).await.ok().transpose()
    }
}

async fn connect(url: &str, session: Option<&Token>, config: WebSocketConfig) -> Result<Socket, Error> {
    let mut request = url.into_client_request()?;
    if let Some(session) = session {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", session.expose()))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
    }
    // Small frames are sent at once: a cheep is not to wait for more.
    Ok(connect_async_with_config(request, Some(config), true).await?.0)
}

/// Whether another token, or none, might have been taken. A proxy's `401` is about something else than our tokens.
fn is_for_its_token(error: &Error) -> bool {
    let Error::Http(response) = error else { return false };
    let scheme = response.headers().get(header::WWW_AUTHENTICATE).and_then(|scheme| scheme.to_str().ok());
    response.status().as_u16() == 401
        && scheme.is_some_and(|scheme| scheme.split(' ').next().unwrap_or_default().eq_ignore_ascii_case("bearer"))
}

/// What a failed handshake comes to.
fn shut(error: &Error) -> Shut {
    if let Some(flaw) = Flaw::behind(error) {
        return Shut::Refused(Refused::Certificate(flaw));
    }
    let words = match error {
        Error::Io(error) => match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
            _ => error.to_string(),
        },
        Error::Http(response) => {
            let status = response.status().as_u16();
            if let Some(refused) = Refused::of_status(status, sentence(response)) {
                return Shut::Refused(refused);
            }
            let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
            match status {
                300..400 => moved(location),
                429 => "too many wrong links were tried from here".to_owned(),
                503 => "the server is full".to_owned(),
                status => format!("the server answers with HTTP status {status}"),
            }
        }
        error => error.to_string(),
    };
    Shut::trouble(&words)
}

/// What is said of a server that sends people elsewhere: nobody is led there without having said so, least of all with a token.
fn moved(location: Option<&str>) -> String {
    let there = location.and_then(|location| Server::parse(location).ok());
    there.map_or_else(|| "it is elsewhere now".to_owned(), |there| format!("it is at {} now", there.page()))
}

/// The body of an answer, if all of it is there: the rest of it is not waited for.
fn sentence(response: &Response<Option<Vec<u8>>>) -> Option<&str> {
    let body = response.body().as_deref()?;
    let length = response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse::<usize>().ok()?;
    std::str::from_utf8(body).ok().filter(|_| body.len() == length)
}
