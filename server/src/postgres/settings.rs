//! Settings for the work that the store does. They are given on the command line, so an upgrade
//! of Waybill changes them and no file in the data directory does.

use std::path::Path;

const MIB: u64 = 1 << 20;

/// `wal_compression`: the method, where one is built in.
pub fn arguments(
    socket_dir: &Path,
    memory_bytes: u64,
    wal_compression: Option<&str>,
) -> Vec<String> {
    let shared_buffers = (memory_bytes / 16 / MIB).clamp(64, 512);
    let mut settings = vec![
        // No TCP: only who may read the password file gets in.
        ("listen_addresses", String::new()),
        ("unix_socket_directories", socket_dir.display().to_string()),
        ("unix_socket_permissions", "0777".to_owned()),
        ("password_encryption", "scram-sha-256".to_owned()),
        // What was acknowledged is on the disk.
        ("fsync", "on".to_owned()),
        ("synchronous_commit", "on".to_owned()),
        ("full_page_writes", "on".to_owned()),
        ("wal_level", "minimal".to_owned()),
        ("max_wal_senders", "0".to_owned()),
        ("max_wal_size", "2GB".to_owned()),
        ("checkpoint_timeout", "15min".to_owned()),
        ("checkpoint_completion_target", "0.9".to_owned()),
        ("wal_buffers", "16MB".to_owned()),
        ("shared_buffers", format!("{shared_buffers}MB")),
        ("work_mem", "8MB".to_owned()),
        ("maintenance_work_mem", "64MB".to_owned()),
        ("max_connections", "60".to_owned()),
        // Short look-ups by key: compiling or sharing them out costs more than it saves.
        ("jit", "off".to_owned()),
        ("max_parallel_workers_per_gather", "0".to_owned()),
        ("random_page_cost", "1.1".to_owned()),
        ("idle_in_transaction_session_timeout", "60s".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        ("logging_collector", "off".to_owned()),
        ("log_destination", "stderr".to_owned()),
        ("log_line_prefix", "%m [%p] ".to_owned()),
        ("log_checkpoints", "off".to_owned()),
    ];
    if let Some(method) = wal_compression {
        settings.push(("wal_compression", method.to_owned()));
    }
    settings
        .into_iter()
        .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")])
        .collect()
}

/// Of the machine, or of the control group where that is less.
pub fn memory_bytes() -> u64 {
    let total = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| parse_total(&text))
        .unwrap_or(1024 * MIB);
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(u64::MAX);
    total.min(limit)
}

fn parse_total(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_follow_memory_modestly() {
        let buffers = |memory| {
            let all = arguments(Path::new("/s"), memory, Some("lz4"));
            all.iter()
                .find_map(|word| word.strip_prefix("shared_buffers="))
                .map(str::to_owned)
        };
        assert_eq!(buffers(256 * MIB).as_deref(), Some("64MB"));
        assert_eq!(buffers(4096 * MIB).as_deref(), Some("256MB"));
        assert_eq!(buffers(65536 * MIB).as_deref(), Some("512MB"));
        assert_eq!(
            parse_total("MemTotal:       2048 kB\nMemFree: 1 kB"),
            Some(2 * MIB)
        );
    }

    #[test]
    fn it_is_durable_and_reached_by_socket_only() {
        let all = arguments(Path::new("/s"), MIB, None);
        for word in [
            "fsync=on",
            "listen_addresses=",
            "unix_socket_directories=/s",
        ] {
            assert!(all.iter().any(|argument| argument == word), "{word}");
        }
        assert!(!all.iter().any(|word| word.starts_with("wal_compression")));
    }
}
