//! What a client asks for, carried out: said at once, or handed to the timeline, whose answer comes as mail.

use std::net::{IpAddr, Ipv4Addr};

use cheeper_protocol::{Code, ErrorFrame, Name, Refusal, RequestId, ServerFrame, limits::WHO};
use tungstenite::protocol::frame::coding::CloseCode;

use super::{
    super::{
        desk::Desk,
        frames::{self, Incoming},
        mailbox::{Address, Mail},
        pages::Ready,
    },
    Answer, Connection,
    talk::{Ending, Live},
};
use crate::{
    feed::PageRequest,
    session::{Step, budget::Origin},
};

/// When to ask again for a page that there was no memory for.
const NO_MEMORY_RETRY_MS: u64 = 1000;

impl Connection {
    pub(super) fn carry_out(&mut self, place: usize, incoming: Incoming, desk: &mut Desk) {
        match incoming {
            Incoming::Text(text) => self.on_text(place, &text, desk),
            Incoming::Binary => self.out.say(&refusal(None, Code::BadFrame.into()), desk),
            Incoming::Ping(payload) => self.out.push(frames::pong(&payload), desk),
            Incoming::Pong => {}
            Incoming::Close(code) => self.talk().end(Ending::Close(code)),
            Incoming::Broken(code) => self.talk().end(Ending::Dismissed(code)),
        }
    }

    fn on_text(&mut self, place: usize, text: &str, desk: &mut Desk) {
        let address = self.out.stream().peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let from = Origin { address, connection: Some(self.serial) };
        let (id, step) = self.talk().session.on_text(text, from, &desk.shared.rules);
        match step {
            Step::Reply(frame) => self.out.say(&frame, desk),
            Step::Pong => self.out.say(&ServerFrame::Pong { id, head: desk.live }, desk),
            Step::Who => {
                let presence = &desk.shared.presence;
                let who = ServerFrame::Who { id, names: presence.names(WHO), online: presence.online() };
                self.out.say(&who, desk);
            }
            Step::Append(cheep) => {
                let name = cheep.author.name.clone();
                let answer = self.answer(place, desk);
                let posted = move |result| answer(Answer::Posted { id, name, result });
                desk.shared.feed.append(cheep, Box::new(posted));
            }
            Step::Claim(author) => {
                let asked = author.clone();
                let answer = self.answer(place, desk);
                self.talk().is_naming = true;
                let named = move |result| answer(Answer::Named { id, author, result });
                desk.shared.feed.claim(asked, Box::new(named));
            }
            Step::History(history) if desk.shared.replies.exhausted() => {
                let why = Refusal::from(Code::Internal).retry_after(NO_MEMORY_RETRY_MS);
                tracing::warn!(?history, "there is no memory for more pages");
                self.out.say(&refusal(id, why), desk);
            }
            Step::History(history) => {
                let request = PageRequest { id, history, head: desk.shared.feed.tail.head(), reset: false };
                self.ask(place, request, desk);
            }
        }
    }

    /// Where the answer to a request that leaves the shard goes.
    fn answer(&mut self, place: usize, desk: &Desk) -> impl FnOnce(Answer) + Send + 'static {
        self.talk().pending += 1;
        let to = Address { place, serial: self.serial };
        let mailbox = desk.mailbox.clone();
        move |answer| mailbox.send(Mail::Answered { to, answer })
    }

    pub(super) fn appear(&mut self, name: Name, desk: &Desk) {
        let talk = self.talk();
        desk.shared.presence.rename(talk.present.as_ref(), Some(&name));
        talk.present = Some(name);
    }

    pub(super) fn catch_up(&mut self, place: usize, request: PageRequest, desk: &mut Desk) {
        self.talk().live = Live::AfterPage;
        self.ask(place, request, desk);
    }

    fn ask(&mut self, place: usize, request: PageRequest, desk: &mut Desk) {
        let id = request.id.clone();
        self.talk().awaits_page = true;
        if let Some(ready) = desk.page(request, Address { place, serial: self.serial }) {
            self.on_page(id, Ok(ready), desk);
        }
    }

    /// The page that was asked for. After one that the URL asked for, more of them or live events follow, without hole or
    /// repeat.
    pub(super) fn on_page(&mut self, id: Option<RequestId>, page: Result<Ready, Refusal>, desk: &Desk) {
        let talk = self.talk();
        talk.awaits_page = false;
        let catches_up = talk.live == Live::AfterPage;
        match page {
            Ok(Ready { frame, forward, more, last }) => {
                self.out.share(frame);
                if catches_up && forward && more {
                    self.talk().live = Live::AfterMore { seq: last, reset: false };
                } else if catches_up {
                    self.out.skip_to(last);
                    self.talk().live = Live::Flowing;
                }
            }
            Err(why) => {
                self.out.say(&refusal(id, why), desk);
                if catches_up {
                    // To go on live would leave a hole that nobody is told of: the client comes back with its cursor.
                    self.talk().live = Live::Flowing;
                    self.talk().end(Ending::Dismissed(CloseCode::Again));
                }
            }
        }
    }
}

fn refusal(id: Option<RequestId>, refusal: Refusal) -> ServerFrame {
    ServerFrame::Error(ErrorFrame::new(id, refusal))
}
