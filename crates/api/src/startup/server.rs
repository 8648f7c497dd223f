//! The server: its listener, its workers, and what is done to each connection.

use std::{
    net::{Shutdown, SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::{Extensions, Server},
    middleware::from_fn,
    rt,
    web::Data,
};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tracing_actix_web::TracingLogger;

use crate::{
    admission::{Admission, Place},
    http::{self, Lull, Routing},
    service::Service,
    socket::{SocketHandle, notice_lost_peers},
    telemetry::RequestSpan,
    ws::{self, Hub},
};

/// Within which a request's head has to come.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// Binds the address; port 0 takes a free one.
pub(super) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(2_048)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Starts the workers.
pub(super) fn serve(
    listener: TcpListener,
    service: Data<Service>,
    hub: Hub,
) -> std::io::Result<Server> {
    let admission = Arc::clone(&service.admission);
    let keep_alive = hub.timing().keep_alive;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(service.clone())
            .app_data(Data::new(hub.clone()))
            .configure(|app| open(app, service.demo))
            .configure(http::nowhere)
            .wrap(from_fn(http::cors))
            .wrap(from_fn(http::hold_unread))
            .wrap(from_fn(http::finish))
            .wrap(TracingLogger::<RequestSpan>::new())
    });
    let server = server
        .workers(thread::available_parallelism().map_or(1, std::num::NonZero::get))
        .keep_alive(keep_alive)
        .client_request_timeout(HEAD_WITHIN)
        .tcp_nodelay(true)
        .disable_signals()
        .on_connect(move |connection, data| greet(&admission, keep_alive, connection, data))
        .listen(listener)?;
    Ok(server.run())
}

/// Every address, with or without the demo marketplace: opens them, or lists them.
pub(super) fn open(app: &mut impl Routing, demo: bool) {
    app.at("/api/messages/ws", [http::on(&["GET"], ws::upgrade)]);
    #[cfg(feature = "conformance")]
    app.at("/conformance/echo", [http::on(&["GET"], ws::echo)]);
    http::routes(app, demo);
}

/// Counts each connection, and takes a second hand on its socket.
fn greet(
    admission: &Arc<Admission>,
    keep_alive: Duration,
    connection: &dyn std::any::Any,
    data: &mut Extensions,
) {
    let Some(connection) = connection.downcast_ref::<rt::net::TcpStream>() else {
        return;
    };
    let admitted = admission.connect();
    let place = admitted.place();
    data.insert(admitted);
    if place == Place::NotEvenToBeTold {
        // An error means that the peer was faster.
        let _ = SockRef::from(connection).shutdown(Shutdown::Both);
        return;
    }
    if let Err(error) = notice_lost_peers(connection) {
        tracing::debug!(%error, "a connection was gone at once");
    }
    match SocketHandle::of(connection) {
        Ok(handle) => {
            data.insert(Lull::new(handle.clone(), keep_alive + HEAD_WITHIN));
            data.insert(handle);
        }
        Err(error) => {
            tracing::warn!(%error, "no file descriptor is left for a second hand on a connection");
        }
    }
}
