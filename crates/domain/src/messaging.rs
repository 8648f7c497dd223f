//! The use-cases, one method each: what both doors, HTTP and WebSocket, call.

use std::sync::Arc;

use crate::{
    content::Content,
    error::{Error, Fault},
    id::{ClientId, ConversationId, Position, ProductId, Revision, Seq, UserId},
    message::Message,
    page::{
        EventPage, InboxPage, InboxQuery, MessagePage, SearchPage, SearchRequest, StreamHead,
        UnreadTotals, Window,
    },
    ports::{Conversations, Directory},
    seat::{Cursor, Opening, Seat, Settings},
    view::{Appended, ConversationView, Opened, ReadState},
};

/// Which products may be talked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProductPolicy {
    /// Any: one that the marketplace has not described has the status `unknown`.
    #[default]
    Open,
    /// Only those that the marketplace has described.
    Strict,
}

/// The use-cases of messaging over a store.
#[derive(Debug)]
pub struct Messaging<S> {
    store: Arc<S>,
    products: ProductPolicy,
}

impl<S> Clone for Messaging<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            products: self.products,
        }
    }
}

impl<S: Conversations + Directory> Messaging<S> {
    /// Messaging over this store.
    pub const fn new(store: Arc<S>, products: ProductPolicy) -> Self {
        Self { store, products }
    }

    /// The caller's seat in a conversation.
    ///
    /// # Errors
    /// [`Error::NotFound`] for whoever does not take part, just as for a conversation that is not.
    pub async fn seat(&self, caller: &UserId, conversation: ConversationId) -> Result<Seat, Error> {
        self.store.participants(conversation).await?.seat_of(caller)
    }

    /// Starts, or finds, the caller's conversation as buyer with a seller about a product, and
    /// perhaps sends its first message.
    ///
    /// # Errors
    /// [`Error::SelfConversation`], [`Error::UnknownSeller`], [`Error::Invalid`] on `productId` when
    /// the product is another seller's (or, with strict products, not known), and those of
    /// [`Conversations::open`].
    pub async fn start(
        &self,
        caller: &UserId,
        seller: UserId,
        product: Option<ProductId>,
        first: Option<(ClientId, Content)>,
    ) -> Result<Opened, Error> {
        let opening = Opening::new(caller.clone(), seller, product, first)?;
        match self.store.user(opening.seller()).await? {
            Some(seller) if seller.erased_at.is_none() => {}
            _ => return Err(Error::UnknownSeller),
        }
        if let Some(id) = opening.product() {
            match self.store.product(id).await? {
                Some(product) if product.seller != *opening.seller() => {
                    return Err(Error::field(
                        "productId",
                        Fault::invalid("this product is another seller's"),
                    ));
                }
                None if self.products == ProductPolicy::Strict => {
                    return Err(Error::field(
                        "productId",
                        Fault::invalid("there is no such product"),
                    ));
                }
                Some(_) | None => {}
            }
        }
        self.store.open(opening).await
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`Error::NotFound`] and those of [`Conversations::append`].
    pub async fn send(
        &self,
        caller: &UserId,
        conversation: ConversationId,
        client_id: ClientId,
        content: Content,
    ) -> Result<Appended, Error> {
        let seat = self.seat(caller, conversation).await?;
        self.write(&seat, client_id, content).await
    }

    /// Sends a message from a seat. Of two to one conversation, the one that is polled first comes first.
    ///
    /// # Errors
    /// Those of [`Conversations::append`].
    pub async fn write(
        &self,
        seat: &Seat,
        client_id: ClientId,
        content: Content,
    ) -> Result<Appended, Error> {
        self.store.append(seat.write(client_id, content)?).await
    }

    /// Edits one's own message.
    ///
    /// # Errors
    /// [`Error::NotFound`] and those of [`Conversations::edit`].
    pub async fn edit(
        &self,
        caller: &UserId,
        conversation: ConversationId,
        seq: Seq,
        revision: Revision,
        content: Content,
    ) -> Result<Message, Error> {
        let seat = self.seat(caller, conversation).await?;
        self.store.edit(seat.edit(seq, revision, content)?).await
    }

    /// Deletes one's own message.
    ///
    /// # Errors
    /// [`Error::NotFound`] and those of [`Conversations::delete`].
    pub async fn delete(
        &self,
        caller: &UserId,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<Message, Error> {
        let seat = self.seat(caller, conversation).await?;
        self.store.delete(seat.delete(seq)).await
    }

    /// Moves one of the caller's cursors up to `seq`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn advance(
        &self,
        caller: &UserId,
        conversation: ConversationId,
        cursor: Cursor,
        seq: Seq,
    ) -> Result<ReadState, Error> {
        let seat = self.seat(caller, conversation).await?;
        self.store.advance(seat.advance(cursor, seq)).await
    }

    /// Changes the caller's own settings of a conversation.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn configure(
        &self,
        caller: &UserId,
        conversation: ConversationId,
        settings: Settings,
    ) -> Result<ConversationView, Error> {
        let seat = self.seat(caller, conversation).await?;
        self.store.configure(seat.set(settings)).await
    }

    /// A conversation as the caller sees it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn view(
        &self,
        caller: &UserId,
        conversation: ConversationId,
    ) -> Result<ConversationView, Error> {
        let seat = self.seat(caller, conversation).await?;
        self.store.view(&seat).await
    }

    /// A page of a conversation's messages.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn window(
        &self,
        caller: &UserId,
        conversation: ConversationId,
        window: Window,
        limit: usize,
    ) -> Result<MessagePage, Error> {
        let seat = self.seat(caller, conversation).await?;
        self.store.window(&seat, window, limit).await
    }

    /// A page of the caller's conversations.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn inbox(&self, caller: &UserId, query: InboxQuery) -> Result<InboxPage, Error> {
        self.store.inbox(caller, query).await
    }

    /// A page of the caller's messages that match.
    ///
    /// # Errors
    /// [`Error::NotFound`] when one conversation is named and the caller does not take part in it.
    pub async fn search(
        &self,
        caller: &UserId,
        request: SearchRequest,
    ) -> Result<SearchPage, Error> {
        if let Some(conversation) = request.conversation {
            self.seat(caller, conversation).await?;
        }
        self.store.search(caller, request).await
    }

    /// What the caller has not read.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn unread(&self, caller: &UserId) -> Result<UnreadTotals, Error> {
        self.store.unread(caller).await
    }

    /// Where the caller's stream of events stands.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn head(&self, caller: &UserId) -> Result<StreamHead, Error> {
        self.store.head(caller).await
    }

    /// The caller's events after `since`.
    ///
    /// # Errors
    /// [`Error::Resync`].
    pub async fn events(
        &self,
        caller: &UserId,
        since: Position,
        limit: usize,
    ) -> Result<EventPage, Error> {
        self.store.events(caller, since, limit).await
    }
}
