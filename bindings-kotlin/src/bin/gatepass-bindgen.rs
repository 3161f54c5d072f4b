//! Writes Kotlin from the compiled library: uniffi's own program, at the version that the library was compiled with.

fn main() {
    uniffi::uniffi_bindgen_main();
}
