//! Spans from OTLP/JSON.

use serde_json::value::RawValue;
use waybill_model::id::{SpanId, TraceId};
use waybill_model::span::{Dropped, Event, Link, Span, Status};

use super::Reason;
use super::json_fields::{self as fields, Raw, each, present};
use super::json_values::{attributes, parts, text, time};
use super::spans;
use super::values::{self, Bounds};
use super::walk::Origin;

const SPAN_KINDS: &[&str] = &[
    "UNSPECIFIED",
    "INTERNAL",
    "SERVER",
    "CLIENT",
    "PRODUCER",
    "CONSUMER",
];

pub fn span(raw: &RawValue, origin: &Origin, bounds: &mut Bounds<'_>) -> Result<Span, Reason> {
    bounds.charge(size_of::<Span>())?;
    let [trace_id, span_id, parent_id, trace_state, name, kind] = parts(
        raw,
        [
            "traceId",
            "spanId",
            "parentSpanId",
            "traceState",
            "name",
            "kind",
        ],
    )?;
    let [start, end, list, events, links, status] = parts(
        raw,
        [
            "startTimeUnixNano",
            "endTimeUnixNano",
            "attributes",
            "events",
            "links",
            "status",
        ],
    )?;
    let [flags, no_attributes, no_events, no_links] = parts(
        raw,
        [
            "flags",
            "droppedAttributesCount",
            "droppedEventsCount",
            "droppedLinksCount",
        ],
    )?;
    let trace_id = fields::text(trace_id)?;
    let span_id = fields::text(span_id)?;
    let (links, nameless_links) = read_links(links, bounds)?;
    let dropped_links: u32 = fields::integer(no_links)?;
    Ok(Span {
        trace_id: trace_id.parse().map_err(values::trace_id_reason)?,
        span_id: span_id.parse().map_err(values::span_id_reason)?,
        parent_id: values::parent_id(fields::text(parent_id)?.parse())?,
        name: text(name, bounds)?,
        kind: spans::kind(fields::enumeration(kind, "SPAN_KIND_", SPAN_KINDS)?),
        started_at: time(start)?,
        ended_at: time(end)?,
        status: read_status(status, bounds)?,
        attributes: attributes(list, bounds)?,
        events: read_events(events, bounds)?,
        links,
        trace_state: text(trace_state, bounds)?,
        flags: fields::integer(flags)?,
        dropped: Dropped {
            attributes: fields::integer(no_attributes)?,
            events: fields::integer(no_events)?,
            links: dropped_links.saturating_add(nameless_links),
        },
        resource: origin.resource.clone(),
        scope: origin.scope.clone(),
    })
}

fn read_status(raw: Raw<'_>, bounds: &mut Bounds<'_>) -> Result<Status, Reason> {
    let Some(raw) = present(raw) else {
        return Ok(Status::default());
    };
    let [message, code] = parts(raw, ["message", "code"])?;
    let code = fields::enumeration(code, "STATUS_CODE_", &["UNSET", "OK", "ERROR"])?;
    Ok(Status {
        code: spans::status_code(code),
        message: text(message, bounds)?,
    })
}

fn read_events(raw: Raw<'_>, bounds: &mut Bounds<'_>) -> Result<Vec<Event>, Reason> {
    let mut events = Vec::new();
    each(raw, |raw| {
        bounds.item::<Event>(events.len(), bounds.limits.events, Reason::TooManyEvents)?;
        let names = [
            "timeUnixNano",
            "name",
            "attributes",
            "droppedAttributesCount",
        ];
        let [at, name, list, dropped] = parts(raw, names)?;
        events.push(Event {
            at: time(at)?,
            name: text(name, bounds)?,
            attributes: attributes(list, bounds)?,
            dropped_attributes: fields::integer(dropped)?,
        });
        Ok(())
    })?;
    Ok(events)
}

/// The links, and how many named nothing.
fn read_links(raw: Raw<'_>, bounds: &mut Bounds<'_>) -> Result<(Vec<Link>, u32), Reason> {
    let mut links = Vec::new();
    let mut nameless = 0u32;
    each(raw, |raw| {
        let held = links.len() + nameless as usize;
        bounds.item::<Link>(held, bounds.limits.links, Reason::TooManyLinks)?;
        let [trace_id, span_id, state, list, dropped, flags] = parts(
            raw,
            [
                "traceId",
                "spanId",
                "traceState",
                "attributes",
                "droppedAttributesCount",
                "flags",
            ],
        )?;
        let ids = (
            fields::text(trace_id)?.parse::<TraceId>(),
            fields::text(span_id)?.parse::<SpanId>(),
        );
        let (Ok(trace_id), Ok(span_id)) = ids else {
            nameless += 1;
            return Ok(());
        };
        links.push(Link {
            trace_id,
            span_id,
            trace_state: text(state, bounds)?,
            attributes: attributes(list, bounds)?,
            dropped_attributes: fields::integer(dropped)?,
            flags: fields::integer(flags)?,
        });
        Ok(())
    })?;
    Ok((links, nameless))
}
