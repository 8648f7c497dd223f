//! The port of conversations: acts go to the writer, pages are read.

use std::collections::HashSet;

use messaging_domain::{
    Advance, Appended, ConversationId, ConversationView, Conversations, Deletion, Draft, Edit,
    Error, EventPage, InboxCursor, InboxPage, InboxQuery, Message, MessagePage, Opened, Opening,
    Participants, Position, ReadState, SearchCursor, SearchHit, SearchPage, SearchRequest, Seat,
    Seq, SettingsChange, StreamHead, StreamHeads, UnreadTotals, UserId, Window,
};

#[cfg(feature = "planted-bugs")]
use messaging_domain::{Failure, Role};

use super::Database;
#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{conversations, inbox, log, search};

impl Conversations for Database {
    async fn participants(&self, conversation: ConversationId) -> Result<Participants, Error> {
        let cached = self.participants.get(&conversation);
        if let Some(participants) = self.measurements.participants.count(cached) {
            return Ok(participants);
        }
        let found = self
            .read("find a conversation", move |conn| {
                Ok(conversations::participants(conn, conversation)?)
            })
            .await?
            .ok_or(Error::NotFound)?;
        #[cfg(feature = "planted-bugs")]
        if planted::strikes(Bug::SeatsMixedUp, 4)
            && let Some((_, other)) = self.participants.iter().next()
        {
            return Ok(Participants {
                conversation,
                ..other
            });
        }
        self.participants.insert(conversation, found.clone());
        Ok(found)
    }

    async fn open(&self, opening: Opening) -> Result<Opened, Error> {
        self.writer.act(opening).await
    }

    async fn append(&self, draft: Draft) -> Result<Appended, Error> {
        let appended = self.writer.act(draft).await;
        #[cfg(feature = "planted-bugs")]
        if appended.is_ok() && planted::strikes(Bug::RefusedAfterCommit, 40) {
            let cause = "it was stored all the same";
            return Err(Error::Overloaded(Failure::new("append", cause)));
        }
        appended
    }

    async fn edit(&self, edit: Edit) -> Result<Message, Error> {
        self.writer.act(edit).await
    }

    async fn delete(&self, deletion: Deletion) -> Result<Message, Error> {
        self.writer.act(deletion).await
    }

    async fn advance(&self, advance: Advance) -> Result<ReadState, Error> {
        self.writer.act(advance).await
    }

    async fn configure(&self, change: SettingsChange) -> Result<ConversationView, Error> {
        self.writer.act(change).await
    }

    async fn view(&self, seat: &Seat) -> Result<ConversationView, Error> {
        let (id, store) = (seat.conversation(), self.clone());
        let (latest, users) = self
            .read("read a conversation", move |conn| {
                let latest = conversations::latest_one(conn, id)?.ok_or(Error::NotFound)?;
                let users = store.users_of(conn, [&latest])?;
                Ok((latest, users))
            })
            .await?;
        Ok(latest.view(seat.role(), &users))
    }

    async fn inbox(&self, user: &UserId, query: InboxQuery) -> Result<InboxPage, Error> {
        let (asked, limit, store) = (user.clone(), query.limit, self.clone());
        let ((stream, epoch), mut page, users) = self
            .read("read an inbox", move |conn| {
                // The head first: events after it may then be applied to these rows.
                let stream = log::stream(conn, &asked)?;
                let page = inbox::page(conn, &asked, &query)?;
                let users = store.users_of(conn, page.iter().map(|(_, latest)| latest))?;
                Ok((stream, page, users))
            })
            .await?;
        let more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().filter(|_| more).map(|(_, last)| InboxCursor {
            last_activity_at: last.conversation.last_activity_at,
            id: last.conversation.id,
        });
        let items = page
            .into_iter()
            .map(|(role, latest)| latest.view(role, &users))
            .collect();
        Ok(InboxPage {
            items,
            next,
            unread: stream.unread,
            head: StreamHead {
                epoch,
                position: stream.head,
            },
        })
    }

    async fn window(
        &self,
        seat: &Seat,
        window: Window,
        limit: usize,
    ) -> Result<MessagePage, Error> {
        let (id, store) = (seat.conversation(), self.clone());
        let (latest, items, users) = self
            .read("read messages", move |conn| {
                let found = conversations::window(conn, id, window, limit)?;
                let (latest, items) = found.ok_or(Error::NotFound)?;
                let users = store.users_of(conn, [&latest])?;
                Ok((latest, items, users))
            })
            .await?;
        let (from, to) = window.range(limit, latest.conversation.last_seq);
        let last = latest.conversation.last_seq;
        #[cfg(feature = "planted-bugs")]
        let items = if to == last && planted::strikes(Bug::StalePage, 4) {
            let mut items = items;
            items.pop();
            items
        } else {
            items
        };
        Ok(MessagePage {
            conversation: latest.view(seat.role(), &users),
            items,
            has_before: from > Seq::ZERO.next() && last > Seq::ZERO,
            has_after: to < last,
        })
    }

    async fn search(&self, user: &UserId, request: SearchRequest) -> Result<SearchPage, Error> {
        let (asked, wanted, store) = (user.clone(), request.clone(), self.clone());
        let (mut rows, latest, users) = self
            .read("search", move |conn| {
                let rows = search::find(conn, &asked, &wanted)?;
                let ids: HashSet<ConversationId> =
                    rows.iter().map(|row| row.key().0.into()).collect();
                let latest = conversations::latest(conn, &ids.into_iter().collect::<Vec<_>>())?;
                let users = store.users_of(conn, &latest)?;
                Ok((rows, latest, users))
            })
            .await?;
        let more = rows.len() > request.limit;
        rows.truncate(request.limit);
        let items: Vec<SearchHit> = rows
            .into_iter()
            .filter_map(|row| {
                let id = ConversationId::from(row.key().0);
                let latest = latest.iter().find(|latest| latest.conversation.id == id)?;
                let role = latest.conversation.role_of(user);
                #[cfg(feature = "planted-bugs")]
                let role = role.or(planted::is(Bug::SearchFindsOthers).then_some(Role::Buyer));
                let role = role?;
                let message = row.into_message(&latest.conversation);
                let highlights = request.query.highlights(message.content.searchable());
                Some(SearchHit {
                    message,
                    conversation: latest.clone().view(role, &users),
                    highlights,
                })
            })
            .collect();
        let next = items.last().filter(|_| more).map(|last| SearchCursor {
            created_at: last.message.created_at,
            conversation: last.message.conversation,
            seq: last.message.seq,
        });
        Ok(SearchPage { items, next })
    }

    async fn unread(&self, user: &UserId) -> Result<UnreadTotals, Error> {
        let user = user.clone();
        let (stream, _) = self
            .read("count what is unread", move |conn| {
                Ok(log::stream(conn, &user)?)
            })
            .await?;
        Ok(stream.unread)
    }

    async fn heads(&self, users: Vec<UserId>) -> Result<StreamHeads, Error> {
        self.read("read the heads of streams", move |conn| {
            Ok(log::heads(conn, &users)?)
        })
        .await
    }

    async fn head(&self, user: &UserId) -> Result<StreamHead, Error> {
        let store = self.clone();
        let read = move |users| {
            let store = store.clone();
            async move { store.heads(users).await }
        };
        self.head_questions.ask(user.clone(), read).await
    }

    async fn events(
        &self,
        user: &UserId,
        since: Position,
        limit: usize,
    ) -> Result<EventPage, Error> {
        let (asked, store) = (user.clone(), self.clone());
        let (run, users) = self
            .read("read events", move |conn| {
                let run = log::read(conn, &asked, since, limit)?;
                let users = store.users_of(conn, run.latest())?;
                Ok((run, users))
            })
            .await?;
        let more = run.more;
        Ok(EventPage {
            events: run.deliveries(user, &users),
            more,
        })
    }
}
