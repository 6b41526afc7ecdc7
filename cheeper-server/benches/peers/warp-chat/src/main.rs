//! The usual pattern for warp: a task and an unbounded channel for each connection, a map of senders, a loop over it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    net::TcpListener,
    sync::{RwLock, mpsc},
};
use warp::{
    Filter as _,
    filters::ws::{Message, WebSocket},
};

static IDS: AtomicUsize = AtomicUsize::new(0);

type Users = Arc<RwLock<HashMap<usize, mpsc::UnboundedSender<Message>>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let users = Users::default();
    let socket = warp::path("ws").and(warp::ws()).map(move |ws: warp::ws::Ws| {
        let users = users.clone();
        ws.on_upgrade(move |socket| serve(socket, users))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/", listener.local_addr()?);
    warp::serve(socket).incoming(listener).run().await;
    Ok(())
}

async fn serve(socket: WebSocket, users: Users) {
    let (mut out, mut messages) = socket.split();
    let (tell, mut told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = told.recv().await {
            if out.send(message).await.is_err() {
                return;
            }
        }
    });
    let id = IDS.fetch_add(1, Ordering::Relaxed);
    users.write().await.insert(id, tell);
    while let Some(Ok(message)) = messages.next().await {
        if let Ok(text) = message.to_str() {
            for user in users.read().await.values() {
                drop(user.send(Message::text(text)));
            }
        }
    }
    users.write().await.remove(&id);
}
