//! A socket and its conversation: does what the conversation asks for.

use std::{
    io::{self, IoSlice},
    mem::take,
};

use bytes::Bytes;
use cheeper_protocol::{AuditQuery, Name, Refusal, RequestId, Seq, ServerFrame, Token, limits::WHO};
use mio::net::TcpStream;

use super::{
    context::{Handshake, ShardContext},
    mailbox::{ConnectionId, Message},
    stream::Stream,
};
use crate::{
    access::{Order, Principal, PrincipalRef},
    conversation::{Action, Context, Conversation, Pending, READ_BYTES, Turn},
    feed::{PageRequest, Ready, tail::Slice},
    limits::Permit,
    timeline::{Audit, Command, Outcome},
};

/// What becomes of a connection after its turn.
#[derive(Debug, PartialEq)]
#[must_use]
pub(super) enum Progress {
    /// It waits for something to happen.
    Waiting,
    /// It has more to do, when all others have had their turn.
    Unfinished,
    /// It has more to do in the next second.
    Paused,
    /// It is of no more use.
    Gone,
}

pub(super) struct Connection {
    stream: Stream,
    id: ConnectionId,
    conversation: Conversation,
    owner: Owner,
}

/// What a connection keeps of its client.
struct Owner {
    known: Option<Box<Principal>>,
    permit: Permit,
}

impl Owner {
    fn principal_ref<'a>(&'a self, shard: &'a ShardContext) -> PrincipalRef<'a> {
        match &self.known {
            Some(principal) => PrincipalRef::Known(principal),
            None => PrincipalRef::Stranger { access: &shard.services.access, address: *self.permit.peer() },
        }
    }
}

impl Connection {
    pub(super) fn open(
        stream: Stream,
        handshake: Handshake,
        id: ConnectionId,
        welcome: impl FnOnce(Seq) -> ServerFrame,
        shard: &ShardContext,
    ) -> Self {
        let Handshake { answer, early, subscription, principal, permit } = handshake;
        let owner = Owner { known: PrincipalRef::to_keep(principal, *permit.peer()), permit };
        let cx = context(id, &owner, shard);
        let conversation = Conversation::open(subscription, answer, welcome, &early, &cx);
        Self { stream, id, conversation, owner }
    }

    /// Its socket, if bytes may be written to it as they are.
    pub(super) fn plain_stream(&self) -> Option<&TcpStream> {
        self.stream.plain()
    }

    pub(super) fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    pub(super) fn id(&self) -> ConnectionId {
        self.id
    }

    /// The name that was used on it last.
    pub(super) fn name(&self) -> Option<&Name> {
        self.conversation.name()
    }

    /// Whether it needs nothing but the events from `first` on, in a single write.
    pub(super) fn keeps_up(&self, first: Seq) -> bool {
        self.conversation.keeps_up(first)
    }

    pub(super) fn on_ready(
        &mut self,
        readable: bool,
        hung_up: bool,
        writable: bool,
        shard: &mut ShardContext,
    ) -> Progress {
        let writable = writable && self.stream.on_writable();
        self.conversation.on_ready(readable, hung_up, writable, &context(self.id, &self.owner, shard));
        self.advance(shard)
    }

    /// All live events before `next` were written to it. False if it does not stop at that, and is to be told at length.
    pub(super) fn has_got_all_before(&mut self, next: Seq) -> bool {
        self.conversation.has_got_all_before(next)
    }

    /// Live events were written to it together with others.
    pub(super) fn on_broadcast(
        &mut self,
        piece: &Slice,
        written: io::Result<usize>,
        shard: &mut ShardContext,
    ) -> Progress {
        self.conversation.on_live_written(piece, written, &context(self.id, &self.owner, shard));
        if self.conversation.has_more_to_do() { self.advance(shard) } else { Progress::Waiting }
    }

    pub(super) fn on_outcome(
        &mut self,
        pending: Pending,
        outcome: Result<Outcome, Refusal>,
        shard: &mut ShardContext,
    ) -> Progress {
        self.conversation.on_outcome(pending, outcome, &context(self.id, &self.owner, shard));
        self.advance(shard)
    }

    pub(super) fn on_ordered(
        &mut self,
        pending: Pending,
        token: Option<Token>,
        outcome: Result<Outcome, Refusal>,
        shard: &mut ShardContext,
    ) -> Progress {
        self.conversation.on_ordered(pending, token, outcome, &context(self.id, &self.owner, shard));
        self.advance(shard)
    }

    pub(super) fn on_audit(
        &mut self,
        id: Option<RequestId>,
        audit: Result<Audit, Refusal>,
        shard: &mut ShardContext,
    ) -> Progress {
        self.conversation.on_audit(id, audit, &context(self.id, &self.owner, shard));
        self.advance(shard)
    }

    pub(super) fn on_page(
        &mut self,
        id: Option<RequestId>,
        page: Result<Ready, Refusal>,
        shard: &mut ShardContext,
    ) -> Progress {
        self.conversation.on_page(id, page, &context(self.id, &self.owner, shard));
        self.advance(shard)
    }

    pub(super) fn on_tick(&mut self, shard: &mut ShardContext) -> Progress {
        self.conversation.on_tick(&context(self.id, &self.owner, shard));
        self.advance(shard)
    }

    pub(super) fn dismiss(&mut self, goodbye: &Bytes, shard: &mut ShardContext) -> Progress {
        self.conversation.dismiss(goodbye, &context(self.id, &self.owner, shard));
        self.advance(shard)
    }

    /// Ends it if its client may not be here any more.
    pub(super) fn see_whether_it_may_stay(&mut self, shard: &mut ShardContext) -> Progress {
        let standing = &shard.services.access.standing;
        if self.owner.known.as_ref().is_none_or(|principal| standing.stands(&principal.grant)) {
            return Progress::Waiting;
        }
        self.conversation.shut_out(&context(self.id, &self.owner, shard));
        self.advance(shard)
    }

    pub(super) fn send_if_idle(&mut self, frame: &Bytes, shard: &mut ShardContext) -> Progress {
        self.conversation.send_if_idle(frame, &context(self.id, &self.owner, shard));
        if self.conversation.has_more_to_do() { self.advance(shard) } else { Progress::Waiting }
    }

    /// Does what its conversation asks for, until that waits or its turn is over.
    pub(super) fn advance(&mut self, shard: &mut ShardContext) -> Progress {
        let mut turn = Turn::new();
        loop {
            let action = self.conversation.next_action(&mut turn, &context(self.id, &self.owner, shard));
            match action {
                Action::Write => {
                    let written = self.stream.write_vectored(&self.conversation.unwritten());
                    self.conversation.on_written(written);
                }
                Action::WriteLive(piece) => {
                    let written = self.stream.write_vectored(&[IoSlice::new(piece.bytes())]);
                    self.conversation.on_live_written(&piece, written, &context(self.id, &self.owner, shard));
                }
                Action::Read => self.read(shard),
                Action::Submit(pending, command) => self.submit(pending, command, shard),
                Action::Order(pending, order) => self.order(pending, order, shard),
                Action::ReadAudit(id, query) => self.read_audit(id, query, shard),
                Action::GetPage(request) => self.get_page(request, shard),
                Action::ListNames(id) => {
                    let presence = &shard.services.presence;
                    let (names, online) = (presence.names(WHO), presence.online());
                    self.conversation.on_names(id, names, online, &context(self.id, &self.owner, shard));
                }
                Action::Rename { old, new } => shard.services.presence.rename(old.as_ref(), new.as_ref()),
                Action::ShutDown => {
                    let done = self.stream.shut_down();
                    self.conversation.on_shut_down(&done, &context(self.id, &self.owner, shard));
                }
                Action::Wait => return Progress::Waiting,
                Action::Yield => return Progress::Unfinished,
                Action::Pause => return Progress::Paused,
                Action::End => return Progress::Gone,
            }
        }
    }

    fn read(&mut self, shard: &mut ShardContext) {
        let mut buffer = take(&mut shard.buffer);
        buffer.resize(READ_BYTES, 0);
        let read = self.stream.read(&mut buffer).map(|length| &buffer[..length]);
        self.conversation.on_read(read, READ_BYTES, &context(self.id, &self.owner, shard));
        shard.buffer = buffer;
    }

    fn submit(&mut self, pending: Pending, command: Command, shard: &ShardContext) {
        let (to, mailbox) = (self.id, shard.mailbox.clone());
        let answer = move |outcome| mailbox.send(Message::Outcome { to, pending, outcome });
        shard.services.submit(command, Box::new(answer));
    }

    fn order(&mut self, pending: Pending, order: Order, shard: &ShardContext) {
        let (to, mailbox) = (self.id, shard.mailbox.clone());
        let answer = move |token, outcome| mailbox.send(Message::Ordered { to, pending, token, outcome });
        shard.services.order(order, &self.owner.principal_ref(shard).principal().grant, answer);
    }

    fn read_audit(&mut self, id: Option<RequestId>, query: AuditQuery, shard: &ShardContext) {
        let (to, mailbox) = (self.id, shard.mailbox.clone());
        let answer = move |audit| mailbox.send(Message::Audit { to, id, audit });
        shard.services.timeline.audit(query, Box::new(answer));
    }

    fn get_page(&mut self, request: PageRequest, shard: &ShardContext) {
        let (to, mailbox, id) = (self.id, shard.mailbox.clone(), request.id.clone());
        let later = {
            let id = id.clone();
            move |page| mailbox.send(Message::Page { to, id, page })
        };
        if let Some(ready) = shard.services.feed.page(request, later) {
            self.conversation.on_page(id, Ok(ready), &context(self.id, &self.owner, shard));
        }
    }
}

fn context<'a>(id: ConnectionId, owner: &'a Owner, shard: &'a ShardContext) -> Context<'a> {
    Context {
        now: shard.now,
        live: shard.live,
        connection: id.generation,
        principal_ref: owner.principal_ref(shard),
        tail: shard.services.feed.tail(),
        rules: &shard.services.rules,
        memory: &shard.services.memory,
        metrics: &shard.services.metrics,
    }
}
