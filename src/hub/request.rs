//! One request, and which answers are worth another.

use std::fmt;
use std::time::Duration;

use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::token::token;
use crate::{Address, Error, RetrievalError};

/// The longest pause a server may ask for.
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// An HTTP client with the settings of a downloader.
pub(super) struct Client {
    agent: Agent,
}

/// Why an attempt did not bring the file.
pub(super) enum Failure {
    /// Another attempt would fail in the same way.
    Final(Error),
    /// No server was reached.
    NoConnection(String),
    /// The server or the connection failed; the server may have asked for a pause.
    Transient(String, Option<Duration>),
}

impl Client {
    pub(super) fn new(patience: Duration, https_only: bool) -> Client {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(0)
            .https_only(https_only)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .user_agent(concat!("ocelli/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(patience.min(Duration::from_secs(30))))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience));
        if let Some(certificates) = trusted_certificates() {
            let roots = RootCerts::new_with_certs(&certificates);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Client { agent: config.build().new_agent() }
    }

    /// Asks for the bytes from `offset` on of the version `etag`.
    pub(super) fn get(
        &self,
        address: &Address,
        offset: u64,
        etag: Option<&str>,
    ) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.get(address.url());
        if let Some(token) = token(address) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if offset > 0 {
            request = request.header(header::RANGE, format!("bytes={offset}-"));
            if let Some(etag) = etag {
                request = request.header(header::IF_RANGE, etag);
            }
        }
        let response = request.call().map_err(|error| failure(address, &error))?;
        check_status(address, response.status(), response.headers())?;
        Ok(response)
    }
}

impl Failure {
    pub(super) fn transient(reason: impl Into<String>) -> Failure {
        Failure::Transient(reason.into(), None)
    }

    pub(super) fn wanted_pause(&self) -> Option<Duration> {
        match self {
            Failure::Transient(_, pause) => *pause,
            _ => None,
        }
    }

    /// The error once no attempt is left.
    pub(super) fn give_up(self, address: &Address, attempts: u32) -> Error {
        match self {
            Failure::Final(error) => error,
            Failure::NoConnection(reason) => {
                RetrievalError::NoConnection { host: address.host().to_owned(), reason }.into()
            }
            Failure::Transient(reason, _) => {
                RetrievalError::Exhausted { url: address.to_string(), attempts, reason }.into()
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Final(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Final(error) => error.fmt(f),
            Failure::NoConnection(reason) | Failure::Transient(reason, _) => f.write_str(reason),
        }
    }
}

fn failure(address: &Address, error: &ureq::Error) -> Failure {
    let reason = error.to_string();
    match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            Failure::NoConnection(reason)
        }
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
            Failure::NoConnection(reason)
        }
        ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::Protocol(_) => {
            Failure::transient(reason)
        }
        ureq::Error::RequireHttpsOnly(_) => {
            Failure::Final(RetrievalError::NotEncrypted { url: address.to_string() }.into())
        }
        _ => Failure::Final(
            RetrievalError::NoConnection { host: address.host().to_owned(), reason }.into(),
        ),
    }
}

fn check_status(address: &Address, status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let url = address.to_string();
    let error = match status.as_u16() {
        200 | 206 | 416 => return Ok(()),
        408 | 429 | 500 | 502 | 503 | 504 => {
            return Err(Failure::Transient(
                format!("the server answered {status}"),
                pause(headers),
            ));
        }
        401 => RetrievalError::Unauthorized { url },
        403 => RetrievalError::Forbidden { url },
        404 | 410 => RetrievalError::NotFound { url },
        status => RetrievalError::Status { url, status },
    };
    Err(Failure::Final(error.into()))
}

fn pause(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_PAUSE))
}

/// The certificates in the file that `SSL_CERT_FILE` names, for networks with an authority of their own.
fn trusted_certificates() -> Option<Vec<Certificate<'static>>> {
    let file = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty())?;
    let pem = std::fs::read(file).ok()?;
    let certificates: Vec<_> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    (!certificates.is_empty()).then_some(certificates)
}
