//! The socket, in a task of its own: frames go out and come in through channels, so nothing else ever waits for it.

use cheeper_protocol::{ClientFrame, ServerFrame, follow::NOT_ALLOWED, limits::PAGE_BYTES};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{Error, Message, protocol::WebSocketConfig},
};

/// Frames that wait to be looked at. When it is full the socket is not read, and the server tells us that we lag.
const WAITING_FRAMES: usize = 256;
/// Longest message that is read: more than the largest page with its frame.
const MESSAGE_BYTES: usize = 4 * PAGE_BYTES;

/// What comes from a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Frame(ServerFrame),
    /// The last thing that comes: the close code, if there was one (or [`NOT_ALLOWED`]), and what went wrong.
    Closed {
        code: Option<u16>,
        why: Option<String>,
    },
}

/// One connection; dropped, it is closed.
pub struct Connection {
    frames: mpsc::UnboundedSender<ClientFrame>,
    heard: mpsc::Receiver<Heard>,
    task: JoinHandle<()>,
}

impl Connection {
    /// Connects to `url`.
    pub fn open(url: String) -> Self {
        let (frames, queue) = mpsc::unbounded_channel();
        let (tell, heard) = mpsc::channel(WAITING_FRAMES);
        let task = tokio::spawn(async move {
            let closed = match carry(&url, queue, &tell).await {
                Ok(code) => Heard::Closed { code, why: None },
                Err(error) => Heard::Closed { code: code(&error), why: Some(reason(&error)) },
            };
            drop(tell.send(closed).await);
        });
        Self { frames, heard, task }
    }

    /// Sends a frame, as soon as the socket can. The client has at most one post and a few questions on their way.
    pub fn send(&self, frame: ClientFrame) {
        // A connection that has ended says so by itself.
        drop(self.frames.send(frame));
    }

    /// The next thing that comes.
    pub async fn next(&mut self) -> Heard {
        // Only a task that came to grief ends without a last word.
        self.heard.recv().await.unwrap_or(Heard::Closed { code: None, why: None })
    }

    /// What has come already.
    pub fn next_waiting(&mut self) -> Option<Heard> {
        self.heard.try_recv().ok()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries frames both ways until the connection ends; gives the close code.
async fn carry(
    url: &str,
    mut queue: mpsc::UnboundedReceiver<ClientFrame>,
    tell: &mpsc::Sender<Heard>,
) -> Result<Option<u16>, Error> {
    let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES)).max_frame_size(Some(MESSAGE_BYTES));
    // Small frames are sent at once: a cheep is not to wait for more.
    let (mut socket, _) = connect_async_with_config(url, Some(config), true).await?;
    loop {
        tokio::select! {
            frame = queue.recv() => match frame {
                Some(frame) => socket.send(Message::text(frame.to_json())).await?,
                None => return Ok(None),
            },
            message = socket.next() => match message.transpose()? {
                // A frame that cannot be read is skipped: one bad frame must not end the conversation.
                Some(Message::Text(text)) => {
                    if let Ok(frame) = ServerFrame::parse(&text)
                        && tell.send(Heard::Frame(frame)).await.is_err()
                    {
                        return Ok(None);
                    }
                }
                Some(Message::Close(close)) => return Ok(close.map(|close| close.code.into())),
                Some(_) => {}
                None => return Ok(None),
            },
        }
    }
}

/// The close code that an error comes to: who is not let in at the handshake is as little wanted as who is sent away later.
fn code(error: &Error) -> Option<u16> {
    match error {
        Error::Http(response) if matches!(response.status().as_u16(), 401 | 403) => Some(NOT_ALLOWED),
        _ => None,
    }
}

/// Why there is no connection, in a few words that are safe to draw.
fn reason(error: &Error) -> String {
    let words = match error {
        Error::Io(error) => match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
            _ => error.to_string(),
        },
        Error::Http(response) => match response.status().as_u16() {
            503 => "the server is full".to_owned(),
            status => format!("the server answers with HTTP status {status}"),
        },
        error => error.to_string(),
    };
    cheeper_protocol::CheepText::cleaned(&words).as_str().replace('\n', " ")
}
