//! What a span's flags tell of contexts that were not sampled: their spans will never come.
//!
//! Source: opentelemetry-proto, `trace/v1/trace.proto`, `Span.flags` and `Span.Link.flags`. Bits 0–7
//! are the W3C trace flags, of the span itself and of the context linked to; bit 8 says that the
//! field was filled. Yet exporters fill bits 8 and 9 only and leave the trace flags out (Python's;
//! Go's before opentelemetry-go 7438), so bit 8 alone does not make an absent bit 0 mean anything.

use waybill_model::span::Span;

use super::graph::ContextId;

const SAMPLED: u32 = 0x01;
const TRACE_FLAGS: u32 = 0xff;
const FILLED: u32 = 0x100;

/// Contexts of which the span says that they were not sampled.
pub fn unsampled(span: &Span) -> impl Iterator<Item = ContextId> + '_ {
    let links = span.links.iter();
    let linked = links
        .filter(|link| says_unsampled(link.flags) || (is_filled(link.flags) && tells(span.flags)))
        .map(|link| (link.trace_id, link.span_id));
    // Its own flags come down from its parent's: no flags of the parent are sent.
    let parent = span.parent_id.filter(|_| says_unsampled(span.flags));
    linked.chain(parent.map(|parent| (span.trace_id, parent)))
}

/// Some trace flag stands there and the sampled one does not.
fn says_unsampled(flags: u32) -> bool {
    flags & TRACE_FLAGS != 0 && flags & SAMPLED == 0
}

/// Filled, with no trace flag set: not sampled, if this exporter writes trace flags.
fn is_filled(flags: u32) -> bool {
    flags & FILLED != 0 && flags & TRACE_FLAGS == 0
}

/// Whether an exporter that wrote these flags of its own span may be believed to write trace flags:
/// what is exported was sampled, so filled flags without the bit are of one that leaves them out.
fn tells(own: u32) -> bool {
    own & FILLED == 0 || own & TRACE_FLAGS != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::fixture::{link, span, span_id, trace_id};

    /// Flags of the span, flags of its link, what is said of the link and of the parent.
    #[test]
    fn only_flags_that_are_real_are_believed() {
        let linked = (trace_id(2), span_id(2));
        let parent = (trace_id(1), span_id(9));
        for (own, of_link, expected) in [
            (0x301, 0x300, vec![linked]),
            (0x301, 0x301, vec![]),
            (0x301, 0x302, vec![linked]),
            (0, 0x300, vec![linked]),
            (0, 0, vec![]),
            (1, 0, vec![]),
            // Bits 8 and 9 only, on the exporter's own sampled span too.
            (0x300, 0x300, vec![]),
            (0x302, 0x301, vec![parent]),
            (0x302, 0x302, vec![linked, parent]),
        ] {
            let mut span = span("billing", 1, 1);
            span.parent_id = Some(span_id(9));
            span.flags = own;
            span.links = vec![link(2, 2)];
            span.links[0].flags = of_link;
            let told: Vec<ContextId> = unsampled(&span).collect();
            assert_eq!(told, expected, "{own:#x} {of_link:#x}");
        }
    }
}
