//! The server: its listener, its workers, and what is done to each connection.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use actix_http::{HttpService, error::DispatchError};
use actix_server::Server;
use actix_service::{ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    App,
    dev::{AppConfig, Extensions},
    middleware::from_fn,
    rt::net::TcpStream,
    web::Data,
};
use socket2::{Domain, Protocol, Type};
use tracing_actix_web::TracingLogger;

use crate::{
    admission::{Admission, Place},
    http::{self, Lull, Routing},
    service::Service,
    socket::Socket,
    telemetry::RequestSpan,
    ws::{self, Hub},
};

/// Within which a request's head has to come.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// Binds the address; port 0 takes a free one.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(
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

/// Starts the workers. `HttpServer` would do, but for the sockets: it knows only the kernel's own, which
/// nobody can end from outside.
pub(super) fn serve(listener: TcpListener, service: Data<Service>, hub: Hub) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let builder = Server::build();
    let stops = builder.graceful_shutdown_signal();
    let builder = builder
        .workers(thread::available_parallelism().map_or(1, std::num::NonZero::get))
        .disable_signals();
    let builder = builder.listen("messaging", listener, move || {
        let admission = Arc::clone(&service.admission);
        let keep_alive = hub.timing().keep_alive;
        let stops = stops.clone();
        let app = App::new()
            .app_data(service.clone())
            .app_data(Data::new(hub.clone()))
            .configure(|app| open(app, service.demo))
            .configure(http::nowhere)
            .wrap(from_fn(http::cors))
            .wrap(from_fn(http::hold_unread))
            .wrap(from_fn(http::finish))
            .wrap(TracingLogger::<RequestSpan>::new());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stops = stops.clone();
                async move { stops.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(HEAD_WITHIN)
            .local_addr(address)
            .on_connect_ext(move |socket, data| greet(&admission, keep_alive, socket, data))
            // What the configuration tells, its own address, nobody asks for.
            .finish(map_config(app, |()| AppConfig::default()));
        fn_service(async |stream: TcpStream| {
            let socket = Socket::new(stream)?;
            let peer = socket.peer();
            Ok::<_, DispatchError>((socket, actix_http::Protocol::Http1, peer))
        })
        .and_then(http)
    })?;
    Ok(builder.run())
}

/// Every address, with or without the demo marketplace: opens them, or lists them.
pub(super) fn open(app: &mut impl Routing, demo: bool) {
    app.at("/api/messages/ws", [http::on(&["GET"], ws::upgrade)]);
    #[cfg(feature = "conformance")]
    app.at("/conformance/echo", [http::on(&["GET"], ws::echo)]);
    http::routes(app, demo);
}

/// Counts each connection, and says how it can be ended.
fn greet(admission: &Arc<Admission>, keep_alive: Duration, socket: &Socket, data: &mut Extensions) {
    let handle = socket.handle();
    let admitted = admission.connect();
    let place = admitted.place();
    data.insert(admitted);
    if place == Place::NotEvenToBeTold {
        handle.shut_down();
        return;
    }
    data.insert(Lull::new(handle.clone(), keep_alive + HEAD_WITHIN));
    data.insert(handle);
}
