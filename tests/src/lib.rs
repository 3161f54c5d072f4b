//! Tests across languages.
