//! Requests encoded once and patched in place: what the generator costs must not be mistaken for
//! what the server costs.
//!
//! A cycle is every template sent once. Its traces' spans are spread over all templates and
//! shuffled. From cycle to cycle eight bytes of each trace id, four of each span id, the digits of
//! the searchable attributes and the times change; all of it stands at known offsets.

use bytes::Bytes;

pub const SPANS_A_REQUEST: usize = 512;
const REQUESTS_A_CYCLE: usize = 64;
const ATTRIBUTES: &str = include_str!("../fixtures/bench/attributes.txt");

pub struct Template {
    bytes: Vec<u8>,
    patches: Vec<Patch>,
}

#[derive(Clone, Copy)]
struct Patch {
    at: usize,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// Eight bytes, from the cycle.
    Trace,
    /// Four bytes, from the cycle.
    Span,
    /// A varint of five bytes, from the cycle and the trace's number: no two messages share a place.
    Offset { trace: u32 },
    /// Eight hexadecimal digits, from the cycle and the trace's number.
    Digits { trace: u32 },
    /// Eight bytes of nanoseconds, so much after the cycle's start.
    Time { offset: u64 },
}

/// One cycle's worth of templates, about 33,000 spans in 8,000 traces.
pub fn templates(seed: u64) -> Vec<Template> {
    let mut random = Random(seed);
    let mut spans = Vec::new();
    let mut trace = 0u32;
    while spans.len() < REQUESTS_A_CYCLE * SPANS_A_REQUEST {
        let count = 3 + random.below(3) as u32;
        spans.extend((0..count).map(|number| (trace, number)));
        trace += 1;
    }
    spans.truncate(REQUESTS_A_CYCLE * SPANS_A_REQUEST);
    for at in (1..spans.len()).rev() {
        spans.swap(at, random.below(at as u64 + 1) as usize);
    }
    spans.chunks(SPANS_A_REQUEST).map(template).collect()
}

impl Template {
    /// The request of a cycle, with `now` in Unix nanoseconds.
    pub fn request(&self, cycle: u64, now: u64) -> Bytes {
        let mut bytes = self.bytes.clone();
        // Spread over all bits, so that ids look as random as real ones.
        let spread = spread(cycle);
        for patch in &self.patches {
            let slot = &mut bytes[patch.at..];
            match patch.what {
                What::Trace => slot[..8].copy_from_slice(&spread.to_be_bytes()),
                What::Span => slot[..4].copy_from_slice(&spread.to_be_bytes()[..4]),
                What::Offset { trace } => {
                    let number = (cycle & 0xf_ffff) << 14 | u64::from(trace);
                    varint_of_five(number, slot);
                }
                What::Digits { trace } => {
                    slot[..8].copy_from_slice(&digits(spread, trace));
                }
                What::Time { offset } => {
                    slot[..8].copy_from_slice(&(now + offset).to_le_bytes());
                }
            }
        }
        Bytes::from(bytes)
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// The order that a trace of a cycle was about.
pub fn order_id(cycle: u64, trace: u32) -> String {
    let digits = digits(spread(cycle), trace);
    format!("o-{}", String::from_utf8_lossy(&digits))
}

fn spread(cycle: u64) -> u64 {
    (cycle + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn digits(spread: u64, trace: u32) -> [u8; 8] {
    let number = (spread as u32).wrapping_add(trace.wrapping_mul(0x85eb_ca6b));
    std::array::from_fn(|index| b"0123456789abcdef"[(number >> (4 * index)) as usize & 15])
}

fn template(spans: &[(u32, u32)]) -> Template {
    let mut body = Vec::new();
    let mut patches = Vec::new();
    for (trace, number) in spans {
        let mut inner = Vec::new();
        let span = span(*trace, *number, &mut inner);
        tag(&mut body, 2, 2);
        varint(&mut body, span.len() as u64);
        patches.extend(inner.iter().map(|p| Patch {
            at: p.at + body.len(),
            ..*p
        }));
        body.extend(span);
    }
    // ScopeSpans, ResourceSpans and the request, each before what it holds.
    let mut scope = Vec::new();
    bytes(&mut scope, 1, &named("waybill.bench"));
    let mut head = Vec::new();
    let mut resource = Vec::new();
    text_attribute(&mut resource, 1, "service.name", "orders-shop");
    text_attribute(
        &mut resource,
        1,
        "service.instance.id",
        "orders-shop-6f7c9d5b8-x2x9k",
    );
    let scope_len = scope.len() + body.len();
    let mut inner = Vec::new();
    bytes(&mut inner, 1, &resource);
    tag(&mut inner, 2, 2);
    varint(&mut inner, scope_len as u64);
    inner.extend(scope);
    tag(&mut head, 1, 2);
    varint(&mut head, (inner.len() + body.len()) as u64);
    head.extend(inner);
    for patch in &mut patches {
        patch.at += head.len();
    }
    head.extend(body);
    Template {
        bytes: head,
        patches,
    }
}

fn span(trace: u32, number: u32, patches: &mut Vec<Patch>) -> Vec<u8> {
    let consumes = number > 0;
    let operation = if consumes { "process" } else { "send" };
    let mut out = Vec::with_capacity(600);
    // Field 1 and its length come first; the constant half of the id names the trace.
    let mut id = [0x11; 16];
    id[8..12].copy_from_slice(&trace.to_be_bytes());
    bytes(&mut out, 1, &id);
    patches.push(Patch {
        at: out.len() - 16,
        what: What::Trace,
    });
    span_id(&mut out, 2, trace, number, patches);
    if consumes {
        span_id(&mut out, 4, trace, number - 1, patches);
    }
    bytes(
        &mut out,
        5,
        format!("{operation} orders.placed.v1").as_bytes(),
    );
    tag(&mut out, 6, 0);
    varint(&mut out, if consumes { 5 } else { 4 });
    for (field, offset) in [
        (7, u64::from(number) * 3_000_000),
        (8, u64::from(number) * 3_000_000 + 2_100_000),
    ] {
        tag(&mut out, field, 1);
        patches.push(Patch {
            at: out.len(),
            what: What::Time { offset },
        });
        out.extend([0; 8]);
    }
    for line in ATTRIBUTES.lines().filter(|line| !line.starts_with('#')) {
        let Some((key, (kind, value))) = line
            .split_once(" = ")
            .and_then(|(key, rest)| Some((key, rest.split_once(' ')?)))
        else {
            continue;
        };
        if kind == "offset" {
            int_attribute(&mut out, key, FIVE_BYTES);
            patches.push(Patch {
                at: out.len() - 5,
                what: What::Offset { trace },
            });
            continue;
        }
        let digits_at = value.find("{trace}");
        let value = value
            .replace("{operation}", operation)
            .replace("{trace}", "00000000");
        text_attribute(&mut out, 9, key, &value);
        if let Some(at) = digits_at {
            let at = out.len() - value.len() + at;
            patches.push(Patch {
                at,
                what: What::Digits { trace },
            });
        }
    }
    out
}

fn span_id(out: &mut Vec<u8>, field: u32, trace: u32, number: u32, patches: &mut Vec<Patch>) {
    let mut id = [0x22; 8];
    id[4..].copy_from_slice(&(trace * 8 + number).to_be_bytes());
    bytes(out, field, &id);
    patches.push(Patch {
        at: out.len() - 8,
        what: What::Span,
    });
}

fn text_attribute(out: &mut Vec<u8>, field: u32, key: &str, value: &str) {
    let mut any = Vec::new();
    bytes(&mut any, 1, value.as_bytes());
    attribute(out, field, key, &any);
}

fn int_attribute(out: &mut Vec<u8>, key: &str, value: u64) {
    let mut any = Vec::new();
    tag(&mut any, 3, 0);
    varint(&mut any, value);
    attribute(out, 9, key, &any);
}

/// From here to twice as much a varint has five bytes.
const FIVE_BYTES: u64 = 1 << 34;

fn varint_of_five(number: u64, slot: &mut [u8]) {
    prost::encoding::encode_varint(FIVE_BYTES | number, &mut &mut slot[..5]);
}

/// The value ends the attribute, so its offset can be told from the end.
fn attribute(out: &mut Vec<u8>, field: u32, key: &str, any: &[u8]) {
    let mut pair = Vec::new();
    bytes(&mut pair, 1, key.as_bytes());
    bytes(&mut pair, 2, any);
    bytes(out, field, &pair);
}

fn named(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(&mut out, 1, name.as_bytes());
    out
}

fn bytes(out: &mut Vec<u8>, field: u32, content: &[u8]) {
    tag(out, field, 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn tag(out: &mut Vec<u8>, field: u32, wire: u32) {
    varint(out, u64::from(field << 3 | wire));
}

fn varint(out: &mut Vec<u8>, value: u64) {
    prost::encoding::encode_varint(value, out);
}

/// Splitmix64: the same load for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}
