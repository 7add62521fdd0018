//! What RabbitMQ clients write.

use super::*;

#[test]
fn rabbitmq_clients_as_recorded() {
    use Operation::{Other, Process, Receive, Send, Settle};
    use SpanKind::{Client, Consumer, Producer};
    let rabbit = "messaging.system=rabbitmq";
    let plain = |f: &Facts| (f.operation, f.destination.clone(), f.group.clone());
    let told = |operation, destination: &str, group: Option<&str>| {
        (
            operation,
            Some(destination.to_owned()),
            group.map(str::to_owned),
        )
    };
    let java = "io.opentelemetry.rabbitmq-2.7";
    let node = "@opentelemetry/instrumentation-amqplib";
    for (scope, kind, name, attributes, expected) in [
        (
            java,
            Consumer,
            "billing process",
            vec![
                rabbit,
                "messaging.operation=process",
                "messaging.destination.name=orders",
                "messaging.rabbitmq.destination.routing_key=order.created",
            ],
            told(Process, "orders", Some("billing")),
        ),
        (
            java,
            Consumer,
            "<generated> process",
            vec![
                rabbit,
                "messaging.operation=process",
                "messaging.destination.name=orders",
            ],
            told(Process, "orders", None),
        ),
        (
            java,
            Producer,
            "<default> publish",
            vec![
                rabbit,
                "messaging.operation=publish",
                "messaging.destination.name=<default>",
                "messaging.rabbitmq.destination.routing_key=billing",
            ],
            told(Send, "billing", None),
        ),
        (
            java,
            Consumer,
            "process",
            vec![
                rabbit,
                "messaging.operation.type=process",
                "messaging.destination.name=orders:order.created:billing",
                "messaging.rabbitmq.destination.routing_key=order.created",
            ],
            told(Process, "orders", Some("billing")),
        ),
        (
            java,
            Producer,
            "send",
            vec![
                rabbit,
                "messaging.operation.type=send",
                "messaging.destination.name=orders:order.created",
                "messaging.rabbitmq.destination.routing_key=order.created",
            ],
            told(Send, "orders", None),
        ),
        (
            node,
            Consumer,
            "billing process",
            vec![
                rabbit,
                "messaging.operation=process",
                "messaging.destination=",
                "messaging.rabbitmq.routing_key=billing",
            ],
            told(Process, "billing", Some("billing")),
        ),
        (
            "opentelemetry.instrumentation.pika.pika_instrumentor",
            Producer,
            "orders send",
            vec![
                rabbit,
                "messaging.temp_destination=true",
                "messaging.destination=orders",
                "messaging.message.id=o-1",
            ],
            told(Send, "orders", None),
        ),
        (
            "opentelemetry.instrumentation.aio_pika",
            Producer,
            "orders,order.created send",
            vec![rabbit, "messaging.destination=orders,order.created"],
            told(Send, "orders", None),
        ),
        (
            "RabbitMQ.Client",
            Consumer,
            "deliver order.created",
            vec![
                rabbit,
                "messaging.operation.name=deliver",
                "messaging.destination.name=amq.default",
                "messaging.rabbitmq.destination.routing_key=billing",
            ],
            told(Process, "billing", None),
        ),
        (
            "org.springframework.boot",
            Consumer,
            "billing receive",
            vec![
                "messaging.operation=receive",
                "messaging.rabbitmq.message.delivery_tag=1",
            ],
            told(Receive, "billing", Some("billing")),
        ),
    ] {
        let facts = read(&span(scope, kind, name, &attributes));
        assert_eq!(plain(&facts), expected, "{scope} {name}");
        assert_eq!((facts.partition, facts.offset), (None, None));
    }
    let aio = "opentelemetry.instrumentation.aio_pika";
    let default = span(
        aio,
        Producer,
        ",billing send",
        &[rabbit, "messaging.destination=,billing"],
    );
    assert_eq!(plain(&read(&default)), told(Send, "billing", None));
    // Refusing tells of a failure that the consumer's own span often hides.
    for (name, refuses) in [
        ("basic.ack", false),
        ("basic.nack", true),
        ("basic.reject", true),
    ] {
        assert_eq!(
            read(&span(java, Client, name, &[rabbit])).failed,
            refuses,
            "{name}"
        );
    }
    for (name, operation) in [
        ("basic.ack", Settle),
        ("basic.nack", Settle),
        ("basic.qos", Other),
        ("confirm.select", Other),
        ("Channel.waitForConfirmsOrDie", Other),
    ] {
        assert_eq!(
            read(&span(java, Client, name, &[rabbit])).operation,
            operation,
            "{name}"
        );
    }
}
