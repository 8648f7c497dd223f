//! What fails, fails alone and whole, and is over when its cause is.

use messaging_domain::{Conversations, Directory, Error, Seq};

use crate::{
    fresh::Kind,
    stage::{Stage, begin, place, text},
};

on_both![
    a_poisoned_act_fails_alone_and_stores_nothing,
    an_announcer_that_panics_stops_nobody,
    an_act_that_finds_the_queue_full_is_refused,
    an_act_is_answered_although_the_writer_hangs,
    closing_finishes_what_is_waiting_and_refuses_what_comes_after,
    acts_and_reads_recover_when_the_server_drops_its_connections,
    an_act_that_waits_too_long_for_a_lock_is_refused,
    an_act_whose_caller_has_gone_is_done_all_the_same,
];

async fn a_poisoned_act_fails_alone_and_stores_nothing(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let eve = stage.person("eve").await;
    let (good, bad) = (
        stage.open(&ann, &bob, None).await,
        stage.open(&eve, &bob, None).await,
    );
    stage.poison(&eve);
    let mut drafts = Vec::new();
    for n in 0..9 {
        let (id, sender) = if n == 4 { (bad, &eve) } else { (good, &ann) };
        drafts.push(stage.draft(id, sender, "hello").await);
    }
    stage.witness.hold();
    let (store, draft) = (stage.store.clone(), stage.draft(good, &bob, "first").await);
    let first = begin(async move { store.append(draft).await });
    stage.witness.until_held();
    let begun: Vec<_> = drafts
        .into_iter()
        .map(|draft| {
            let store = stage.store.clone();
            begin(async move { store.append(draft).await })
        })
        .collect();
    stage.witness.release();
    first.await.unwrap();
    for (n, act) in begun.into_iter().enumerate() {
        match act.await {
            Ok(answer) => assert_eq!(answer.message.conversation, good),
            Err(error) => {
                assert_eq!(n, 4);
                assert!(matches!(error, Error::Failed(_)), "{error:?}");
            }
        }
    }
    assert_eq!(stage.history(good, &ann).await.len(), 9);
    assert_eq!(stage.history(bad, &eve).await.len(), 0);
    assert_eq!(
        crate::stage::number(&mut stage.raw(), "SELECT COUNT(*) AS value FROM messages"),
        9
    );
    for person in [&ann, &bob, &eve] {
        assert_eq!(
            stage.events(person).await.len(),
            stage.witness.heard_by(person).len()
        );
    }
    assert_eq!(stage.store.unread(&bob).await.unwrap().messages, 8);
    assert_eq!(stage.store.unread(&ann).await.unwrap().messages, 1);
}

async fn an_announcer_that_panics_stops_nobody(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    stage.witness.panic_next();
    stage.send(id, &ann, "announced badly").await;
    stage.send(id, &ann, "announced well").await;
    assert_eq!(stage.history(id, &bob).await.len(), 2);
}

async fn an_act_that_finds_the_queue_full_is_refused(stage: &Stage) {
    // A store of its own, whose queue is short.
    let Some(fresh) = crate::fresh::Fresh::new(stage.fresh.kind) else {
        return;
    };
    let mut settings = Stage::settings(&fresh);
    settings.queue = 3;
    let stage = Stage::with(fresh, &settings);
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let mut drafts = Vec::new();
    for _ in 0..5 {
        drafts.push(stage.draft(id, &ann, "hello").await);
    }
    let too_many = drafts.pop().unwrap();
    stage.witness.hold();
    let mut begun = Vec::new();
    for draft in drafts {
        let store = stage.store.clone();
        begun.push(begin(async move { store.append(draft).await }));
        if begun.len() == 1 {
            stage.witness.until_held();
        }
    }
    let refused = stage.store.append(too_many.clone()).await.unwrap_err();
    assert!(matches!(refused, Error::Overloaded(_)), "{refused:?}");
    stage.witness.release();
    for act in begun {
        act.await.unwrap();
    }
    assert_eq!(
        stage.store.append(too_many).await.unwrap().message.seq,
        Seq::new(5)
    );
    stage.store.close();
}

async fn an_act_is_answered_although_the_writer_hangs(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let (hangs, waits) = (
        stage.draft(id, &ann, "committed").await,
        stage.draft(id, &ann, "never begun").await,
    );
    stage.witness.hold();
    let store = stage.store.clone();
    let first = hangs.clone();
    let first = begin(async move { store.append(first).await });
    stage.witness.until_held();
    // Its turn does not come, so it is certainly not stored.
    let refused = stage.store.append(waits).await.unwrap_err();
    assert!(matches!(refused, Error::Overloaded(_)), "{refused:?}");
    // Of the other nobody knows, until it is tried again.
    let doubtful = first.await.unwrap_err();
    assert!(matches!(doubtful, Error::Failed(_)), "{doubtful:?}");
    stage.witness.release();
    let again = stage.store.append(hangs).await.unwrap();
    assert_eq!((again.message.seq, again.duplicate), (Seq::new(1), true));
    assert_eq!(stage.history(id, &bob).await.len(), 1);
}

async fn closing_finishes_what_is_waiting_and_refuses_what_comes_after(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let late = stage.draft(id, &ann, "late").await;
    let mut drafts = Vec::new();
    for _ in 0..300 {
        drafts.push(stage.draft(id, &ann, "hello").await);
    }
    stage.witness.hold();
    let mut begun = Vec::new();
    for draft in drafts {
        let store = stage.store.clone();
        begun.push(begin(async move { store.append(draft).await }));
        if begun.len() == 1 {
            stage.witness.until_held();
        }
    }
    let store = stage.store.clone();
    let closing = tokio::task::spawn_blocking(move || store.close());
    stage.witness.release();
    closing.await.unwrap();
    for act in begun {
        act.await.unwrap();
    }
    let refused = stage.store.append(late).await.unwrap_err();
    assert!(matches!(refused, Error::Overloaded(_)), "{refused:?}");
    assert_eq!(stage.history(id, &bob).await.len(), 300);
    assert_eq!(stage.witness.heard_by(&bob).len(), 301);
    stage.store.close();
}

const OF_THE_STORE: &str = "application_name = 'messaging' AND datname = current_database()";

async fn acts_and_reads_recover_when_the_server_drops_its_connections(stage: &Stage) {
    if !stage.is_postgres() {
        return;
    }
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let mut raw = stage.raw();
    for round in 1..=3 {
        // Both reading connections are there, and lately used.
        let (one, two) = tokio::join!(stage.inbox(&ann, false), stage.inbox(&bob, false));
        assert_eq!(one.items.len() + two.items.len(), 2);
        let ended = crate::stage::number(
            &mut raw,
            &format!(
                "SELECT COUNT(pg_terminate_backend(pid)) AS value FROM pg_stat_activity WHERE {OF_THE_STORE}"
            ),
        );
        assert!(ended >= 2, "{ended}");
        // Reads are tried again by themselves.
        assert_eq!(stage.history(id, &ann).await.len(), round - 1);
        assert_eq!(stage.inbox(&bob, false).await.items.len(), 1);
        let draft = stage.draft(id, &ann, "hello").await;
        assert!(!stage.store.append(draft).await.unwrap().duplicate);
        assert_eq!(stage.history(id, &ann).await.len(), round);
    }
    assert_eq!(stage.witness.heard_by(&bob).len(), 4);
}

async fn an_act_that_waits_too_long_for_a_lock_is_refused(stage: &Stage) {
    if stage.fresh.kind == Kind::Sqlite {
        return; // Another process would have to hold the file, which the store's own lock refuses.
    }
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let draft = stage.draft(id, &ann, "hello").await;
    let mut holder = stage.raw();
    holder.run("BEGIN; SELECT * FROM conversations FOR UPDATE");
    let error = stage.store.append(draft.clone()).await.unwrap_err();
    assert!(matches!(error, Error::Overloaded(_)), "{error:?}");
    holder.run("ROLLBACK");
    assert!(!stage.store.append(draft).await.unwrap().duplicate);
}

async fn an_act_whose_caller_has_gone_is_done_all_the_same(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let draft = stage.draft(id, &ann, "hello").await;
    let (store, sent) = (stage.store.clone(), draft.clone());
    drop(begin(async move { store.append(sent).await }));
    let again = stage.store.append(draft).await.unwrap();
    assert!(again.duplicate);
    let (seq, revision) = place(1, 1);
    assert_eq!((again.message.seq, again.message.revision), (seq, revision));
    assert_eq!(again.message.content, text("hello"));
    assert!(stage.store.user(&ann).await.unwrap().is_some());
}
