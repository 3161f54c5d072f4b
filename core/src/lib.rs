//! Gatepass core.
