//! The console: the page at `/`, where people manage access tokens in a browser, and the session that it has.
//!
//! It calls the same operations as every other client. What is its own is here: the session's token is a cookie that no
//! script can read, and a password is changed by whoever has the old one.

pub(crate) mod cookie;
mod files;
mod session;

use axum::http::Method;

use crate::endpoint::Endpoint;
use session::{ChangePassword, Me, SignIn};

const SESSION: &str = "/console/session";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("get-console", Method::GET, "/", files::page)
            .says("The console, for browsers: 404 where the Accept header does not ask for text/html")
            .gives_text("text/html")
            .refuses(&[404]),
        Endpoint::new("get-console-file", Method::GET, "/console/{file}", files::file)
            .says("What the console consists of")
            .gives_text("text/javascript")
            .refuses(&[404]),
        Endpoint::new("get-console-session", Method::GET, SESSION, session::get)
            .says("Who is signed in to the console; 204 where nobody is")
            .gives::<Me>(200),
        Endpoint::new("begin-console-session", Method::POST, SESSION, session::begin)
            .says("Sign in to the console; the session's token is a cookie")
            .takes::<SignIn>()
            .gives::<Me>(200)
            .refuses(&[401, 403, 429]),
        Endpoint::new("renew-console-session", Method::PUT, SESSION, session::renew)
            .says("Get a new token for the console's session, up to twelve hours after it began")
            .gives::<Me>(200)
            .refuses(&[401]),
        Endpoint::new("end-console-session", Method::DELETE, SESSION, session::end)
            .says("Sign out of the console")
            .gives_nothing(200),
        Endpoint::new("change-own-password", Method::PUT, "/console/password", session::change_password)
            .says("Change one's own password, which ends all other sessions")
            .takes::<ChangePassword>()
            .gives::<Me>(200)
            .refuses(&[400, 401, 429]),
    ]
}
