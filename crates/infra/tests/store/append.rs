//! Sending messages: order, retries, batches, several nodes.

use messaging_domain::{ClientId, Conversations, Error, Event, Seq, Status};

use crate::stage::{Stage, assert_dense, begin, text};

on_both![
    a_message_is_stored_told_and_counted,
    concurrent_messages_into_several_conversations_are_numbered_without_a_gap,
    of_concurrent_duplicates_one_is_stored_and_all_get_the_same_answer,
    a_client_id_is_for_one_content_in_one_conversation,
    a_retry_gets_the_message_as_it_is_now_and_is_compared_with_what_was_first_sent,
    more_acts_than_a_batch_holds_are_done_in_order,
    what_one_batch_does_to_one_message_is_done_in_order,
    several_nodes_append_at_once_without_a_gap_or_a_deadlock,
    duplicates_on_two_nodes_are_stored_once,
];

async fn a_message_is_stored_told_and_counted(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let message = stage.send(id, &ann, "hello").await;
    assert_eq!(message.seq, Seq::new(1));
    assert_eq!(message.status, Status::Sent);
    for (person, unread) in [(&ann, 0), (&bob, 1)] {
        let heard = stage.witness.heard_by(person);
        assert_eq!(heard.len(), 2);
        let Event::MessageCreated(told) = &heard[1].event else {
            panic!("{heard:?}");
        };
        assert_eq!(**told, message);
        assert_eq!(
            (heard[1].unread.count, heard[1].unread.total),
            (unread, unread)
        );
        assert_eq!(
            stage.history(id, person).await,
            std::slice::from_ref(&message)
        );
    }
}

async fn concurrent_messages_into_several_conversations_are_numbered_without_a_gap(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let cid = stage.person("cid").await;
    let ids = [
        (stage.open(&ann, &bob, None).await, &ann),
        (stage.open(&bob, &cid, None).await, &cid),
        (stage.open(&cid, &ann, None).await, &ann),
    ];
    let mut tasks = Vec::new();
    for n in 0..90 {
        let (id, sender) = ids[n % 3];
        let (store, draft) = (stage.store.clone(), stage.draft(id, sender, "hello").await);
        tasks.push(tokio::spawn(async move { store.append(draft).await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    for (id, sender) in ids {
        let messages = stage.history(id, sender).await;
        assert_eq!(messages.len(), 30);
        assert_dense(&messages);
    }
    for (person, events, unread) in [(&ann, 62, 0), (&bob, 62, 60), (&cid, 62, 30)] {
        assert_eq!(stage.events(person).await.len(), events);
        assert_eq!(stage.witness.heard_by(person).len(), events);
        let counted = stage.store.unread(person).await.unwrap();
        assert_eq!(counted.messages, unread);
    }
}

async fn of_concurrent_duplicates_one_is_stored_and_all_get_the_same_answer(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let draft = stage.draft(id, &ann, "only once").await;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (store, draft) = (stage.store.clone(), draft.clone());
            tokio::spawn(async move { store.append(draft).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| !answer.duplicate).count(), 1);
    assert!(answers.iter().all(|a| a.message == answers[0].message));
    assert_eq!(stage.history(id, &ann).await.len(), 1);
    assert_eq!(stage.events(&bob).await.len(), 2);
}

async fn a_client_id_is_for_one_content_in_one_conversation(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let (id, other) = (
        stage.open(&ann, &bob, None).await,
        stage.open(&ann, &bob, Some("bike")).await,
    );
    let used = ClientId::new();
    let write = |seat: messaging_domain::Seat, words| seat.write(used, text(words)).unwrap();
    let (seat, elsewhere) = (stage.seat(id, &ann).await, stage.seat(other, &ann).await);
    let first = write(seat.clone(), "hello");
    stage.store.append(first.clone()).await.unwrap();
    for wrong in [write(seat, "hello there"), write(elsewhere, "hello")] {
        let refused = stage.store.append(wrong).await.unwrap_err();
        assert!(matches!(refused, Error::IdempotencyMismatch), "{refused:?}");
    }
    assert!(stage.store.append(first).await.unwrap().duplicate);
    // Another person may use the same one.
    let of_bob = write(stage.seat(id, &bob).await, "hello");
    assert!(!stage.store.append(of_bob).await.unwrap().duplicate);
    assert_eq!(stage.history(other, &ann).await.len(), 0);
}

async fn a_retry_gets_the_message_as_it_is_now_and_is_compared_with_what_was_first_sent(
    stage: &Stage,
) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let draft = stage.draft(id, &ann, "first words").await;
    let message = stage.store.append(draft.clone()).await.unwrap().message;
    let edited = stage.edit(&message, &ann, "second words").await.unwrap();
    stage.read(id, &bob, 1).await;
    let heard = stage.witness.heard().len();
    let again = stage.store.append(draft.clone()).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.message.content, text("second words"));
    assert_eq!(again.message.revision, edited.revision);
    assert_eq!(again.message.status, Status::Read);
    let now_sent = draft.seat().write(draft.client_id(), text("second words"));
    let refused = stage.store.append(now_sent.unwrap()).await.unwrap_err();
    assert!(matches!(refused, Error::IdempotencyMismatch), "{refused:?}");
    stage.edit(&edited, &ann, "third words").await.unwrap();
    let deleted = stage.delete(&message, &ann).await.unwrap();
    let again = stage.store.append(draft.clone()).await.unwrap();
    assert_eq!((again.message, again.duplicate), (deleted, true));
    let third = draft.seat().write(draft.client_id(), text("third words"));
    let refused = stage.store.append(third.unwrap()).await.unwrap_err();
    assert!(matches!(refused, Error::IdempotencyMismatch), "{refused:?}");
    assert_eq!(stage.witness.heard().len(), heard + 4);
}

async fn more_acts_than_a_batch_holds_are_done_in_order(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let mut drafts = Vec::new();
    for n in 0..600 {
        drafts.push(stage.draft(id, [&ann, &bob][n % 2], "hello").await);
    }
    let last = drafts.last().unwrap().clone();
    stage.witness.hold();
    let mut begun = Vec::new();
    for (n, draft) in drafts.into_iter().enumerate() {
        let store = stage.store.clone();
        begun.push(begin(async move { store.append(draft).await }));
        if n == 0 {
            stage.witness.until_held();
        }
    }
    stage.witness.release();
    for (n, act) in (1..).zip(begun) {
        assert_eq!(act.await.unwrap().message.seq, Seq::new(n));
    }
    assert!(stage.store.append(last).await.unwrap().duplicate);
    assert_dense(&stage.history(id, &ann).await);
    assert_eq!(stage.witness.heard_by(&ann).len(), 601);
    assert_eq!(stage.events(&bob).await.len(), 601);
    let view = &stage.inbox(&ann, false).await.items[0];
    assert_eq!((view.last_seq, view.unread_count), (Seq::new(600), 300));
}

async fn what_one_batch_does_to_one_message_is_done_in_order(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let (mine, theirs) = (stage.seat(id, &ann).await, stage.seat(id, &bob).await);
    stage.witness.hold();
    let hello = stage.draft(id, &bob, "hello").await;
    let (store, held) = (stage.store.clone(), hello.clone());
    let first = begin(async move { store.append(held).await });
    stage.witness.until_held();
    let draft = mine.write(ClientId::new(), text("first")).unwrap();
    let doomed = mine.write(ClientId::new(), text("doomed")).unwrap();
    let (place, revision) = crate::stage::place(2, 1);
    let edit = mine.edit(place, revision, text("second")).unwrap();
    let store = &stage.store;
    macro_rules! queue {
        ($method:ident, $act:expr) => {{
            let (store, act) = (store.clone(), $act);
            begin(async move { store.$method(act).await })
        }};
    }
    let sent = queue!(append, draft.clone());
    let edited = queue!(edit, edit);
    let again = queue!(append, draft);
    let doomed = queue!(append, doomed);
    let read_one = queue!(
        advance,
        theirs.advance(messaging_domain::Cursor::Read, Seq::new(2))
    );
    let deleted = queue!(delete, mine.delete(Seq::new(3)));
    let forbidden = queue!(delete, theirs.delete(Seq::new(3)));
    let read_all = queue!(
        advance,
        theirs.advance(messaging_domain::Cursor::Read, Seq::new(9))
    );
    stage.witness.release();
    first.await.unwrap();
    assert_eq!(sent.await.unwrap().message.content, text("first"));
    let edited = edited.await.unwrap();
    assert_eq!(edited.content, text("second"));
    let again = again.await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.message, edited);
    doomed.await.unwrap();
    let reader = read_one.await.unwrap();
    assert_eq!((reader.read_seq, reader.unread_count), (Seq::new(2), 1));
    let deleted = deleted.await.unwrap();
    assert!(deleted.is_deleted());
    assert!(matches!(forbidden.await.unwrap_err(), Error::Forbidden));
    let reader = read_all.await.unwrap();
    assert_eq!((reader.read_seq, reader.unread_total), (Seq::new(3), 0));
    let history = stage.history(id, &bob).await;
    assert_dense(&history);
    assert_eq!(history[1].content, text("second"));
    assert_eq!(history[1].edited_at, edited.edited_at);
    assert_eq!(history[2].deleted_at, deleted.deleted_at);
    assert_eq!(
        stage.events(&ann).await.len(),
        stage.witness.heard_by(&ann).len()
    );
}

async fn several_nodes_append_at_once_without_a_gap_or_a_deadlock(stage: &Stage) {
    if !stage.is_postgres() {
        return;
    }
    let (ann, bob) = stage.ann_and_bob().await;
    let cid = stage.person("cid").await;
    let (other, heard_there) = stage.another_node();
    let ids = [
        (stage.open(&ann, &bob, None).await, &ann),
        (stage.open(&bob, &cid, None).await, &bob),
        (stage.open(&cid, &ann, None).await, &cid),
    ];
    let mut tasks = Vec::new();
    for n in 0..300 {
        let (id, sender) = ids[n % 3];
        let store = [&stage.store, &other][n / 3 % 2].clone();
        let draft = stage.draft(id, sender, "hello").await;
        tasks.push(tokio::spawn(async move {
            let answer = store.append(draft).await.unwrap();
            tokio::task::yield_now().await;
            answer
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for (id, sender) in ids {
        let messages = stage.history(id, sender).await;
        assert_eq!(messages.len(), 100);
        assert_dense(&messages);
    }
    for person in [&ann, &bob, &cid] {
        assert_eq!(stage.events(person).await.len(), 202);
        let mut positions: Vec<i64> = stage
            .witness
            .heard()
            .into_iter()
            .chain(heard_there.heard())
            .filter(|delivery| delivery.user == *person)
            .map(|delivery| delivery.position.get())
            .collect();
        positions.sort_unstable();
        assert_eq!(positions, (1..=202).collect::<Vec<_>>());
        assert_eq!(stage.store.unread(person).await.unwrap().messages, 100);
    }
    let deadlocks =
        "SELECT deadlocks AS value FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(crate::stage::number(&mut stage.raw(), deadlocks), 0);
    other.close();
}

async fn duplicates_on_two_nodes_are_stored_once(stage: &Stage) {
    if !stage.is_postgres() {
        return;
    }
    let (ann, bob) = stage.ann_and_bob().await;
    let (other, _) = stage.another_node();
    let id = stage.open(&ann, &bob, None).await;
    let elsewhere = stage.open(&ann, &bob, Some("bike")).await;
    for _ in 0..10 {
        let draft = stage.draft(id, &ann, "once").await;
        let clash = stage.seat(elsewhere, &ann).await;
        let clash = clash.write(draft.client_id(), text("once")).unwrap();
        let (one, two, three) = tokio::join!(
            stage.store.append(draft.clone()),
            other.append(draft.clone()),
            other.append(clash)
        );
        // Whichever came first: one conversation has it, once.
        if three.is_err() {
            let (one, two) = (one.unwrap(), two.unwrap());
            assert_eq!(one.message, two.message);
            assert_ne!(one.duplicate, two.duplicate);
        } else {
            assert!(one.is_err() && two.is_err());
        }
    }
    let stored = stage.history(id, &ann).await.len() + stage.history(elsewhere, &ann).await.len();
    assert_eq!(stored, 10);
    other.close();
}
