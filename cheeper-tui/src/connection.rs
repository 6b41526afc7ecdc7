//! The socket, in a task of its own: frames go out and come in through channels, so nothing else ever waits for it.

use cheeper_protocol::{CheepText, ClientFrame, ServerFrame, follow::NOT_ALLOWED, limits::PAGE_BYTES};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_tungstenite::tungstenite::{Error, Message, protocol::WebSocketConfig};

use crate::entrance::{Entered, Entrance, Refused, Shut, Socket};

/// Frames that wait to be looked at. When it is full the socket is not read, and the server tells us that we lag.
const WAITING_FRAMES: usize = 256;
/// Longest message that is read: more than the largest page with its frame.
const MESSAGE_BYTES: usize = 4 * PAGE_BYTES;

/// What comes from a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Frame(ServerFrame),
    /// Something that the person has to be told.
    Told(String),
    /// The last thing that comes: the close code, if there was one, and what went wrong. With [`NOT_ALLOWED`], which a refused
    /// handshake comes to as well, that is a sentence with what to do, but for its full stop.
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
    /// Connects by way of this entrance.
    pub fn open(entrance: Entrance) -> Self {
        let (frames, queue) = mpsc::unbounded_channel();
        let (tell, heard) = mpsc::channel(WAITING_FRAMES);
        let task = tokio::spawn(async move {
            let closed = run(&entrance, queue, &tell).await;
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

/// Comes in and stays until the end, which it gives.
async fn run(entrance: &Entrance, queue: mpsc::UnboundedReceiver<ClientFrame>, tell: &mpsc::Sender<Heard>) -> Heard {
    let refused =
        |refused: &Refused| Heard::Closed { code: Some(NOT_ALLOWED), why: Some(refused.sentence(entrance.host())) };
    let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES)).max_frame_size(Some(MESSAGE_BYTES));
    let Entered { socket, remark } = match entrance.enter(config).await {
        Ok(entered) => entered,
        Err(Shut::Refused(why)) => return refused(&why),
        Err(Shut::Trouble(why)) => return Heard::Closed { code: None, why: Some(why) },
    };
    if let Some(remark) = remark {
        drop(tell.send(Heard::Told(remark)).await);
    }
    match carry(socket, queue, tell).await {
        Ok(Some(NOT_ALLOWED)) => refused(&Refused::Ended),
        Ok(code) => Heard::Closed { code, why: None },
        Err(error) => {
            Heard::Closed { code: None, why: Some(CheepText::cleaned(&error.to_string()).as_str().replace('\n', " ")) }
        }
    }
}

/// Carries frames both ways until the connection ends; gives the close code.
async fn carry(
    mut socket: Socket,
    mut queue: mpsc::UnboundedReceiver<ClientFrame>,
    tell: &mpsc::Sender<Heard>,
) -> Result<Option<u16>, Error> {
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
