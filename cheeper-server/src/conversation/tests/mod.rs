//! A conversation without sockets, on a clock of the tests' own.

mod changes;
mod ending;
mod hosts;
mod order;
mod pace;
mod pressure;
mod properties;
mod time;

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use cheeper_protocol::{
    Cheep, CheepText, Code, Event, Limits, Refusal, RequestId, Role, Seq, ServerFrame, VERSION, Welcome,
    testkit::{TEXT, cheep, frame, name, seq},
};

use super::{
    context::TURN_COST,
    output::{LIVE_BYTES, OUTBOX_BYTES},
    request::Rules,
    *,
};
use crate::{
    access::{Client, Grant, Order, Principal, PrincipalRef},
    feed::{
        Ready,
        page::{self, Page},
        tail::{NotHere, Tail},
    },
    limits::{RateLimits, Rates},
    memory::MemoryBudget,
    metrics::Metrics,
    timeline::{Command, Named, Outcome, Person, Posted},
};

/// The first byte of a close and of a pong in one frame.
const CLOSE: u8 = 0x88;
const PONG: u8 = 0x8A;
/// Enough for everything.
const PLENTY: usize = usize::MAX / 4;

/// What the socket is to the conversation.
#[derive(Default)]
struct Socket {
    /// What the client said and nobody has read.
    said: VecDeque<u8>,
    has_hung_up: bool,
    /// Bytes that it still takes.
    room: usize,
    is_gone: bool,
    is_shut: bool,
    /// Bytes that are encrypted and that it has not taken.
    behind: usize,
    /// What it took and the client has not looked at.
    taken: Vec<u8>,
    reads: usize,
    writes: usize,
}

impl Socket {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.reads += 1;
        let length = self.said.len().min(READ_BYTES);
        if length == 0 && !self.has_hung_up {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(self.said.drain(..length).collect())
    }

    fn shut_down(&mut self) -> io::Result<()> {
        if self.behind > 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.is_shut = true;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.is_gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let written = bytes.len().min(self.room);
        if written == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room -= written;
        self.taken.extend_from_slice(&bytes[..written]);
        Ok(written)
    }
}

/// A conversation, and the driver and the server around it.
struct World {
    conversation: Conversation,
    socket: Socket,
    now: u32,
    live: Seq,
    tail: Tail,
    rules: Rules,
    memory: Arc<MemoryBudget>,
    metrics: Metrics,
    /// Commands under way.
    submitted: VecDeque<(Pending, Command)>,
    /// Pages under way.
    asked: VecDeque<PageRequest>,
    /// What a host orders, and the audits they read, under way.
    ordered: VecDeque<(Pending, Order)>,
    audits: VecDeque<Option<RequestId>>,
    principal: Principal,
    renamed: Vec<(Option<String>, Option<String>)>,
}

/// How the driver's turn ended.
#[derive(Debug, PartialEq)]
enum Rest {
    Waits,
    Yields,
    Pauses,
    Ended,
}

impl World {
    fn new() -> Self {
        Self::with(Subscription::Live, 0)
    }

    /// One whose timeline has so many cheeps, none of them delivered by this driver.
    fn with(subscription: Subscription, head: u64) -> Self {
        Self::within(MemoryBudget::new(usize::MAX), subscription, head)
    }

    /// One that has to do with this memory.
    fn within(memory: Arc<MemoryBudget>, subscription: Subscription, head: u64) -> Self {
        let tail = Tail::new(Seq::ZERO, usize::MAX);
        let events: Vec<Event> = (1..=head).map(|number| Event::Cheep(cheep(number, "early"))).collect();
        tail.push(&events);
        let rules = Rules { limits: Limits::default(), rate_limits: RateLimits::new(0) };
        let metrics = Metrics::new();
        let cx = Context {
            now: 100,
            live: Seq::ZERO,
            connection: 1,
            principal_ref: PrincipalRef::Known(&PRINCIPAL),
            tail: &tail,
            rules: &rules,
            memory: &memory,
            metrics: &metrics,
        };
        let conversation = Conversation::open(subscription, Vec::new(), welcome, &[], &cx);
        let mut world = Self {
            conversation,
            socket: Socket { room: PLENTY, ..Socket::default() },
            now: 100,
            live: Seq::ZERO,
            tail,
            rules,
            memory,
            metrics,
            submitted: VecDeque::new(),
            asked: VecDeque::new(),
            ordered: VecDeque::new(),
            audits: VecDeque::new(),
            principal: PRINCIPAL,
            renamed: Vec::new(),
        };
        world.advance();
        world
    }

    fn on<T>(&mut self, happens: impl FnOnce(&mut Conversation, &Context) -> T) -> T {
        let cx = Context {
            now: self.now,
            live: self.live,
            connection: 1,
            principal_ref: PrincipalRef::Known(&self.principal),
            tail: &self.tail,
            rules: &self.rules,
            memory: &self.memory,
            metrics: &self.metrics,
        };
        happens(&mut self.conversation, &cx)
    }

    /// One turn, as a shard gives it.
    fn turn(&mut self) -> Rest {
        let mut turn = Turn::new();
        loop {
            match self.on(|it, cx| it.next_action(&mut turn, cx)) {
                Action::Write => {
                    let bytes = self.conversation.unwritten().concat_bytes();
                    let written = self.socket.write(&bytes);
                    self.conversation.on_written(written);
                }
                Action::WriteLive(piece) => {
                    let written = self.socket.write(piece.bytes());
                    self.on(|it, cx| it.on_live_written(&piece, written, cx));
                }
                Action::Read => {
                    let read = self.socket.read();
                    self.on(|it, cx| it.on_read(read.as_deref().map_err(|error| error.kind().into()), READ_BYTES, cx));
                }
                Action::Submit(pending, command) => self.submitted.push_back((pending, command)),
                Action::Order(pending, order) => self.ordered.push_back((pending, order)),
                Action::ReadAudit(id, _) => self.audits.push_back(id),
                Action::GetPage(request) => self.asked.push_back(request),
                Action::ListNames(id) => self.on(|it, cx| it.on_names(id, vec![name("alice")], 1, cx)),
                Action::Rename { old, new } => {
                    let text = |name: Option<Name>| name.map(|name| name.to_string());
                    self.renamed.push((text(old), text(new)));
                }
                Action::ShutDown => {
                    let done = self.socket.shut_down();
                    self.on(|it, cx| it.on_shut_down(&done, cx));
                }
                Action::Wait => return Rest::Waits,
                Action::Yield => return Rest::Yields,
                Action::Pause => return Rest::Pauses,
                Action::End => return Rest::Ended,
            }
        }
    }

    /// Turns until it waits or ends.
    fn advance(&mut self) -> Rest {
        loop {
            match self.turn() {
                Rest::Yields => {}
                rest => return rest,
            }
        }
    }

    /// The client says this, and the driver hears of it.
    fn say(&mut self, frames: &[&str]) -> Rest {
        for json in frames {
            self.socket.said.extend(frame(TEXT, json.as_bytes()));
        }
        self.on(|it, cx| it.on_ready(true, false, false, cx));
        self.advance()
    }

    /// The client takes so many bytes more.
    fn room(&mut self, bytes: usize) -> Rest {
        self.socket.room = bytes;
        self.on(|it, cx| it.on_ready(false, false, true, cx));
        self.advance()
    }

    fn tick(&mut self, seconds: u32) -> Rest {
        self.now += seconds;
        self.on(Conversation::on_tick);
        self.advance()
    }

    /// So many cheeps become durable. Nobody has been sent them yet.
    fn publish(&mut self, count: u64) {
        let first = self.tail.head().get() + 1;
        let events: Vec<Event> = (first..first + count).map(|number| Event::Cheep(cheep(number, "new"))).collect();
        self.tail.push(&events);
    }

    /// The driver sends everybody what is new, as a shard does.
    fn deliver(&mut self) -> Rest {
        let mut rest = Rest::Waits;
        while self.live < self.tail.head() {
            let first = self.live.next();
            let Ok(piece) = self.tail.piece(first, LIVE_BYTES) else {
                self.live = self.tail.head();
                return self.advance();
            };
            let piece = piece.expect("the head is further on");
            self.live = piece.next().previous();
            if self.conversation.keeps_up(first) {
                let written = self.socket.write(piece.bytes());
                self.on(|it, cx| it.on_live_written(&piece, written, cx));
                if !self.conversation.has_more_to_do() {
                    continue;
                }
            }
            rest = self.advance();
        }
        rest
    }

    /// The timeline answers the oldest command: a post got the newest seq.
    fn answer_post(&mut self) -> Rest {
        let head = self.tail.head();
        self.answer(|command| match command {
            Command::Post(post) => {
                let cheep = Cheep { cheep: post.cheep.clone(), ..cheep(head.get(), "") };
                Ok(Outcome::Posted(Posted { cheep, duplicate: false }))
            }
            _ => panic!("not a post"),
        })
    }

    fn answer(&mut self, outcome: impl FnOnce(&Command) -> Result<Outcome, Refusal>) -> Rest {
        let (pending, command) = self.submitted.pop_front().expect("a command");
        let outcome = outcome(&command);
        self.on(|it, cx| it.on_outcome(pending, outcome, cx));
        self.advance()
    }

    /// The page that was asked for comes, as the ring has it.
    fn answer_page(&mut self) -> Rest {
        let request = self.asked.pop_front().expect("a request for a page");
        let mut selection = page::select(&request.question, request.head);
        selection.reset |= request.reset;
        let encode = |part: &crate::timeline::Part<(Seq, &[u8])>| {
            page::encode(request.id.as_ref(), &selection, request.head, part)
        };
        let Page { json, forward, more, last } = self.tail.part(&selection.read, encode).unwrap();
        let ready = Ready { frame: self.memory.shared(frame::text(&json)), forward, more, last };
        self.on(|it, cx| it.on_page(request.id, Ok(ready), cx));
        self.advance()
    }

    /// Everything the client was sent since it last looked, in a word each.
    fn heard(&mut self) -> Vec<String> {
        let bytes = std::mem::take(&mut self.socket.taken);
        let mut rest = &bytes[..];
        let mut heard = Vec::new();
        while !rest.is_empty() {
            let (opcode, payload, length) = split(rest);
            heard.push(match opcode {
                0x8 => format!("close {}", u16::from_be_bytes([payload[0], payload[1]])),
                0x9 => "ping".to_owned(),
                0xA => format!("pong {}", String::from_utf8_lossy(payload)),
                _ => describe(&ServerFrame::parse(std::str::from_utf8(payload).unwrap()).unwrap()),
            });
            rest = &rest[length..];
        }
        heard
    }
}

const PRINCIPAL: Principal = Principal {
    client: Client { address: IpAddr::V4(Ipv4Addr::LOCALHOST), is_secure: false },
    grant: Grant { role: Role::Member, person: Person(1), link: None, ends_at: None },
};

fn welcome(head: Seq) -> ServerFrame {
    ServerFrame::Welcome(Welcome {
        protocol: VERSION,
        server: "t".to_owned(),
        timeline: "t".to_owned(),
        head,
        online: 1,
        role: Role::Member,
        limits: Limits::default(),
    })
}

/// A whole frame of a server: its opcode, its payload, and its length.
fn split(bytes: &[u8]) -> (u8, &[u8], usize) {
    let (begin, length) = match bytes[1] {
        126 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes[2..10].try_into().unwrap())).unwrap()),
        length => (2, usize::from(length)),
    };
    (bytes[0] & 0xF, &bytes[begin..begin + length], begin + length)
}

fn describe(frame: &ServerFrame) -> String {
    let under = |id: &Option<RequestId>| id.as_ref().map(|id| format!(" under {id}")).unwrap_or_default();
    match frame {
        ServerFrame::Welcome(welcome) => format!("welcome {}", welcome.head),
        ServerFrame::Event(event) => format!("event {}", event.seq()),
        ServerFrame::Page(page) => {
            let ends = page.events.first().zip(page.events.last());
            let ends = ends.map_or("of nothing".to_owned(), |(a, b)| format!("{} to {}", a.seq(), b.seq()));
            format!("page {ends}{}", under(&page.id))
        }
        ServerFrame::Ack(ack) => {
            format!("{} {}{}", if ack.duplicate { "duplicate" } else { "ack" }, ack.seq, under(&ack.id))
        }
        ServerFrame::Hello { name, .. } => format!("hello {name}"),
        ServerFrame::Pong { id, head } => format!("pong {head}{}", under(id)),
        ServerFrame::Lagged { head } => format!("lagged {head}"),
        ServerFrame::Error(error) => format!("error {}{}", error.code.as_str(), under(&error.id)),
        ServerFrame::Online { count, .. } => format!("online {count}"),
        ServerFrame::Who { .. } => "who".to_owned(),
        ServerFrame::Audit { entries, .. } => format!("audit of {}", entries.len()),
        ServerFrame::Link { made, .. } => format!("link by entry {}", made.entry),
        ServerFrame::Goodbye { .. } => "goodbye".to_owned(),
        ServerFrame::Unknown => "unknown".to_owned(),
    }
}

trait ConcatBytes {
    fn concat_bytes(&self) -> Vec<u8>;
}

impl ConcatBytes for Vec<IoSlice<'_>> {
    fn concat_bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|slice| slice.iter().copied()).collect()
    }
}

fn taken() -> Refusal {
    Code::NameTaken.into()
}
