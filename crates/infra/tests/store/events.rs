//! Each person's stream of events: paging, resuming, forgetting.

use messaging_domain::{Conversations, Delivery, Error, Event, Position, Timestamp, UserId};

use crate::stage::{Stage, text, user};

on_both![
    events_are_read_in_pages_without_a_gap,
    a_replayed_event_carries_its_object_as_it_is_now,
    somebody_ahead_of_the_head_has_to_start_afresh,
    somebody_behind_what_was_forgotten_has_to_start_afresh,
    only_what_is_older_is_forgotten,
    many_are_forgotten_some_at_a_time,
    a_stream_without_events_is_at_zero,
    the_heads_of_many_are_those_of_each,
    a_replayed_badge_is_never_older_than_its_events,
];

async fn events_are_read_in_pages_without_a_gap(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    for _ in 0..34 {
        stage.send(id, &ann, "hello").await;
    }
    // Some come together, more than a run has.
    let mut tasks = Vec::new();
    for _ in 0..40 {
        let (store, draft) = (stage.store.clone(), stage.draft(id, &ann, "hello").await);
        tasks.push(tokio::spawn(async move { store.append(draft).await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    stage.send(id, &ann, "hello").await;
    let whole = stage.events(&bob).await;
    assert_eq!(whole.len(), 76);
    for size in [1, 2, 15, 16, 17, 31, 33, 75, 76, 77] {
        let mut events: Vec<Delivery> = Vec::new();
        loop {
            let since = events.last().map_or(Position::ZERO, |event| event.position);
            let page = stage.store.events(&bob, since, size).await.unwrap();
            assert_eq!(page.more, events.len() + page.events.len() < 76);
            assert!(page.events.len() == size || !page.more, "{size}");
            events.extend(page.events);
            if !page.more {
                break;
            }
        }
        assert_eq!(events, whole);
    }
    let page = stage
        .store
        .events(&bob, Position::new(76), 5)
        .await
        .unwrap();
    assert!(page.events.is_empty() && !page.more);
}

async fn a_replayed_event_carries_its_object_as_it_is_now(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let message = stage.send(id, &ann, "hello").await;
    stage.edit(&message, &ann, "hello there").await.unwrap();
    let second = stage.send(id, &ann, "gone").await;
    stage.delete(&second, &ann).await.unwrap();
    stage.read(id, &bob, 1).await;
    let events = stage.events(&bob).await;
    let now = stage.history(id, &bob).await;
    for (at, expected) in [(1, &now[0]), (2, &now[0]), (3, &now[1]), (4, &now[1])] {
        let (Event::MessageCreated(told) | Event::MessageUpdated(told)) = &events[at].event else {
            panic!("{events:?}");
        };
        assert_eq!(**told, *expected);
    }
    assert_eq!(now[0].content, text("hello there"));
    let Event::ConversationCreated(view) = &events[0].event else {
        panic!("{events:?}");
    };
    assert_eq!(**view, stage.inbox(&bob, false).await.items[0]);
    assert!(
        events
            .iter()
            .all(|event| (event.unread.count, event.unread.total) == (0, 0))
    );
}

async fn somebody_ahead_of_the_head_has_to_start_afresh(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    stage.open(&ann, &bob, None).await;
    for (person, since) in [(&ann, 2), (&bob, i64::MAX), (&user("nobody"), 1)] {
        let refused = stage
            .store
            .events(person, Position::new(since), 10)
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Resync), "{refused:?}");
    }
}

async fn forget(stage: &Stage, before: Timestamp) {
    while stage.store.prune(before).await.unwrap() {}
}

async fn resyncs(stage: &Stage, person: &UserId, since: i64) -> bool {
    match stage
        .store
        .events(person, Position::new(since), 1_000)
        .await
    {
        Ok(page) => {
            for (event, expected) in page.events.iter().zip(since + 1..) {
                assert_eq!(event.position.get(), expected);
            }
            false
        }
        Err(Error::Resync) => true,
        Err(error) => panic!("{error:?}"),
    }
}

async fn somebody_behind_what_was_forgotten_has_to_start_afresh(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    for _ in 0..16 {
        stage.send(id, &ann, "hello").await;
    }
    forget(
        stage,
        Timestamp::now().plus(std::time::Duration::from_secs(1)),
    )
    .await;
    for since in 0..16 {
        assert!(resyncs(stage, &bob, since).await, "{since}");
    }
    assert!(!resyncs(stage, &bob, 16).await);
    let page = stage.inbox(&bob, false).await;
    assert_eq!(page.head.position, Position::new(17));
    stage.send(id, &ann, "hello again").await;
    assert!(!resyncs(stage, &bob, 16).await);
    assert!(resyncs(stage, &bob, 15).await);
    assert_eq!(stage.witness.heard_by(&bob).len(), 18);
}

async fn only_what_is_older_is_forgotten(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    for _ in 0..60 {
        stage.send(id, &ann, "hello").await;
    }
    let age = |last: &str| {
        stage.raw().run(&format!(
            "UPDATE event_runs SET created_at = (SELECT MIN(created_at) - {} FROM messages) WHERE last_position {last}",
            if stage.is_postgres() { "INTERVAL '1 day'" } else { "86400000000" },
        ));
    };
    let before = Timestamp::now().minus(std::time::Duration::from_hours(1));
    age("= 32");
    forget(stage, before).await;
    // The run before it is new, so nothing after that is forgotten.
    assert!(!resyncs(stage, &bob, 0).await);
    age("<= 32");
    forget(stage, before).await;
    assert!(resyncs(stage, &bob, 31).await);
    assert!(!resyncs(stage, &bob, 32).await);
    age("> 32");
    forget(stage, before).await;
    // What is no run yet is kept, however old it is.
    assert!(resyncs(stage, &bob, 47).await);
    assert!(!resyncs(stage, &bob, 48).await);
    assert_eq!(stage.history(id, &bob).await.len(), 60);
}

async fn many_are_forgotten_some_at_a_time(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    stage.open(&ann, &bob, None).await;
    for position in 2..=150 {
        stage.raw().run(&format!(
            "INSERT INTO event_runs SELECT user_id, {position}, created_at, {} FROM streams
             JOIN users ON users.id = user_id WHERE user_id = 'bob'",
            if stage.is_postgres() { "''" } else { "x''" },
        ));
    }
    let left =
        || crate::stage::number(&mut stage.raw(), "SELECT COUNT(*) AS value FROM event_runs");
    let after = Timestamp::now();
    assert_eq!(left(), 149);
    assert!(stage.store.prune(after).await.unwrap(), "there is more");
    assert_eq!(left(), 49);
    forget(stage, after).await;
    assert_eq!(left(), 0);
}

async fn a_stream_without_events_is_at_zero(stage: &Stage) {
    let ann = stage.person("ann").await;
    for person in [&ann, &user("nobody")] {
        assert_eq!(
            stage.store.head(person).await.unwrap().position,
            Position::ZERO
        );
        let page = stage
            .store
            .events(person, Position::ZERO, 10)
            .await
            .unwrap();
        assert!(page.events.is_empty() && !page.more);
        let inbox = stage.inbox(person, false).await;
        assert!(inbox.items.is_empty() && inbox.next.is_none());
    }
    assert_eq!(
        stage.store.head(&ann).await.unwrap().epoch,
        stage.inbox(&ann, false).await.head.epoch
    );
}

async fn a_replayed_badge_is_never_older_than_its_events(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let seat = stage.seat(id, &ann).await;
    let store = stage.store.clone();
    let sending = tokio::spawn(async move {
        for _ in 0..300 {
            let draft = seat.write(messaging_domain::ClientId::new(), text("hello"));
            store.append(draft.unwrap()).await.unwrap();
        }
    });
    let mut seen = Position::new(1);
    while !sending.is_finished() {
        let page = stage.store.events(&bob, seen, 1_000).await.unwrap();
        if let Some(last) = page.events.last() {
            // Everything after the first event is a message that Bob has not read.
            assert!(last.unread.total >= last.position.get() - 1, "{last:?}");
            seen = last.position;
        }
    }
    sending.await.unwrap();
}

async fn the_heads_of_many_are_those_of_each(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    for _ in 0..3 {
        stage.send(id, &ann, "hello").await;
    }
    let mut asked = vec![ann.clone(), bob.clone(), user("nobody")];
    // More than one query may ask about.
    asked.extend((0..10_001).map(|n| user(&format!("stranger-{n}"))));
    let heads = stage.store.heads(asked).await.unwrap();
    assert_eq!(heads.epoch, stage.store.head(&ann).await.unwrap().epoch);
    let mut found: Vec<_> = heads.positions;
    found.sort();
    assert_eq!(found, [(ann, Position::new(4)), (bob, Position::new(4))]);
}
