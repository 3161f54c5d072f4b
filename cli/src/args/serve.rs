//! `gatepass serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use gatepass::parse_network;
use ipnet::IpNet;

use super::values::span;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 picks one. Can be repeated. Plain HTTP is for loopback alone. A browser finds the console at
    /// the root, `http://127.0.0.1:8443/`.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "GATEPASS_LISTEN",
        value_delimiter = ',',
        default_value = "127.0.0.1:8443"
    )]
    pub(crate) listen: Vec<SocketAddr>,
    /// The certificate, with its chain (PEM); read again when it changes.
    #[arg(long, value_name = "PATH", env = "GATEPASS_TLS_CERT", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[arg(long, value_name = "PATH", env = "GATEPASS_TLS_KEY", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// A proxy whose X-Forwarded-For is believed; none when not said. Can be repeated.
    #[arg(long = "trusted-proxy", value_name = "CIDR", env = "GATEPASS_TRUSTED_PROXY", value_delimiter = ',',
          value_parser = parse_network)]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The file with the key that sessions are signed with, made if there is none: the same for all authorities of a
    /// store. Beside the store's file when not said.
    #[arg(long, value_name = "PATH", env = "GATEPASS_SESSION_KEY_FILE")]
    pub(crate) session_key_file: Option<PathBuf>,
    /// Make no first user: a store without users is managed from the command line.
    #[arg(long)]
    pub(crate) no_admin: bool,
    /// What the server calls itself, in sessions and in the realm of its challenges.
    #[arg(long, value_name = "NAME", env = "GATEPASS_SERVER_NAME", default_value = "gatepass")]
    pub(crate) server_name: String,
    /// Whom it belongs to, in sessions.
    #[arg(
        long,
        value_name = "NAME",
        env = "GATEPASS_ORGANIZATION",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) organization: String,
    /// Serve a directory of invented people as well, to use tokens against: RadiantOne's REST API under /adap, SCIM under
    /// /scim2/v2. For tests: never put real data into it.
    #[arg(long, help_heading = "Sandbox")]
    pub(crate) sandbox: bool,
    /// Its file, made where there is none; `STORE-sandbox.db`, beside the store's file, when not said.
    #[arg(long, value_name = "PATH", help_heading = "Sandbox", requires = "sandbox")]
    pub(crate) sandbox_data: Option<PathBuf>,
    /// How many people are invented where the file is new, and a group for each twenty (200 when not said).
    #[arg(long, value_name = "N", help_heading = "Sandbox", requires = "sandbox")]
    pub(crate) sandbox_people: Option<u64>,
    /// The name of its topmost entry.
    #[arg(long, value_name = "DN", help_heading = "Sandbox", requires = "sandbox", default_value = "o=acme")]
    pub(crate) sandbox_base: String,
    /// Let whoever sends no token read by REST.
    #[arg(long, help_heading = "Sandbox", requires = "sandbox")]
    pub(crate) sandbox_anonymous: bool,
    /// How the log is written.
    #[arg(long, value_enum, value_name = "FORMAT", env = "GATEPASS_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Connections at a time; more wait (16384 when not said, and no more than the system permits).
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub(crate) max_connections: Option<usize>,
    /// Bytes of a request's body (1 MiB when not said).
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    pub(crate) max_body: Option<usize>,
    /// How long headers or a body may take to arrive, an answer may stay unread, and a connection be idle (15s to
    /// arrive and idle, 30s unread when not said).
    #[arg(long, value_name = "SPAN", help_heading = "Limits", value_parser = span)]
    pub(crate) patience: Option<Duration>,
    /// How long an answer may take to begin (30s when not said).
    #[arg(long, value_name = "SPAN", help_heading = "Limits", value_parser = span)]
    pub(crate) request_time: Option<Duration>,
    /// How long requests under way may take to finish when the server ends (30s when not said).
    #[arg(long, value_name = "SPAN", help_heading = "Limits", value_parser = span)]
    pub(crate) shutdown_time: Option<Duration>,
    /// Passwords that are hashed at a time, each in 19 MiB (one for each processor, 4 at the most, when not said).
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub(crate) hashing: Option<usize>,
    /// Logins that may wait for that; more are turned away (64 when not said).
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub(crate) hashing_queue: Option<usize>,
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// An object a line.
    Json,
}
