//! HTTP/1.1, as the management API and the metrics endpoint are asked.

use super::Asked;

/// The first whole request and its length in bytes; `None` while it is not all there.
pub(super) fn request(bytes: &[u8]) -> Option<(usize, Option<Asked>)> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok())?
    });
    let length: usize = length.unwrap_or_default();
    if bytes.len() < end + length {
        return None;
    }
    let name = head.lines().next().unwrap_or_default();
    let name = name.strip_suffix(" HTTP/1.1").unwrap_or(name).to_owned();
    // The one GET that acts: it declares a queue, publishes to it and takes the message.
    let acts = name.contains("/api/aliveness-test/");
    let reads = (name.starts_with("GET /") || name.starts_with("HEAD /")) && length == 0 && !acts;
    let detail = String::from_utf8_lossy(&bytes[end..end + length]).into_owned();
    let asked = Asked {
        name,
        detail,
        reads,
    };
    Some((end + length, Some(asked)))
}
