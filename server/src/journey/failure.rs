//! What a failed span says of its failure, and the fingerprint that makes two failures one kind.

use waybill_model::journey::AttemptError;
use waybill_model::span::{Event, Span, StatusCode, Value, attribute};
use xxhash_rust::xxh3::xxh3_64;

use super::masking::without_credentials;

/// Library code, by what its frames contain, in many languages.
const LIBRARIES: &[&str] = &[
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "kotlin.",
    "scala.",
    "org.apache.kafka.",
    "org.springframework.",
    "com.rabbitmq.",
    "io.netty.",
    "io.opentelemetry.",
    "reactor.",
    "org.apache.rocketmq.",
    "node:",
    "node_modules",
    "internal/",
    "site-packages",
    "dist-packages",
    "/lib/python",
    "<frozen",
    "/rustc/",
    ".cargo/registry",
    "core::",
    "std::",
    "alloc::",
    "tokio::",
    "futures_",
    "runtime/",
    "runtime.",
    "/usr/local/go/",
    "pkg/mod/",
];

/// Exceptions that only carry another one, by the last part of their name.
const WRAPPERS: &[&str] = &[
    "TimestampedException",
    "ListenerExecutionFailedException",
    "CompletionException",
    "ExecutionException",
    "InvocationTargetException",
    "UndeclaredThrowableException",
];

/// `None` where the span tells of no failure.
pub fn of(span: &Span) -> Option<AttemptError> {
    let exception = span.events.iter().rev().find(|e| e.name == "exception");
    let error_type = span.text("error.type").filter(|t| !t.is_empty());
    if span.status.code != StatusCode::Error && error_type.is_none() {
        return None;
    }
    let stack = text(exception, "exception.stacktrace");
    let kind = error_type.or_else(|| text(exception, "exception.type"));
    let message = text(exception, "exception.message")
        .or(Some(span.status.message.as_str()))
        .filter(|m| !m.is_empty());
    let cause = stack
        .filter(|_| kind.is_some_and(is_wrapper))
        .and_then(cause);
    let (kind, message) = cause.as_ref().map_or((kind, message), |cause| {
        (Some(cause.kind), cause.message.or(message))
    });
    let (kind, message) = (kind.map(str::to_owned), message.map(str::to_owned));
    let frame = cause
        .and_then(|cause| first_application_frame(cause.stack))
        .or_else(|| stack.and_then(first_application_frame));
    // Without a frame the message tells failures apart, its numbers and ids left out.
    let detail = frame
        .clone()
        .unwrap_or_else(|| message.as_deref().map(without_values).unwrap_or_default());
    let print = format!("{}\n{detail}", kind.as_deref().unwrap_or(""));
    Some(AttemptError {
        fingerprint: Some(format!("{:016x}", xxh3_64(print.as_bytes()))),
        kind,
        message: message.as_deref().map(without_credentials),
        frame,
    })
}

fn is_wrapper(kind: &str) -> bool {
    let name = kind.rsplit(['.', '$']).next().unwrap_or(kind);
    WRAPPERS.contains(&name)
}

struct Cause<'a> {
    kind: &'a str,
    message: Option<&'a str>,
    stack: &'a str,
}

/// The innermost of a Java stack: its last `Caused by: type: message`, with the frames under it.
fn cause(stack: &str) -> Option<Cause<'_>> {
    const MARK: &str = "Caused by: ";
    let at = stack
        .match_indices(MARK)
        .map(|(at, _)| at)
        .filter(|&at| at == 0 || stack[..at].ends_with('\n'))
        .last()?;
    let rest = &stack[at + MARK.len()..];
    let (line, stack) = rest.split_once('\n').unwrap_or((rest, ""));
    let (kind, message) = match line.split_once(": ") {
        Some((kind, message)) => (kind, Some(message.trim()).filter(|m| !m.is_empty())),
        None => (line, None),
    };
    let kind = kind.trim().trim_end_matches(':');
    (!kind.is_empty()).then_some(Cause {
        kind,
        message,
        stack,
    })
}

/// The frame of the application nearest to the failure, without line numbers.
/// Reads `at pkg.Class.method(File.java:1)`, `File "x.py", line 1, in f`, `at f (file.js:1:2)`,
/// `   3: app::orders::charge` and `main.charge(...)`.
pub fn first_application_frame(stack: &str) -> Option<String> {
    let python = stack.lines().any(|l| l.trim_start().starts_with("File \""));
    let frames: Vec<String> = stack.lines().filter_map(|l| frame(l.trim())).collect();
    let own = |f: &&String| !LIBRARIES.iter().any(|lib| f.contains(lib));
    // Python writes the innermost call last.
    let found = if python {
        frames.iter().rev().find(own).or(frames.last())
    } else {
        frames.iter().find(own).or(frames.first())
    };
    found.cloned()
}

fn frame(line: &str) -> Option<String> {
    if let Some(rest) = line.strip_prefix("at ") {
        return Some(without_lines(rest));
    }
    if let Some(rest) = line.strip_prefix("File \"") {
        let (file, rest) = rest.split_once('"')?;
        let function = rest.rsplit_once(" in ").map_or("", |(_, f)| f);
        return Some(format!("{file} {function}"));
    }
    if let Some((number, rest)) = line.split_once(": ")
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
    {
        return Some(without_lines(rest));
    }
    // Go: `pkg.function(0x1, 0x2)` at the start of a line, its file on the next.
    let (function, _) = line.split_once('(')?;
    let go = line.ends_with(')') && function.contains('.') && !function.contains(' ');
    go.then(|| function.to_owned())
}

/// `(File.java:12)` to `(File.java)`, `file.js:12:34` to `file.js`.
fn without_lines(frame: &str) -> String {
    let mut out = String::with_capacity(frame.len());
    let mut rest = frame;
    while let Some(at) = rest.find(':') {
        let digits = rest[at + 1..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let keep = if digits > 0 { at } else { at + 1 };
        out.push_str(&rest[..keep]);
        rest = &rest[at + 1 + digits..];
    }
    out + rest
}

/// Words with digits in them become `#`.
fn without_values(message: &str) -> String {
    let words = message.split_whitespace().map(|word| {
        if word.bytes().any(|b| b.is_ascii_digit()) {
            "#"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn text<'a>(event: Option<&'a Event>, key: &str) -> Option<&'a str> {
    attribute(&event?.attributes, key)
        .and_then(Value::as_str)
        .filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::fixture::{Make, span};

    #[test]
    fn the_first_frame_of_the_application() {
        let java = "java.lang.IllegalStateException: declined\n\tat java.base/java.util.Objects.requireNonNull(Objects.java:209)\n\tat shop.Billing.charge(Billing.java:42)\n\tat org.springframework.kafka.listener.X.run(X.java:1)";
        let python = "Traceback (most recent call last):\n  File \"/usr/lib/python3.11/x.py\", line 1, in run\n  File \"/app/billing.py\", line 12, in charge\n    raise ValueError\nValueError: declined";
        let node = "Error: declined\n    at node:internal/process:95:5\n    at charge (/app/billing.js:12:9)";
        let rust = "   0: std::panicking::begin\n   1: billing::charge\n             at /app/src/main.rs:3";
        let go = "goroutine 1 [running]:\nruntime.gopanic(0x1)\n\t/usr/local/go/src/runtime/panic.go:1\nmain.charge(0x2)\n\t/app/main.go:9";
        for (stack, frame) in [
            (java, Some("shop.Billing.charge(Billing.java)")),
            (python, Some("/app/billing.py charge")),
            (node, Some("charge (/app/billing.js)")),
            (rust, Some("billing::charge")),
            (go, Some("main.charge")),
            ("ValueError: declined\n", None),
        ] {
            assert_eq!(first_application_frame(stack).as_deref(), frame, "{stack}");
        }
    }

    #[test]
    fn what_only_carries_a_failure_is_looked_through() {
        let wrapped = |id: u64, kind: &str, order: u32, cause: &str| {
            let mut span =
                span("a", 1, id).failed(kind, "Exception thrown at 2026-11-28T01:58:26Z");
            let stack = format!(
                "{kind}: Exception thrown\n\tat org.springframework.kafka.listener.X.run(X.java:1)\n\
                 Caused by: org.springframework.kafka.listener.ListenerExecutionFailedException: failed\n\
                 \tat org.springframework.kafka.listener.Y.run(Y.java:1)\n\
                 Caused by: {cause}: order {order} declined\n\
                 \tat shop.Billing.charge(Billing.java:{order})\n\t... 12 more\n"
            );
            span.events[0]
                .attributes
                .extend(crate::journey::fixture::attributes(&[(
                    "exception.stacktrace",
                    &stack,
                )]));
            of(&span).unwrap()
        };
        let stamped = "org.springframework.kafka.listener.TimestampedException";
        let one = wrapped(1, stamped, 1001, "shop.Declined");
        assert_eq!(one.kind.as_deref(), Some("shop.Declined"));
        assert_eq!(one.message.as_deref(), Some("order 1001 declined"));
        let same = wrapped(
            2,
            "java.util.concurrent.ExecutionException",
            1002,
            "shop.Declined",
        );
        assert_eq!(one.fingerprint, same.fingerprint);
        assert_eq!(
            one.frame.as_deref(),
            Some("shop.Billing.charge(Billing.java)")
        );
        let other = wrapped(3, stamped, 1001, "shop.Broken");
        assert_ne!(one.fingerprint, other.fingerprint);
        // What has a name of its own keeps it.
        let own = wrapped(4, "shop.OrderFailed", 1001, "shop.Declined");
        assert_eq!(own.kind.as_deref(), Some("shop.OrderFailed"));
        // No cause is told.
        let bare = of(&span("a", 1, 5).failed(stamped, "late")).unwrap();
        assert_eq!(bare.kind.as_deref(), Some(stamped));
    }

    #[test]
    fn a_kind_of_failure_survives_other_values() {
        let one = of(&span("a", 1, 1).failed("ValueError", "order 1001 declined")).unwrap();
        let two = of(&span("a", 1, 2).failed("ValueError", "order 1002 declined")).unwrap();
        let other = of(&span("a", 1, 3).failed("KeyError", "order 1002 declined")).unwrap();
        assert_eq!(one.fingerprint, two.fingerprint);
        assert_ne!(one.fingerprint, other.fingerprint);
        assert_eq!(one.kind.as_deref(), Some("ValueError"));
        assert_eq!(of(&span("a", 1, 4)), None);
    }
}
