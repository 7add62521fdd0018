//! `waybill check` with users of too few rights on real brokers: each missing right has a name, and
//! the printed commands, run as they are printed, give what is needed and nothing more.

use waybill_store::testing::TestDatabase;
use waybill_tests::kafka::tool;

use super::kafka_fortress::{Fortress, SASL_SSL};
use super::kafka_lab::{TOPICS, commit};
use super::kafka_security::{run_acls, run_as_printed};
use super::rabbitmq::Rabbit;
use super::scene::{check, cluster, one, serve, until};

/// Name and command of what `waybill check` says that a cluster lacks, as a person reads it.
pub fn lacking(said: &str) -> Vec<(String, String)> {
    let mut lacking: Vec<(String, String)> = Vec::new();
    for line in said.lines() {
        if let Some(rest) = line.strip_prefix("lacks    cluster ") {
            let (_, right) = rest.split_once(": ").unwrap();
            let (right, blank) = right.split_once(", so that blank stay: ").unwrap();
            assert!(!blank.is_empty(), "{line}");
            lacking.push((right.to_owned(), String::new()));
        } else if let Some(grant) = line.trim_start().strip_prefix("grant: ") {
            lacking.last_mut().unwrap().1 = grant.to_owned();
        }
    }
    lacking
}

fn names(lacking: &[(String, String)]) -> Vec<&str> {
    lacking.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafkas_commands_grant_the_least_that_is_enough() {
    let fortress = tokio::task::block_in_place(Fortress::start);
    let bootstrap = fortress.plain();
    tokio::task::block_in_place(|| {
        let create = ["--create", "--topic", "orders", "--partitions", "2"];
        tool(
            TOPICS,
            &[&["--bootstrap-server", &bootstrap][..], &create[..]].concat(),
        );
    });
    commit(&bootstrap, "billing", "orders", &[(0, 0)]).await;
    let settings = format!(
        "bootstrap = [{:?}]\ntls = {{ ca = {:?} }}\n\
         sasl = {{ mechanism = \"SCRAM-SHA-512\", user = \"few\", password = \"few-secret\" }}",
        fortress.kafka.address(0, SASL_SSL),
        fortress.authority.ca(),
    );
    let database = TestDatabase::new().await;
    let configuration = cluster("orders", "kafka", "1s", &settings);
    let looked = || check(&database, &configuration);

    // The server tells the same, with the same commands.
    let first = looked().await;
    assert_eq!(first.code, 1, "{}", first.said);
    assert!(!first.said.contains("few-secret"));
    let mut server = serve(&configuration).await;
    let told = until(&server, "rights", "/clusters/orders", |told| {
        let rights = told["missing_rights"].as_array()?;
        let pairs = rights.iter().map(|right| {
            let word = |key: &str| right[key].as_str().unwrap().to_owned();
            (word("right"), word("grant"))
        });
        Some(pairs.collect::<Vec<_>>())
    });
    assert_eq!(told.await, lacking(&first.said));

    let mut granted: Vec<(String, String)> = Vec::new();
    loop {
        let looked = looked().await;
        let lacking = lacking(&looked.said);
        assert_eq!(
            looked.code,
            i32::from(!lacking.is_empty()),
            "{}",
            looked.said
        );
        if lacking.is_empty() {
            break;
        }
        assert!(granted.len() < 8, "it never has enough: {granted:#?}");
        for (right, grant) in lacking {
            tokio::task::block_in_place(|| run_as_printed(&grant, &bootstrap));
            granted.push((right, grant));
        }
    }
    granted.sort();
    assert_eq!(
        names(&granted),
        [
            "Describe on Cluster",
            "Describe on Group",
            "Describe on Topic",
            "DescribeConfigs on Topic",
            "Read on Topic"
        ]
    );
    server.process().terminate();
    server.start_again().await;
    until(&server, "all rights", "/clusters/orders", |told| {
        (told["missing_rights"].as_array()?.is_empty() && told["stale"] == false).then_some(())
    })
    .await;
    until(
        &server,
        "what they open",
        "/groups?cluster=orders",
        |list| {
            let billing = one(list, "name", "billing")?;
            (billing["lag_messages"] == 0).then_some(())
        },
    )
    .await;

    // None of them is too much: without it, it is named again.
    // Kafka lets who may read a topic describe it too: that one is for who does not browse messages.
    let implied = "Describe on Topic";
    for (right, grant) in granted.iter().filter(|(right, _)| right != implied) {
        tokio::task::block_in_place(|| run_acls("--remove --force", grant, &bootstrap));
        let without = looked().await;
        assert_eq!(without.code, 1, "without {right}: {}", without.said);
        let named = lacking(&without.said);
        assert!(
            names(&named).contains(&right.as_str()),
            "{right}: {named:#?}"
        );
        tokio::task::block_in_place(|| run_as_printed(grant, &bootstrap));
    }
    assert_eq!(looked().await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmqs_commands_grant_the_least_that_is_enough() {
    let rabbit = Rabbit::open("it's least").await;
    rabbit.queue("bills", &[]).await;
    let user = format!("few {}", rabbit.vhost);
    rabbit.ctl(&["add_user", &user, "few-secret"]).await;
    let settings = format!(
        "management = {:?}\nuser = {user:?}\npassword = \"few-secret\"\nvhosts = [{:?}]",
        rabbit.management, rabbit.vhost
    );
    let database = TestDatabase::new().await;
    let configuration = cluster("billing", "rabbitmq", "1s", &settings);
    let looked = || check(&database, &configuration);

    let first = looked().await;
    assert_eq!(first.code, 1, "{}", first.said);
    assert!(!first.said.contains("few-secret"));
    let mut server = serve(&configuration).await;
    let told = until(&server, "rights", "/clusters/billing", |told| {
        let rights = told["missing_rights"].as_array()?;
        Some(rights[0]["grant"].as_str()?.to_owned())
    })
    .await;
    assert_eq!(told, lacking(&first.said)[0].1);

    let mut granted: Vec<(String, String)> = Vec::new();
    loop {
        let looked = looked().await;
        let lacking = lacking(&looked.said);
        assert_eq!(
            looked.code,
            i32::from(!lacking.is_empty()),
            "{}",
            looked.said
        );
        if lacking.is_empty() {
            break;
        }
        assert!(granted.len() < 6, "it never has enough: {granted:#?}");
        for (right, grant) in lacking {
            rabbit.paste(&grant).await;
            granted.push((right, grant));
        }
    }
    assert_eq!(granted.len(), 2, "{granted:#?}");
    assert!(granted[0].0.contains("monitoring") && granted[1].0.contains("virtual host"));
    server.process().terminate();
    server.start_again().await;
    until(
        &server,
        "what they open",
        "/destinations?cluster=billing",
        |list| one(list, "destination", "bills").map(drop),
    )
    .await;

    let takes = [
        vec!["set_user_tags", &user],
        vec!["clear_permissions", "-p", &rabbit.vhost, &user],
    ];
    for ((right, grant), take) in granted.iter().zip(takes) {
        rabbit.ctl(&take).await;
        let without = looked().await;
        assert_eq!(without.code, 1, "without {right}: {}", without.said);
        let named = lacking(&without.said);
        assert!(
            names(&named).contains(&right.as_str()),
            "{right}: {named:#?}"
        );
        rabbit.paste(grant).await;
    }
    assert_eq!(looked().await.code, 0);
}

#[tokio::test]
async fn wrong_words_end_with_2_and_silence_with_1() {
    let database = TestDatabase::new().await;
    let wrong = check(
        &database,
        &cluster("orders", "kafka", "1s", "bootstrp = \"x:1\""),
    )
    .await;
    assert_eq!(wrong.code, 2, "{}", wrong.said);
    assert!(
        wrong.said.contains("bootstrap"),
        "the near miss is named: {}",
        wrong.said
    );
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let settings = format!("bootstrap = [\"{address}\"]");
    let silent = check(&database, &cluster("orders", "kafka", "1s", &settings)).await;
    assert_eq!(silent.code, 1, "{}", silent.said);
    assert!(
        silent
            .said
            .contains("missing  cluster orders: [cluster_unreachable]"),
        "{}",
        silent.said
    );
    assert!(silent.said.contains(&address.to_string()) && silent.said.contains("hint: "));
}
