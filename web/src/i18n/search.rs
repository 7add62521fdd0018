words! {
    SearchWords {
        title: "Message search", "消息搜索";
        find: "Message id, key, trace id or attribute", "消息 ID、键、trace ID 或属性";
        find_hint: "order.id=1001", "order.id=1001";
        destination: "Destination", "目的地";
        group: "Consumer group", "消费组";
        state: "State", "状态";
        any_state: "Any state", "任意状态";
        in_trouble: "In trouble", "异常";
        service: "Service", "服务";
        min: "At least", "至少耗时";
        max: "At most", "至多耗时";
        min_hint: "250ms, 1.5s", "250ms、1.5s";
        range: "Time", "时间";
        range_any: "Any time", "任意时间";
        range_15m: "Last 15 minutes", "最近 15 分钟";
        range_1h: "Last hour", "最近 1 小时";
        range_6h: "Last 6 hours", "最近 6 小时";
        range_24h: "Last 24 hours", "最近 24 小时";
        range_7d: "Last 7 days", "最近 7 天";
        text: "Text of an error", "错误文本";
        from: "From (UTC)", "起始（UTC）";
        to: "Until (UTC)", "截止（UTC）";
        more_filters: "More filters", "更多条件";
        submit: "Search", "搜索";
        clear: "Clear", "清除";
        overtaken: "A later message of its key was finished first.", "同一键的较晚消息先处理完成。";
        results: "Messages", "消息";
        message: "Message", "消息";
        produced_by: "Produced by", "生产者";
        groups: "Groups", "消费组";
        attempts: "Attempts", "尝试";
        total: "Took", "总耗时";
        started: "Started (UTC)", "开始（UTC）";
        what: "What happened", "发生了什么";
        empty_title: "No message matches", "没有匹配的消息";
        empty_filters: "Loosen a filter, or widen the time.", "请放宽条件或扩大时间范围。";
        empty_find: "Ids match exactly; an attribute is written name=value. Only spans that have arrived and are not past retention can be found.",
            "ID 需完全一致；属性写作 名称=值。只能找到已到达且未超过保留期的 span。";
        empty_none: "No message has arrived yet. The overview explains how to send.", "尚未收到消息，请在概览页查看发送方法。";
        truncated: "More fits than one search reads; these are of the newest part.", "匹配过多，仅显示最新的一部分。";
        keep_searching: "Search further back", "继续向前搜索";
        destination_page: "What its broker tells of this destination", "代理中该目的地的信息";
        asked_not_whole: "Older messages there were not looked at.", "更早的消息尚未查看。";
        newest: "Back to the newest", "回到最新";
        export: "All that this search finds, as a file:", "将此搜索的全部结果导出为文件：";
        export_csv: "CSV", "CSV";
        export_json: "JSON", "JSON";
        save_title: "Save this search", "保存此搜索";
        save_name: "Name", "名称";
        save_shared: "Shared with everybody here", "与所有用户共享";
        save: "Save", "保存";
        remove_search: "Delete", "删除";
    }
    say {
        saved(n: usize): format!("Saved searches ({n})"), format!("已保存的搜索（{n}）");
        shared_by(owner: &str): format!("shared by {owner}"), format!("由 {owner} 共享");
        remove_search_ask(name: &str): format!("The saved search “{name}” is removed, for everybody who sees it."),
            format!("已保存的搜索“{name}”将被删除，所有能看到它的用户都将无法使用。");
        asked(read: u64, all: u64, messages: u64, time: &str): format!("No span tells of it, so brokers were asked: {read} of {all} destinations, {messages} messages read in {time}."),
            format!("没有 span 说明，因此查询了 broker：{all} 个目的地中的 {read} 个，在 {time} 内读取 {messages} 条消息。");
        searched_back_to(time: &str): format!("Searched back to {time}; older messages were not looked at."),
            format!("已搜索至 {time}，更早的消息尚未查看。");
        shown(n: usize): if n == 1 { "1 message".to_owned() } else { format!("{n} messages") }, format!("{n} 条消息");
    }
}
