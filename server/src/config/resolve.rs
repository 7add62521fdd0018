//! From what was written to what holds: defaults filled in, contradictions refused.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use waybill_broker::BrokerAdapter;
use waybill_model::problem::{Code, Problem};

use super::raw::{Raw, RawIngest, RawOwner, RawServer, RawTls};
use super::source::Environment;
use super::value::{Size, Span};
use super::{
    Config, Database, Ingest, Owner, ProcessRole, Retention, Search, Server, Telemetry, Tls,
    cluster,
};

const DAY: Duration = Duration::from_secs(86_400);
const SEARCHED: [&str; 4] = ["*.id", "*_id", "*.no", "*.key"];

pub(super) fn resolve(
    raw: Raw,
    environment: &Environment,
    adapters: &[BrokerAdapter],
) -> Result<Config, Problem> {
    let server = server(raw.server)?;
    let ingest = ingest(raw.ingest, &server)?;
    let url = raw
        .database
        .url
        .map(|source| source.resolve(|name| environment.get(name).cloned()))
        .transpose()
        .map_err(|error| wrong("database.url", &error))?;
    let pool_size = raw.database.pool_size.unwrap_or(12);
    if pool_size < 2 {
        return Err(wrong(
            "database.pool_size",
            "fewer than 2 connections cannot serve",
        ));
    }
    Ok(Config {
        file: None,
        data_dir: absolute(raw.data_dir.unwrap_or_else(default_data_dir))?,
        roles: ProcessRole::ALL.to_vec(),
        server,
        ingest,
        database: Database {
            url,
            bin_dir: raw.database.bin_dir,
            pool_size,
        },
        retention: Retention {
            spans: retained(raw.retention.spans, 7, "retention.spans")?,
            troubled: retained(raw.retention.troubled, 90, "retention.troubled")?,
            audit: retained(raw.retention.audit, 400, "retention.audit")?,
            max_disk_bytes: raw.retention.max_disk.map_or(20_000_000_000, |Size(n)| n),
        },
        search: Search {
            attributes: raw
                .search
                .attributes
                .unwrap_or_else(|| SEARCHED.map(str::to_owned).to_vec()),
        },
        telemetry: Telemetry {
            otlp_endpoint: raw
                .telemetry
                .otlp_endpoint
                .or_else(|| environment.get("OTEL_EXPORTER_OTLP_ENDPOINT").cloned())
                .filter(|endpoint| !endpoint.is_empty()),
            log: raw
                .telemetry
                .log
                .or_else(|| environment.get("WAYBILL_LOG").cloned()),
            log_format: raw.telemetry.log_format.unwrap_or_default(),
        },
        owners: raw.owner.into_iter().map(owner).collect::<Result<_, _>>()?,
        clusters: cluster::clusters(raw.cluster, environment, adapters)?,
    })
}

/// As root a system folder, else one beside the caller.
pub fn default_data_dir() -> PathBuf {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    PathBuf::from(if is_root {
        "/var/lib/waybill"
    } else {
        "waybill-data"
    })
}

fn server(raw: RawServer) -> Result<Server, Problem> {
    let listen = address("server.listen", raw.listen, 8080)?;
    let tls = raw.tls.map(pem_files);
    let public_url = raw.public_url.unwrap_or_else(|| {
        let scheme = if tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{listen}")
    });
    let public_url = public_url.trim_end_matches('/').to_owned();
    let host = public_url
        .strip_prefix("http://")
        .or_else(|| public_url.strip_prefix("https://"));
    if host.is_none_or(|host| host.is_empty() || host.contains('/')) {
        return Err(wrong(
            "server.public_url",
            &format!("{public_url:?} is not like https://waybill.example.com"),
        ));
    }
    Ok(Server {
        listen,
        public_url,
        tls,
        trusted_proxies: raw.trusted_proxies,
    })
}

fn ingest(raw: RawIngest, server: &Server) -> Result<Ingest, Problem> {
    let otlp_grpc = address("ingest.otlp_grpc", raw.otlp_grpc, 4317)?;
    let otlp_http = address("ingest.otlp_http", raw.otlp_http, 4318)?;
    let listeners = [
        ("server.listen", server.listen),
        ("ingest.otlp_grpc", otlp_grpc),
        ("ingest.otlp_http", otlp_http),
    ];
    let mut open = listeners
        .iter()
        .filter(|(_, address)| !is_loopback(address.ip()));
    let ingest_is_open = open.clone().any(|(key, _)| key.starts_with("ingest."));
    if ingest_is_open && raw.require_token == Some(false) {
        return Err(Problem::new(
            Code::ConfigInvalid,
            "ingest.require_token is false while an OTLP listener is off loopback",
            "Leave it out, or move ingest.otlp_grpc and ingest.otlp_http to 127.0.0.1.",
        ));
    }
    let require_token = raw.require_token.unwrap_or(open.clone().next().is_some());
    let tls = raw.tls.map(pem_files);
    let is_covered = |key: &str| {
        let own = match key {
            "server.listen" => &server.tls,
            _ => &tls,
        };
        !server.trusted_proxies.is_empty() || own.is_some()
    };
    if let Some((key, address)) = open.find(|(key, _)| !is_covered(key)) {
        return Err(Problem::new(
            Code::ConfigInvalid,
            format!("{key} = {address} is reachable from other machines, without encryption"),
            match *key {
                "server.listen" => {
                    "Set server.tls, or name the proxy that encrypts in server.trusted_proxies, or \
                     listen on 127.0.0.1."
                }
                _ => {
                    "Set ingest.tls, or name the proxy that encrypts in server.trusted_proxies, or \
                     listen on 127.0.0.1."
                }
            },
        ));
    }
    for (at, (key, one)) in listeners.iter().enumerate() {
        for (other_key, other) in &listeners[at + 1..] {
            if one == other && one.port() != 0 {
                return Err(wrong(key, &format!("{one} is also {other_key}")));
            }
        }
    }
    Ok(Ingest {
        otlp_grpc,
        otlp_http,
        tls,
        require_token,
        max_request_bytes: raw.max_request_bytes.map_or(16 << 20, |Size(bytes)| bytes),
        logs_without_trace: raw.logs_without_trace,
        queue_bytes: raw.queue_bytes.map_or(64 << 20, |Size(bytes)| bytes),
    })
}

fn pem_files(raw: RawTls) -> Tls {
    Tls {
        cert: raw.cert,
        key: raw.key,
    }
}

fn owner(raw: RawOwner) -> Result<Owner, Problem> {
    let matched = raw.r#match;
    if matched.cluster.is_none() && matched.destination.is_none() && matched.service.is_none() {
        return Err(wrong(
            "owner.match",
            "names nothing: give cluster, destination or service",
        ));
    }
    let is_web =
        |address: &String| address.starts_with("https://") || address.starts_with("http://");
    // It becomes a link on pages.
    if let Some(runbook) = raw.runbook.as_ref().filter(|address| !is_web(address)) {
        return Err(wrong(
            "owner.runbook",
            &format!("{runbook:?} is not like https://example.com/runbook"),
        ));
    }
    Ok(Owner {
        cluster: matched.cluster,
        destination: matched.destination,
        service: matched.service,
        team: raw.team,
        runbook: raw.runbook,
    })
}

fn address(key: &str, text: Option<String>, port: u16) -> Result<SocketAddr, Problem> {
    let Some(text) = text else {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    };
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.clone(),
    };
    numeric
        .parse()
        .map_err(|_| wrong(key, &format!("{text:?} is not like \"127.0.0.1:{port}\"")))
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn retained(span: Option<Span>, days: u32, key: &str) -> Result<Duration, Problem> {
    let time = span.map_or(DAY * days, |Span(time)| time);
    if time < DAY {
        return Err(wrong(
            key,
            "at least 1d: data is kept and dropped by the day",
        ));
    }
    Ok(time)
}

fn absolute(path: PathBuf) -> Result<PathBuf, Problem> {
    std::path::absolute(&path)
        .map_err(|error| wrong("data_dir", &format!("{}: {error}", Path::display(&path))))
}

pub(super) fn wrong(key: &str, what: &str) -> Problem {
    Problem::new(
        Code::ConfigInvalid,
        format!("{key}: {what}"),
        "Correct it in the configuration file or the environment.",
    )
}
