//! Who says much is read more slowly.

use super::*;
use crate::limits::Limit;

const PING: &str = r#"{"type":"ping"}"#;
const FRAMES: usize = 100;

/// A world in which so many frames, and KiB, a second are read.
fn paced() -> World {
    let mut world = World::new();
    let frames_per_second = u16::try_from(FRAMES).unwrap();
    world.rules.rate_limits = RateLimits::of(Rates { posts_per_minute: 0, pages_per_second: 0, frames_per_second });
    world.tick(1);
    world.heard();
    world
}

fn count(world: &World, limit: Limit) -> u64 {
    world.rules.rate_limits.limited().count(limit)
}

#[test]
fn of_too_many_frames_the_rest_is_carried_out_in_the_next_seconds() {
    let mut world = paced();
    assert_eq!(world.say(&[PING; FRAMES * 2 + 10]), Rest::Pauses);
    assert_eq!(world.heard().len(), FRAMES);
    assert_eq!(world.advance(), Rest::Pauses, "whatever else happens in this second");
    assert_eq!(world.heard().len(), 0);
    assert!(count(&world, Limit::Frames) > 0);
    assert_eq!(world.tick(1), Rest::Pauses);
    assert_eq!(world.heard().len(), FRAMES);
    assert_eq!(world.tick(1), Rest::Waits);
    assert_eq!(world.heard().len(), 10, "all is answered in the end");
    assert_eq!(world.memory.used(), 0);
}

#[test]
fn of_too_many_bytes_the_rest_stays_in_the_socket() {
    let mut world = paced();
    // A pong asks for nothing and is no request.
    world.socket.said.extend(frame(0x8A, &[b'x'; 125]).repeat(4000));
    let said = world.socket.said.len();
    world.on(|it, cx| it.on_ready(true, false, false, cx));
    assert_eq!(world.advance(), Rest::Pauses);
    let read = said - world.socket.said.len();
    assert!((FRAMES * 1024..FRAMES * 1024 + READ_BYTES).contains(&read), "{read}");
    assert!(count(&world, Limit::Bytes) > 0 && count(&world, Limit::Frames) == 0);
    let seconds = (1..100).find(|_| world.tick(1) == Rest::Waits).unwrap();
    assert_eq!((seconds, world.socket.said.len()), ((said - read).div_ceil(read), 0));
}

#[test]
fn who_pauses_still_gets_what_others_say_and_hears_the_end() {
    let mut world = paced();
    assert_eq!(world.say(&[PING; FRAMES + 1]), Rest::Pauses);
    world.heard();
    world.publish(1);
    world.deliver();
    assert_eq!(world.heard(), ["event 1"]);
    world.socket.has_hung_up = true;
    world.on(|it, cx| it.on_ready(true, true, false, cx));
    assert_eq!(world.advance(), Rest::Pauses);
    assert_eq!(world.tick(1), Rest::Ended);
    assert_eq!(world.heard(), ["pong 1"], "what was said before it hung up is carried out");
}

#[test]
fn a_client_within_its_pace_never_waits() {
    let mut world = paced();
    for _ in 0..20 {
        assert_eq!(world.say(&[PING; FRAMES - 1]), Rest::Waits);
        world.tick(1);
    }
    assert_eq!(world.heard().iter().filter(|what| what.starts_with("pong")).count(), 20 * (FRAMES - 1));
    assert_eq!(count(&world, Limit::Frames), 0);
}
