//! The files of the page, as `cargo xtask console` has built them: in the program, so that there is nothing to install
//! beside it.

use std::io::Write as _;
use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::errors::Failure;

/// A file: its name, its media type, what is in it.
type Built = (&'static str, &'static str, &'static [u8]);

const BUILT: &[Built] = &include!(concat!(env!("CARGO_MANIFEST_DIR"), "/console/dist/files.rs"));
/// The page itself, which names the others by what is in them.
const PAGE: &str = "index.html";

/// A file as it is sent.
struct File {
    name: &'static str,
    media: &'static str,
    plain: Bytes,
    gzip: Bytes,
    tag: HeaderValue,
}

/// Compressed here and not while they are built, for what compresses differs from machine to machine.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| BUILT.iter().map(File::new).collect());

impl File {
    fn new((name, media, content): &Built) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let compressed = encoder.write_all(content).and_then(|()| encoder.finish());
        let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(content)));
        Self {
            name,
            media,
            plain: Bytes::from_static(content),
            gzip: compressed.unwrap_or_default().into(), // into memory, where nothing fails
            tag: HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("W/\"\"")),
        }
    }
}

/// What a browser may do for the page: show it, run its scripts, and ask this server. Nothing inline, nobody else.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-read=(), \
         clipboard-write=(self)",
    ),
    (header::VARY, "accept, accept-encoding"),
];
/// A file that is another one has another name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The page, for whoever asks for one. To programs there is nothing at `/`, as there always was.
pub(super) async fn page(State(_): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let wanted = accepted.flat_map(|value| value.split(',')).any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/html")
    });
    let file = FILES.iter().find(|file| wanted && file.name == PAGE).ok_or_else(nothing)?;
    Ok(sent(file, &headers, "no-cache"))
}

pub(super) async fn file(
    State(_): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let file = FILES.iter().find(|file| file.name == name && name != PAGE).ok_or_else(nothing)?;
    Ok(sent(file, &headers, FOR_EVER))
}

fn nothing() -> Failure {
    Failure::status(StatusCode::NOT_FOUND, "no_such_path", "nothing is at this path")
}

fn sent(file: &File, headers: &HeaderMap, cache: &'static str) -> Response {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|tag| {
        tag.to_str().is_ok_and(|tags| tags.split(',').any(|tag| tag.trim().as_bytes() == file.tag.as_bytes()))
    });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else if takes_gzip(headers) {
        let mut response = Response::new(file.gzip.clone().into());
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        Response::new(file.plain.clone().into())
    };
    let out = response.headers_mut();
    for (name, value) in HEADERS {
        out.insert(name, HeaderValue::from_static(value));
    }
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::ETAG, file.tag.clone());
    response
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts
            .any(|weight| weight.strip_prefix("q=").is_some_and(|weight| weight.parse::<f32>() == Ok(0.0)));
        is_gzip && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_takes_gzip_gets_it() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
            takes_gzip(&headers)
        };
        assert!(of("gzip") && of("br, GZIP;q=0.5") && of("gzip;q=1"));
        assert!(!of("br") && !of("gzip;q=0") && !of("gzip; q=0.000") && !of("identity") && !of(""));
    }

    #[test]
    fn the_page_and_what_it_names_are_there() {
        let page = FILES.iter().find(|file| file.name == PAGE).unwrap();
        let text = std::str::from_utf8(&page.plain).unwrap();
        for name in text.split('"').filter_map(|word| word.strip_prefix("/console/")) {
            assert!(FILES.iter().any(|file| file.name == name), "{name}");
        }
        assert!(FILES.len() > 3 && FILES.iter().all(|file| !file.gzip.is_empty()));
    }
}
