//! The vendor's external token validators.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use gatepass::wire::{TestValidator, ValidatorDetails, ValidatorTest};
use gatepass::{Error, ExternalTokenValidator};

use crate::app::App;
use crate::auth::Caller;
use crate::body::{Json, Name};
use crate::endpoint::Endpoint;
use crate::errors::Failure;
use crate::tokens::changed;

/// Keys are waited for, as long as an attempt to fetch them may take.
const LONGEST_TEST: Duration = Duration::from_mins(1);

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const LIST: &str = "/api/settings-service/external_token_validators";
    const ONE: &str = "/api/settings-service/external_token_validators/{name}";
    vec![
        Endpoint::new("get-external-token-validator-list", Method::GET, LIST, list)
            .says("Get the external token validators, by name")
            .gives::<Vec<ValidatorDetails>>(200),
        Endpoint::new("create-external-token-validator", Method::POST, LIST, create)
            .says("Create an external token validator: the tokens that it accepts open its API")
            .takes::<ValidatorDetails>()
            .gives::<ValidatorDetails>(201)
            .refuses(&[400, 409]),
        Endpoint::new("get-external-token-validator", Method::GET, ONE, get)
            .says("Get an external token validator by its name")
            .gives::<ValidatorDetails>(200)
            .refuses(&[404]),
        Endpoint::new("update-external-token-validator", Method::PUT, ONE, update)
            .says("Replace an external token validator, whole")
            .takes::<ValidatorDetails>()
            .gives::<ValidatorDetails>(200)
            .refuses(&[400, 404]),
        Endpoint::new("delete-external-token-validator", Method::DELETE, ONE, delete)
            .says("Delete an external token validator: what only it accepted is refused from then on")
            .gives_nothing(200)
            .refuses(&[404]),
        Endpoint::new(
            "test-external-token-validator",
            Method::POST,
            "/api/gatepass/v1/validators/{name}/test",
            test,
        )
        .says(
            "Try an external token validator out: can its keys be fetched, and what does it say of a token?",
        )
        .takes::<TestValidator>()
        .waits(LONGEST_TEST)
        .gives::<ValidatorTest>(200)
        .refuses(&[400, 404]),
    ]
}

fn told(validator: &ExternalTokenValidator) -> Json<ValidatorDetails> {
    Json(ValidatorDetails::from(validator))
}

async fn list(caller: Caller) -> Result<Json<Vec<ValidatorDetails>>, Failure> {
    let validators = caller.gatepass.validators().list().await?;
    Ok(Json(validators.iter().map(ValidatorDetails::from).collect()))
}

async fn get(caller: Caller, Name(name): Name) -> Result<Json<ValidatorDetails>, Failure> {
    Ok(told(&caller.gatepass.validators().get(&name).await?))
}

async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(details): Json<ValidatorDetails>,
) -> Result<Response, Failure> {
    let made = caller.gatepass.validators().create(&details.try_into()?).await?;
    Ok(changed(&app, caller.gatepass.revision(), (StatusCode::CREATED, told(&made))).await)
}

async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(name): Name,
    Json(details): Json<ValidatorDetails>,
) -> Result<Response, Failure> {
    if details.name != name {
        let text = "the name in the body is not the one in the path; a validator keeps its name";
        return Err(Error::invalid("name", "name_differs", text).into());
    }
    let made = caller.gatepass.validators().update(&details.try_into()?).await?;
    Ok(changed(&app, caller.gatepass.revision(), told(&made)).await)
}

async fn delete(State(app): State<Arc<App>>, caller: Caller, Name(name): Name) -> Result<Response, Failure> {
    caller.gatepass.validators().delete(&name).await?;
    Ok(changed(&app, caller.gatepass.revision(), StatusCode::OK).await)
}

/// By the keys that this authority itself checks tokens with, so that it asks no provider more often than that does.
async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Name(name): Name,
    Json(TestValidator { token }): Json<TestValidator>,
) -> Result<Json<ValidatorTest>, Failure> {
    let validator = caller.gatepass.validators().get(&name).await?;
    let token = token.as_ref().map(|token| token.as_str());
    Ok(Json(app.verifier.validators().try_out(&validator, token, app.clock.as_ref()).await?))
}
