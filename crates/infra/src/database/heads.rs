//! Where streams stand, asked by many at once: while one question is with the database, all that come wait
//! for the next one. A lone question goes at once; ten thousand clients that come back together are some
//! dozens.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use messaging_domain::{Error, Failure, Position, StreamHead, StreamHeads, UserId};
use tokio::sync::oneshot;

use crate::deadline;

/// How many people are asked for at once at most.
const TOGETHER: usize = 1_000;

/// How many may wait; one more is refused. More than a node has sessions.
const MOST: usize = 100_000;

/// Those who wait for an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadQuestions(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Question>,
    /// Somebody asks the database.
    is_asking: bool,
}

#[derive(Debug)]
struct Question {
    user: UserId,
    reply: oneshot::Sender<Result<StreamHead, Error>>,
}

impl HeadQuestions {
    /// Where somebody's stream stands, at some moment after this was called. `read` asks the database.
    pub(super) async fn ask<F>(
        &self,
        user: UserId,
        read: impl Fn(Vec<UserId>) -> F + Send + 'static,
    ) -> Result<StreamHead, Error>
    where
        F: Future<Output = Result<StreamHeads, Error>> + Send + 'static,
    {
        let doing = "read a stream's head";
        let (reply, answer) = oneshot::channel();
        let begins = {
            let mut state = self.state();
            if state.waiting.len() >= MOST {
                let cause = "too many wait for it";
                return Err(Error::Overloaded(Failure::new(doing, cause)));
            }
            state.waiting.push(Question { user, reply });
            !std::mem::replace(&mut state.is_asking, true)
        };
        if begins {
            // On its own: whoever asked first may go, the others still wait.
            tokio::spawn(self.clone().answer_all(read));
        }
        match deadline::answer(answer).await {
            Ok(Ok(head)) => head,
            Ok(Err(_)) => Err(Error::Failed(Failure::new(
                doing,
                "the question was dropped",
            ))),
            Err(_late) => {
                let cause = "the database does not answer";
                Err(Error::Overloaded(Failure::new(doing, cause)))
            }
        }
    }

    async fn answer_all<F>(self, read: impl Fn(Vec<UserId>) -> F + Send + 'static)
    where
        F: Future<Output = Result<StreamHeads, Error>> + Send,
    {
        while let Some(mut questions) = self.next() {
            questions.retain(|question| !question.reply.is_closed());
            let users: HashSet<UserId> = questions.iter().map(|asked| asked.user.clone()).collect();
            let heads = read(users.into_iter().collect()).await.map(|heads| {
                let positions: HashMap<UserId, Position> = heads.positions.into_iter().collect();
                (heads.epoch, positions)
            });
            for Question { user, reply } in questions {
                let head = heads.as_ref().map(|(epoch, positions)| StreamHead {
                    epoch: *epoch,
                    position: positions.get(&user).copied().unwrap_or(Position::ZERO),
                });
                // Whoever asked may have gone meanwhile.
                let _ = reply.send(head.map_err(Clone::clone));
            }
        }
    }

    fn next(&self) -> Option<Vec<Question>> {
        let mut state = self.state();
        let many = state.waiting.len().min(TOGETHER);
        let questions: Vec<_> = state.waiting.drain(..many).collect();
        state.is_asking = !questions.is_empty();
        state.is_asking.then_some(questions)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use messaging_domain::Epoch;
    use tokio::sync::Semaphore;

    use super::*;

    /// Answers each person with the length of their name, as often as it is let.
    #[derive(Clone)]
    struct Store {
        asked: Arc<Mutex<Vec<Vec<UserId>>>>,
        lets: Arc<Semaphore>,
        fails: Arc<AtomicUsize>,
    }

    impl Store {
        fn new(lets: usize) -> Self {
            Self {
                asked: Arc::default(),
                lets: Arc::new(Semaphore::new(lets)),
                fails: Arc::default(),
            }
        }

        async fn read(self, users: Vec<UserId>) -> Result<StreamHeads, Error> {
            self.asked.lock().unwrap().push(users.clone());
            self.lets.acquire().await.unwrap().forget();
            if self.fails.load(Ordering::Acquire) > 0 {
                return Err(Error::Overloaded(Failure::new("read", "away")));
            }
            Ok(StreamHeads {
                epoch: Epoch::restore(uuid::Uuid::nil()),
                positions: users
                    .into_iter()
                    .filter(|user| user.as_str() != "nobody")
                    .map(|user| {
                        let length = i64::try_from(user.as_str().len()).unwrap();
                        (user, Position::new(length))
                    })
                    .collect(),
            })
        }
    }

    async fn ask(
        questions: &HeadQuestions,
        store: &Store,
        name: &str,
    ) -> Result<StreamHead, Error> {
        let store = store.clone();
        let user = UserId::restore(name);
        questions
            .ask(user, move |users| store.clone().read(users))
            .await
    }

    #[tokio::test]
    async fn all_that_come_while_one_is_asked_are_asked_together_and_each_gets_its_own() {
        let (questions, store) = (HeadQuestions::default(), Store::new(0));
        let names = ["a", "bb", "ccc", "nobody", "bb"];
        let lets = async {
            while store.asked.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            store.lets.add_permits(2);
        };
        let (answers, ()) = tokio::join!(
            futures_util::future::join_all(names.map(|name| ask(&questions, &store, name))),
            lets
        );
        let positions: Vec<i64> = answers
            .into_iter()
            .map(|head| head.unwrap().position.get())
            .collect();
        assert_eq!(positions, [1, 2, 3, 0, 2]);
        let mut sizes = store
            .asked
            .lock()
            .unwrap()
            .iter()
            .map(Vec::len)
            .collect::<Vec<_>>();
        sizes.sort_unstable();
        assert!(
            sizes.len() <= 2 && sizes.iter().sum::<usize>() <= 5,
            "{sizes:?}"
        );
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_and_the_next_question_is_asked_again() {
        let (questions, store) = (HeadQuestions::default(), Store::new(8));
        store.fails.store(1, Ordering::Release);
        assert!(ask(&questions, &store, "a").await.is_err());
        store.fails.store(0, Ordering::Release);
        assert_eq!(
            ask(&questions, &store, "a").await.unwrap().position.get(),
            1
        );
    }
}
