//! Where a form returns to: only ever an address of this console.

/// `next` if it is a path here, else the first page. Browsers read `\` as `/` and drop tabs and
/// line breaks, so neither may stand in it.
pub fn local(next: Option<&str>) -> &str {
    let next = next.unwrap_or("/");
    let path = next.starts_with('/') && !next.starts_with("//");
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if path && plain && next.len() <= 2_048 {
        next
    } else {
        "/"
    }
}

/// `next` with `error=code`, for a form that is shown again.
pub fn with_error(next: &str, code: &str) -> String {
    let (address, fragment) = next
        .split_once('#')
        .map_or((next, None), |(a, f)| (a, Some(f)));
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut pairs: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("error="))
        .collect();
    let error = format!("error={code}");
    pairs.push(&error);
    let fragment = fragment.map(|f| format!("#{f}")).unwrap_or_default();
    format!("{path}?{}{fragment}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_away_from_here() {
        for next in ["/", "/search?find=order.id%3D1001", "/journeys/c-1#spans"] {
            assert_eq!(local(Some(next)), next);
        }
        for next in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil",
            "javascript:alert(1)",
            "evil",
            "/é",
        ] {
            assert_eq!(local(Some(next)), "/", "{next:?}");
        }
        assert_eq!(local(None), "/");
    }

    #[test]
    fn an_error_stands_once() {
        assert_eq!(with_error("/", "not_found"), "/?error=not_found");
        assert_eq!(with_error("/a?b=c&error=x#d", "y"), "/a?b=c&error=y#d");
    }
}
