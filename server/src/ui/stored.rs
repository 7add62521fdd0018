//! Stored messages as a page carries them: twice, as HTML and for hydration, so shorter than the API.

use waybill_model::stored::{Payload, StoredPage};

/// Bytes of one payload, and of all of a page.
const PAYLOAD: usize = 8 << 10;
const PAGE: usize = 512 << 10;

/// Texts only, and of long ones the beginning.
pub(super) fn shortened(mut page: StoredPage) -> StoredPage {
    let mut left = PAGE;
    for item in &mut page.items {
        for payload in item.key.iter_mut().chain(&mut item.value) {
            payload.json = None;
            shorten(payload, left.min(PAYLOAD));
            left -= payload.text.len().min(left);
        }
    }
    page
}

fn shorten(payload: &mut Payload, most: usize) {
    if payload.text.len() > most {
        let end = payload.text.floor_char_boundary(most);
        payload.text.truncate(end);
        payload.truncated = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut payload = Payload {
            format: "text".into(),
            text: "漢".repeat(10),
            json: None,
            schema: None,
            truncated: false,
            problem: None,
            size_bytes: 30,
        };
        shorten(&mut payload, 30);
        assert!(!payload.truncated);
        shorten(&mut payload, 7);
        assert_eq!((payload.text.as_str(), payload.truncated), ("漢漢", true));
    }
}
