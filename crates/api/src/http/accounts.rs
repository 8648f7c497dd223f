//! Local accounts: `/api/auth`.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    web::{Data, Json},
};

use super::{
    actor::{Actor, From},
    body::Body,
    cookie,
};
use crate::{
    auth::login::LoggedIn,
    problem::{Problem, Refusal},
    service::Service,
    wire::{
        account::{LogIn, Refresh, Register, Session, no_refresh_token},
        user::User,
    },
};

/// Make an account.
#[utoipa::path(post, path = "/api/auth/register", operation_id = "register", tag = "accounts", request_body = Register,
    responses((status = 201, description = "The account is made, and its person logged in.", body = Session),
        (status = 409, description = "`invalid`: the e-mail address has an account.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn register(
    service: Data<Service>,
    from: From,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: Register = open(&service, body).await?;
    let in_cookie = body.cookie == Some(true);
    let (email, password, name) = body.parse()?;
    service.limits.check_registration(from.0)?;
    let logged_in = service.logins.register(email, password, name).await?;
    Ok(welcome(
        &service,
        &request,
        HttpResponse::Created(),
        logged_in,
        in_cookie,
    ))
}

/// Log in.
#[utoipa::path(post, path = "/api/auth/login", operation_id = "logIn", tag = "accounts", request_body = LogIn,
    responses((status = 200, description = "Logged in.", body = Session),
        (status = 401, description = "`unauthenticated`: e-mail and password are not those of an account.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn log_in(
    service: Data<Service>,
    from: From,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: LogIn = open(&service, body).await?;
    let in_cookie = body.cookie == Some(true);
    let credentials = body.parse()?;
    let attempt = service
        .limits
        .check_login(credentials.email.as_ref(), from.0)?;
    let logged_in = match service.logins.log_in(credentials).await {
        Ok(None) => return Err(Refusal::Unauthenticated.into()),
        Ok(Some(logged_in)) => Ok(logged_in),
        Err(error) => Err(error),
    };
    attempt.succeeded();
    Ok(welcome(
        &service,
        &request,
        HttpResponse::Ok(),
        logged_in?,
        in_cookie,
    ))
}

/// Trade a refresh token for the next one and a new access token. A token that was traded before
/// revokes its whole login.
#[utoipa::path(post, path = "/api/auth/refresh", operation_id = "refreshLogin", tag = "accounts", request_body = Option<Refresh>,
    responses((status = 200, description = "Still logged in.", body = Session),
        (status = 401, description = "`unauthenticated`: the token is not good, or was used before.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: a cookie without an allowed `Origin`.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn refresh(
    service: Data<Service>,
    from: From,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: Option<Refresh> = open_if_any(&service, body).await?;
    let has_body = body.is_some();
    let token = body.and_then(|body| body.refresh_token);
    let in_cookie = token.is_none();
    let token = match token {
        Some(token) => Some(token),
        None => cookie::read(&request, &service)?,
    };
    let logged_in = match token {
        Some(token) => {
            // Counted before it is looked at, since a look costs a write.
            service.limits.check_bad_token(from.0)?;
            let refreshed = service.logins.refresh(&token).await;
            if !matches!(refreshed, Ok(None)) {
                service.limits.forgive_token(from.0);
            }
            refreshed?
        }
        None if has_body => return Err(no_refresh_token().into()),
        None => None,
    };
    let logged_in = logged_in.ok_or(Refusal::Unauthenticated)?;
    Ok(welcome(
        &service,
        &request,
        HttpResponse::Ok(),
        logged_in,
        in_cookie,
    ))
}

/// Log out: end the login of a refresh token and its open connections.
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "logOut", tag = "accounts", request_body = Option<Refresh>, security(("accessToken" = [])),
    responses((status = 204, description = "Logged out, also if the refresh token is not known."),
        (status = 403, description = "`forbidden`: a cookie without an allowed `Origin`.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn log_out(
    _: Actor,
    service: Data<Service>,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let body: Option<Refresh> = open_if_any(&service, body).await?;
    let mut answer = HttpResponse::NoContent();
    let token = match body.and_then(|body| body.refresh_token) {
        Some(token) => Some(token),
        None => cookie::read(&request, &service)?.inspect(|_| {
            answer.cookie(cookie::forget(&request));
        }),
    };
    if let Some(token) = token {
        service.logins.log_out(&token).await?;
    }
    Ok(answer.finish())
}

/// Whose access token it is.
#[utoipa::path(get, path = "/api/auth/me", operation_id = "whoAmI", tag = "accounts", security(("accessToken" = [])),
    responses((status = 200, description = "The caller.", body = User)))]
pub(super) async fn me(actor: Actor) -> Json<User> {
    Json(User::from(actor.user()))
}

async fn open<T: serde::de::DeserializeOwned>(service: &Service, body: Body) -> Result<T, Problem> {
    if service.logins.are_open() {
        body.json().await
    } else {
        Err(Refusal::SwitchedOff.into())
    }
}

async fn open_if_any<T: serde::de::DeserializeOwned>(
    service: &Service,
    body: Body,
) -> Result<Option<T>, Problem> {
    if service.logins.are_open() {
        body.json_if_any().await
    } else {
        Err(Refusal::SwitchedOff.into())
    }
}

fn welcome(
    service: &Service,
    request: &HttpRequest,
    mut answer: HttpResponseBuilder,
    LoggedIn {
        user,
        access_token,
        refresh_token,
    }: LoggedIn,
    in_cookie: bool,
) -> HttpResponse {
    let mut session = Session::new(
        &user,
        access_token,
        service.logins.access_lifetime(),
        refresh_token,
    );
    if let Some(token) = session.refresh_token.take_if(|_| in_cookie) {
        answer.cookie(cookie::bake(
            request,
            token,
            service.logins.refresh_lifetime(),
        ));
    }
    answer.json(session)
}
