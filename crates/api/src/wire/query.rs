//! Query strings: what may stand after the `?`.

use messaging_domain::{
    ConversationId, Error, Fault, InboxQuery, Position, SearchQuery, SearchRequest, Seq, Window,
};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::{cursor, faults::Faults};

/// Reads a query string into a struct whose fields are all `Option<String>`.
///
/// # Errors
/// [`Error::Invalid`] when a parameter occurs twice.
pub fn read<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    match serde_urlencoded::from_str(query) {
        Ok(read) => Ok(read),
        Err(_) => Err(Error::field(
            "query",
            Fault::invalid("a parameter occurs twice"),
        )),
    }
}

/// Which page of the caller's conversations.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct InboxParams {
    /// The `nextCursor` of the page before.
    pub cursor: Option<String>,
    /// How many at most; 20 if left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100)]
    pub limit: Option<String>,
    /// Only those whose counterpart, product title or messages match.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// The archived ones instead of the others.
    #[param(value_type = Option<bool>)]
    pub archived: Option<String>,
}

impl InboxParams {
    /// Takes the request. An empty `q` is none.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub fn parse(self) -> Result<InboxQuery, Error> {
        let mut faults = Faults::new();
        let after = faults.optional("cursor", self.cursor, |word| cursor::parse_inbox(&word));
        let limit = limit(&mut faults, self.limit, 20, 100);
        let sought = self.q.filter(|q| !q.trim().is_empty());
        let filter = faults.optional("q", sought, |q| SearchQuery::parse(&q));
        let archived = faults.optional("archived", self.archived, |word| switch(&word));
        faults.finish(limit.map(|limit| InboxQuery {
            archived: archived.unwrap_or(false),
            filter,
            after,
            limit,
        }))
    }
}

/// Makes a window of a place.
type Anchor = fn(Seq) -> Window;

/// Which page of a conversation's messages: the newest, or one at one of three anchors.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct WindowParams {
    /// Those just before this place.
    #[param(value_type = Option<i64>, minimum = 0)]
    pub before_seq: Option<String>,
    /// Those just after this place.
    #[param(value_type = Option<i64>, minimum = 0)]
    pub after_seq: Option<String>,
    /// This place in the middle.
    #[param(value_type = Option<i64>, minimum = 0)]
    pub around_seq: Option<String>,
    /// How many at most; 50 if left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
}

impl WindowParams {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault; two anchors are a fault of both.
    pub fn parse(self) -> Result<(Window, usize), Error> {
        let mut faults = Faults::new();
        let given: [(_, _, Anchor); 3] = [
            ("beforeSeq", self.before_seq, Window::Before),
            ("afterSeq", self.after_seq, Window::After),
            ("aroundSeq", self.around_seq, Window::Around),
        ];
        let several = given.iter().filter(|(_, place, _)| place.is_some()).count() > 1;
        let mut window = Window::Latest;
        for (field, place, anchor) in given {
            let place = faults.optional(field, place, |place| match number(&place)? {
                _ if several => Err(Fault::invalid(
                    "only one of beforeSeq, afterSeq and aroundSeq can be given",
                )),
                place => Ok(Seq::new(place)),
            });
            window = place.map_or(window, anchor);
        }
        let limit = limit(&mut faults, self.limit, 50, 200);
        faults.finish(limit.map(|limit| (window, limit)))
    }
}

/// What is searched for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct SearchParams {
    /// The words: all must occur, the last also as a beginning; accents and case are ignored.
    #[param(value_type = String, min_length = 1, max_length = 200)]
    pub q: Option<String>,
    /// Only in this conversation.
    #[param(format = Uuid)]
    pub conversation_id: Option<String>,
    /// The `nextCursor` of the page before.
    pub cursor: Option<String>,
    /// How many at most; 20 if left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100)]
    pub limit: Option<String>,
}

impl SearchParams {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault; [`Error::NotFound`] when the conversation's id is none.
    pub fn parse(self) -> Result<SearchRequest, Error> {
        let mut faults = Faults::new();
        let query = faults.required("q", self.q, |q| SearchQuery::parse(&q));
        let after = faults.optional("cursor", self.cursor, |word| cursor::parse_search(&word));
        let limit = limit(&mut faults, self.limit, 20, 100);
        let (query, limit) = faults.finish(query.zip(limit))?;
        let conversation = match self.conversation_id.as_deref().map(ConversationId::parse) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(_)) => return Err(Error::NotFound),
        };
        Ok(SearchRequest {
            query,
            conversation,
            after,
            limit,
        })
    }
}

/// Which of the caller's durable events.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct SyncParams {
    /// The position of the last event that the caller has.
    #[param(value_type = i64, minimum = 0)]
    pub since: Option<String>,
    /// Of which numbering `since` is.
    #[param(value_type = String)]
    pub epoch: Option<String>,
    /// How many at most; 500 if left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1_000)]
    pub limit: Option<String>,
}

impl SyncParams {
    /// Takes the request. An epoch may be any word: one that is not the present one asks for a resync.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub fn parse(self) -> Result<(Position, String, usize), Error> {
        let mut faults = Faults::new();
        let since = faults.required("since", self.since, |since| {
            number(&since).map(Position::new)
        });
        let epoch = faults.required("epoch", self.epoch, Ok);
        let limit = limit(&mut faults, self.limit, 500, 1_000);
        let ((since, epoch), limit) = faults.finish(since.zip(epoch).zip(limit))?;
        Ok((since, epoch, limit))
    }
}

fn limit(faults: &mut Faults, limit: Option<String>, default: usize, most: usize) -> Option<usize> {
    faults.required(
        "limit",
        Some(limit.unwrap_or_else(|| default.to_string())),
        |limit| {
            let limit = usize::try_from(number(&limit)?).unwrap_or(usize::MAX);
            if (1..=most).contains(&limit) {
                Ok(limit)
            } else {
                Err(Fault::invalid(format!("a limit is 1 to {most}")))
            }
        },
    )
}

/// A whole number of 0 or more, in digits only.
fn number(text: &str) -> Result<i64, Fault> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(number),
        _ => Err(Fault::invalid("a whole number of 0 or more is expected")),
    }
}

fn switch(word: &str) -> Result<bool, Fault> {
    match word {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::invalid("this is `true` or `false`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<T>(result: Result<T, Error>) -> Vec<String> {
        match result {
            Err(Error::Invalid(errors)) => errors
                .into_iter()
                .map(|error| error.field.into_owned())
                .collect(),
            Err(other) => vec![other.code().to_owned()],
            Ok(_) => vec![],
        }
    }

    fn inbox(query: &str) -> Result<InboxQuery, Error> {
        read::<InboxParams>(query)?.parse()
    }

    fn window(query: &str) -> Result<(Window, usize), Error> {
        read::<WindowParams>(query)?.parse()
    }

    fn search(query: &str) -> Result<SearchRequest, Error> {
        read::<SearchParams>(query)?.parse()
    }

    fn sync(query: &str) -> Result<(Position, String, usize), Error> {
        read::<SyncParams>(query)?.parse()
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let query = inbox("q=&x=1").unwrap();
        assert_eq!(
            (query.limit, query.archived, query.filter, query.after),
            (20, false, None, None)
        );
        assert_eq!(window("").unwrap(), (Window::Latest, 50));
        assert_eq!(search("q=velo").unwrap().limit, 20);
        assert_eq!(
            sync("since=0&epoch=x").unwrap(),
            (Position::ZERO, "x".to_owned(), 500)
        );
    }

    #[test]
    fn a_limit_has_its_bounds() {
        for bad in [
            "0",
            "101",
            "abc",
            "",
            "-1",
            "+5",
            "1.0",
            " 1",
            "99999999999999999999",
        ] {
            assert_eq!(
                fields(inbox(&format!("limit={bad}").replace('+', "%2B"))),
                ["limit"],
                "{bad}"
            );
        }
        assert_eq!(fields(window("limit=201")), ["limit"]);
        assert!(window("limit=200").is_ok());
        assert_eq!(fields(sync("since=1&epoch=x&limit=1001")), ["limit"]);
    }

    #[test]
    fn an_anchor_is_one_place() {
        assert_eq!(
            window("aroundSeq=7&limit=1").unwrap(),
            (Window::Around(Seq::new(7)), 1)
        );
        assert_eq!(
            window(&format!("beforeSeq={}", i64::MAX)).unwrap().0,
            Window::Before(Seq::new(i64::MAX))
        );
        assert_eq!(
            fields(window("beforeSeq=5&afterSeq=1")),
            ["beforeSeq", "afterSeq"]
        );
        assert_eq!(fields(window("beforeSeq=-1")), ["beforeSeq"]);
        assert_eq!(
            fields(window("afterSeq=9223372036854775808&limit=0")),
            ["afterSeq", "limit"]
        );
    }

    #[test]
    fn a_search_needs_words_and_its_conversation_may_not_be_known() {
        assert_eq!(fields(search("")), ["q"]);
        assert_eq!(fields(search("q=%20")), ["q"]);
        assert_eq!(fields(search("q=a%00b&cursor=x")), ["q", "cursor"]);
        assert_eq!(fields(search("q=a&conversationId=x")), ["not_found"]);
    }

    #[test]
    fn a_sync_says_where_it_stands() {
        assert_eq!(fields(sync("")), ["since", "epoch"]);
        assert_eq!(fields(sync("since=-1&epoch=x")), ["since"]);
    }

    #[test]
    fn nothing_is_said_twice() {
        assert_eq!(fields(inbox("limit=1&limit=2")), ["query"]);
    }
}
