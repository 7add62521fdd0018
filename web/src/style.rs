//! The one style sheet, served as `/pkg/app.css`.

const LAYERS: [&str; 7] = [
    include_str!("../style/tokens.css"),
    include_str!("../style/base.css"),
    include_str!("../style/layout.css"),
    include_str!("../style/parts.css"),
    include_str!("../style/journey.css"),
    include_str!("../style/pages.css"),
    include_str!("../style/observed.css"),
];

/// `text/css; charset=utf-8`; its address changes with its content, so it may be cached for ever.
pub fn app_css() -> String {
    LAYERS.concat()
}

/// The address that pages link to.
pub fn app_css_href() -> String {
    format!("/pkg/app.css?v={:016x}", HASH)
}

const HASH: u64 = {
    // FNV-1a, 64 bits.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut layer = 0;
    while layer < LAYERS.len() {
        let bytes = LAYERS[layer].as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        layer += 1;
    }
    hash
};
