//! What real brokers are judged to lose agrees with what their own tools say of the same settings.

use std::collections::{BTreeMap, BTreeSet};

use lapin::ExchangeKind;
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use serde_json::{Value, json};
use waybill_broker::conformance;
use waybill_model::posture::{Posture, RiskKind};
use waybill_model::topology::Topology;
use waybill_tests::kafka::{Kafka, Wanted, tool};
use waybill_tests::wait;

use super::kafka_lab::TOPICS;
use super::kafka_observed::Observed;
use super::rabbitmq::{PATIENCE, Rabbit, number, text};

const CONFIGS: &str = "kafka.admin.ConfigCommand";

type Risks = BTreeMap<String, BTreeSet<RiskKind>>;

fn judge(broker: &str, topology: &Topology) -> Posture {
    let adapters = waybill_broker::registry::adapters();
    let adapter = adapters.into_iter().find(|a| a.name == broker).unwrap();
    let judge = adapter.posture.unwrap();
    assert_eq!(conformance::posture(judge, topology), Vec::<String>::new());
    judge(topology)
}

fn by_destination(posture: &Posture) -> Risks {
    let mut risks = Risks::new();
    for risk in &posture.risks {
        let name = risk.place.destination.clone();
        risks.entry(name).or_default().insert(risk.risk);
    }
    risks
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_judged_as_kafkas_own_tools_describe_them() {
    let ports = Kafka::ports(3, 1);
    let wanted = Wanted {
        nodes: 3,
        ..Wanted::default()
    };
    let kafka =
        tokio::task::block_in_place(|| Kafka::start(tempfile::tempdir().unwrap(), &wanted, &ports));
    let bootstrap = kafka.address(0, 0);
    let asked = |class: &str, more: &[&str]| {
        let arguments = [&["--bootstrap-server", &bootstrap], more].concat();
        tokio::task::block_in_place(|| tool(class, &arguments))
    };
    let create = |name: &str, copies: &str, configs: &[&str]| {
        let mut more = vec!["--create", "--topic", name, "--replication-factor", copies];
        for config in configs {
            more.extend(["--config", config]);
        }
        asked(TOPICS, &more);
    };
    create("safe", "3", &[]);
    create("alone", "1", &[]);
    create("weak", "3", &["min.insync.replicas=1"]);
    create("unclean", "3", &["unclean.leader.election.enable=true"]);

    let expected: Risks = [
        ("alone", RiskKind::OneCopy),
        ("weak", RiskKind::OneConfirms),
        ("unclean", RiskKind::UncleanElection),
    ]
    .map(|(name, risk)| (name.to_owned(), BTreeSet::from([risk])))
    .into();
    assert_eq!(
        by_kafka(&asked(TOPICS, &["--describe"]), &|topic| {
            let of = ["--entity-type", "topics", "--entity-name", topic];
            asked(CONFIGS, &[&of[..], &["--describe", "--all"]].concat())
        }),
        expected
    );

    let observed = Observed::new(json!({ "bootstrap": [bootstrap] }));
    let told = wait::until("all topics", || async {
        let topology = observed.topology().await.ok()?;
        (topology.destinations.len() == 4).then_some(topology)
    })
    .await;
    let posture = judge("kafka", &told);
    assert_eq!(by_destination(&posture), expected);
    assert!(posture.unjudged.is_empty(), "{:?}", posture.unjudged);

    // The cure is the change that Kafka takes.
    let weak = posture
        .risks
        .iter()
        .find(|r| r.risk == RiskKind::OneConfirms);
    let cure = &weak.unwrap().cure.change;
    let of = ["--entity-type", "topics", "--entity-name", "weak"];
    asked(
        CONFIGS,
        &[&of[..], &["--alter", "--add-config", cure]].concat(),
    );
    wait::until("it is cured", || async {
        let posture = judge("kafka", &observed.topology().await.ok()?);
        (!by_destination(&posture).contains_key("weak")).then_some(())
    })
    .await;
}

/// From what the tools write of topics and of the settings of each.
fn by_kafka(topics: &str, configs: &dyn Fn(&str) -> String) -> Risks {
    let after = |text: &str, name: &str| {
        let rest = text.split_once(name).map(|(_, rest)| rest.trim_start());
        let value = rest.and_then(|rest| rest.split_whitespace().next());
        value.map(str::to_owned)
    };
    let mut risks = Risks::new();
    for line in topics
        .lines()
        .filter(|line| line.contains("ReplicationFactor:"))
    {
        let topic = after(line, "Topic:").unwrap();
        let mut found = BTreeSet::new();
        if after(line, "ReplicationFactor:").unwrap() == "1" {
            found.insert(RiskKind::OneCopy);
        } else {
            let text = configs(&topic);
            if after(&text, "min.insync.replicas=").unwrap() == "1" {
                found.insert(RiskKind::OneConfirms);
            }
            if after(&text, "unclean.leader.election.enable=").unwrap() == "true" {
                found.insert(RiskKind::UncleanElection);
            }
        }
        if !found.is_empty() {
            risks.insert(topic, found);
        }
    }
    risks
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_judged_as_rabbitmqctl_lists_them() {
    let rabbit = Rabbit::open("durability").await;
    let to = |exchange: &str| ("x-dead-letter-exchange", text(exchange));
    let quorum = ("x-queue-type", text("quorum"));
    let dead = ("x-dead-letter-routing-key", text("dead"));
    rabbit.queue("dead", &[]).await;
    rabbit
        .queue(
            "safe",
            &[
                quorum.clone(),
                to(""),
                dead.clone(),
                ("x-dead-letter-strategy", text("at-least-once")),
                ("x-overflow", text("reject-publish")),
            ],
        )
        .await;
    rabbit
        .queue("hasty", &[quorum.clone(), to(""), dead.clone()])
        .await;
    rabbit
        .queue("tried", &[quorum, ("x-delivery-limit", number(2))])
        .await;
    rabbit
        .queue(
            "full",
            &[
                ("x-max-length", number(10)),
                ("x-expires", number(3_600_000)),
            ],
        )
        .await;
    rabbit.queue("late", &[]).await;
    rabbit.queue("lost", &[to("missing")]).await;
    let policy = r#"{"message-ttl":600000}"#;
    rabbit
        .ctl(&["set_policy", "-p", &rabbit.vhost, "times", "^late$", policy])
        .await;
    for (name, exclusive) in [("brief", false), ("mine", true)] {
        let options = QueueDeclareOptions {
            exclusive,
            ..QueueDeclareOptions::default()
        };
        let declared = rabbit
            .channel
            .queue_declare(name.into(), options, FieldTable::default())
            .await;
        declared.unwrap();
    }
    // Neither durable nor bound.
    let options = ExchangeDeclareOptions::default();
    let declared = rabbit
        .channel
        .exchange_declare(
            "passing".into(),
            ExchangeKind::Fanout,
            options,
            FieldTable::default(),
        )
        .await;
    declared.unwrap();

    let cluster = rabbit.cluster(json!({}));
    let observe = cluster.observe().unwrap();
    let topology = wait::until("all is told", || async {
        let topology = observe.topology(PATIENCE).await.unwrap();
        let posture = judge("rabbitmq", &topology);
        let late = topology.destinations.iter().find(|d| d.name == "late")?;
        let has_policy = late.settings.iter().any(|s| s.name == "message-ttl");
        // A new quorum queue does not tell all for some seconds; until then it is not judged.
        (has_policy && posture.unjudged.is_empty()).then_some(topology)
    })
    .await;
    let posture = judge("rabbitmq", &topology);
    let told = by_destination(&posture);
    use RiskKind::*;
    let expected: Risks = [
        ("brief", &[NotDurable, Rejected][..]),
        ("full", &[Vanishes, DropsOldest, Rejected]),
        ("hasty", &[AtMostOnceDeadLetter]),
        ("late", &[Expires, Rejected]),
        ("lost", &[MissingTarget]),
        ("mine", &[Vanishes]),
        ("passing", &[NotDurable, Unrouted]),
        ("tried", &[TriedOut, Rejected]),
    ]
    .map(|(name, risks)| (name.to_owned(), risks.iter().copied().collect()))
    .into();
    assert_eq!(told, expected, "{posture:#?}");

    // The same settings, by the broker's own tool.
    let columns = ["name", "durable", "exclusive", "arguments"];
    let mut arguments = vec!["list_queues", "--formatter", "json", "-p", &rabbit.vhost];
    arguments.extend(columns);
    let listed: Vec<Value> = serde_json::from_str(&rabbit.ctl(&arguments).await).unwrap();
    assert_eq!(listed.len(), 9, "{listed:#?}");
    for queue in &listed {
        let name = queue["name"].as_str().unwrap();
        let has = |risk| told.get(name).is_some_and(|risks| risks.contains(&risk));
        let is_exclusive = queue["exclusive"] == true;
        assert_eq!(
            has(NotDurable),
            queue["durable"] == false && !is_exclusive,
            "{queue}"
        );
        assert_eq!(has(DropsOldest), name == "full", "{queue}");
        let ends = is_exclusive || queue["arguments"].to_string().contains("x-expires");
        assert_eq!(has(Vanishes), ends, "{queue}");
    }

    // And it happens: of twelve messages the full queue keeps ten.
    rabbit.publish("full", 12).await;
    wait::until("the oldest are gone", || async {
        let list = ["list_queues", "-p", &rabbit.vhost, "name", "messages"];
        let text = rabbit.ctl(&list).await;
        text.lines()
            .any(|line| line.split_whitespace().eq(["full", "10"]))
            .then_some(())
    })
    .await;
}
