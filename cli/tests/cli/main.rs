//! The command line as its users run it: the program itself, in a folder of its own.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what fails here fails its test"
)]

mod audit;
mod checks;
mod copies;
mod data;
mod errors;
mod manual;
mod place;
mod readme;
mod replicas;
mod roles;
mod sandbox;
mod secrets;
mod serve;
mod served;
mod server;
mod tokens;
mod users;
mod validators;
