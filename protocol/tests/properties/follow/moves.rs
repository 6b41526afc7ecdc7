//! What happens: to the line, to the timeline, to the client.

use cheeper_protocol::{Code, follow::Millis};
use proptest::{prelude::*, sample::Index};

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// The client gets frames.
    Receive(usize),
    /// The server carries out requests.
    Serve(usize),
    /// Others do something, and give it ids that the client uses too.
    Others(Vec<(usize, Deed)>),
    /// So many others react to one cheep that not all of them are named, and then some take it back.
    Crowd(Index),
    /// A host takes a cheep back.
    Host(Index),
    /// The client is asked to do something.
    Do(Deed),
    /// The client wants older events.
    Older,
    /// The client drops its oldest events.
    Forget(usize),
    /// The client asks for something beside the timeline.
    Look(Look),
    /// The client asks for something, or for older events; meanwhile others do something, and all that comes of it is there
    /// before the answer.
    Race(Option<Look>, Vec<(usize, Deed)>),
    /// The client begins anew; it has kept what it was still to do.
    Restart,
    /// Somebody presses "now".
    Retry,
    /// Time passes; a tick comes when it is due.
    Wait(Millis),
    /// The connection ends; what is on its way is lost.
    Cut {
        code: Option<u16>,
        jitter: f64,
    },
    /// The server stops as planned.
    Goodbye(Millis),
    /// A live event is lost, comes twice or comes late.
    Lose(Index),
    Repeat(Index),
    Delay(Index),
    /// An answer comes after all that is on its way behind it.
    Overtake(Index),
    /// What is on its way live comes as it is by now.
    FromMemory,
    /// The client read too slowly.
    Lag,
    /// The server refuses the next request to change something, for now.
    Refuse(Code),
    /// The server says how many are here.
    Online,
}

/// Something that is done to the timeline; the cheeps are chosen among those that there are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Post { answers: Option<Index> },
    Edit(Index),
    Delete(Index),
    React { target: Index, emoji: usize, on: bool },
}

/// Something to look at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    Around(Index),
    Thread(Index),
    Search,
}

fn deed() -> impl Strategy<Value = Deed> {
    let index = any::<Index>;
    prop_oneof![
        5 => prop::option::weighted(0.4, index()).prop_map(|answers| Deed::Post { answers }),
        3 => index().prop_map(Deed::Edit),
        2 => index().prop_map(Deed::Delete),
        4 => (index(), 0..3_usize, prop::bool::weighted(0.6))
            .prop_map(|(target, emoji, on)| Deed::React { target, emoji, on }),
    ]
}

fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    prop::collection::vec((0..3_usize, deed()), 1..9)
}

fn look() -> impl Strategy<Value = Look> {
    prop_oneof![any::<Index>().prop_map(Look::Around), any::<Index>().prop_map(Look::Thread), Just(Look::Search)]
}

pub(super) fn moves() -> impl Strategy<Value = Vec<Move>> {
    let index = any::<Index>;
    let code = prop::sample::select(vec![None, Some(1000), Some(1006), Some(1012), Some(1013)]);
    let one = prop_oneof![
        8 => (1..6_usize).prop_map(Move::Receive),
        8 => (1..4_usize).prop_map(Move::Serve),
        8 => deeds().prop_map(Move::Others),
        5 => (prop::option::of(look()), deeds()).prop_map(|(look, deeds)| Move::Race(look, deeds)),
        1 => index().prop_map(Move::Host),
        6 => deed().prop_map(Move::Do),
        3 => Just(Move::Older),
        1 => (1..5_usize).prop_map(Move::Forget),
        3 => look().prop_map(Move::Look),
        1 => Just(Move::Restart),
        1 => Just(Move::Retry),
        5 => (1..20_000_u64).prop_map(Move::Wait),
        2 => (code, 0.0..1.0).prop_map(|(code, jitter)| Move::Cut { code, jitter }),
        1 => (0..5_000_u64).prop_map(Move::Goodbye),
        3 => index().prop_map(Move::Lose),
        2 => index().prop_map(Move::Repeat),
        6 => index().prop_map(Move::Delay),
        4 => index().prop_map(Move::Overtake),
        2 => Just(Move::FromMemory),
        2 => Just(Move::Lag),
        2 => prop::sample::select(vec![Code::RateLimited, Code::NotStored, Code::Internal]).prop_map(Move::Refuse),
        1 => Just(Move::Online),
    ];
    // There is one crowd at most: it makes many events.
    let crowd = prop::option::weighted(0.1, (index(), index()));
    (prop::collection::vec(one, 0..160), crowd).prop_map(|(mut moves, crowd)| {
        if let Some((place, target)) = crowd {
            moves.insert(place.index(moves.len() + 1), Move::Crowd(target));
        }
        moves
    })
}
