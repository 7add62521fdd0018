words! {
    HealthWords {
        title: "Health of Waybill", "Waybill 自身状态";
        version: "Version", "版本";
        uptime: "Up for", "已运行";
        started: "Started (UTC)", "启动时间（UTC）";
        components: "Components", "组件";
        component: "Component", "组件";
        state: "State", "状态";
        since: "For", "持续";
        last_error: "Last error", "最近错误";
        ingest: "Ingest", "接收";
        ingest_about: "Since the start of this process.", "自进程启动以来。";
        accepted_spans: "Spans accepted", "已接收 span";
        duplicate_spans: "Duplicates dropped", "已丢弃重复";
        accepted_logs: "Log records accepted", "已接收日志";
        accepted_points: "Metric points accepted", "已接收指标点";
        refused: "Requests refused, to be sent again", "拒绝的请求（可重发）";
        rejected: "Records rejected for good", "永久拒收的记录";
        reason: "Reason", "原因";
        count: "Count", "数量";
        nothing_refused: "Nothing was refused.", "没有拒绝任何请求。";
        nothing_rejected: "Nothing was rejected.", "没有拒收任何记录。";
        store: "Store", "存储";
        on_disk: "On disk", "磁盘占用";
        spans: "Spans kept", "保留的 span";
        blocks: "Blocks", "块";
        oldest: "Oldest span (UTC)", "最早 span（UTC）";
        newest: "Newest span (UTC)", "最新 span（UTC）";
        audit_title: "Audit", "审计";
        audit_about: "Every allow and deny, newest first. Lines are only ever added; each carries the hash of the one before.",
            "所有允许与拒绝，最新在前。记录只增不改，每行都带有上一行的哈希。";
        audit_empty: "Nothing was recorded yet.", "尚无记录。";
        at: "Time (UTC)", "时间（UTC）";
        actor: "Who", "操作者";
        action: "Action", "操作";
        object: "On", "对象";
        decision: "Decision", "结果";
        detail: "Detail", "详情";
        hash: "Hash", "哈希";
    }
}
