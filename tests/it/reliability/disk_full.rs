//! A full disk below the private Postgres: refused, told, and taken again once there is room,
//! without a restart. Needs root for a file system of its own.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use waybill_tests::history::{History, seed};
use waybill_tests::server::Server;
use waybill_tests::wait;

use super::{LIGHT, more, refusals, start};

struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("wb-small-")
            .tempdir_in("/tmp")
            .unwrap();
        open_folder(folder.path());
        let disk = Self { folder };
        std::fs::create_dir(disk.path()).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=220m,mode=0711", "tmpfs"]);
        let output = mount.arg(disk.path()).output().unwrap();
        assert!(output.status.success(), "{output:?} (needs root)");
        disk
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    /// Writes until there is no room.
    fn fill(&self) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.filler())
            .unwrap();
        let zeros = vec![0; 64 << 10];
        while file.write_all(&zeros).is_ok() {}
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn open_folder(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make soak: needs root to mount a small disk"]
async fn soak_a_full_disk_refuses_and_resumes_without_a_restart() {
    let disk = SmallDisk::mount();
    let mut server = Server::start_at(&disk.path().join("data")).await;
    let from = start();
    let mut history = History::begin(&server.otlp_http, seed(), LIGHT);
    for round in 0..2 {
        more(&history, 2_000).await;
        // What Postgres gives back in the meantime is taken too.
        wait::until("everything is refused", || async {
            disk.fill();
            let (refused, kept) = (refusals(&history), history.acknowledged_spans());
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let stands = history.acknowledged_spans() == kept;
            (stands && refusals(&history) > refused).then_some(())
        })
        .await;
        let status = server.api_status("/status").await;
        println!("round {round}: refused; status {}", status.0);
        std::fs::remove_file(disk.filler()).unwrap();
        more(&history, 2_000).await;
        assert!(server.process().has_ended().is_none(), "no restart");
    }
    history.end().await;
    history.check(&server, &from).await.assert_kept_once();
}
