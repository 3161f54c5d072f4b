//! A refusal in the form of one of the sandbox's APIs.

use std::marker::PhantomData;

use axum::response::{IntoResponse, Response};
use gatepass::Error;

use crate::errors::{Failure, Style};

/// An API, by the form of its errors.
pub(super) trait Form {
    const STYLE: Style;
}

/// A refusal in that form.
pub(super) struct Refused<F>(Failure, PhantomData<F>);

impl<F: Form> From<Failure> for Refused<F> {
    fn from(failure: Failure) -> Self {
        Self(failure.in_style(F::STYLE), PhantomData)
    }
}

impl<F: Form> From<Error> for Refused<F> {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}

impl<F> IntoResponse for Refused<F> {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
