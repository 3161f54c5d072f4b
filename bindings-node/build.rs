//! Tells the linker what an addon of Node.js is.

fn main() {
    napi_build::setup();
}
