//! Full-text search: the same answers on both databases as the domain's own matching.

use messaging_domain::{
    ConversationId, Conversations, SearchHit, SearchQuery, SearchRequest, UserId,
};

use crate::stage::Stage;

on_both![
    what_is_found_is_what_the_domain_says_matches,
    nobody_finds_the_messages_of_others,
    texts_that_are_gone_are_found_no_more,
    a_search_is_read_in_pages_latest_first,
    a_search_may_be_within_one_conversation,
];

const CORPUS: [&str; 22] = [
    "Le Vélo bleu est-il encore là ?",
    "un velo rouge",
    "VÉLO, vélos et vélodrome",
    "un cœur de pierre",
    "coeur à prendre",
    "Straße nach Köln",
    "strasse",
    "l'écran fait 27\" (neuf)",
    "e\u{301}cran de\u{301}compose\u{301}",
    "我在北京",
    "北京烤鸭",
    "100% coton_bio",
    "a & b | !c : *",
    "u2 and u_616e6e or u",
    "ann bob cid",
    "user:42 a/b?c#d",
    "'; DROP TABLE messages; --",
    "NEAR(velo, rouge) OR NOT AND",
    "😀😀 emoji only at the start",
    "mot\tet\nligne",
    "İstanbul ıslak ŁÓDŹ",
    "prix : 1 200,50 €",
];

const QUERIES: [&str; 42] = [
    "velo",
    "VELO",
    "vél",
    "vélo bleu",
    "bleu vélo",
    "vel ble",
    "coeur",
    "cœur",
    "cœu",
    "strasse",
    "Straße",
    "ecran",
    "écran 27",
    "27",
    "北京",
    "我",
    "京",
    "100",
    "coton",
    "bio",
    "a b",
    "a & b",
    "c",
    "u",
    "u2",
    "u_",
    "u_616e6e",
    "_",
    "...",
    "\"",
    "'",
    "; DROP TABLE",
    "NEAR(velo)",
    "OR",
    "velo OR rouge",
    "velo*",
    "vel:*",
    "😀",
    "emoji",
    "istanbul",
    "lodz",
    "1 200",
];

async fn find(stage: &Stage, user: &UserId, query: &str) -> Vec<SearchHit> {
    let request = SearchRequest {
        query: SearchQuery::parse(query).unwrap(),
        conversation: None,
        after: None,
        limit: 100,
    };
    stage.store.search(user, request).await.unwrap().items
}

fn texts(hits: &[SearchHit]) -> Vec<&str> {
    hits.iter()
        .map(|hit| hit.message.content.searchable())
        .collect()
}

async fn what_is_found_is_what_the_domain_says_matches(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    for (n, words) in CORPUS.into_iter().enumerate() {
        stage.send(id, [&ann, &bob][n % 2], words).await;
    }
    for asked in QUERIES {
        let query = SearchQuery::parse(asked).unwrap();
        let mut expected: Vec<_> = CORPUS.into_iter().filter(|t| query.matches(t)).collect();
        expected.reverse();
        for person in [&ann, &bob] {
            let hits = find(stage, person, asked).await;
            assert_eq!(texts(&hits), expected, "{asked:?}");
            for hit in &hits {
                let words = hit.message.content.searchable();
                assert_eq!(hit.highlights, query.highlights(words));
                assert!(!hit.highlights.is_empty());
                assert_eq!(hit.conversation.id, id);
            }
        }
    }
}

async fn nobody_finds_the_messages_of_others(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let cid = stage.person("cid").await;
    // An id of which another is the beginning.
    let annie = stage.person("annie").await;
    let id = stage.open(&annie, &bob, None).await;
    stage.send(id, &annie, "a secret").await;
    let own = stage.open(&ann, &cid, None).await;
    stage.send(own, &ann, "no secret").await;
    assert_eq!(texts(&find(stage, &ann, "secret").await), ["no secret"]);
    assert_eq!(texts(&find(stage, &cid, "secret").await), ["no secret"]);
    assert_eq!(texts(&find(stage, &annie, "secret").await), ["a secret"]);
    assert_eq!(texts(&find(stage, &bob, "secret").await), ["a secret"]);
    assert!(
        find(stage, &crate::stage::user("nobody"), "secret")
            .await
            .is_empty()
    );
}

async fn texts_that_are_gone_are_found_no_more(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let id = stage.open(&ann, &bob, None).await;
    let message = stage.send(id, &ann, "the first words").await;
    stage.send(id, &ann, "other words").await;
    let edited = stage
        .edit(&message, &ann, "the second words")
        .await
        .unwrap();
    assert!(find(stage, &bob, "first").await.is_empty());
    assert_eq!(
        texts(&find(stage, &bob, "second").await),
        ["the second words"]
    );
    stage.delete(&edited, &ann).await.unwrap();
    assert!(find(stage, &bob, "second").await.is_empty());
    assert_eq!(texts(&find(stage, &bob, "words").await), ["other words"]);
}

async fn a_search_is_read_in_pages_latest_first(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let mut ids: Vec<ConversationId> = Vec::new();
    for product in ["a", "b"] {
        ids.push(stage.open(&ann, &bob, Some(product)).await);
    }
    // Several of one moment, in two conversations.
    let moment = messaging_domain::Timestamp::now();
    for n in 0..6 {
        let draft = stage.draft(ids[n % 2], &ann, &format!("word {n}")).await;
        stage.store.append_at(draft, moment).await.unwrap();
    }
    let mut request = SearchRequest {
        query: SearchQuery::parse("word").unwrap(),
        conversation: None,
        after: None,
        limit: 6,
    };
    let whole = stage.store.search(&bob, request.clone()).await.unwrap();
    assert_eq!((whole.items.len(), whole.next), (6, None));
    for size in 1..=5 {
        let mut pages = Vec::new();
        request.limit = size;
        request.after = None;
        loop {
            let page = stage.store.search(&bob, request.clone()).await.unwrap();
            assert!(page.items.len() <= size);
            pages.extend(page.items);
            request.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(pages, whole.items);
    }
}

async fn a_search_may_be_within_one_conversation(stage: &Stage) {
    let (ann, bob) = stage.ann_and_bob().await;
    let (one, other) = (
        stage.open(&ann, &bob, None).await,
        stage.open(&ann, &bob, Some("bike")).await,
    );
    stage.send(one, &ann, "word here").await;
    stage.send(other, &ann, "word there").await;
    let request = SearchRequest {
        query: SearchQuery::parse("word").unwrap(),
        conversation: Some(one),
        after: None,
        limit: 10,
    };
    let found = stage.store.search(&bob, request).await.unwrap();
    assert_eq!(texts(&found.items), ["word here"]);
}
