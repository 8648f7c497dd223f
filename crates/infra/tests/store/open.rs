//! Starting conversations.

use messaging_domain::{
    ClientId, Conversations, Directory, Error, Event, MessagesFate, Seq, Settings,
};

use crate::stage::{Stage, opening, outline, user};

on_both![
    a_conversation_is_made_once_and_then_found,
    a_conversation_is_one_for_buyer_seller_and_product,
    the_first_message_comes_with_its_conversation,
    opening_again_with_the_same_first_message_stores_nothing,
    a_client_id_used_elsewhere_leaves_no_conversation_behind,
    a_blocked_pair_starts_no_conversation_but_finds_the_one_it_has,
    concurrent_openings_give_one_conversation,
    concurrent_openings_on_two_nodes_give_one_conversation,
    nobody_starts_a_conversation_with_somebody_who_was_erased,
];

async fn a_conversation_is_made_once_and_then_found(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let first = stage
        .store
        .open(opening(&ann, &bob, Some("bike"), None))
        .await
        .unwrap();
    assert!(first.created);
    assert!(first.message.is_none());
    assert_eq!(first.conversation.counterpart.id, bob);
    assert_eq!(first.conversation.last_seq, Seq::ZERO);
    let again = stage
        .store
        .open(opening(&ann, &bob, Some("bike"), None))
        .await
        .unwrap();
    assert_eq!(outline(&again), (first.conversation.id, false));
    assert_eq!(again.conversation, first.conversation);
    for person in [&ann, &bob] {
        let heard = stage.witness.heard_by(person);
        assert_eq!(heard.len(), 1);
        assert!(matches!(heard[0].event, Event::ConversationCreated(_)));
        assert_eq!(heard, stage.events(person).await);
    }
}

async fn a_conversation_is_one_for_buyer_seller_and_product(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let cid = stage.person("cid").await;
    let mut ids = vec![
        stage.open(&ann, &bob, Some("bike")).await,
        stage.open(&ann, &bob, Some("lamp")).await,
        stage.open(&ann, &bob, None).await,
        stage.open(&bob, &ann, None).await,
        stage.open(&bob, &ann, Some("bike")).await,
        stage.open(&cid, &bob, Some("bike")).await,
        stage.open(&cid, &bob, None).await,
    ];
    assert_eq!(stage.open(&ann, &bob, None).await, ids[2]);
    assert_eq!(stage.open(&bob, &ann, Some("bike")).await, ids[4]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
}

async fn the_first_message_comes_with_its_conversation(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let wanted = opening(&ann, &bob, None, Some((ClientId::new(), "hello")));
    let opened = stage.store.open(wanted).await.unwrap();
    let message = opened.message.unwrap();
    assert_eq!(message.seq, Seq::new(1));
    assert_eq!(opened.conversation.last_message.as_ref(), Some(&message));
    assert_eq!(opened.conversation.unread_count, 0);
    let seen = stage.inbox(&bob, false).await;
    assert_eq!(seen.items[0].unread_count, 1);
    assert_eq!((seen.unread.messages, seen.unread.conversations), (1, 1));
    assert_eq!(stage.witness.heard_by(&bob).len(), 2);
    assert_eq!(stage.history(opened.conversation.id, &bob).await, [message]);
}

async fn opening_again_with_the_same_first_message_stores_nothing(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let wanted = opening(&ann, &bob, None, Some((ClientId::new(), "hello")));
    let first = stage.store.open(wanted.clone()).await.unwrap();
    let heard = stage.witness.heard().len();
    let again = stage.store.open(wanted).await.unwrap();
    assert_eq!(outline(&again), (first.conversation.id, false));
    assert_eq!(again.message, first.message);
    assert_eq!(stage.witness.heard().len(), heard);
    let another = opening(&ann, &bob, None, Some((ClientId::new(), "and another")));
    let another = stage.store.open(another).await.unwrap();
    assert_eq!(another.message.unwrap().seq, Seq::new(2));
}

async fn a_client_id_used_elsewhere_leaves_no_conversation_behind(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let used = ClientId::new();
    let first = opening(&ann, &bob, None, Some((used, "hello")));
    stage.store.open(first).await.unwrap();
    let heard = stage.witness.heard().len();
    let elsewhere = opening(&ann, &bob, Some("bike"), Some((used, "hello")));
    let refused = stage.store.open(elsewhere).await.unwrap_err();
    assert!(matches!(refused, Error::IdempotencyMismatch), "{refused:?}");
    let other_words = opening(&ann, &bob, None, Some((used, "something else")));
    let refused = stage.store.open(other_words).await.unwrap_err();
    assert!(matches!(refused, Error::IdempotencyMismatch), "{refused:?}");
    assert_eq!(stage.inbox(&ann, false).await.items.len(), 1);
    assert_eq!(stage.witness.heard().len(), heard);
    // Another person's client ids are their own.
    let of_bob = opening(&bob, &ann, None, Some((used, "hello")));
    assert!(stage.store.open(of_bob).await.unwrap().created);
}

async fn a_blocked_pair_starts_no_conversation_but_finds_the_one_it_has(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let block = |blocked| Settings {
        blocked: Some(blocked),
        ..Settings::default()
    };
    stage.set(id, &bob, block(true)).await;
    for (buyer, seller) in [(&ann, &bob), (&bob, &ann)] {
        let refused = stage
            .store
            .open(opening(buyer, seller, Some("bike"), None))
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Blocked), "{refused:?}");
    }
    assert_eq!(stage.open(&ann, &bob, None).await, id);
    let words = opening(&ann, &bob, None, Some((ClientId::new(), "please")));
    let refused = stage.store.open(words).await.unwrap_err();
    assert!(matches!(refused, Error::Blocked), "{refused:?}");
    stage.set(id, &bob, block(false)).await;
    stage.open(&bob, &ann, Some("bike")).await;
}

async fn concurrent_openings_give_one_conversation(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (store, wanted) = (
                stage.store.clone(),
                opening(&ann, &bob, Some("bike"), Some((ClientId::new(), "hello"))),
            );
            tokio::spawn(async move { store.open(wanted).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    let mut seqs = Vec::new();
    for task in tasks {
        let opened = task.await.unwrap();
        made += i32::from(opened.created);
        seqs.push(opened.message.unwrap().seq.get());
    }
    seqs.sort_unstable();
    assert_eq!(made, 1);
    assert_eq!(seqs, (1..=16).collect::<Vec<_>>());
    assert_eq!(stage.inbox(&bob, false).await.items.len(), 1);
}

async fn concurrent_openings_on_two_nodes_give_one_conversation(stage: &Stage) {
    if !stage.is_postgres() {
        return;
    }
    let (ann, bob) = stage.ann_and_bob().await;
    let (other, _) = stage.another_node();
    let products = ["a", "b", "c", "d"];
    let tasks: Vec<_> = (0..32)
        .map(|n| {
            let store = [&stage.store, &other][n % 2].clone();
            // One way and the other: the locks have to be taken in one order all the same.
            let (buyer, seller) = if n % 4 < 2 {
                (&ann, &bob)
            } else {
                (&bob, &ann)
            };
            let wanted = opening(buyer, seller, Some(products[n % 4]), None);
            tokio::spawn(async move { store.open(wanted).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += i32::from(task.await.unwrap().created);
    }
    assert_eq!(made, 4);
    assert_eq!(stage.inbox(&ann, false).await.items.len(), 4);
    assert_eq!(stage.events(&ann).await.len(), 4);
    other.close();
}

async fn nobody_starts_a_conversation_with_somebody_who_was_erased(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    stage.store.erase(&bob, MessagesFate::Keep).await.unwrap();
    for (buyer, seller) in [(&ann, &bob), (&bob, &ann)] {
        let refused = stage
            .store
            .open(opening(buyer, seller, None, None))
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::ConversationClosed), "{refused:?}");
    }
    assert_eq!(stage.inbox(&ann, false).await.items.len(), 0);
    let unknown = opening(&ann, &user("nobody"), None, None);
    let refused = stage.store.open(unknown).await.unwrap_err();
    assert!(matches!(refused, Error::UnknownSeller), "{refused:?}");
    // Who comes back may be asked again.
    stage.person("bob").await;
    stage.open(&ann, &bob, None).await;
}
