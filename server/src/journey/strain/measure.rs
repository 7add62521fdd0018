//! What a metric measures, by its name: OpenTelemetry's names of now and of before, and
//! Micrometer's. A further library is a line here.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Measure {
    /// Connections of a pool, by state.
    PoolConnections,
    PoolUsed,
    PoolMost,
    PoolPending,
    PoolTimeouts,
    PoolWait,
    /// Processing of a message.
    Process,
    GcPause,
    CpuShare,
    MemoryAfterGc,
    MemoryLimit,
}

const MEASURES: &[(&str, Measure)] = &[
    ("db.client.connection.count", Measure::PoolConnections),
    ("db.client.connection.max", Measure::PoolMost),
    (
        "db.client.connection.pending_requests",
        Measure::PoolPending,
    ),
    ("db.client.connection.timeouts", Measure::PoolTimeouts),
    ("db.client.connection.wait_time", Measure::PoolWait),
    ("db.client.connections.usage", Measure::PoolConnections),
    ("db.client.connections.max", Measure::PoolMost),
    (
        "db.client.connections.pending_requests",
        Measure::PoolPending,
    ),
    ("db.client.connections.timeouts", Measure::PoolTimeouts),
    ("db.client.connections.wait_time", Measure::PoolWait),
    ("hikaricp.connections.active", Measure::PoolUsed),
    ("hikaricp.connections.max", Measure::PoolMost),
    ("hikaricp.connections.pending", Measure::PoolPending),
    ("hikaricp.connections.timeout", Measure::PoolTimeouts),
    ("hikaricp.connections.acquire", Measure::PoolWait),
    ("messaging.process.duration", Measure::Process),
    ("jvm.gc.duration", Measure::GcPause),
    ("jvm.gc.pause", Measure::GcPause),
    ("process.runtime.jvm.gc.duration", Measure::GcPause),
    ("runtime.jvm.gc.time", Measure::GcPause),
    ("jvm.cpu.recent_utilization", Measure::CpuShare),
    ("process.runtime.jvm.cpu.utilization", Measure::CpuShare),
    ("process.cpu.utilization", Measure::CpuShare),
    ("process.cpu.usage", Measure::CpuShare),
    ("jvm.memory.used_after_last_gc", Measure::MemoryAfterGc),
    (
        "process.runtime.jvm.memory.usage_after_last_gc",
        Measure::MemoryAfterGc,
    ),
    ("jvm.memory.limit", Measure::MemoryLimit),
    ("process.runtime.jvm.memory.limit", Measure::MemoryLimit),
];

/// Whether a rule reads the metric of this name.
pub fn is_read(name: &str) -> bool {
    of(name).is_some()
}

pub(super) fn of(name: &str) -> Option<Measure> {
    let found = MEASURES.iter().find(|(known, _)| *known == name);
    found.map(|(_, measure)| *measure)
}

/// Seconds in one of the unit; `None` where it is no time that is known.
pub(super) fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "s" | "seconds" => 1.0,
        "ms" | "milliseconds" => 1e-3,
        "us" | "µs" | "microseconds" => 1e-6,
        "ns" | "nanoseconds" => 1e-9,
        "min" => 60.0,
        _ => return None,
    })
}
