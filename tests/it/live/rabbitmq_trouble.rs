//! A management API that is slow for half a minute, and one that no longer takes the password,
//! through the API of a real server: the last good figures stay, with their age.

use std::time::{Duration, Instant};

use serde_json::Value;
use waybill_tests::server::Server;
use waybill_tests::tap::{Behaviour, Protocol, Tap};

use super::kafka_site::{Expected, Watch};
use super::rabbitmq::Rabbit;
use super::scene::{cluster, fresh, serve};

const SLOW: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_api_and_a_changed_password_cost_only_freshness() {
    let rabbit = Rabbit::open("trouble").await;
    rabbit.queue("bills", &[]).await;
    rabbit.publish("bills", 5).await;
    let user = format!("watcher-{}", rabbit.vhost);
    rabbit.ctl(&["add_user", &user, "first-secret"]).await;
    rabbit.ctl(&["set_user_tags", &user, "monitoring"]).await;
    rabbit
        .ctl(&[
            "set_permissions",
            "-p",
            &rabbit.vhost,
            &user,
            "^$",
            "^$",
            "^$",
        ])
        .await;
    let tap = Tap::before(rabbit.port("RABBITMQ_MANAGEMENT"), Protocol::Http).await;
    let settings = format!(
        "management = \"http://{}\"\nuser = {user:?}\npassword = \"first-secret\"\nvhosts = [{:?}]",
        tap.address(),
        rabbit.vhost
    );
    let mut server = serve(&cluster("billing", "rabbitmq", "1s", &settings)).await;
    fresh(&server, "billing").await;
    let mut expected = Expected::default();
    expected.depths.insert("bills".into(), 5);
    expected.groups.insert("bills".into(), 5);
    // A queue's first figures come a moment after it.
    wait(&server, "its figures", |_, depth| depth == 5).await;
    let watch = Watch::over(&server, expected);

    tap.behave(Behaviour::Slow(SLOW));
    let slow = wait(&server, "the slow API", refused("too_slow")).await;
    assert!(slow["poll_age_ms"].as_u64() > Some(2_000), "{slow:#}");
    tap.behave(Behaviour::Passes);
    wait(&server, "the quick API", is_fresh).await;
    watch.check("a slow API");

    rabbit
        .ctl(&["change_password", &user, "second-secret"])
        .await;
    let shut = wait(&server, "the wrong password", refused("wrong_credentials")).await;
    assert!(
        shut["refused"]["hint"]
            .as_str()
            .unwrap()
            .contains("password"),
        "{shut:#}"
    );
    rabbit
        .ctl(&["change_password", &user, "first-secret"])
        .await;
    wait(&server, "the right password", is_fresh).await;
    watch.check("a changed password");
    let log = server.process().log_text();
    assert!(!log.contains("first-secret"));
}

fn refused(reason: &'static str) -> impl Fn(&Value, u64) -> bool {
    move |told, _| told["stale"] == true && told["refused"]["reason"] == reason
}

fn is_fresh(told: &Value, _: u64) -> bool {
    told["stale"] == false && told["refused"].is_null()
}

async fn wait(server: &Server, what: &str, is_so: impl Fn(&Value, u64) -> bool) -> Value {
    let deadline = Instant::now() + LONG;
    loop {
        let told = server.api("/clusters/billing").await;
        let list = server.api("/destinations?cluster=billing").await;
        let bills = super::scene::one(&list, "destination", "bills");
        let depth = bills
            .and_then(|bills| bills["depth"].as_u64())
            .unwrap_or_default();
        if is_so(&told, depth) {
            return told;
        }
        assert!(
            Instant::now() < deadline,
            "gave up waiting for {what}: {told:#} {bills:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
