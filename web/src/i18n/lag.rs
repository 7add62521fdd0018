words! {
    /// What is judged of groups.
    LagWords {
        ok: "OK", "正常";
        unknown: "Not known", "未知";
        warning: "Warning", "警告";
        stopped: "Stopped", "已停止";
        stalled: "Stalled", "已停滞";
        rewound: "Rewound", "已回退";
        any: "any", "不限";
        keeps_up: "It keeps up, or catches up.", "它跟得上，或正在追上。";
        few_readings: "Not judged yet: fewer than three readings tell of it.", "尚未判定：读数不足三次。";
        no_position: "Not judged: no position is known that its lag could be told of.", "未判定：没有可据以计算积压的位点。";
        by_design: "Not judged: it is not meant to keep up. The broker itself reads it, or retries and dead letters wait there without consumers.", "不作判定：本就无需跟上。由 broker 自身读取，或为无消费者的重试、死信队列。";
        never_consumed_members: "It has members and was never seen to take anything.", "有成员，但从未见其消费。";
        head_title: "What it stands before", "停在哪条消息之前";
        head_offset: "Message", "消息";
        head_written: "Written", "写入时间";
        head_attempts: "Attempts", "尝试次数";
        head_error: "Last error", "最近错误";
        head_key: "Key", "键";
        head_journey: "Journey", "旅程";
        no_span: "no span tells of it", "没有 span 提及";
        no_error: "none told", "未见错误";
        retention: "Loses messages in", "距丢失消息";
        in_rate: "Comes", "流入";
        consumers: "More members", "增加成员";
        consumers_help: "would help", "有帮助";
        consumers_no_partition: "would not help: each partition has one", "无帮助：每个分区已有成员";
        consumers_one: "would not help: one partition holds nearly all", "无帮助：几乎全部积压在一个分区";
        by_head_history: "by when the end passed the position", "按末端经过该位点的时间";
        by_record_time: "by the time of the message at the position", "按该位点消息的时间";
        by_head_message: "by the time of the oldest message", "按最旧消息的时间";
        by_counters: "by the broker's counters", "按代理的计数器";
        by_rate: "by the rate at which messages come", "按消息流入速率";
        loss_advances: "by how the oldest offset goes on", "按最旧位点的推进";
        loss_age: "by the age that is kept", "按保留时长";
        loss_size: "by the size that is kept", "按保留大小";
        loss_lost: "messages were dropped before they were read", "有消息未读即被删除";
        never_drains: "never, at this rate", "按此速率永不";
        events_title: "What happened", "发生的事件";
        event_at: "When", "时间";
        event_what: "What", "事件";
        event_where: "Where", "位置";
        event_rebalance: "Members changed", "成员变化";
        event_rewind: "Position went back", "位点回退";
        event_made_again: "Made again under its name", "同名重建";
        event_mark: "an event", "事件";
        partition_verdict: "Verdict", "判定";
        partition_lag_ms: "Lag in time", "时间积压";
        somebody: "a member", "某成员";
    }
    say {
        slow(out: &str, come: &str): format!("It moves and falls behind: {out} are taken and {come} come."), format!("在推进但落后：取走 {out}，流入 {come}。");
        rebalancing(n: &str): format!("Its members changed {n} times within two minutes."), format!("两分钟内成员变化了 {n} 次。");
        no_member(place: &str, age: &str): format!("It has no member, and {place} has stood for {age}."), format!("没有成员，{place} 已停留 {age}。");
        unassigned(place: &str, age: &str): format!("None of its members was given {place}, which has stood for {age}."), format!("没有成员被分配 {place}，已停留 {age}。");
        paused(member: &str, place: &str, age: &str): format!("Member {member} is alive and has not tried {place} for {age}, though it tried what lies before: it is paused, or still at its first attempt."), format!("成员 {member} 存活，但 {age} 内未尝试 {place}，而之前的消息已尝试：可能已暂停，或仍在首次尝试。");
        never_consumed(place: &str, age: &str): format!("Nothing was ever taken from {place}, seen for {age}."), format!("{place} 从未被消费，已观察 {age}。");
        no_progress(member: &str, place: &str, age: &str): format!("Member {member} is alive and has not moved past {place} for {age}."), format!("成员 {member} 存活，但 {age} 内未越过 {place}。");
        untold(place: &str, age: &str): format!("It has not moved past {place} for {age}; nobody told of its members."), format!("{age} 内未越过 {place}；成员未知。");
        poison(member: &str, place: &str, age: &str): format!("Member {member} fails at {place} again and again and has not moved past it for {age}."), format!("成员 {member} 在 {place} 处反复失败，{age} 内未越过。");
        not_committing(member: &str, place: &str, age: &str): format!("Member {member} processed {place} and has not committed past it for {age}."), format!("成员 {member} 已处理 {place}，但 {age} 内未提交越过。");
        went_back(place: &str, from: &str, age: &str): format!("Its position went back from {from} to {place} {age} ago."), format!("{age} 前位点从 {from} 回退到 {place}。");
        hot(place: &str, share: &str): format!("{place} takes {share} of the load."), format!("{place} 承担 {share} 的负载。");
        moved(from: &str, to: &str): format!("from {from} to {to}"), format!("从 {from} 到 {to}");
    }
}
