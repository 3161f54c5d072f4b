//! Opening a store, connecting to a server, and letting go of either.

use std::sync::Arc;

use gatepass::{
    Acting, Actor, Brand, Clock, ConnectOptions, Error, Gatepass, OpenOptions, Password, SystemClock,
};
use zeroize::Zeroizing;

use crate::ask::span_of;
use crate::runtime::run;
use crate::{ClockHandle, CredentialHandle, Failure, FollowData, PolicyData, SubjectsHandle, VerifierHandle};

#[derive(Debug, uniffi::Object)]
pub struct GatepassHandle(pub(crate) Gatepass);

#[derive(Debug, Clone, uniffi::Record)]
pub struct OpenData {
    pub brand: Option<String>,
    pub policy: Option<PolicyData>,
    pub actor: Option<String>,
    pub create: bool,
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct ConnectData {
    pub urls: Vec<String>,
    pub timeout: Option<i64>,
    pub connect_timeout: Option<i64>,
    pub attempts: Option<i32>,
    pub certificate_authorities: Vec<Vec<u8>>,
    pub no_proxy: bool,
    pub product: Option<String>,
    pub policy: Option<PolicyData>,
    pub username: Option<String>,
    /// Where a cluster may lead.
    pub nodes: Vec<String>,
}

pub(crate) fn clock_or_system(clock: Option<Arc<ClockHandle>>) -> Arc<dyn Clock> {
    clock.map_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>, |clock| clock.clock())
}

#[uniffi::export]
pub async fn open_store(
    store: String,
    options: OpenData,
    clock: Option<Arc<ClockHandle>>,
) -> Result<Arc<GatepassHandle>, Failure> {
    run(async move {
        let mut opening = OpenOptions::default().create(options.create).clock(clock_or_system(clock));
        if let Some(brand) = options.brand {
            opening = opening.brand(Brand::new(brand)?);
        }
        if let Some(policy) = options.policy {
            opening = opening.policy(policy.policy()?);
        }
        if let Some(name) = options.actor {
            opening = opening.acting(Acting::new(Actor::Owner(name)));
        }
        Ok(Arc::new(GatepassHandle(opening.open(store).await?)))
    })
    .await
}

/// With a credential, or as a user with a password. What is secret comes beside the options, which are copied.
#[uniffi::export]
pub async fn connect_to_server(
    options: ConnectData,
    credential: Option<Arc<CredentialHandle>>,
    password: Option<String>,
    client_certificate: Option<Vec<u8>>,
    clock: Option<Arc<ClockHandle>>,
) -> Result<Arc<GatepassHandle>, Failure> {
    let (password, certificate) = (password.map(Password::new), client_certificate.map(Zeroizing::new));
    // Certificates are read from the machine's files.
    run(async move {
        let (urls, options) = connect_options(options, credential, password, certificate)?;
        let options = options.clock(clock_or_system(clock));
        Ok(Arc::new(GatepassHandle(options.connect_to_one_of(urls)?)))
    })
    .await
}

fn connect_options(
    asked: ConnectData,
    credential: Option<Arc<CredentialHandle>>,
    password: Option<Password>,
    certificate: Option<Zeroizing<Vec<u8>>>,
) -> gatepass::Result<(Vec<String>, ConnectOptions)> {
    let mut options = match (credential, asked.username, password) {
        (Some(credential), None, None) => ConnectOptions::new(credential.0.clone()),
        (None, Some(username), Some(password)) => ConnectOptions::login(username, password),
        _ => {
            let text = "give either a credential, or a user's name and password";
            return Err(Error::invalid("credential", "credential_required", text));
        }
    };
    if let Some(limit) = asked.timeout {
        options = options.timeout(span_of("timeout", limit)?);
    }
    if let Some(limit) = asked.connect_timeout {
        options = options.connect_timeout(span_of("connectTimeout", limit)?);
    }
    if let Some(attempts) = asked.attempts {
        options = options.attempts(u32::try_from(attempts).unwrap_or(1));
    }
    options = asked.certificate_authorities.into_iter().fold(options, ConnectOptions::certificate_authority);
    if let Some(pem) = certificate {
        options = options.client_certificate(pem.to_vec());
    }
    if asked.no_proxy {
        options = options.no_proxy();
    }
    if let Some(name) = asked.product {
        options = options.product(name);
    }
    if let Some(policy) = asked.policy {
        options = options.policy(policy.policy()?);
    }
    options = asked.nodes.into_iter().fold(options, ConnectOptions::node);
    Ok((asked.urls, options))
}

/// The same for an API that is opened by a token alone, at one URL.
pub(crate) fn data_options(
    asked: ConnectData,
    credential: Arc<CredentialHandle>,
    certificate: Option<Vec<u8>>,
) -> gatepass::Result<(String, ConnectOptions)> {
    let (urls, options) = connect_options(asked, Some(credential), None, certificate.map(Zeroizing::new))?;
    let missing = || Error::invalid("url", "url_missing", "say which server");
    Ok((urls.into_iter().next().ok_or_else(missing)?, options))
}

#[uniffi::export]
impl GatepassHandle {
    pub fn place(&self) -> String {
        self.0.place()
    }

    pub async fn verifier(
        &self,
        options: FollowData,
        subjects: Option<Arc<SubjectsHandle>>,
    ) -> Result<Arc<VerifierHandle>, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            Ok(Arc::new(VerifierHandle::new(gatepass.verifier_with(options.options(subjects)?).await?)))
        })
        .await
    }

    pub async fn request(
        &self,
        method: String,
        path: String,
        query: Vec<Vec<String>>,
        body: Option<String>,
    ) -> Result<crate::ServiceAnswerData, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let malformed = |_| Error::invalid("body", "body_malformed", "the body is no JSON");
            let body = body.map(|body| serde_json::from_str(&body).map_err(malformed)).transpose()?;
            let query: Vec<(&str, &str)> = query
                .iter()
                .filter_map(|pair| Some((pair.first()?.as_str(), pair.get(1)?.as_str())))
                .collect();
            let answer = gatepass.request(&method, &path, &query, body.as_ref()).await?;
            Ok(crate::ServiceAnswerData { status: answer.status, body: answer.body.to_string() })
        })
        .await
    }

    pub async fn myself(&self) -> Result<crate::MyselfData, Failure> {
        let gatepass = self.0.clone();
        run(async move {
            let me = gatepass.myself().await?;
            let now = gatepass.clock().now();
            Ok(crate::MyselfData {
                kind: me.kind,
                name: me.name,
                roles: me.roles,
                scopes: me.scopes,
                expires_on: crate::data::millis(me.expires_on),
                token: me.token.map(|token| crate::TokenData::new(&token, now)),
            })
        })
        .await
    }

    pub async fn close_all(&self) -> Result<(), Failure> {
        let gatepass = self.0.clone();
        run(async move {
            gatepass.close().await;
            Ok(())
        })
        .await
    }
}
