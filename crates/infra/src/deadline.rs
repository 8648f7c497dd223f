//! How long the store may take for one request, however often it is asked.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use tokio::task_local;

/// For all that one request asks of the store: so that it is answered in five seconds, whatever is slow.
pub(crate) const WITHIN: Duration = Duration::from_secs(4);

task_local! {
    /// When the store was asked first.
    static BEGUN: Cell<Option<Instant>>;
}

/// Does what one request asks for: the store gives up when it has taken four seconds for all of it together,
/// counted from when it is asked first. Outside of this each question has as long.
pub async fn one_request<T>(work: impl Future<Output = T>) -> T {
    BEGUN.scope(Cell::new(None), work).await
}

/// How long the next question may take.
pub(crate) fn left() -> Duration {
    let taken = BEGUN.try_with(|begun| {
        let first = begun.get().unwrap_or_else(Instant::now);
        begun.set(Some(first));
        first.elapsed()
    });
    // Outside of a request there is nothing to count from.
    WITHIN.saturating_sub(taken.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_questions_of_a_request_share_its_time() {
        assert_eq!(left(), WITHIN);
        one_request(async {
            let first = left();
            assert!(first <= WITHIN);
            while left() == first {
                tokio::task::yield_now().await;
            }
            assert!(left() < first);
        })
        .await;
        assert_eq!(left(), WITHIN);
    }

    #[tokio::test]
    async fn nothing_is_left_when_it_is_used_up() {
        let long_ago = Instant::now().checked_sub(WITHIN + WITHIN).unwrap();
        let asked = BEGUN.scope(Cell::new(Some(long_ago)), async { left() });
        assert_eq!(asked.await, Duration::ZERO);
    }
}
