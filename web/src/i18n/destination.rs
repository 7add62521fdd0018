words! {
    DestinationWords {
        title: "Destinations", "目的地";
        empty: "No destination fits", "没有匹配的目的地";
        empty_why: "Loosen a filter. A destination appears when a broker or a span tells of it.",
            "请放宽条件。代理或 span 提及后，目的地就会出现在此。";
        messages: "Messages in it", "其中的消息";
        failures: "Recent failures", "近期失败";
        dead_lettered: "Dead-lettered messages", "进入死信的消息";
        all_messages: "Messages that spans tell of", "span 记录的消息";
        p50: "Processing p50", "处理 p50";
        p99: "Processing p99", "处理 p99";
        failed: "Failed in the range", "时间段内失败";
        rates: "Rate in and out", "写入与消费速率";
        rates_about: "As the broker counts.", "按代理计数。";
        depth_about: "Messages that it holds: band from the least to the most reading, line the last.",
            "持有的消息数：色带为最小至最大读数，线为最后读数。";
        spans: "Messages by spans", "span 记录的消息";
        published: "Published", "已发布";
        processed: "Processed", "已处理";
        failed_attempts: "Failed", "失败";
        partition_table: "Partitions", "分区";
        leader: "Leader", "Leader";
        in_sync: "In sync", "同步副本";
        replicas: "Replicas", "副本";
        offline: "Offline", "离线";
        low: "Oldest offset", "最早位点";
        share: "Share of stored", "存储占比";
        no_leader: "no leader now", "当前无 leader";
        settings: "Settings that matter", "关键配置";
        setting: "Setting", "配置项";
        value: "Value", "值";
        source: "From", "来源";
        secret: "secret", "保密";
        routes: "Where messages go on", "消息去向";
        route_kind: "What", "方式";
        route_from: "From", "起点";
        route_to: "To", "终点";
        route_key: "Routing key", "路由键";
        guarantee: "Guarantee", "保证";
        binding: "binding", "绑定";
        dead_letter: "dead letters to", "死信到";
        retry: "retries to", "重试到";
        dead_letters: "Dead letters", "死信去向";
        dead_letters_none: "No dead-letter edge is known.", "没有已知的死信去向。";
        publishers: "Who publishes", "发布者";
        service: "Service", "服务";
        rate: "Rate", "速率";
        failed_share: "Failed", "失败占比";
        last: "Last", "最近";
        takers: "Who consumes", "消费者";
        lag_known_by: "Services", "服务";
        no_groups: "No group is known to read it.", "没有已知的消费组读取它。";
        no_publishers: "No span of this range publishes to it.", "此时间段内没有发布到它的 span。";
        no_takers: "No span of this range consumes from it.", "此时间段内没有从它消费的 span。";
        receives: "received, work not told", "已接收，未记录处理";
        finding_loop: "Loop: dead letters or retries come back to where they began, and nothing ends it.",
            "循环：死信或重试回到起点，且没有终止条件。";
        finding_missing_target: "What it dead-letters to does not exist: such messages are lost.",
            "死信目标不存在：这些消息会丢失。";
        finding_unrouted: "Dead letters go to an exchange that routes them nowhere.", "死信进入的交换机没有路由目标。";
        finding_under_min: "Fewer replicas are in sync than writes ask for: writes are refused.",
            "同步副本少于写入要求：写入会被拒绝。";
        finding_under_replicated: "Some replicas are not in sync.", "部分副本未同步。";
        finding_no_leader: "A partition has no leader: it can be neither written nor read.", "分区没有 leader：无法读写。";
        search_list: "Look for it in the list", "在列表中查找";
    }
    say {
        skew(times: &str): format!("The largest partition holds {times} times the mean."), format!("最大分区的存储量为平均值的 {times} 倍。");
        window(span: &str): format!("spans of the last {span}"), format!("最近 {span}的 span");
    }
}
