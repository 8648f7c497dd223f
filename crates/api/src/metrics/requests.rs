//! How long answers to requests take, by route and class of status.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use super::status_class;

/// The requests over HTTP.
#[derive(Debug, Clone)]
pub struct Requests(Family<Labels, Histogram, fn() -> Histogram>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    /// As a pattern: `/api/messages/conversations/{id}`.
    route: String,
    status: &'static str,
}

impl Default for Requests {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.000_25, 2.0, 15))
        }))
    }
}

impl Requests {
    /// Names them.
    pub fn expose(&self, registry: &mut Registry) {
        registry.register(
            "http_request_duration_seconds",
            "Requests by method, route and class of status, until the answer begins",
            self.0.clone(),
        );
    }

    /// A request that was answered; `route` is the pattern of its address, if there is one.
    pub(crate) fn answered(
        &self,
        method: &str,
        route: Option<String>,
        status: u16,
        took: Duration,
    ) {
        let labels = Labels {
            method: known(method),
            route: route.unwrap_or_else(|| "(none)".to_owned()),
            status: status_class(status),
        };
        self.0.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

/// The method, if it is one of the usual: anybody can make up others.
fn known(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("(other)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_methods_and_addresses_make_no_series() {
        let requests = Requests::default();
        for method in ["BREW", "PROPFIND", "get"] {
            requests.answered(method, None, 405, Duration::ZERO);
        }
        let mut registry = Registry::default();
        requests.expose(&mut registry);
        let mut written = String::new();
        prometheus_client::encoding::text::encode(&mut written, &registry).unwrap();
        let counts: Vec<_> = written
            .lines()
            .filter(|line| line.contains("_count{"))
            .collect();
        assert_eq!(
            counts,
            [
                "http_request_duration_seconds_count{method=\"(other)\",route=\"(none)\",status=\"4xx\"} 3"
            ]
        );
    }
}
