//! Secrets that senders write into texts.

/// `scheme://user:password@host` loses its user and password.
pub fn without_credentials(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        kept.push_str(before);
        let end = after.find(|c: char| c == '/' || c == '"' || c.is_whitespace());
        let authority = &after[..end.unwrap_or(after.len())];
        match authority.rfind('@') {
            Some(user_end) => {
                kept.push_str("••••");
                rest = &after[user_end..];
            }
            None => rest = after,
        }
    }
    kept.push_str(rest);
    kept
}
