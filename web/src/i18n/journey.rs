use waybill_model::journey::{EvidenceKind, GapKind, HopRole, PhaseKind, Witness};

words! {
    JourneyWords {
        title: "Message", "消息";
        assembling: "Still assembling: more spans may arrive.", "仍在汇集：可能还有 span 到达。";
        facts: "Message", "消息";
        system: "System", "系统";
        cluster: "Cluster", "集群";
        destination: "Destination", "目的地";
        partition: "Partition", "分区";
        offset: "Offset", "偏移量";
        message_id: "Message id", "消息 ID";
        key: "Key", "键";
        size: "Size", "大小";
        created: "Created (UTC)", "创建时间（UTC）";
        started: "Started (UTC)", "开始（UTC）";
        put_at: "Put there (UTC)", "写入时间（UTC）";
        trace_ids: "Trace ids", "Trace ID";
        owner: "Owner", "负责团队";
        runbook: "Runbook", "处置手册";
        unassigned: "unassigned", "未分配";
        chain: "Timeline", "时间线";
        chain_about: "Everything that this message came from and caused, on one clock.", "此消息的来源及其引发的一切，使用同一时间轴。";
        step: "Step", "步骤";
        bar: "When", "时间";
        at: "Start", "开始";
        waited: "Waited", "等待";
        took: "Took", "耗时";
        outcome: "Outcome", "结果";
        this_message: "this message", "本消息";
        legend_work: "work", "处理";
        legend_failed: "failed", "失败";
        legend_unknown: "outcome unknown", "结果未知";
        legend_queue: "waiting in queue", "排队等待";
        legend_backoff: "back-off", "退避";
        published_by: "published", "发布";
        publish_dark: "publish not seen", "未观测到发布";
        queue_wait: "queue", "排队";
        backoff_wait: "back-off", "退避";
        dead_letter: "Dead letter", "死信";
        no_delivery: "No consumer was seen.", "未观测到消费者。";
        unknown_group: "group unknown", "消费组未知";
        budget: "Where the time went", "时间去向";
        phase: "Phase", "阶段";
        duration: "Duration", "时长";
        share: "Share", "占比";
        total: "Total", "合计";
        not_comparable: "clocks differ", "时钟不一致";
        budget_none: "No phase could be measured.", "没有可测量的阶段。";
        deliveries: "Deliveries", "投递";
        group: "Group", "消费组";
        service: "Service", "服务";
        state: "State", "状态";
        attempts: "Attempts", "尝试";
        version: "Version", "版本";
        instance: "Instance", "实例";
        error: "Error", "错误";
        same_failures: "Failures of this kind", "同类故障";
        read_from: "Read from", "读取自";
        joined_by: "Joined by", "关联依据";
        evidence: "Evidence", "证据";
        hops: "Places", "位置";
        hop_role: "Role", "角色";
        overtaken: "A later message of this key was finished before it:", "同一键的较晚消息先于此消息处理完成：";
        gaps: "What is not known", "未知之处";
        spans: "Raw spans", "原始 span";
        span: "Span", "Span";
        kind: "Kind", "类型";
        attributes: "Attributes", "属性";
        events: "Events", "事件";
        attribute: "Attribute", "属性";
        value: "Value", "值";
        no_attributes: "No attributes.", "没有属性。";
        role_origin: "origin", "源";
        role_retry: "retry", "重试";
        role_dead_letter: "dead letter", "死信";
        role_replay: "replay", "重放";
        phase_outbox: "outbox", "发件箱";
        phase_publish: "publish", "发布";
        phase_queue: "queue", "排队";
        phase_receive: "receive", "接收";
        phase_process: "process", "处理";
        phase_backoff: "back-off", "退避";
        phase_dead_letter: "dead letter", "死信";
        phase_replay: "replay", "重放";
        witness_link: "a link to the publishing span", "指向发布 span 的链接";
        witness_parent: "the publishing span is its parent", "父 span 即发布 span";
        witness_ancestor: "an ancestor is the publishing span", "祖先 span 是发布 span";
        witness_position: "the same partition and offset", "相同的分区与偏移量";
        witness_message_id: "the same message id", "相同的消息 ID";
        witness_replay_key: "the replay's own key", "重放专用键";
        witness_native_trace: "the broker's own trace", "broker 自身的追踪";
        witness: "What the broker says", "Broker 的证词";
        says: "It says", "证词";
        as_of: "As of (UTC)", "截至（UTC）";
        evidence_stored: "stored", "已存储";
        evidence_passed: "read past it", "已读过";
        evidence_not_passed: "not read yet", "尚未读到";
        evidence_expired: "deleted unread", "未读即删除";
        evidence_queue_empty: "queue empty", "队列为空";
        evidence_untouched: "still in the queue", "仍在队列中";
        evidence_unroutable: "routed nowhere", "无路由";
        gap_dark_producer: "Producer not seen", "未观测到生产者";
        gap_dark_consumer: "Consumer not seen", "未观测到消费者";
        gap_unknown_group: "Group not told", "未告知消费组";
        gap_sampled: "Sampled", "被采样";
        gap_skew: "Clocks differ", "时钟不一致";
        gap_late: "Late spans", "迟到的 span";
        gap_truncated: "Too many spans", "span 过多";
        gap_dark_producer_about: "No span tells who published this message: the producer is not instrumented, or its spans were sampled away.",
            "没有 span 说明谁发布了此消息：生产者未接入，或其 span 被采样丢弃。";
        gap_dark_consumer_about: "No span tells that anybody read this message. It may still have been consumed.",
            "没有 span 表明有人读取了此消息，但它仍可能已被消费。";
        gap_unknown_group_about: "The consumer's spans do not name their group.", "消费者的 span 没有给出消费组。";
        gap_sampled_about: "The producer keeps only a part of its traces, and this one not.", "生产者只保留了部分追踪，不含此条。";
        gap_skew_about: "The clocks of two machines disagree, so durations between them are not shown.", "两台机器的时钟不一致，因此不显示它们之间的时长。";
        gap_late_about: "Spans arrived long after the message was handled.", "span 在消息处理很久之后才到达。";
        gap_truncated_about: "More spans belong here than one page assembles.", "相关 span 过多，页面未全部汇集。";
    }
    say {
        attempt(n: u32): format!("Attempt {n}"), format!("第 {n} 次尝试");
        retries(n: u32): if n == 1 { "1 attempt".to_owned() } else { format!("{n} attempts") }, format!("{n} 次尝试");
        spans_count(n: usize): if n == 1 { "1 span".to_owned() } else { format!("{n} spans") }, format!("{n} 个 span");
        spans_shown(shown: usize, all: usize): format!("The first {shown} of {all} spans are shown."), format!("共 {all} 个 span，仅显示前 {shown} 个。");
        messages_count(n: usize): if n == 1 { "1 message".to_owned() } else { format!("{n} messages") }, format!("{n} 条消息");
        backoff_asked(time: &str): format!("back-off of {time} asked for"), format!("要求退避 {time}");
        budget_about(total: &str): format!("The phases sum to {total}."), format!("各阶段合计 {total}。");
        told_delivered(group: &str): format!("Delivered to {group}."), format!("已送达 {group}。");
        told_delivered_after(group: &str, n: u32): format!("Delivered to {group} after {n} attempts."), format!("经 {n} 次尝试后送达 {group}。");
        told_dead_lettered(place: &str, n: u32): format!("Moved to the dead letters of {place} after {n} attempts."), format!("经 {n} 次尝试后进入死信 {place}。");
        told_retrying(group: &str, n: u32): format!("{group} failed {n} times and will try again."), format!("{group} 已失败 {n} 次，将再次尝试。");
        told_failed(group: &str, n: u32): format!("{group} failed for good after {n} attempts."), format!("{group} 在 {n} 次尝试后最终失败。");
        told_delivered_in(group: &str, time: &str): format!("Delivered to {group} in {time}."), format!("已在 {time} 内送达 {group}。");
        told_slowly(group: &str, time: &str, phase: &str, part: &str): format!("Delivered to {group} in {time}, {part} of it in the phase {phase}."),
            format!("已在 {time} 内送达 {group}，其中“{phase}”阶段占 {part}。");
        told_redelivered(group: &str, n: u32): format!("Delivered {n} times to {group}; no span says why it came again."),
            format!("向 {group} 投递了 {n} 次，没有 span 说明为何重复投递。");
        told_replayed(): "Put back from its dead-letter destination; nobody was seen to read it yet.".to_owned(),
            "已从死信放回，尚未观测到读取者。".to_owned();
        told_no_consumer(service: &str): format!("Published by {service}; no consumer's span was seen. Whether it still waits only the broker knows."),
            format!("由 {service} 发布，未观测到消费者的 span；是否仍在排队，只有 broker 知道。");
        told_outcome_unknown(group: &str): format!("Received by {group}; no span says what became of it."),
            format!("已被 {group} 接收，没有 span 说明其结果。");
        told_read_by_broker(group: &str): format!("Read by {group}, as the broker tells; no consumer's span was received."),
            format!("broker 表明 {group} 已读取，但未收到消费者的 span。");
        told_waits(group: &str): format!("Waits for {group}."), format!("正在等待 {group} 读取。");
        told_expired(): "It was deleted before anybody read it.".to_owned(), "在被读取之前已被删除。".to_owned();
        told_unroutable(): "The broker dropped it: it was routed nowhere.".to_owned(), "broker 已丢弃：没有任何路由。".to_owned();
        told_last_error(error: &str): format!(" The last error was: {error}"), format!("最近的错误：{error}");
    }
}

impl JourneyWords {
    pub fn role(&self, role: HopRole) -> &'static str {
        match role {
            HopRole::Origin => self.role_origin,
            HopRole::Retry => self.role_retry,
            HopRole::DeadLetter => self.role_dead_letter,
            HopRole::Replay => self.role_replay,
        }
    }

    pub fn phase(&self, phase: PhaseKind) -> &'static str {
        match phase {
            PhaseKind::Outbox => self.phase_outbox,
            PhaseKind::Publish => self.phase_publish,
            PhaseKind::Queue => self.phase_queue,
            PhaseKind::Receive => self.phase_receive,
            PhaseKind::Process => self.phase_process,
            PhaseKind::Backoff => self.phase_backoff,
            PhaseKind::DeadLetter => self.phase_dead_letter,
            PhaseKind::Replay => self.phase_replay,
        }
    }

    pub fn witness(&self, witness: Witness) -> &'static str {
        match witness {
            Witness::Link => self.witness_link,
            Witness::Parent => self.witness_parent,
            Witness::Ancestor => self.witness_ancestor,
            Witness::Position => self.witness_position,
            Witness::MessageId => self.witness_message_id,
            Witness::ReplayKey => self.witness_replay_key,
            Witness::NativeTrace => self.witness_native_trace,
        }
    }

    pub fn evidence_kind(&self, kind: EvidenceKind) -> &'static str {
        match kind {
            EvidenceKind::Stored => self.evidence_stored,
            EvidenceKind::Passed => self.evidence_passed,
            EvidenceKind::NotPassed => self.evidence_not_passed,
            EvidenceKind::Expired => self.evidence_expired,
            EvidenceKind::QueueEmpty => self.evidence_queue_empty,
            EvidenceKind::Untouched => self.evidence_untouched,
            EvidenceKind::Unroutable => self.evidence_unroutable,
        }
    }

    /// Its name and what it means.
    pub fn gap(&self, gap: GapKind) -> (&'static str, &'static str) {
        match gap {
            GapKind::DarkProducer => (self.gap_dark_producer, self.gap_dark_producer_about),
            GapKind::DarkConsumer => (self.gap_dark_consumer, self.gap_dark_consumer_about),
            GapKind::UnknownGroup => (self.gap_unknown_group, self.gap_unknown_group_about),
            GapKind::Sampled => (self.gap_sampled, self.gap_sampled_about),
            GapKind::Skew => (self.gap_skew, self.gap_skew_about),
            GapKind::Late => (self.gap_late, self.gap_late_about),
            GapKind::Truncated => (self.gap_truncated, self.gap_truncated_about),
        }
    }
}
