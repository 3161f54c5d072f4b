//! `gatepass serve`: the authority over a store, until the process is asked to end.

use std::io::{self, Write as _};
use std::path::PathBuf;

use gatepass::{Error, Gatepass, Location, Result, TrustedProxies};
use gatepass_authority::{AdminPassword, Options, SandboxOptions, SessionKey, TlsFiles, logging, serve};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{LogFormat, Serve};
use crate::context::{Context, Missing};
use crate::fault::{Outcome, Stop, internal, unwritten};

/// What the environment says of how much is logged.
const LOG: &str = "GATEPASS_LOG";

pub(crate) async fn run(context: &Context, asked: Serve) -> Result<Outcome, Stop> {
    let location = context.location()?;
    log(asked.log_format, context.verbose)?;
    let options = options(asked, &location)?;
    let gatepass = context.open(location, context.policy().clone(), Missing::Make).await?;
    let served = listen(options, &gatepass).await;
    gatepass.close().await;
    served
}

async fn listen(options: Options, gatepass: &Gatepass) -> Result<Outcome, Stop> {
    let has_sandbox = options.sandbox.is_some();
    let server = serve(options, gatepass.clone()).await?;
    let mut urls = server.urls();
    if has_sandbox {
        urls.extend(["/adap", "/scim2/v2"].map(|path| format!("{}{path}", server.url())));
    }
    // From here on the process may be asked to end, and so may whoever reads the URL.
    let running = server.run_until_signal();
    print(&urls)?;
    running.await?;
    Ok(Outcome::Done)
}

/// A line for each, the first one first. A server whose standard output nobody reads is none the worse.
fn print(urls: &[String]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = urls.iter().try_for_each(|url| writeln!(stdout, "{url}")).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(error)),
        _ => Ok(()),
    }
}

fn options(asked: Serve, store: &Location) -> Result<Options> {
    let mut options = Options::from_environment()?
        .listen(asked.listen)
        .trusted_proxies(TrustedProxies::new(asked.trusted_proxies))
        .server_name(asked.server_name)
        .organization(asked.organization);
    if let (Some(certificate), Some(key)) = (asked.tls_cert, asked.tls_key) {
        options = options.tls(TlsFiles::new(certificate, key));
    }
    if let Some(file) = asked.session_key_file {
        options = options.session_key(SessionKey::File(file));
    }
    if asked.sandbox {
        let mut sandbox = SandboxOptions::new(beside(asked.sandbox_data, store)?).base(asked.sandbox_base);
        sandbox.people = asked.sandbox_people.unwrap_or(sandbox.people);
        sandbox.anonymous = asked.sandbox_anonymous;
        options = options.sandbox(sandbox);
    }
    if asked.no_admin {
        options.admin_password = AdminPassword::NoUser;
    }
    let limits = &mut options.limits;
    if let Some(patience) = asked.patience {
        *limits = limits.clone().patience(patience);
    }
    limits.connections = asked.max_connections.unwrap_or(limits.connections);
    limits.body = asked.max_body.unwrap_or(limits.body);
    limits.request_time = asked.request_time.unwrap_or(limits.request_time);
    limits.shutdown_time = asked.shutdown_time.unwrap_or(limits.shutdown_time);
    limits.hashing = asked.hashing.unwrap_or(limits.hashing);
    limits.hashing_queue = asked.hashing_queue.unwrap_or(limits.hashing_queue);
    Ok(options)
}

/// The sandbox's file, beside the store's where it is not said.
fn beside(said: Option<PathBuf>, store: &Location) -> Result<PathBuf> {
    let usual = || {
        let mut name = store.path()?.as_os_str().to_owned();
        name.push("-sandbox.db");
        Some(name.into())
    };
    let missing = "the store is no file that the sandbox's could be beside: say --sandbox-data PATH";
    said.or_else(usual).ok_or_else(|| Error::invalid("sandboxData", "sandbox_data_required", missing))
}

/// The log, on standard error: what the environment says of it, else more the oftener it was asked for.
fn log(format: LogFormat, verbose: u8) -> Result<()> {
    let usual = match verbose {
        0 => "info",
        1 => "info,gatepass=debug,gatepass_authority=debug",
        _ => "info,gatepass=trace,gatepass_authority=trace",
    };
    let asked = std::env::var(LOG).ok().filter(|text| !text.is_empty());
    let filter = logging::Filter::builder().parse_lossy(asked.as_deref().unwrap_or(usual));
    let format = match format {
        LogFormat::Text => logging::Format::Text,
        LogFormat::Json => logging::Format::Json,
    };
    let installed = logging::subscriber(format, filter, io::stderr).try_init();
    installed.map_err(|error| internal("this process logs already").with_cause(error))
}
