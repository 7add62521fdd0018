//! A cut of power: the file system under the private Postgres is shut down without flushing,
//! mounted again, and everything that was acknowledged must be there, once.
//!
//! Needs root, a loop device and `xfs_io` (package xfsprogs), so it belongs to `make soak`:
//! `cargo test --workspace --test it -- --ignored soak`.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use prost::Message as _;
use reqwest::StatusCode;
use waybill_tests::child::signal;
use waybill_tests::otlp::{self, one_message};
use waybill_tests::server::Server;

use waybill_tests::history::span_ids;

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|e| panic!("{program}: {e} (needs root and xfsprogs)"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?} (needs root and loop devices)"
    );
}

struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn make() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("wb-disk-")
            .tempdir_in("/tmp")
            .unwrap();
        let disk = Self { folder };
        run("truncate", &["-s", "1G", &disk.image()]);
        run("mkfs.ext4", &["-q", "-F", &disk.image()]);
        std::fs::create_dir(disk.mount_point()).unwrap();
        disk.mount();
        disk
    }

    fn image(&self) -> String {
        self.folder
            .path()
            .join("image")
            .to_string_lossy()
            .into_owned()
    }

    fn mount_point(&self) -> std::path::PathBuf {
        self.folder.path().join("mount")
    }

    fn mount(&self) {
        run(
            "mount",
            &[
                "-o",
                "loop",
                &self.image(),
                self.mount_point().to_str().unwrap(),
            ],
        );
    }

    /// Nothing that is not on the disk yet gets there: `FS_IOC_SHUTDOWN` with `NOLOGFLUSH`.
    fn cut_power(&self) {
        run(
            "xfs_io",
            &["-x", "-c", "shutdown", self.mount_point().to_str().unwrap()],
        );
    }

    /// Waits until the last process has let go.
    async fn unmount(&self) {
        waybill_tests::wait::until("the disk is free", || async {
            let status = Command::new("umount").arg(self.mount_point()).status();
            status.is_ok_and(|s| s.success()).then_some(())
        })
        .await;
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.mount_point())
            .status();
    }
}

fn open_folder(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak: needs root, a loop device and xfs_io"]
async fn soak_power_cuts_lose_nothing_that_was_acknowledged() {
    let disk = Disk::make();
    open_folder(disk.folder.path());
    open_folder(&disk.mount_point());
    let data = disk.mount_point().join("data");
    let mut server = Server::start_at(&data).await;
    let mut acknowledged = HashSet::new();
    for round in 0..3 {
        for n in 0..100 {
            let message = one_message("kafka", "orders", &format!("{round}-{n}"), n);
            let spans = vec![message.producer, message.consumer];
            let body = otlp::request("shop", spans).encode_to_vec();
            let (status, _) = otlp::post_bytes(&server.otlp_http, body, &[]).await;
            assert_eq!(status, StatusCode::OK);
            acknowledged.insert(hex::encode(&message.trace_id));
        }
        let postmaster = server.postmaster();
        disk.cut_power();
        server.process().kill();
        signal(postmaster, "QUIT");
        disk.unmount().await;
        disk.mount();
        server.start_again().await;
    }
    for trace_id in &acknowledged {
        assert_eq!(
            span_ids(&server.api(&format!("/traces/{trace_id}")).await).len(),
            2,
            "{trace_id}"
        );
    }
}
