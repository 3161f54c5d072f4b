//! Tells the linker on macOS that Python's own symbols are there once Python has loaded the library.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
