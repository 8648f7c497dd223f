//! The HTTP door: which address answers to which method, and what holds for all of them.

mod accounts;
mod actor;
mod answers;
mod body;
mod conversations;
mod cookie;
mod cors;
mod documents;
mod marketplace;
mod messages;
mod probes;
mod search;
mod sync;
mod ui;
mod unread;

use std::future::ready;

use actix_web::{
    Route,
    dev::HttpServiceFactory,
    guard,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

pub(crate) use accounts::{
    __path_log_in, __path_log_out, __path_me, __path_refresh, __path_register,
};
pub(crate) use answers::finish;
pub(crate) use conversations::{
    __path_configure, __path_inbox, __path_mark_read, __path_start, __path_window,
};
pub(crate) use cors::cors;
pub(crate) use documents::{__path_asyncapi, __path_openapi, __path_reference};
pub(crate) use marketplace::{__path_erase_user, __path_put_product, __path_put_user};
pub(crate) use messages::{__path_delete, __path_edit, __path_send};
pub(crate) use probes::{__path_healthz, __path_readyz};
pub(crate) use search::{__path_search, __path_unread};
pub(crate) use sync::__path_missed;
pub(crate) use unread::hold_unread;

use crate::ui::FILES;

/// Opens every address but that of the WebSocket, with or without the demo marketplace.
pub fn routes(demo: bool) -> impl FnOnce(&mut ServiceConfig) {
    move |app| {
        app.configure(open_accounts)
            .configure(open_conversations)
            .configure(open_messages)
            .configure(open_server_side)
            .configure(open_documents)
            .configure(if demo { open_demo } else { open_front_door })
            .default_service(web::to(answers::not_found));
    }
}

fn open_accounts(app: &mut ServiceConfig) {
    let post = web::post;
    app.service(at(
        "/api/auth/register",
        "POST",
        [post().to(accounts::register)],
    ))
    .service(at("/api/auth/login", "POST", [post().to(accounts::log_in)]))
    .service(at(
        "/api/auth/refresh",
        "POST",
        [post().to(accounts::refresh)],
    ))
    .service(at(
        "/api/auth/logout",
        "POST",
        [post().to(accounts::log_out)],
    ))
    .service(at("/api/auth/me", "GET, HEAD", [get().to(accounts::me)]));
}

fn open_conversations(app: &mut ServiceConfig) {
    app.service(at(
        "/api/messages/conversations",
        "GET, HEAD, POST",
        [
            get().to(conversations::inbox),
            web::post().to(conversations::start),
        ],
    ))
    .service(at(
        "/api/messages/conversations/{id}",
        "GET, HEAD, PATCH",
        [
            get().to(conversations::window),
            web::patch().to(conversations::configure),
        ],
    ))
    .service(at(
        "/api/messages/conversations/{id}/read",
        "POST",
        [web::post().to(conversations::mark_read)],
    ))
    .service(at(
        "/api/messages/unread",
        "GET, HEAD",
        [get().to(search::unread)],
    ));
}

fn open_messages(app: &mut ServiceConfig) {
    app.service(at(
        "/api/messages/send",
        "POST",
        [web::post().to(messages::send)],
    ))
    .service(at(
        "/api/messages/conversations/{id}/messages/{seq}",
        "PATCH, DELETE",
        [
            web::patch().to(messages::edit),
            web::delete().to(messages::delete),
        ],
    ))
    .service(at(
        "/api/messages/search",
        "GET, HEAD",
        [get().to(search::search)],
    ))
    .service(at(
        "/api/messages/sync",
        "GET, HEAD",
        [get().to(sync::missed)],
    ));
}

fn open_server_side(app: &mut ServiceConfig) {
    app.service(at(
        "/api/server/users/{id}",
        "PUT, DELETE",
        [
            web::put().to(marketplace::put_user),
            web::delete().to(marketplace::erase_user),
        ],
    ))
    .service(at(
        "/api/server/products/{id}",
        "PUT",
        [web::put().to(marketplace::put_product)],
    ));
}

fn open_documents(app: &mut ServiceConfig) {
    let read = "GET, HEAD";
    app.service(at("/healthz", read, [get().to(probes::healthz)]))
        .service(at("/readyz", read, [get().to(probes::readyz)]))
        .service(at("/openapi.json", read, [get().to(documents::openapi)]))
        .service(at("/asyncapi.json", read, [get().to(documents::asyncapi)]))
        .service(at("/docs", read, [get().to(documents::reference)]))
        .service(at(
            "/docs.css",
            read,
            [get().to(documents::reference_style)],
        ));
}

fn open_front_door(app: &mut ServiceConfig) {
    let read = "GET, HEAD";
    app.service(at("/", read, [get().to(documents::front_door)]))
        .service(at(
            "/front.css",
            read,
            [get().to(documents::front_door_style)],
        ));
}

fn open_demo(app: &mut ServiceConfig) {
    for file in FILES {
        let answer = move |request| ready(ui::answer(file, &request));
        app.service(at(file.path, "GET, HEAD", [get().to(answer)]));
    }
}

/// An address with all the methods that it knows. Another method is answered with 405 and `Allow`.
pub(crate) fn at<const N: usize>(
    path: &str,
    methods: &'static str,
    routes: [Route; N],
) -> impl HttpServiceFactory + 'static {
    let other = web::to(move || answers::method_not_allowed(methods));
    routes
        .into_iter()
        .fold(
            web::resource(path).default_service(other),
            actix_web::Resource::route,
        )
        .wrap(from_fn(answers::outlive_panics))
}

fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
