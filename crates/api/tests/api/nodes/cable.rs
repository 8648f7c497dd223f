//! A connection to NATS that can be cut and mended.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes bytes on between nodes and NATS, while it is whole.
pub(super) struct Cable {
    address: SocketAddr,
    whole: Arc<watch::Sender<bool>>,
}

impl Cable {
    /// A whole cable to a NATS.
    pub(super) async fn to(end: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let whole = Arc::new(watch::channel(true).0);
        let watched = Arc::clone(&whole);
        actix_web::rt::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let mut state = watched.subscribe();
                if *state.borrow() {
                    actix_web::rt::spawn(async move {
                        if let Ok(far) = TcpStream::connect(end).await {
                            tokio::select! {
                                () = pass_on(near, far) => {}
                                _ = state.wait_for(|whole| !whole) => {}
                            }
                        }
                    });
                }
            }
        });
        Self { address, whole }
    }

    /// Where a node finds NATS at the end of the cable.
    pub(super) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Ends all connections, and each new one at once.
    pub(super) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets connections through again.
    pub(super) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn pass_on(mut near: TcpStream, mut far: TcpStream) {
    // Either side may end it at any time.
    let _ = copy_bidirectional(&mut near, &mut far).await;
}
