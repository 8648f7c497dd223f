//! How long the store may take for one request, however often it is asked.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use tokio::{
    task_local,
    time::{error::Elapsed, timeout},
};

/// For all that one request asks of the store: so that it is answered in five seconds, whatever is slow there.
const WITHIN: Duration = Duration::from_secs(4);

task_local! {
    /// How long the store has taken so far.
    static TAKEN: Cell<Duration>;
}

/// Does what one request asks for: the store gives up when it has taken four seconds for all of it together.
/// Outside of this each question has as long.
pub async fn one_request<T>(work: impl Future<Output = T>) -> T {
    TAKEN.scope(Cell::new(Duration::ZERO), work).await
}

/// Waits for the answer to one question, for as long as the request has left.
pub(crate) async fn answer<T>(question: impl Future<Output = T>) -> Result<T, Elapsed> {
    let (begun, taken) = (
        Instant::now(),
        TAKEN.try_with(Cell::get).unwrap_or_default(),
    );
    let answer = timeout(WITHIN.saturating_sub(taken), question).await;
    // Outside of a request there is nothing to count.
    let _ = TAKEN.try_with(|taken| taken.set(taken.get().saturating_add(begun.elapsed())));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_questions_of_a_request_share_its_time() {
        let used_up = TAKEN.scope(Cell::new(WITHIN), async {
            // What is there already is no waiting.
            assert_eq!(answer(async { 7 }).await, Ok(7));
            answer(std::future::pending::<()>()).await
        });
        assert!(used_up.await.is_err());
    }

    #[tokio::test]
    async fn only_the_store_is_counted() {
        one_request(async {
            tokio::task::yield_now().await;
            assert_eq!(TAKEN.with(Cell::get), Duration::ZERO);
            answer(tokio::task::yield_now()).await.unwrap();
            assert!(TAKEN.with(Cell::get) > Duration::ZERO);
        })
        .await;
        assert!(answer(async {}).await.is_ok(), "outside of a request");
    }
}
