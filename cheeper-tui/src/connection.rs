//! The socket, in a task of its own: frames go out and come in through channels, so nothing else ever waits for it.

use cheeper_protocol::{ClientFrame, ServerFrame};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::msg::Msg;

/// One connection; dropped, it is closed and says nothing more.
pub struct Connection {
    frames: mpsc::UnboundedSender<ClientFrame>,
    task: JoinHandle<()>,
}

impl Connection {
    /// Connects to `url`. What comes is told to `tell`, [`Msg::Closed`] last.
    pub fn open(url: String, tell: mpsc::UnboundedSender<Msg>) -> Self {
        let (frames, queue) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let code = carry(&url, queue, &tell).await;
            drop(tell.send(Msg::Closed(code)));
        });
        Self { frames, task }
    }

    /// Sends a frame, as soon as the socket can.
    pub fn send(&self, frame: ClientFrame) {
        // A connection that has ended says so by itself.
        drop(self.frames.send(frame));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    url: &str,
    mut queue: mpsc::UnboundedReceiver<ClientFrame>,
    tell: &mpsc::UnboundedSender<Msg>,
) -> Option<u16> {
    let (mut socket, _) = connect_async(url).await.ok()?;
    loop {
        tokio::select! {
            frame = queue.recv() => socket.send(Message::text(frame?.to_json())).await.ok()?,
            message = socket.next() => match message?.ok()? {
                // A frame that cannot be read is skipped: one bad frame must not end the conversation.
                Message::Text(text) => {
                    if let Ok(frame) = ServerFrame::parse(&text) {
                        tell.send(Msg::Frame(frame)).ok()?;
                    }
                }
                Message::Close(close) => return close.map(|close| close.code.into()),
                _ => {}
            },
        }
    }
}
