//! Several lanes of the writer at once: what they bring to one person adds up.

use std::sync::Arc;

use messaging_domain::{Conversations as _, Cursor, Error, Seq};
use tokio::task::JoinSet;

use crate::{
    fresh::Fresh,
    stage::{Stage, assert_dense, begin},
};

on_both![
    what_lanes_bring_to_one_person_adds_up,
    messages_of_one_conversation_are_stored_as_they_were_begun,
    one_client_id_in_two_conversations_is_one_message,
];

/// A store of several lanes.
fn with_lanes(stage: &Stage) -> Option<Stage> {
    let fresh = Fresh::new(stage.fresh.kind)?;
    let mut settings = Stage::settings(&fresh);
    settings.writers = 4;
    Some(Stage::with(fresh, &settings))
}

async fn what_lanes_bring_to_one_person_adds_up(stage: &Stage) {
    const BUYERS: usize = 8;
    const EACH: usize = 25;
    let Some(stage) = with_lanes(stage) else {
        return;
    };
    let stage = Arc::new(stage);
    let seller = stage.person("seller").await;
    let mut writers = JoinSet::new();
    for number in 0..BUYERS {
        let buyer = stage.person(&format!("buyer-{number}")).await;
        let id = stage.open(&buyer, &seller, None).await;
        let (stage, seller) = (Arc::clone(&stage), seller.clone());
        writers.spawn(async move {
            for message in 0..EACH {
                stage.send(id, &buyer, &format!("{message}")).await;
                // Half of them are read by the seller, all but the last one.
                if number % 2 == 0 && message + 1 < EACH {
                    let seat = stage.seat(id, &seller).await;
                    let seq = Seq::new(i64::try_from(message).unwrap() + 1);
                    let read = stage.store.advance(seat.advance(Cursor::Read, seq));
                    assert_eq!(read.await.unwrap().unread_count, 0);
                }
            }
            (id, buyer)
        });
    }
    let conversations = writers.join_all().await;

    let unread = stage.store.unread(&seller).await.unwrap();
    let expected = BUYERS / 2 * EACH + BUYERS / 2;
    assert_eq!(unread.messages, i64::try_from(expected).unwrap());
    assert_eq!(unread.conversations, i64::try_from(BUYERS).unwrap());
    for (id, buyer) in conversations {
        assert_dense(&stage.history(id, &buyer).await);
        let seat = stage.seat(id, &seller).await;
        let read = seat.advance(Cursor::Read, Seq::new(1));
        let told = stage.store.advance(read).await.unwrap();
        assert!(told.unread_total <= unread.messages, "{told:?}");
    }

    let logged = stage.events(&seller).await;
    let positions = logged.iter().map(|event| event.position.get());
    assert!(positions.eq(1..=i64::try_from(logged.len()).unwrap()));
    // In order, whichever lanes they came from.
    let heard = stage.witness.heard_by(&seller);
    assert_eq!(heard.len(), logged.len());
    let last = heard.last().unwrap();
    let badge = stage.store.unread(&seller).await.unwrap();
    assert_eq!(last.unread.total, badge.messages);
    stage.store.close();
}

async fn messages_of_one_conversation_are_stored_as_they_were_begun(stage: &Stage) {
    let Some(stage) = with_lanes(stage) else {
        return;
    };
    let (ann, bob) = stage.ann_and_bob().await;
    let mut begun = Vec::new();
    for number in 0..3 {
        let product = format!("product-{number}");
        let id = stage.open(&ann, &bob, Some(&product)).await;
        for message in 1..=40 {
            let draft = stage.draft(id, &ann, &format!("{message}")).await;
            let store = stage.store.clone();
            let act = begin(async move { store.append(draft).await });
            begun.push((Seq::new(message), act));
        }
    }
    for (seq, act) in begun {
        assert_eq!(act.await.unwrap().message.seq, seq);
    }
    stage.store.close();
}

async fn one_client_id_in_two_conversations_is_one_message(stage: &Stage) {
    let Some(stage) = with_lanes(stage) else {
        return;
    };
    let (ann, bob) = stage.ann_and_bob().await;
    let mut seats = Vec::new();
    for number in 0..8 {
        let product = format!("product-{number}");
        let id = stage.open(&ann, &bob, Some(&product)).await;
        seats.push(stage.seat(id, &ann).await);
    }
    for round in 0..10 {
        let client_id = messaging_domain::ClientId::new();
        let begun: Vec<_> = seats
            .iter()
            .map(|seat| {
                let draft = seat.write(client_id, crate::stage::text("hello")).unwrap();
                let store = stage.store.clone();
                begin(async move { store.append(draft).await })
            })
            .collect();
        let mut stored = 0;
        for act in begun {
            match act.await {
                Ok(appended) => {
                    assert!(!appended.duplicate);
                    stored += 1;
                }
                Err(refused) => {
                    assert!(matches!(refused, Error::IdempotencyMismatch), "{refused:?}");
                }
            }
        }
        assert_eq!(stored, 1, "{round}");
    }
    stage.store.close();
}
