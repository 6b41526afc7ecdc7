//! Frames: what is printed is read back as it was, and nothing that is read can do harm.

use std::borrow::Cow;

use cheeper_protocol::{
    Ack, Action, AuditQuery, Cheep, CheepState, CheepText, ClientFrame, Code, Delete, DeletedBy, Edit, Emoji, Entry,
    ErrorFrame, Event, History, Limits, Muted, Page, Query, Range, Reaction, ReactionCount, Request, RequestId, Role,
    Search, Secret, Seq, ServerFrame, Thread, Timestamp, Token, Welcome, limits::SEQ_MAX,
};
use proptest::{option, prelude::*};
use serde_json::{Map, Value};

use super::texts::{name, text};

fn seq() -> impl Strategy<Value = Seq> {
    prop_oneof![0..10_u64, 0..=SEQ_MAX, Just(SEQ_MAX)].prop_map(|number| Seq::new(number).expect("within bounds"))
}

fn id() -> impl Strategy<Value = Option<RequestId>> {
    option::of(text().prop_filter_map("no id", |text| RequestId::parse(&text).ok()))
}

fn cheep_text() -> impl Strategy<Value = CheepText> {
    text().prop_filter_map("no cheep", |text| CheepText::parse(&text, 280).ok())
}

fn at() -> impl Strategy<Value = Timestamp> {
    (0..4_102_444_800_000_i64).prop_map(|ms| Timestamp::from_millisecond(ms).expect("within bounds"))
}

fn secret() -> impl Strategy<Value = Secret> {
    "[ -~é]{16,40}".prop_map(|raw| Secret::parse(&raw).expect("within bounds"))
}

fn range() -> impl Strategy<Value = Range> {
    prop_oneof![
        Just(Range::Newest),
        seq().prop_map(Range::Before),
        seq().prop_map(Range::After),
        seq().prop_map(Range::Around)
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let reply_to = option::of(seq().prop_filter("there is no cheep 0", |seq| *seq > Seq::ZERO));
    prop_oneof![
        (option::of(name()), cheep_text(), reply_to).prop_map(|(name, cheep, reply_to)| Request::Post {
            name,
            cheep,
            reply_to
        }),
        (name(), option::of(secret())).prop_map(|(name, secret)| Request::Hello { name, secret }),
        (option::of(name()), seq(), cheep_text()).prop_map(|(name, target, cheep)| Request::Edit {
            name,
            target,
            cheep
        }),
        (option::of(name()), seq()).prop_map(|(name, target)| Request::Delete { name, target }),
        (option::of(name()), seq(), emoji(), any::<bool>()).prop_map(|(name, target, emoji, on)| Request::React {
            name,
            target,
            emoji,
            on
        }),
        (range(), 1..1_000_000_usize).prop_map(|(range, limit)| Request::History(History { range, limit })),
        (seq(), option::of(seq())).prop_map(|(seq, after)| Request::Thread(Thread { seq, after })),
        (query(), option::of(seq()), 1..1_000_000_usize).prop_map(|(q, before, limit)| Request::Search(Search {
            q,
            before,
            limit
        })),
        (muted(), option::of(1..1_000_000_u64)).prop_map(|(who, for_ms)| Request::Mute { who, for_ms }),
        name().prop_map(|name| Request::Release { name }),
        (prop_oneof![Just(Role::Member), Just(Role::Host)], option::of(1..1_000_000_u64), option::of(name()))
            .prop_map(|(role, for_ms, note)| Request::Link { role, for_ms, note }),
        entry_number().prop_map(|entry| Request::Undo { entry }),
        (option::of(entry_number()), 1..1_000_000_usize)
            .prop_map(|(before, limit)| Request::Audit(AuditQuery { before, limit })),
        Just(Request::Who),
        Just(Request::Ping),
    ]
}

fn muted() -> impl Strategy<Value = Muted> {
    prop_oneof![
        name().prop_map(|name| Muted::Name { name }),
        (1..SEQ_MAX).prop_map(|target| Muted::Author { target: Seq::new(target).unwrap() }),
    ]
}

fn entry_number() -> impl Strategy<Value = u64> {
    1..=SEQ_MAX
}

fn entry() -> impl Strategy<Value = Entry> {
    let action = prop_oneof![
        (1..SEQ_MAX).prop_map(|target| Action::Remove { target: Seq::new(target).unwrap() }),
        (muted(), option::of(at())).prop_map(|(who, until)| Action::Mute { who, until }),
        name().prop_map(|name| Action::Release { name }),
        (any::<u32>(), role(), option::of(at()), option::of(name()))
            .prop_map(|(link, role, ends_at, note)| Action::Link { link, role, ends_at, note }),
        any::<u32>().prop_map(|link| Action::Join { link }),
        name().prop_map(|name| Action::Claim { name }),
        entry_number().prop_map(|undoes| Action::Undo { undoes }),
    ];
    (entry_number(), at(), option::of(any::<u32>()), action, option::of(entry_number()))
        .prop_map(|(entry, at, by, action, undone_by)| Entry { entry, at, by, action, undone_by })
}

fn token() -> impl Strategy<Value = Token> {
    "[A-Za-z0-9_-]{16,128}".prop_map(|token| Token::parse(&token).unwrap())
}

fn emoji() -> impl Strategy<Value = Emoji> {
    super::emoji::parts().prop_filter_map("no emoji", |text| Emoji::parse(&text).ok())
}

fn query() -> impl Strategy<Value = Query> {
    text().prop_filter_map("nothing to look for", |text| Query::parse(&text).ok())
}

fn deleted_by() -> impl Strategy<Value = DeletedBy> {
    prop::sample::select(vec![DeletedBy::Author, DeletedBy::Host])
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..3_u64, 0..=SEQ_MAX]
}

fn state() -> impl Strategy<Value = CheepState> {
    let reaction = (emoji(), count(), prop::collection::vec(name(), 0..3));
    let reaction = reaction.prop_map(|(emoji, count, names)| ReactionCount { emoji, count, names });
    let reactions = prop::collection::vec(reaction, 0..3);
    (option::of(seq()), option::of(at()), option::of(deleted_by()), reactions, count()).prop_map(
        |(rev, edited_at, deleted, reactions, replies)| CheepState { rev, edited_at, deleted, reactions, replies },
    )
}

fn cheep() -> impl Strategy<Value = Cheep> {
    let about = (option::of(seq()), option::of(count()));
    (seq(), at(), name(), cheep_text(), any::<bool>(), about, id(), state()).prop_map(
        |(seq, at, name, cheep, verified, (reply_to, parent_replies), id, state)| Cheep {
            seq,
            at,
            name,
            cheep,
            verified,
            reply_to,
            parent_replies,
            id,
            state,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let edit = (seq(), at(), seq(), cheep_text(), id())
        .prop_map(|(seq, at, target, cheep, id)| Event::Edit(Edit { seq, at, target, cheep, id }));
    let about = (option::of(seq()), option::of(count()));
    let delete = (seq(), at(), seq(), deleted_by(), about, id()).prop_map(
        |(seq, at, target, by, (reply_to, parent_replies), id)| {
            Event::Delete(Delete { seq, at, target, by, reply_to, parent_replies, id })
        },
    );
    let reaction = (seq(), at(), seq(), (name(), option::of(name())), (emoji(), any::<bool>(), count()), id())
        .prop_map(|(seq, at, target, (name, next), (emoji, on, count), id)| {
            Event::Reaction(Reaction { seq, at, target, name, emoji, on, count, next, id })
        });
    prop_oneof![
        2 => cheep().prop_map(Event::Cheep),
        1 => edit,
        1 => delete,
        1 => reaction,
        1 => seq().prop_map(|seq| Event::Void { seq }),
        1 => seq().prop_map(|seq| Event::Unknown { seq }),
    ]
}

fn error() -> impl Strategy<Value = ErrorFrame> {
    let code = prop::sample::select(Code::ALL);
    (id(), code, text(), any::<bool>(), option::of(any::<u64>()), option::of(text())).prop_map(
        |(id, code, message, retryable, retry_after_ms, field)| ErrorFrame {
            id,
            code,
            message: message.into(),
            retryable,
            retry_after_ms,
            field: field.map(Cow::Owned),
        },
    )
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Reader), Just(Role::Member), Just(Role::Host)]
}

fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let welcome = (any::<u32>(), text(), text(), seq(), any::<u64>(), role(), any::<u32>()).prop_map(
        |(protocol, server, timeline, head, online, role, posts_per_minute)| {
            let limits = Limits { posts_per_minute, ..Limits::default() };
            ServerFrame::Welcome(Welcome { protocol, server, timeline, head, online, role, limits })
        },
    );
    let page = (
        id(),
        prop::collection::vec(event(), 0..4),
        (seq(), seq(), seq()),
        any::<[bool; 3]>(),
        prop::option::of(seq()),
    )
        .prop_map(|(id, events, (from, to, head), [more, reset, missing], floor)| {
            ServerFrame::Page(Page { id, events, from, to, head, more, reset, floor, missing })
        });
    let ack = (id(), seq(), at(), any::<bool>())
        .prop_map(|(id, seq, at, duplicate)| ServerFrame::Ack(Ack { id, seq, at, duplicate }));
    let who = (id(), prop::collection::vec(name(), 0..4), any::<u64>())
        .prop_map(|(id, names, online)| ServerFrame::Who { id, names, online });
    prop_oneof![
        welcome,
        page,
        ack,
        who,
        event().prop_map(ServerFrame::Event),
        (id(), name(), any::<bool>()).prop_map(|(id, name, claimed)| ServerFrame::Hello { id, name, claimed }),
        (any::<u64>(), seq()).prop_map(|(count, head)| ServerFrame::Online { count, head }),
        seq().prop_map(|head| ServerFrame::Lagged { head }),
        (id(), prop::collection::vec(entry(), 0..4), any::<bool>())
            .prop_map(|(id, entries, more)| ServerFrame::Audit { id, entries, more }),
        (id(), token(), entry()).prop_map(|(id, token, made)| ServerFrame::Link { id, token, made }),
        (id(), seq()).prop_map(|(id, head)| ServerFrame::Pong { id, head }),
        error().prop_map(ServerFrame::Error),
        (text(), any::<u64>())
            .prop_map(|(reason, reconnect_after_ms)| ServerFrame::Goodbye { reason, reconnect_after_ms }),
        Just(ServerFrame::Unknown),
    ]
}

/// JSON with the protocol's own words in places where they may or may not belong.
fn near_frame() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "type",
        "id",
        "name",
        "cheep",
        "reply_to",
        "secret",
        "before",
        "after",
        "around",
        "limit",
        "seq",
        "at",
        "events",
        "from",
        "to",
        "target",
        "emoji",
        "on",
        "count",
        "by",
        "rev",
        "deleted",
        "reactions",
        "replies",
        "q",
        "head",
        "more",
        "reset",
        "limits",
        "code",
        "retryable",
        "message",
        "post",
        "edit",
        "delete",
        "react",
        "reaction",
        "void",
        "thread",
        "search",
        "hello",
        "history",
        "who",
        "ping",
        "page",
        "welcome",
        "ack",
        "error",
        "pong",
        "lagged",
        "goodbye",
    ];
    let word = || prop::sample::select(WORDS).prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..5).prop_map(|fields| Value::from(Map::from_iter(fields)))
        ]
    });
    (option::of(word()), prop::collection::vec((word(), value), 0..6)).prop_map(|(kind, fields)| {
        let kind = kind.map(|kind| ("type".to_owned(), Value::from(kind)));
        Value::from(fields.into_iter().chain(kind).collect::<Map<_, _>>()).to_string()
    })
}

proptest! {
    #![proptest_config(super::cases(1_000))]

    #[test]
    fn a_client_frame_is_read_back_as_it_was((id, request) in (id(), request())) {
        let frame = ClientFrame { id, request };
        prop_assert_eq!(ClientFrame::parse(&frame.to_json(), &Limits::default()), Ok(frame));
    }

    #[test]
    fn a_server_frame_is_read_back_as_it_was(frame in server_frame()) {
        prop_assert_eq!(ServerFrame::parse(&frame.to_json()).unwrap(), frame);
    }

    #[test]
    fn a_client_frame_cut_short_is_refused_under_its_id_if_that_is_whole(
        frame in (id(), request()).prop_map(|(id, request)| ClientFrame { id, request }),
        cut in any::<prop::sample::Index>(),
    ) {
        let json = frame.to_json();
        let short: String = json.chars().take(cut.index(json.chars().count())).collect();
        // It is the first field.
        let field = frame.id.as_ref().map(|id| format!(r#"{{"id":{}"#, Value::from(id.as_str())));
        let expected = frame.id.filter(|_| field.is_some_and(|field| short.starts_with(&field)));
        let unreadable = ClientFrame::parse(&short, &Limits::default()).unwrap_err();
        prop_assert_eq!((unreadable.refusal.code, unreadable.id), (Code::BadJson, expected));
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in any::<String>()) {
        let _ = (ClientFrame::parse(&text, &Limits::default()), ServerFrame::parse(&text));
    }

    #[test]
    fn what_is_read_from_strange_json_is_printed_and_read_the_same(text in near_frame()) {
        if let Ok(frame) = ClientFrame::parse(&text, &Limits::default()) {
            prop_assert_eq!(ClientFrame::parse(&frame.to_json(), &Limits::default()), Ok(frame));
        }
        if let Ok(frame) = ServerFrame::parse(&text) {
            prop_assert_eq!(ServerFrame::parse(&frame.to_json()).unwrap(), frame);
        }
    }

    #[test]
    fn a_frame_cut_short_is_refused(frame in server_frame(), cut in any::<prop::sample::Index>()) {
        let json = frame.to_json();
        let short: String = json.chars().take(cut.index(json.chars().count())).collect();
        prop_assert!(ServerFrame::parse(&short).is_err());
    }
}
