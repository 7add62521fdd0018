words! {
    MessagesWords {
        title: "Stored messages", "存储的消息";
        about: "Read from the broker while you wait. Nothing is acknowledged, committed or moved, and no bookkeeping of a consumer changes.",
            "等待期间直接从 broker 读取：不确认、不提交、不移动消息，也不改变任何消费者的记录。";
        cluster: "Cluster", "集群";
        from: "Begin at", "起点";
        latest: "The newest", "最新";
        earliest: "The oldest", "最早";
        at_offset: "An offset", "指定偏移量";
        at_time: "A time", "指定时间";
        of_key: "The newest of a key", "某个键的最新消息";
        offset: "Offset", "偏移量";
        time: "Time (UTC), or how long ago", "时间（UTC）或多久以前";
        time_hint: "2026-11-23T20:46 / 15m", "2026-11-23T20:46 / 15m";
        key: "Key", "键";
        partition: "Partition", "分区";
        filter: "Filter", "过滤条件";
        filter_hint: "value.order.id == \"1001\" && headers.kind == \"retry\"", "value.order.id == \"1001\" && headers.kind == \"retry\"";
        limit: "At most", "最多";
        read: "Read", "读取";
        clear: "Clear", "清除";
        disturbs: "Looking at these messages would change them", "查看会改变这些消息";
        instead: "Instead", "替代办法";
        ended_end: "There is no more.", "没有更多消息。";
        ended_enough: "There may be more.", "可能还有更多。";
        ended_bytes: "The budget of bytes is used up: go on below.", "字节预算已用完，可在下方继续。";
        ended_time: "The budget of time is used up: go on below.", "时间预算已用完，可在下方继续。";
        empty_title: "No message matches so far", "目前没有匹配的消息";
        empty: "Go on, begin elsewhere, or loosen the filter.", "请继续读取、换一个起点或放宽条件。";
        unread: "Not read", "未能读取";
        unread_partition: "partition", "分区";
        withheld: "You may see positions, sizes and names of headers. Keys and bodies need the right message.body.",
            "您可以查看位置、大小和消息头名称；查看键和消息体需要 message.body 权限。";
        go_on: "Go on", "继续";
        from_start: "From the beginning", "回到起点";
        no_body: "No body (tombstone)", "无消息体（墓碑）";
        value: "Value", "消息体";
        headers: "Headers", "消息头";
        properties: "Properties", "属性";
        schema: "schema", "schema";
        truncated: "Only the beginning is shown.", "仅显示开头部分。";
        journey: "Journey of this message", "此消息的旅程";
        no_journey: "No span tells of this message.", "没有 span 提到此消息。";
        broker_time: "time of the broker", "broker 时间";
        producer_time: "time of the producer", "生产者时间";
        tail: "Watch live", "实时查看";
        tail_stop: "Pause", "暂停";
        tail_title: "As they arrive", "实时到达";
        tail_ended: "The live view has ended.", "实时查看已结束。";
    }
    say {
        price(messages: &str, bytes: &str): format!("Here lie {messages} messages, {bytes}."), format!("此处有 {messages} 条消息，共 {bytes}。");
        budget(bytes: &str, ms: &str): format!("One reading takes at most {bytes} and {ms}."), format!("一次读取最多占用 {bytes}、{ms}。");
        took(shown: usize, read: &str, bytes: &str, ms: &str): format!("{shown} shown of {read} read ({bytes}, {ms})."),
            format!("读取 {read} 条（{bytes}，{ms}），显示 {shown} 条。");
        unjudged(n: &str): format!("{n} messages were too large for the filter and are not shown."), format!("{n} 条消息过大，无法判断过滤条件，未显示。");
        skipped(n: u64): format!("{n} more arrived than are shown."), format!("另有 {n} 条到达但未显示。");
    }
}
