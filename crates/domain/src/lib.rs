#![doc = include_str!("../README.md")]
// In reading order: the words, the rules, what happened, the doors of a store, the use-cases.

pub mod account;
pub mod content;
pub mod conversation;
pub mod directory;
pub mod error;
pub mod event;
pub mod id;
pub mod message;
pub mod messaging;
pub mod page;
pub mod ports;
pub mod relay;
pub mod search;
pub mod seat;
pub mod timestamp;
pub mod view;

pub use account::{
    Account, DisplayName, Email, LoginSession, NewAccount, NewRefreshToken, Password, Rotation,
    TokenDigest,
};
pub use content::{Content, Text};
pub use conversation::{Conversation, Side};
pub use directory::{MessagesFate, Product, ProductStatus, Profile, User};
pub use error::{Error, Failure, Fault, FaultCode, FieldError};
pub use event::{Audience, Delivery, Event, Fact, Told, UnreadState};
pub use id::{
    ClientId, ConversationId, Epoch, LoginId, NodeId, Position, ProductId, Revision, Seq,
    SessionId, UserId,
};
pub use message::{EDIT_WINDOW, Message, Status};
pub use messaging::{Messaging, ProductPolicy};
pub use page::{
    EventPage, InboxCursor, InboxPage, InboxQuery, MessagePage, SearchCursor, SearchHit,
    SearchPage, SearchRequest, StreamHead, StreamHeads, UnreadTotals, Window,
};
pub use ports::{Accounts, Announcer, Conversations, Directory, Introduction};
pub use relay::{Neighbour, Relay, SessionStamp, Signal, To};
pub use search::{SearchQuery, fold};
pub use seat::{
    Advance, Cursor, Deletion, Draft, Edit, Opening, Participants, Role, Seat, Settings,
    SettingsChange,
};
pub use timestamp::Timestamp;
pub use view::{Appended, Blocked, ConversationView, Opened, ReadState};
