words! {
    OverviewWords {
        title: "Overview", "概览";
        published: "Published", "已发布";
        processed: "Processed", "已处理";
        failed: "Failed attempts", "失败尝试";
        dead_lettered: "Dead-lettered", "进入死信";
        services: "Services", "服务";
        destinations: "Destinations", "目的地";
        troubled: "Messages in trouble", "出问题的消息";
        troubled_none: "No message is in trouble.", "没有出问题的消息。";
        troubled_none_why: "Failed, retried and dead-lettered messages appear here first.", "失败、重试和进入死信的消息会首先出现在这里。";
        failures: "Failures by kind", "按类别查看故障";
        troubled_all: "All dead letters", "全部死信";
        map: "Map", "拓扑图";
        map_about: "Services, destinations and groups, as spans and brokers tell them; a line's width is its rate, its mark its failures. Pale lines are told by the broker alone.",
            "服务、目的地与消费组，由 span 与代理共同描绘；线宽表示速率，标记表示失败。浅色线仅由代理得知。";
        map_table: "The map as a table", "以表格查看拓扑";
        map_publishes: "publishes to", "发布到";
        map_consumes: "consumed by", "被消费：";
        map_retries: "retries to", "重试到";
        map_dead_letters: "dead letters to", "死信到";
        map_routes: "routes to", "路由到";
        map_group: "group", "消费组";
        lag: "Lag", "积压";
        told_by: "Told by", "来源";
        by_spans: "spans", "span";
        by_broker: "broker", "代理";
        map_from: "From", "起点";
        map_relation: "Relation", "关系";
        map_to: "To", "终点";
        map_quiet: "Nothing was published or consumed in this window.", "此时间窗内没有发布或消费。";
        rate: "Rate", "速率";
        failed_share: "Failed", "失败占比";
        traffic: "Traffic", "流量";
        traffic_table: "The chart as a table", "以表格查看图表";
        minute: "Minute", "分钟";
        per_minute: "messages a minute", "每分钟消息数";
        destination: "Destination", "目的地";
        system: "System", "系统";
        kind: "Kind", "类型";
        in_rate: "In", "写入";
        out_rate: "Out", "消费";
        p50: "p50", "p50";
        p99: "p99", "p99";
        last: "Last message", "最近消息";
        role_origin: "origin", "源";
        role_retry: "retry", "重试";
        role_dead_letter: "dead letter", "死信";
        role_internal: "internal", "内部";
        empty_title: "No message has arrived yet", "尚未收到任何消息";
        empty_about: "Waybill listens for OpenTelemetry traces. Point any OpenTelemetry client or collector at it; nothing else has to change.",
            "Waybill 接收 OpenTelemetry 追踪数据。将任意 OpenTelemetry 客户端或 Collector 指向它即可，无需其他改动。";
        empty_endpoints: "Where to send", "发送地址";
        empty_variables: "Three variables for a client", "客户端的三个环境变量";
        empty_then: "Then send a message through a queue. It appears here within a second.", "然后向队列发送一条消息，一秒内就会出现在这里。";
        empty_where: "Replace 127.0.0.1 with this machine's address if the client runs elsewhere, and check that the listener is not on loopback.",
            "若客户端在其他机器上，请将 127.0.0.1 换成本机地址，并确认监听地址不是回环地址。";
    }
    say {
        muted(n: &str): format!("{n} muted"), format!("{n} 类已静默");
        window(span: &str): format!("last {span}"), format!("最近 {span}");
        chart_about(peak: &str): format!("Messages a minute: published, processed and failed. Peak {peak} a minute."),
            format!("每分钟消息数：已发布、已处理与失败。峰值为每分钟 {peak} 条。");
        map_lag(n: &str): format!("lag {n}"), format!("积压 {n}");
        map_more(n: usize): format!("and {n} more destinations, in the table below"), format!("另有 {n} 个目的地，见下表");
    }
}
