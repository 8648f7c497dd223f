//! The table of addresses: the same lines open them and list them.

use actix_web::{
    FromRequest, Handler, Responder, Route, guard,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use serde::Serialize;

use super::answers;

/// The methods of what is only looked at.
pub(crate) const READ: &[&str] = &["GET", "HEAD"];

/// Who answers some methods of an address.
pub struct Endpoint {
    methods: &'static [&'static str],
    route: Route,
}

/// A handler for these methods, and for no other.
pub(crate) fn on<F, Args>(methods: &'static [&'static str], handler: F) -> Endpoint
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let asked = guard::fn_guard(move |context| methods.contains(&context.head().method.as_str()));
    Endpoint {
        methods,
        route: web::route().guard(asked).to(handler),
    }
}

/// Whoever is told of each address: the app that opens it, or the table that lists it. So no address
/// can be open that is not listed.
pub trait Routing {
    /// An address with all that it knows.
    fn at<const N: usize>(&mut self, path: &'static str, endpoints: [Endpoint; N]) -> &mut Self;
}

impl Routing for ServiceConfig {
    /// Another method is answered with 405 and `Allow`.
    fn at<const N: usize>(&mut self, path: &'static str, endpoints: [Endpoint; N]) -> &mut Self {
        let methods: Vec<_> = endpoints
            .iter()
            .flat_map(|endpoint| endpoint.methods)
            .copied()
            .collect();
        let allowed = methods.join(", ");
        let other = web::to(move || answers::method_not_allowed(&allowed));
        let resource = endpoints.into_iter().fold(
            web::resource(path).default_service(other),
            |resource, endpoint| resource.route(endpoint.route),
        );
        self.service(resource.wrap(from_fn(answers::outlive_panics)))
    }
}

/// All addresses that are open, in the order in which they are looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Table(pub Vec<Row>);

/// A method of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Row {
    /// The method.
    pub method: &'static str,
    /// The address, with `{…}` for what varies.
    pub path: &'static str,
}

impl Routing for Table {
    fn at<const N: usize>(&mut self, path: &'static str, endpoints: [Endpoint; N]) -> &mut Self {
        let methods = endpoints.iter().flat_map(|endpoint| endpoint.methods);
        self.0.extend(methods.map(|method| Row { method, path }));
        self
    }
}
