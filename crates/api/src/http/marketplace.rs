//! What a marketplace's back end says about its people and products: `/api/server`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Json, Path},
};
use messaging_domain::{Directory as _, Error, UserId};

use super::{actor::BackEnd, body::Body};
use crate::{
    problem::Problem,
    service::Service,
    wire::{
        product::{Product, PutProduct},
        query,
        user::{EraseQuery, PutUser, User},
    },
};

/// Describe a person.
#[utoipa::path(put, path = "/api/server/users/{id}", operation_id = "putUser", tag = "marketplace", request_body = PutUser,
    params(("id" = String, Path, description = "The marketplace's id.")), security(("serverKey" = [])),
    responses((status = 200, description = "The person.", body = User)))]
pub(super) async fn put_user(
    _: BackEnd,
    service: Data<Service>,
    id: Path<String>,
    body: Body,
) -> Result<Json<User>, Problem> {
    let profile = body.json::<PutUser>().await?.parse(&id)?;
    let user = service.store.put_user(profile).await?;
    Ok(Json(User::from(&user)))
}

/// Describe a product.
#[utoipa::path(put, path = "/api/server/products/{id}", operation_id = "putProduct", tag = "marketplace", request_body = PutProduct,
    params(("id" = String, Path, description = "The marketplace's id.")), security(("serverKey" = [])),
    responses((status = 200, description = "The product.", body = Product)))]
pub(super) async fn put_product(
    _: BackEnd,
    service: Data<Service>,
    id: Path<String>,
    body: Body,
) -> Result<Json<Product>, Problem> {
    let product = body.json::<PutProduct>().await?.parse(&id)?;
    let product = service.store.put_product(product).await?;
    Ok(Json(Product::from(&product)))
}

/// Erase a person: account, profile and sessions. Messages stay under an erased author, or go too.
#[utoipa::path(delete, path = "/api/server/users/{id}", operation_id = "eraseUser", tag = "marketplace",
    params(("id" = String, Path, description = "The marketplace's id."), EraseQuery), security(("serverKey" = [])),
    responses((status = 204, description = "Erased."),
        (status = 404, description = "`not_found`: nobody has, or had, this id.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn erase_user(
    _: BackEnd,
    service: Data<Service>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let fate = query::read::<EraseQuery>(request.query_string())?.parse()?;
    let Ok(user) = UserId::parse(&id) else {
        return Err(Error::NotFound.into());
    };
    service.store.erase(&user, fate).await?;
    Ok(HttpResponse::NoContent().finish())
}
