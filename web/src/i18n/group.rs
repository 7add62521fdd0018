words! {
    GroupWords {
        title: "Groups", "消费组";
        empty: "No group fits", "没有匹配的消费组";
        empty_why: "Loosen a filter. Groups are told by brokers that are read; what only spans name stands on the page of its destination.",
            "请放宽条件。消费组由所读取的代理提供；仅由 span 提及的消费组见其目的地页面。";
        reads: "Reads", "读取";
        reads_exactly: "Reads the destination", "读取的目的地";
        lag_ms: "Lag in time", "时间积压";
        verdict: "Verdict", "判定";
        drain: "Drained in", "预计消化";
        coordinator: "Coordinator", "协调者";
        changed: "Positions last changed", "位点最近变化";
        lag_chart: "Lag over time", "积压变化";
        lag_about: "Messages behind: band from the least to the most reading, line the last.",
            "落后的消息数：色带为最小至最大读数，线为最后读数。";
        committed: "Committed", "已提交";
        head: "Head", "末端";
        never: "never", "从未";
        gap_no_head: "Nobody told where the partition ends.", "未获知分区末端位置。";
        gap_no_oldest: "Never committed, and nobody told where the partition begins.", "从未提交，且未获知分区起始位置。";
        gap_beyond_end: "Its position lies behind the end: the partition was cut or made again.",
            "其位点超出末端：分区被截断或重建。";
        member: "Member", "成员";
        client: "Client", "客户端";
        host: "Host", "主机";
        assigned: "Assigned", "已分配";
        prefetch: "May hold", "预取上限";
        stands_at: "Stands at", "当前位点";
        no_members: "It has no member: nobody reads now.", "没有成员：当前无人读取。";
        no_positions: "No position was read yet.", "尚未读取到位点。";
        nothing_assigned: "nothing", "无";
    }
    say {
        partitions_unknown(n: &str, all: &str): format!("not known on {n} of {all} partitions"), format!("{all} 个分区中有 {n} 个未知");
    }
}
