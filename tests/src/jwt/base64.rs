//! Base64 (RFC 4648), written out: what the core reads is not written by what it reads with.

const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// In the alphabet of URLs, without padding.
pub(super) fn url(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..=chunk.len() {
            let digit = group >> (18 - 6 * place) & 63;
            text.extend(URL.get(digit as usize).map(|digit| char::from(*digit)));
        }
    }
    text
}

/// Reads it again.
pub(super) fn read_url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0;
        for (place, digit) in chunk.iter().enumerate() {
            let value = u32::try_from(URL.iter().position(|known| known == digit)?).ok()?;
            group |= value << (18 - 6 * place);
        }
        bytes.extend(group.to_be_bytes().get(1..chunk.len())?);
    }
    Some(bytes)
}

/// Reads the usual alphabet.
pub(super) fn standard(text: &str) -> Option<Vec<u8>> {
    read_url(&text.trim_end_matches('=').replace('+', "-").replace('/', "_"))
}
