use waybill_model::failure::FailureEvidence;

words! {
    FailureWords {
        title: "Failures", "故障";
        about: "Failed attempts by kind: error type and first application frame, whatever the broker. Where no span names an error, the evidence names the kind.",
            "按类别汇总的失败尝试：错误类型与首个应用栈帧，不区分 broker。没有 span 给出错误时，以证据命名。";
        empty: "No failure fits", "没有匹配的故障";
        empty_why: "Loosen a filter. Failed attempts are written down a moment after their spans arrive.",
            "请放宽条件。失败尝试在其 span 到达片刻后记录。";
        failure: "Failure", "故障";
        frame: "First application frame", "首个应用栈帧";
        message: "Message", "错误信息";
        attempts: "Failed attempts", "失败尝试";
        journeys: "Messages", "消息";
        trend: "Last 24 h", "最近 24 小时";
        first: "First", "首次";
        last: "Last", "最近";
        first_version: "First version", "首个版本";
        version: "Version", "版本";
        versions: "Versions", "版本";
        versions_about: "Each service.version that showed it, the first one first.", "出现过此故障的 service.version，按首次出现排序。";
        cause: "Most frequent cause", "最常见原因";
        owner: "Owner", "负责团队";
        owner_rule: "by the configuration", "来自配置";
        service: "Service", "服务";
        where_seen: "Where", "发生位置";
        recent: "Latest messages", "最近的消息";
        history: "Retry history of the newest", "最近一条消息的重试历史";
        history_at: "Read from", "读取自";
        instance: "Instance", "实例";
        started: "Started (UTC)", "开始（UTC）";
        backoff: "Waited before", "此前等待";
        error: "Error", "错误";
        no_failure: "did not fail", "未失败";
        q: "Error, frame or message contains", "错误、栈帧或信息包含";
        destination_exactly: "Destination", "目的地";
        group_exactly: "Consumer group", "消费组";
        muted: "Muted", "已静默";
        muted_no: "Not muted", "未静默";
        muted_yes: "Muted only", "仅已静默";
        muted_all: "All", "全部";
        sort_last: "Last", "最近发生";
        sort_attempts: "Failed attempts", "失败尝试";
        sort_first: "First, newest first", "首次出现，新的在前";
        trend_by_hour: "by the hour", "按小时";
        trend_by_minute: "by the minute", "按分钟";
        unit_attempts: "failed attempts", "次失败尝试";
        dead_lettered: "Dead-lettered", "进入死信";
        failed: "Failed for good", "最终失败";
        retrying: "Being retried", "重试中";
        delivered: "Delivered after all", "最终送达";
        other: "Otherwise", "其他";
        what_people_say: "Owner and note", "负责与备注";
        note: "Note", "备注";
        owner_clears: "Left empty, the configuration's rule applies.", "留空则采用配置规则。";
        save: "Save", "保存";
        mute: "Mute", "静默";
        mute_ask: "Messages of this failure are left out of the overview for this long. They stay in searches and lists.",
            "在此期间，概览不再显示此故障的消息；搜索和列表仍会显示。";
        mute_for: "For", "时长";
        mute_1h: "1 hour", "1 小时";
        mute_24h: "24 hours", "24 小时";
        mute_7d: "7 days", "7 天";
        mute_30d: "30 days", "30 天";
        unmute: "End it", "结束静默";
        evidence: "evidence", "证据";
        evidence_redelivered: "Delivered again; no span says why", "重复投递，没有 span 说明原因";
        evidence_retried: "Put on retry; no span names an error", "已转入重试，没有 span 给出错误";
        evidence_dead_lettered: "Dead-lettered; no span names an error", "进入死信，没有 span 给出错误";
        evidence_refused: "Given back by its consumer; no span names an error", "被消费者退回，没有 span 给出错误";
        no_type: "Failed; no error type is named", "失败，未给出错误类型";
    }
    say {
        told(attempts: &str, journeys: &str, since: &str): format!("{attempts} failed attempts of {journeys} messages, the first {since}."),
            format!("{journeys} 条消息共 {attempts} 次失败尝试，首次发生于{since}。");
        came_to(dead: &str, delivered: &str): format!("{dead} were dead-lettered, {delivered} delivered after all."),
            format!("其中 {dead} 条进入死信，{delivered} 条最终送达。");
        began_with(version: &str): format!("It was first seen in version {version}."), format!("首次出现于版本 {version}。");
        cause_of(n: &str, all: &str): format!("told of {n} of {all} failed attempts"), format!("见于 {all} 次失败尝试中的 {n} 次");
        trend_about(n: &str, most: &str): format!("{n} in 24 hours, at most {most} an hour"), format!("24 小时内 {n} 次，每小时最多 {most} 次");
        muted_until(at: &str): format!("Muted until {at} UTC: the overview leaves its messages out."), format!("静默至 {at} UTC：概览不显示其消息。");
        changed(by: &str, at: &str): format!("Changed by {by} at {at} UTC."), format!("{by} 于 {at} UTC 修改。");
        and_more(n: usize): format!("and {n} more"), format!("另有 {n} 项");
    }
}

impl FailureWords {
    pub fn evidence_of(&self, evidence: FailureEvidence) -> &'static str {
        match evidence {
            FailureEvidence::Redelivered => self.evidence_redelivered,
            FailureEvidence::Retried => self.evidence_retried,
            FailureEvidence::DeadLettered => self.evidence_dead_lettered,
            FailureEvidence::Refused => self.evidence_refused,
        }
    }
}
