//! The HTTP door: which address answers to which method, and what holds for all of them.

mod accounts;
mod actor;
mod answers;
mod body;
mod conversations;
mod cookie;
mod cors;
mod documents;
mod lull;
mod marketplace;
mod messages;
mod probes;
mod routing;
mod search;
mod sync;
mod ui;
mod unread;

use std::future::ready;

use actix_web::web::{self, ServiceConfig};

pub(crate) use accounts::{
    __path_log_in, __path_log_out, __path_me, __path_refresh, __path_register,
};
pub(crate) use answers::finish;
pub(crate) use conversations::{
    __path_configure, __path_inbox, __path_mark_read, __path_start, __path_window,
};
pub(crate) use cors::cors;
pub(crate) use documents::{__path_asyncapi, __path_openapi, __path_reference};
pub use lull::Lull;
pub(crate) use marketplace::{__path_erase_user, __path_put_product, __path_put_user};
pub(crate) use messages::{__path_delete, __path_edit, __path_send};
pub(crate) use probes::{__path_healthz, __path_readyz};
pub use routing::{Endpoint, Routing, Row, Table};
pub(crate) use routing::{READ, on};
pub(crate) use search::{__path_search, __path_unread};
pub(crate) use sync::__path_missed;
pub(crate) use unread::hold_unread;

use crate::ui::FILES;

/// Every address but that of the WebSocket, with or without the demo marketplace.
pub(crate) fn routes(app: &mut impl Routing, demo: bool) {
    route_accounts(app);
    route_conversations(app);
    route_messages(app);
    route_server_side(app);
    route_documents(app);
    if demo {
        route_demo(app);
    } else {
        route_front_door(app);
    }
}

/// Answers for every address that is none.
pub(crate) fn nowhere(app: &mut ServiceConfig) {
    app.default_service(web::to(answers::not_found));
}

fn route_accounts(app: &mut impl Routing) {
    app.at("/api/auth/register", [on(&["POST"], accounts::register)])
        .at("/api/auth/login", [on(&["POST"], accounts::log_in)])
        .at("/api/auth/refresh", [on(&["POST"], accounts::refresh)])
        .at("/api/auth/logout", [on(&["POST"], accounts::log_out)])
        .at("/api/auth/me", [on(READ, accounts::me)]);
}

fn route_conversations(app: &mut impl Routing) {
    app.at(
        "/api/messages/conversations",
        [
            on(READ, conversations::inbox),
            on(&["POST"], conversations::start),
        ],
    )
    .at(
        "/api/messages/conversations/{id}",
        [
            on(READ, conversations::window),
            on(&["PATCH"], conversations::configure),
        ],
    )
    .at(
        "/api/messages/conversations/{id}/read",
        [on(&["POST"], conversations::mark_read)],
    )
    .at("/api/messages/unread", [on(READ, search::unread)]);
}

fn route_messages(app: &mut impl Routing) {
    app.at("/api/messages/send", [on(&["POST"], messages::send)])
        .at(
            "/api/messages/conversations/{id}/messages/{seq}",
            [
                on(&["PATCH"], messages::edit),
                on(&["DELETE"], messages::delete),
            ],
        )
        .at("/api/messages/search", [on(READ, search::search)])
        .at("/api/messages/sync", [on(READ, sync::missed)]);
}

fn route_server_side(app: &mut impl Routing) {
    app.at(
        "/api/server/users/{id}",
        [
            on(&["PUT"], marketplace::put_user),
            on(&["DELETE"], marketplace::erase_user),
        ],
    )
    .at(
        "/api/server/products/{id}",
        [on(&["PUT"], marketplace::put_product)],
    );
}

fn route_documents(app: &mut impl Routing) {
    app.at("/healthz", [on(READ, probes::healthz)])
        .at("/readyz", [on(READ, probes::readyz)])
        .at("/openapi.json", [on(READ, documents::openapi)])
        .at("/asyncapi.json", [on(READ, documents::asyncapi)])
        .at("/docs", [on(READ, documents::reference)])
        .at("/docs.css", [on(READ, documents::reference_style)]);
}

fn route_front_door(app: &mut impl Routing) {
    app.at("/", [on(READ, documents::front_door)])
        .at("/front.css", [on(READ, documents::front_door_style)]);
}

fn route_demo(app: &mut impl Routing) {
    for file in FILES {
        let answer = move |request| ready(ui::answer(file, &request));
        app.at(file.path, [on(READ, answer)]);
    }
}
