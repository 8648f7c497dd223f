//! Acts as they would be with a planted bug.

use messaging_domain::{
    Advance, Appended, ClientId, Conversation, Cursor, Deletion, Draft, Error, Message, Role, Seq,
    Timestamp, Told,
};

use crate::{
    batch::Batch,
    failure::Halt,
    messages,
    planted::{self, Bug},
};

/// Stores a retry once more.
pub(super) fn append_again(draft: &Draft, batch: &mut Batch<'_>) -> Result<Appended, Halt> {
    let now = batch.now;
    let message = batch.write(draft.seat().conversation(), |conversation| {
        let (message, told) = conversation.append(draft, now)?;
        // The database itself would notice the same id.
        let client_id = ClientId::new();
        Ok((
            Message {
                client_id,
                ..message
            },
            told,
        ))
    })?;
    let client_id = draft.client_id();
    Ok(Appended {
        message: Message {
            client_id,
            ..message
        },
        duplicate: false,
    })
}

/// Tells of a message as if it stood elsewhere.
pub(super) fn retold(message: Message) -> Message {
    let seq = if planted::is(Bug::SecondAckDiffers) {
        message.seq.next()
    } else {
        message.seq
    };
    Message { seq, ..message }
}

pub(super) fn append(
    conversation: &mut Conversation,
    draft: &Draft,
    now: Timestamp,
) -> Result<(Message, Vec<Told>), Error> {
    if planted::strikes(Bug::SeqHole, 40) {
        conversation.last_seq = conversation.last_seq.next();
    }
    if planted::is(Bug::TextLogged) {
        tracing::info!(text = messages::encode(draft.content()), "appended");
    }
    let blocking = (conversation.buyer.blocking, conversation.seller.blocking);
    if planted::is(Bug::BlockIgnored) {
        (conversation.buyer.blocking, conversation.seller.blocking) = (false, false);
    }
    let appended = conversation.append(draft, now);
    (conversation.buyer.blocking, conversation.seller.blocking) = blocking;
    if appended.is_ok() && planted::is(Bug::UnreadCountsOwn) {
        let sender = match draft.seat().role() {
            Role::Buyer => &mut conversation.buyer,
            Role::Seller => &mut conversation.seller,
        };
        sender.unread = sender.unread.saturating_add(1);
    }
    appended
}

pub(super) fn delete(
    conversation: &mut Conversation,
    deletion: &Deletion,
    current: &Message,
    now: Timestamp,
) -> Result<(Message, Vec<Told>), Error> {
    let unread = (conversation.buyer.unread, conversation.seller.unread);
    let deleted = conversation.delete(deletion, current, now);
    if planted::is(Bug::UnreadCountsDeleted) {
        (conversation.buyer.unread, conversation.seller.unread) = unread;
    }
    deleted
}

/// Forgets how far somebody had read, so that an earlier mark counts.
pub(super) fn forget_mark(advance: &Advance, batch: &mut Batch<'_>) -> Result<(), Halt> {
    if advance.cursor() != Cursor::Read || !planted::is(Bug::CursorLastWriteWins) {
        return Ok(());
    }
    batch.change(advance.seat().conversation(), |conversation| {
        let side = match advance.seat().role() {
            Role::Buyer => &mut conversation.buyer,
            Role::Seller => &mut conversation.seller,
        };
        if advance.seq() > Seq::ZERO && advance.seq() < side.read_seq {
            side.read_seq = Seq::ZERO;
        }
        Ok(Vec::new())
    })
}
