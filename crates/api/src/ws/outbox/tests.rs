//! What waits, what has to go when there is no room, and how a session learns of it.

use std::pin::pin;

use futures_util::future::join;
use tokio::time::timeout;

use super::*;

fn durable(position: i64, bytes: usize) -> Frame {
    Frame {
        text: "x".repeat(bytes).into(),
        class: Class::Durable(Position::new(position)),
    }
}

fn typing(conversation: ConversationId, text: &'static str) -> Frame {
    Frame {
        text: ByteString::from_static(text),
        class: Class::Ephemeral(Topic::Typing(conversation)),
    }
}

fn drain(outbox: &Outbox) -> Vec<Outgoing> {
    std::iter::from_fn(|| outbox.state().pop())
        .take(1_000)
        .collect()
}

#[test]
fn frames_come_out_as_they_went_in() {
    let outbox = Outbox::default();
    for position in 1..=3 {
        outbox.push(durable(position, 1));
    }
    let expected: Vec<_> = (1..=3)
        .map(|position| Outgoing::Frame(durable(position, 1)))
        .collect();
    assert_eq!(drain(&outbox), expected);
}

#[test]
fn what_is_one_frame_too_many_is_read_from_the_store() {
    let outbox = Outbox::default();
    for position in 1..=256 {
        assert!(!outbox.push(durable(position, 1)).overflown);
    }
    assert!(outbox.push(durable(257, 1)).overflown);
    let first = outbox.try_next();
    assert_eq!(first, Some(Outgoing::Frame(durable(1, 1))));
    // There is room again, but not for what comes after a gap; and it counts once.
    assert!(!outbox.push(durable(258, 1)).overflown);
    let rest = drain(&outbox);
    assert_eq!(rest.len(), 256);
    assert_eq!(rest[254], Outgoing::Frame(durable(256, 1)));
    assert_eq!(rest[255], Outgoing::Missed(Position::new(258)));
    // The session knows: from now on all is as before.
    assert!(!outbox.push(durable(259, 1)).overflown);
    assert_eq!(drain(&outbox), [Outgoing::Frame(durable(259, 1))]);
}

#[test]
fn what_is_one_byte_too_many_is_read_from_the_store() {
    let outbox = Outbox::default();
    for position in 1..=4 {
        assert!(!outbox.push(durable(position, 64 * 1024)).overflown);
    }
    assert!(outbox.push(durable(5, 1)).overflown);
    assert_eq!(
        drain(&outbox).last(),
        Some(&Outgoing::Missed(Position::new(5)))
    );
    // Even what has no room in an empty queue.
    assert!(outbox.push(durable(6, MAX_BYTES + 1)).overflown);
    assert_eq!(drain(&outbox), [Outgoing::Missed(Position::new(6))]);
}

#[test]
fn an_ephemeral_frame_does_not_hold_up_what_was_missed() {
    let outbox = Outbox::default();
    for position in 1..=257 {
        outbox.push(durable(position, 1));
    }
    assert!(outbox.try_next().is_some());
    outbox.push(typing(ConversationId::new(), "start"));
    let rest = drain(&outbox);
    assert_eq!(rest[255], Outgoing::Missed(Position::new(257)));
    assert!(matches!(&rest[256..], [Outgoing::Frame(frame)] if !frame.is_durable()));
}

#[actix_web::test]
async fn a_write_is_given_up_when_it_takes_long_and_there_is_no_room() {
    const PATIENCE: Duration = Duration::from_millis(200);
    let outbox = Outbox::default();
    let overflow = || {
        for position in 1..=257 {
            outbox.push(durable(position, 1));
        }
    };
    let waits = |limit| timeout(limit, outbox.given_up(PATIENCE));
    let slow = Ok(Close::SlowConsumer);
    // Room enough: whoever is slow is only slow.
    let mut write = pin!(outbox.given_up(PATIENCE));
    assert!(timeout(2 * PATIENCE, write.as_mut()).await.is_err());
    // Its while is over when the room ends.
    overflow();
    let farewell = timeout(20 * PATIENCE, write).await;
    assert_eq!(farewell.map(|farewell| farewell.close), slow);
    // Where the room ends sooner, it has the rest of its while.
    drain(&outbox);
    let start = Instant::now();
    let (farewell, ()) = join(waits(20 * PATIENCE), async { overflow() }).await;
    assert_eq!(farewell.map(|farewell| farewell.close), slow);
    assert!(start.elapsed() >= PATIENCE);
    // The next write has its own while; but the end of the session comes at once.
    assert!(waits(PATIENCE / 4).await.is_err());
    outbox.close(Close::Revoked);
    let farewell = waits(PATIENCE / 2).await;
    assert_eq!(farewell.map(|farewell| farewell.close), Ok(Close::Revoked));
}

/// Whatever is pushed and taken in whatever order: the bounds hold, no durable frame is lost
/// unless the session is told of it, and none comes out of order.
#[test]
fn any_sequence_of_pushes_keeps_the_bounds_and_the_order() {
    let conversations: Vec<_> = (0..8).map(|_| ConversationId::new()).collect();
    let mut overflows = 0;
    for seed in 1..=200_u64 {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut draw = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let outbox = Outbox::default();
        let (mut pushed, mut taken) = (0, 0);
        let mut take = |next| match next {
            Outgoing::Frame(Frame {
                class: Class::Durable(position),
                ..
            }) => {
                taken += 1;
                assert_eq!(position.get(), taken);
            }
            Outgoing::Missed(position) => {
                assert!(position.get() > taken);
                taken = position.get();
            }
            Outgoing::Frame(_) => {}
            Outgoing::Farewell(farewell) => panic!("{farewell:?}"),
        };
        for _ in 0..2_000 {
            match draw(10) {
                0..=5 => {
                    pushed += 1;
                    let size = usize::try_from(draw(4_000)).unwrap();
                    overflows += i32::from(outbox.push(durable(pushed, size)).overflown);
                }
                6..=7 => {
                    let which = usize::try_from(draw(8)).unwrap();
                    outbox.push(typing(conversations[which], "typing"));
                }
                _ => outbox.try_next().into_iter().for_each(&mut take),
            }
            let state = outbox.state();
            let bytes: usize = state.queue.iter().map(|frame| frame.text.len()).sum();
            assert_eq!(state.bytes, bytes);
            assert!(state.queue.len() <= MAX_FRAMES && bytes <= MAX_BYTES);
        }
        drain(&outbox).into_iter().for_each(&mut take);
        assert_eq!(taken, pushed);
    }
    assert!(overflows > 200, "{overflows}");
}
