//! What changes after sending: edits, deletions, cursors, settings.

use messaging_domain::{
    Blocked::{self, ByCounterpart, ByMe, No},
    ClientId, Conversations, Cursor, EDIT_WINDOW, Error, Event, Revision, Seq, Settings,
    Status::{self, Delivered, Read, Sent},
    Timestamp,
};

use crate::stage::{Stage, text};

on_both![
    an_edit_gives_another_revision_and_tells_both,
    an_edit_is_refused_by_the_rules,
    a_deletion_takes_the_text_away_and_can_be_repeated,
    a_cursor_moves_forward_only_and_unread_is_what_is_left,
    settings_are_ones_own_and_change_the_badge,
    a_block_holds_in_every_conversation_of_the_pair,
    a_new_message_comes_out_of_the_archive,
];

async fn an_edit_gives_another_revision_and_tells_both(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let message = stage.send(id, &ann, "hello").await;
    let edited = stage.edit(&message, &ann, "hello there").await.unwrap();
    assert_eq!(edited.revision, Revision::new(2));
    assert_eq!(edited.content, text("hello there"));
    assert_eq!(edited.created_at, message.created_at);
    assert!(edited.edited_at.unwrap() >= message.created_at);
    for person in [&ann, &bob] {
        let heard = stage.witness.heard_by(person).pop().unwrap();
        let Event::MessageUpdated(told) = heard.event else {
            panic!("{heard:?}");
        };
        assert_eq!(*told, edited);
        assert_eq!(
            stage.history(id, person).await,
            std::slice::from_ref(&edited)
        );
    }
    let view = stage.inbox(&bob, false).await.items.remove(0);
    assert_eq!(view.last_message, Some(edited));
    assert_eq!(view.unread_count, 1);
}

async fn an_edit_is_refused_by_the_rules(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let message = stage.send(id, &ann, "hello").await;
    let refused = stage.edit(&message, &bob, "mine").await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden), "{refused:?}");
    stage.edit(&message, &ann, "hello there").await.unwrap();
    let refused = stage.edit(&message, &ann, "too late").await.unwrap_err();
    assert!(matches!(refused, Error::StaleRevision), "{refused:?}");
    let seat = stage.seat(id, &ann).await;
    let missing = seat
        .edit(Seq::new(2), Revision::new(1), text("what"))
        .unwrap();
    let refused = stage.store.edit(missing).await.unwrap_err();
    assert!(matches!(refused, Error::NotFound), "{refused:?}");
    let long_ago = Timestamp::now().minus(EDIT_WINDOW + EDIT_WINDOW);
    let old = seat.write(ClientId::new(), text("long ago")).unwrap();
    let old = stage.store.append_at(old, long_ago).await.unwrap().message;
    assert_eq!(old.created_at, long_ago);
    let refused = stage.edit(&old, &ann, "now").await.unwrap_err();
    assert!(matches!(refused, Error::EditWindowOver), "{refused:?}");
    stage.delete(&old, &ann).await.unwrap();
    assert_eq!(stage.witness.heard_by(&bob).len(), 5);
}

async fn a_deletion_takes_the_text_away_and_can_be_repeated(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let message = stage.send(id, &ann, "hello").await;
    let refused = stage.delete(&message, &bob).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden), "{refused:?}");
    let deleted = stage.delete(&message, &ann).await.unwrap();
    assert!(deleted.is_deleted());
    assert_eq!(deleted.content.kind(), "deleted");
    assert_eq!(stage.store.unread(&bob).await.unwrap().messages, 0);
    let heard = stage.witness.heard().len();
    assert_eq!(stage.delete(&message, &ann).await.unwrap(), deleted);
    assert_eq!(stage.witness.heard().len(), heard);
    assert_eq!(
        stage.history(id, &bob).await,
        std::slice::from_ref(&deleted)
    );
    let refused = stage.edit(&deleted, &ann, "again").await.unwrap_err();
    assert!(matches!(refused, Error::StaleRevision), "{refused:?}");
    let rows = stage
        .raw()
        .texts("SELECT body AS value FROM messages WHERE body <> ''");
    assert_eq!(
        rows,
        Vec::<String>::new(),
        "the text is gone from the database"
    );
}

async fn a_cursor_moves_forward_only_and_unread_is_what_is_left(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    for n in 0..6 {
        stage.send(id, [&ann, &bob][n % 2], "hello").await;
    }
    let gone = stage.send(id, &ann, "gone").await;
    stage.delete(&gone, &ann).await.unwrap();
    let seat = stage.seat(id, &bob).await;
    let advance = |cursor, seq| stage.store.advance(seat.advance(cursor, Seq::new(seq)));
    let delivered = advance(Cursor::Delivered, 4).await.unwrap();
    assert_eq!((delivered.read_seq, delivered.unread_count), (Seq::ZERO, 3));
    let statuses = |messages: Vec<messaging_domain::Message>| -> Vec<Status> {
        messages.iter().map(|message| message.status).collect()
    };
    assert_eq!(
        statuses(stage.history(id, &ann).await),
        [Delivered, Sent, Delivered, Sent, Sent, Sent, Sent]
    );
    let read = advance(Cursor::Read, 3).await.unwrap();
    assert_eq!(
        (read.read_seq, read.unread_count, read.unread_total),
        (Seq::new(3), 1, 1)
    );
    assert_eq!(
        statuses(stage.history(id, &ann).await),
        [Read, Sent, Read, Sent, Sent, Sent, Sent]
    );
    let heard = stage.witness.heard().len();
    for (cursor, seq) in [(Cursor::Read, 2), (Cursor::Read, 0), (Cursor::Delivered, 4)] {
        let reader = advance(cursor, seq).await.unwrap();
        assert_eq!((reader.read_seq, reader.unread_count), (Seq::new(3), 1));
    }
    assert_eq!(stage.witness.heard().len(), heard);
    let reader = advance(Cursor::Read, i64::MAX).await.unwrap();
    assert_eq!((reader.read_seq, reader.unread_count), (Seq::new(7), 0));
    let heard = stage.witness.heard_by(&ann).pop().unwrap();
    let Event::CursorMoved {
        user,
        read_seq,
        delivered_seq,
        ..
    } = heard.event
    else {
        panic!("{heard:?}");
    };
    assert_eq!(
        (user, read_seq, delivered_seq),
        (bob, Seq::new(7), Seq::new(7))
    );
    let of_ann = stage.inbox(&ann, false).await.items.remove(0);
    assert_eq!(of_ann.counterpart_read_seq, Seq::new(7));
    assert_eq!((of_ann.read_seq, of_ann.unread_count), (Seq::ZERO, 3));
}

async fn settings_are_ones_own_and_change_the_badge(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let ids = [
        stage.open(&ann, &bob, None).await,
        stage.open(&bob, &ann, None).await,
    ];
    for id in ids {
        stage.send(id, &ann, "one").await;
        stage.send(id, &ann, "two").await;
    }
    let badge = async || {
        let unread = stage.store.unread(&bob).await.unwrap();
        let inbox = stage.inbox(&bob, false).await.unread;
        assert_eq!(unread, inbox);
        (unread.messages, unread.conversations)
    };
    assert_eq!(badge().await, (4, 2));
    let told = stage.witness.heard_by(&ann).len();
    let muted = Settings {
        muted: Some(true),
        ..Settings::default()
    };
    stage.set(ids[0], &bob, muted).await;
    assert_eq!(badge().await, (2, 1));
    stage.send(ids[0], &ann, "three").await;
    assert_eq!(badge().await, (2, 1));
    let archived = Settings {
        archived: Some(true),
        ..Settings::default()
    };
    stage.set(ids[1], &bob, archived).await;
    assert_eq!(badge().await, (0, 0));
    let unmuted = Settings {
        muted: Some(false),
        ..Settings::default()
    };
    stage.set(ids[0], &bob, unmuted).await;
    assert_eq!(badge().await, (3, 1));
    // Nothing of it is the other's business.
    assert_eq!(stage.witness.heard_by(&ann).len(), told + 1);
    let heard = stage.witness.heard().len();
    stage.set(ids[0], &bob, unmuted).await;
    stage.set(ids[0], &bob, Settings::default()).await;
    assert_eq!(stage.witness.heard().len(), heard);
}

async fn a_block_holds_in_every_conversation_of_the_pair(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let cid = stage.person("cid").await;
    let ids = [
        stage.open(&ann, &bob, None).await,
        stage.open(&bob, &ann, Some("bike")).await,
    ];
    let apart = stage.open(&cid, &bob, None).await;
    let message = stage.send(ids[1], &ann, "hello").await;
    let block = |blocked| Settings {
        blocked: Some(blocked),
        ..Settings::default()
    };
    stage.set(ids[0], &bob, block(true)).await;
    let views = |page: messaging_domain::InboxPage| -> Vec<Blocked> {
        page.items.iter().map(|view| view.blocked).collect()
    };
    assert_eq!(views(stage.inbox(&ann, false).await), [ByCounterpart; 2]);
    assert_eq!(
        views(stage.inbox(&bob, false).await)
            .into_iter()
            .filter(|blocked| *blocked == ByMe)
            .count(),
        2
    );
    for id in ids {
        for person in [&ann, &bob] {
            let draft = stage.draft(id, person, "please").await;
            let refused = stage.store.append(draft).await.unwrap_err();
            assert!(matches!(refused, Error::Blocked), "{refused:?}");
        }
    }
    stage.send(apart, &cid, "hello").await;
    // A blocked pair reads, and takes back what it said.
    stage.read(ids[1], &bob, 1).await;
    stage.delete(&message, &ann).await.unwrap();
    stage.set(ids[1], &ann, block(true)).await;
    stage.set(ids[1], &bob, block(false)).await;
    assert_eq!(views(stage.inbox(&ann, false).await), [ByMe; 2]);
    let draft = stage.draft(ids[0], &bob, "please").await;
    assert!(stage.store.append(draft).await.is_err());
    stage.set(ids[0], &ann, block(false)).await;
    assert_eq!(views(stage.inbox(&ann, false).await), [No; 2]);
    stage.send(ids[0], &bob, "hello").await;
    let heard = stage.witness.heard().len();
    stage.set(ids[0], &ann, block(false)).await;
    assert_eq!(stage.witness.heard().len(), heard);
}

async fn a_new_message_comes_out_of_the_archive(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let archived = Settings {
        archived: Some(true),
        ..Settings::default()
    };
    stage.set(id, &bob, archived).await;
    stage.set(id, &ann, archived).await;
    assert_eq!(stage.inbox(&bob, true).await.items.len(), 1);
    stage.send(id, &ann, "hello").await;
    assert_eq!(stage.inbox(&bob, false).await.items.len(), 1);
    assert_eq!(stage.inbox(&bob, true).await.items.len(), 0);
    assert_eq!(
        stage.inbox(&ann, true).await.items.len(),
        1,
        "the sender's stays"
    );
    let heard = stage.witness.heard_by(&bob);
    assert!(matches!(
        heard.last().unwrap().event,
        Event::ConversationUpdated(_)
    ));
    assert_eq!(heard.last().unwrap().unread.total, 1);
}
