words! {
    /// What pages of clusters, destinations and groups say alike. The server alone says it: the
    /// browser gets these pages as they are.
    ObservedWords {
        cluster: "Cluster", "集群";
        name: "Name", "名称";
        kind: "Kind", "类型";
        state: "State", "状态";
        namespace: "Namespace", "命名空间";
        read: "Read", "读取时间";
        filter: "Show", "显示";
        clear: "Clear", "清除";
        name_part: "Part of the name", "名称包含";
        any_cluster: "Any cluster", "任意集群";
        any_kind: "Any kind", "任意类型";
        sort: "Sort by", "排序";
        sort_name: "Name", "名称";
        sort_lag: "Lag", "积压";
        sort_depth: "Depth", "堆积量";
        sort_in: "In", "写入速率";
        sort_out: "Out", "消费速率";
        sort_partitions: "Partitions", "分区数";
        sort_bytes: "Stored", "存储量";
        sort_failed: "Failed (spans)", "失败（span）";
        sort_published: "Published (spans)", "发布（span）";
        sort_members: "Members", "成员数";
        first_page: "First page", "第一页";
        next_page: "Next page", "下一页";
        pages: "Pages of the list", "列表分页";
        in_rate: "In", "写入";
        out_rate: "Out", "消费";
        depth: "Depth", "堆积";
        lag: "Lag", "积压";
        partitions: "Partitions", "分区";
        consumers: "Consumers", "消费者";
        capacity: "Consumer capacity", "消费能力";
        groups: "Groups", "消费组";
        members: "Members", "成员";
        stored: "Stored", "存储";
        coverage: "Coverage", "覆盖率";
        findings: "Findings", "发现的问题";
        coverage_about: "Coverage: how many of the messages that the broker counted in the last hour spans tell of.",
            "覆盖率：最近一小时内代理计数的消息中，有 span 记录的比例。";
        spans_only_chart: "What clients told, not the broker.", "由客户端记录，而非代理。";
        by_spans: "spans", "span";
        at_least: "at least", "至少";
        none: "none", "无";
        destination: "Destination", "目的地";
        group: "Group", "消费组";
        partition: "Partition", "分区";
        kind_topic: "topic", "主题";
        kind_queue: "queue", "队列";
        kind_exchange: "exchange", "交换机";
        kind_stream: "stream", "流";
        kind_retry: "retry", "重试";
        kind_dead_letter: "dead letter", "死信";
        kind_internal: "internal", "内部";
        missing: "not told", "未告知";
        forbidden: "no right", "无权限";
        unsupported: "has none", "不适用";
        failed: "no answer", "无应答";
        not_asked: "unknown", "未知";
        undetermined: "undetermined", "无法确定";
        spans_only: "spans only", "仅 span";
        missing_about: "The broker answered and left it out.", "代理已应答，但未给出该值。";
        forbidden_about: "The broker refused: a right is missing. The cluster's page names the right and the command that grants it.",
            "代理拒绝：缺少权限。集群页面列出所缺权限及授权命令。";
        unsupported_about: "This broker, or this version of it, has no such thing.", "该代理或其当前版本没有此项。";
        failed_about: "Asking failed: no answer in time, or one that cannot be read.", "查询失败：未及时应答，或应答无法读取。";
        not_asked_about: "Nobody has asked for it yet, or it is not judged yet.", "尚未查询，或尚未评估。";
        undetermined_about: "It is concluded here, and what was read does not tell it.", "该值由此处推断，而读到的内容不足以得出它。";
        spans_only_about: "No broker is read here: only spans tell of it, and what only a broker knows stays blank.",
            "此处不读取代理，仅由 span 提供信息；只有代理知道的内容留空。";
        stale_about: "Read longer ago than two intervals: the figures are of then.", "距上次读取已超过两个间隔：显示的是当时的数据。";
        legend: "What the marks mean", "标记含义";
        stale: "stale", "已过时";
        gone: "left out", "已缺席";
        unknown_title: "What is not known here, and why", "未知项及原因";
        unknown_what: "What", "项目";
        unknown_why: "Why", "原因";
        unknown_detail: "In detail", "详情";
        all_known: "Everything that is asked for here was told.", "此处查询的内容均已获知。";
        range: "Time range", "时间范围";
        range_15m: "15 min", "15 分钟";
        range_1h: "1 h", "1 小时";
        range_6h: "6 h", "6 小时";
        range_24h: "24 h", "24 小时";
        range_other: "Another range", "其他范围";
        from: "From (UTC)", "起始（UTC）";
        to: "Until (UTC)", "截止（UTC）";
        show_range: "Show", "显示";
        chart_table: "The chart as a table", "以表格查看图表";
        chart_gap: "not known", "未知";
        chart_brush: "Drag across a chart to look closer.", "在图表上拖动可放大时间段。";
        band: "least to most", "最小至最大";
        last: "last", "最后值";
        minute: "From (UTC)", "起始（UTC）";
        unit_messages: "messages", "条消息";
        unit_per_s: "messages a second", "每秒消息数";
        unit_per_minute: "messages a minute", "每分钟消息数";
        reason_unreachable: "It cannot be reached.", "无法连接。";
        reason_too_slow: "It answers too slowly.", "应答过慢。";
        reason_wrong_credentials: "It does not accept these credentials.", "凭据未被接受。";
        reason_wrong_certificate: "The certificates do not fit: one side does not trust the other.", "证书不匹配：一方不信任另一方。";
        reason_another_protocol: "Something else listens at this address.", "该地址上监听的是其他协议。";
        reason_forbidden: "It forbids everything that is asked.", "所有查询均被拒绝（无权限）。";
        reason_bad_answer: "Its answers cannot be read.", "应答无法读取。";
    }
    say {
        per_s(n: &str): format!("{n} /s"), format!("{n} /秒");
        stale_since(age: &str): format!("stale, {age}"), format!("已过时，{age}");
        gone_since(age: &str): format!("left out of the broker's answers since {age}; these are its last figures."),
            format!("自{age}起不在代理的应答中；以下为最后获知的数据。");
        chart_about(what: &str, top: &str): format!("{what} over time, from 0 to {top}. The same is in the table below."),
            format!("{what}随时间变化，范围 0 至 {top}。数据见下表。");
        more_rows(shown: &str, all: &str): format!("{shown} of {all} are shown; the API lists all of them."),
            format!("显示 {all} 项中的 {shown} 项；API 可列出全部。");
        cluster_stale(cluster: &str, age: &str): format!("{cluster} was last read {age}: its figures are of then."),
            format!("{cluster} 最近一次读取于{age}：以下数据为当时的数据。");
        cluster_unread(cluster: &str): format!("{cluster} has not been read yet."), format!("尚未读取 {cluster}。");
    }
}
