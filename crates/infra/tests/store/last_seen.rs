//! What is decided on conversations as they were last seen, while somebody past the store changes them.

use messaging_domain::{ClientId, Conversations as _, Cursor, Error, Seq, Settings};

use crate::stage::{Stage, assert_dense, begin, text};

on_both![
    what_others_have_changed_is_noticed,
    an_act_that_changes_nothing_says_what_is_so_now,
    a_retry_of_what_would_be_refused_now_gets_its_answer,
    a_retry_among_others_stores_those_once,
    one_that_is_refused_keeps_no_other_from_being_stored,
];

async fn what_others_have_changed_is_noticed(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let mut raw = stage.raw();
    for round in 1..=3 {
        stage.send(id, &ann, "heard").await;
        raw.run("UPDATE conversations SET seller_blocking = TRUE");
        let refused = stage.store.append(stage.draft(id, &ann, "not").await).await;
        assert_eq!(refused.unwrap_err().code(), Error::Blocked.code());
        raw.run("UPDATE conversations SET seller_blocking = FALSE, buyer_read_seq = 0");
        stage.send(id, &ann, "heard").await;
        assert_eq!(stage.history(id, &bob).await.len(), 2 * round);
    }
    assert_dense(&stage.history(id, &bob).await);
}

async fn an_act_that_changes_nothing_says_what_is_so_now(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    stage.send(id, &ann, "hello").await;
    let read = stage
        .seat(id, &bob)
        .await
        .advance(Cursor::Read, Seq::new(1));
    let first = stage.store.advance(read.clone()).await.unwrap();
    assert_eq!(first.unread_count, 0);
    stage
        .raw()
        .run("UPDATE conversations SET seller_unread = 7");
    let again = stage.store.advance(read).await.unwrap();
    assert_eq!((again.read_seq, again.unread_count), (Seq::new(1), 7));
}

async fn a_retry_of_what_would_be_refused_now_gets_its_answer(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let draft = stage.draft(id, &ann, "hello").await;
    let first = stage.store.append(draft.clone()).await.unwrap();
    let block = Settings {
        blocked: Some(true),
        ..Settings::default()
    };
    let blocks = stage.seat(id, &bob).await.set(block);
    stage.store.configure(blocks).await.unwrap();
    let again = stage.store.append(draft).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.message.seq, first.message.seq);
    let new = stage.draft(id, &ann, "anew").await;
    let refused = stage.store.append(new).await.unwrap_err();
    assert_eq!(refused.code(), Error::Blocked.code());
}

async fn a_retry_among_others_stores_those_once(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let known = stage.draft(id, &ann, "known").await;
    stage.store.append(known.clone()).await.unwrap();
    let drafts = [
        stage.draft(id, &ann, "before").await,
        known,
        stage.draft(id, &bob, "after").await,
    ];
    let (held, store) = (
        stage.draft(id, &bob, "meanwhile").await,
        stage.store.clone(),
    );
    stage.witness.hold();
    let held = begin(async move { store.append(held).await });
    stage.witness.until_held();
    let begun = drafts.map(|draft| {
        let store = stage.store.clone();
        begin(async move { store.append(draft).await })
    });
    stage.witness.release();
    held.await.unwrap();
    let mut answers = Vec::new();
    for answer in begun {
        let answer = answer.await.unwrap();
        answers.push((answer.message.seq.get(), answer.duplicate));
    }
    assert_eq!(answers, [(3, false), (1, true), (4, false)]);
    assert_dense(&stage.history(id, &bob).await);
    assert_eq!(stage.history(id, &bob).await.len(), 4);
}

async fn one_that_is_refused_keeps_no_other_from_being_stored(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let cid = stage.person("cid").await;
    let open = stage.open(&ann, &bob, None).await;
    let closed = stage.open(&cid, &bob, None).await;
    let block = Settings {
        blocked: Some(true),
        ..Settings::default()
    };
    let blocks = stage.seat(closed, &bob).await.set(block);
    stage.store.configure(blocks).await.unwrap();
    let (held, store) = (
        stage.draft(open, &bob, "meanwhile").await,
        stage.store.clone(),
    );
    let (ann, cid) = (stage.seat(open, &ann).await, stage.seat(closed, &cid).await);
    stage.witness.hold();
    let held = begin(async move { store.append(held).await });
    stage.witness.until_held();
    let begun: Vec<_> = [&ann, &cid, &ann]
        .map(|seat| {
            let draft = seat.write(ClientId::new(), text("hello")).unwrap();
            let store = stage.store.clone();
            begin(async move { store.append(draft).await })
        })
        .into();
    stage.witness.release();
    held.await.unwrap();
    let mut answers = Vec::new();
    for answer in begun {
        let answer = answer.await.map(|appended| appended.message.seq.get());
        answers.push(answer.map_err(|refused| refused.code()));
    }
    assert_eq!(answers, [Ok(2), Err(Error::Blocked.code()), Ok(3)]);
}
