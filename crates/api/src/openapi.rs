//! The contract of HTTP: an OpenAPI 3.1 document, made from the types and the handlers.

use serde::Serialize;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, ContentBuilder, InfoBuilder, LicenseBuilder, Ref, RefOr, ResponseBuilder,
        Schema,
        path::{Operation, ParameterIn},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    http, problem,
    wire::{conversation, frame, message, user},
    ws,
};

/// A contract as it is printed, committed and served.
pub fn written(document: &impl Serialize) -> String {
    // What was built from types can always be written.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Contract::openapi()
}

#[derive(OpenApi)]
#[openapi(
    paths(
        http::register, http::log_in, http::refresh, http::log_out, http::me,
        http::inbox, http::start, http::window, http::configure, http::mark_read, http::unread,
        http::send, http::edit, http::delete, http::search,
        http::missed,
        http::put_user, http::erase_user, http::put_product,
        ws::upgrade,
        http::healthz, http::readyz,
        http::openapi, http::asyncapi, http::reference,
    ),
    components(schemas(
        problem::Problem, problem::FieldProblem, problem::Code,
        conversation::Conversation, message::Message, message::NewContent, user::User, user::Fate,
        frame::EventFrame,
    )),
    tags(
        (name = "accounts", description = "Local accounts: for marketplaces that have none of their own, and for the demo. Closed when an outside issuer makes the tokens."),
        (name = "conversations", description = "The caller's conversations."),
        (name = "messages", description = "Sending, changing and finding messages."),
        (name = "events", description = "What happened, for clients that missed it. The WebSocket has a contract of its own, `/asyncapi.json`."),
        (name = "marketplace", description = "What a marketplace's back end says about its people and products."),
        (name = "probes", description = "For whoever runs the service."),
        (name = "documents", description = "The contracts, made from the code."),
    ),
    modifiers(&Frame),
)]
struct Contract;

/// What holds for the whole document.
struct Frame;

impl Modify for Frame {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        document.info = InfoBuilder::new()
            .title("Messaging")
            .version("1.0.0")
            .description(Some("Messages between buyers and sellers of a marketplace. What happens is pushed over a WebSocket at `/api/messages/ws`, whose contract is `/asyncapi.json`."))
            .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()))
            .build();
        let components = document.components.get_or_insert_with(Components::new);
        for name in ["accessToken", "serverKey"] {
            components.add_security_scheme(
                name,
                SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
            );
        }
        for (path, item) in &mut document.paths.paths {
            let operations = [
                &mut item.get,
                &mut item.put,
                &mut item.post,
                &mut item.patch,
                &mut item.delete,
            ];
            for operation in operations.into_iter().flatten() {
                forbid_null(operation);
                add_refusals(path, operation);
            }
        }
    }
}

/// A body that may be left out may not be null for that.
fn forbid_null(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for content in body.content.values_mut() {
            if let RefOr::T(content) = content
                && let Some(RefOr::T(Schema::OneOf(either))) = &content.schema
            {
                content.schema = either.items.first().cloned();
            }
        }
    }
}

/// Adds the refusals that an operation shares with others of its kind.
fn add_refusals(path: &str, operation: &mut Operation) {
    let tagged = |tag: &str| {
        let tags = operation.tags.iter().flatten();
        tags.into_iter().any(|known| known == tag)
    };
    if tagged("probes") || tagged("documents") {
        return;
    }
    let has_body = operation.request_body.is_some();
    let has_query = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query));
    let of_accounts = tagged("accounts") && has_body;
    let refusals = [
        ("400", has_body, "`invalid`: the body is no JSON object."),
        (
            "401",
            operation.security.is_some(),
            "`unauthenticated`: no token, or one that is bad or expired.",
        ),
        (
            "404",
            path.contains("/conversations/{id}"),
            "`not_found`: absent, or not yours to know.",
        ),
        (
            "404",
            of_accounts,
            "`not_found`: there are no local accounts, for an outside issuer makes the tokens.",
        ),
        (
            "413",
            has_body,
            "`too_long`: the body has more than 65,536 bytes.",
        ),
        (
            "415",
            has_body,
            "`invalid`: the body is not `application/json`, or it is compressed.",
        ),
        (
            "422",
            has_body || has_query,
            "`invalid`, `too_long`, `unsupported_content`, `self_conversation`: `errors` names each field.",
        ),
        (
            "429",
            !tagged("marketplace"),
            "`rate_limited`: wait for `Retry-After`.",
        ),
        (
            "500",
            true,
            "`internal`: whether it was stored is not known; retry with the same `clientId`.",
        ),
        (
            "503",
            true,
            "`overloaded`: certainly not stored; wait for `Retry-After`.",
        ),
    ];
    for (status, applies, description) in refusals {
        let answers = &mut operation.responses.responses;
        if applies && !answers.contains_key(status) {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build();
            let response = ResponseBuilder::new()
                .description(description)
                .content(problem::MEDIA_TYPE, content)
                .build();
            answers.insert(status.to_owned(), response.into());
        }
    }
}
