//! What `waybill serve` takes while three clusters are quiet.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use waybill_tests::brokers::Brokers;

use crate::report::{Report, load_average};
use crate::system::{System, cpu_seconds_of};

const SETTLED: Duration = Duration::from_secs(15);
const WATCHED: Duration = Duration::from_secs(120);
const BAR_PERCENT: f64 = 1.0;

pub async fn measure(binary: &PathBuf, report: &mut Report) -> Result<()> {
    report.section(
        "Idle",
        &format!(
            "`waybill serve` with three quiet clusters of real brokers at the usual interval of 5 s, \
             nobody looking, over {} s; two of them are the same Kafka.",
            WATCHED.as_secs()
        ),
    );
    let brokers = tokio::task::block_in_place(Brokers::shared);
    let kafka = |name: &str| {
        format!(
            "[[cluster]]\nname = \"{name}\"\nbroker = \"kafka\"\n[cluster.settings]\nbootstrap = [{:?}]\n",
            brokers.address("KAFKA_BOOTSTRAP")
        )
    };
    let rabbit = format!(
        "[[cluster]]\nname = \"three\"\nbroker = \"rabbitmq\"\n[cluster.settings]\nmanagement = {:?}\n\
         prometheus = {:?}\nuser = \"guest\"\npassword = \"guest\"\n",
        brokers.address("RABBITMQ_MANAGEMENT"),
        brokers.address("RABBITMQ_PROMETHEUS"),
    );
    let clusters = [kafka("one"), kafka("two"), rabbit].concat();
    let system = System::start_with(binary, &clusters).await?;
    tokio::time::sleep(SETTLED).await;
    let load = load_average();
    let (own, postgres) = (cpu_seconds_of(system.pid()), system.cpu_seconds().1);
    tokio::time::sleep(WATCHED).await;
    let percent = |seconds: f64| seconds / WATCHED.as_secs_f64() * 100.0;
    let own = percent(cpu_seconds_of(system.pid()) - own);
    let postgres = percent(system.cpu_seconds().1 - postgres);
    report.note(&format!(
        "Its Postgres {postgres:.2} % of a core; RSS {:.0} MiB, at its highest {:.0}; load average {load}.",
        system.rss_mib(),
        system.peak_rss_mib(),
    ));
    let sentence = format!("the server takes {own:.2} % of a core (bar {BAR_PERCENT} %).");
    report.verdict(&sentence, own <= BAR_PERCENT);
    Ok(())
}
