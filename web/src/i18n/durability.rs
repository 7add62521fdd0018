words! {
    /// How a cluster's own settings let messages be lost. The server alone says it.
    DurabilityWords {
        title: "Durability", "持久性";
        about: "Every destination whose settings let messages be lost, with the setting and the change that ends it. What producers ask for is theirs and is not told by a broker.",
            "列出所有因配置而可能丢失消息的目的地、相应配置及消除风险的更改。生产者自身的要求由其决定，代理无法告知。";
        none: "Nothing that is set here lets messages be lost.", "当前配置中没有会导致消息丢失的设置。";
        none_asked: "None of this kind.", "没有此类风险。";
        none_but: "No risk was found in what could be judged; the rest is not known.", "在可评估的部分未发现风险；其余未知。";
        not_judged: "Nothing is judged here:", "此处未作评估：";
        severity: "Severity", "严重程度";
        any_severity: "Any severity", "任意程度";
        high: "high", "高";
        medium: "medium", "中";
        low: "low", "低";
        high_about: "one restart, one lost node or a full queue is enough", "一次重启、一个节点丢失或队列写满即可发生";
        medium_about: "two events together, or messages that nobody took in time", "需两个事件同时发生，或消息未被及时取走";
        low_about: "a loss that is often meant", "往往是有意为之";
        risk: "What can happen", "可能发生的情况";
        any_risk: "Any", "任意";
        setting: "Setting", "配置";
        cure: "What ends it", "消除方法";
        not_set: "not set", "未设置";
        unjudged: "Not judged", "未评估";
        unjudged_about: "Of these a setting that decides is not known. They are neither safe nor at risk.",
            "以下目的地缺少决定性的配置信息，既不能视为安全，也不能视为有风险。";
        risks: "Risks of loss", "丢失风险";
        show: "What can lose messages", "可能丢失消息之处";
        one_copy: "There is one copy", "只有一个副本";
        one_confirms: "One copy may be enough for a confirmation", "仅一个副本即可确认写入";
        unclean_election: "A replica that lacks messages may lead", "缺少消息的副本可能成为领导者";
        not_durable: "It does not outlive a restart", "重启后不复存在";
        vanishes: "It is deleted with what it holds", "会连同其中的消息一起被删除";
        drops_oldest: "When full it drops the oldest", "写满后丢弃最旧的消息";
        expires: "Messages expire unseen", "消息过期且无处保留";
        tried_out: "Messages tried too often are dropped", "重试次数过多的消息被丢弃";
        rejected: "Rejected messages are dropped", "被拒绝的消息被丢弃";
        at_most_once_dead_letter: "Dead letters may be lost on their way", "死信可能在途中丢失";
        missing_target: "Dead letters have no target", "死信的目标不存在";
        unrouted: "Messages are routed nowhere", "消息无处路由";
        looped: "Messages go round", "消息循环流转";
        async_flush: "Confirmed before it is on disk", "写入磁盘前即确认";
        async_replication: "Confirmed before a second node has it", "复制到第二个节点前即确认";
        alter: "change the setting", "更改配置";
        recreate: "make another one with", "使用以下配置重新创建";
        replicate: "add copies", "增加副本";
        route: "give them a place", "为其提供去处";
    }
    say {
        counts(high: u64, medium: u64, low: u64): format!("{high} high, {medium} medium, {low} low"), format!("高 {high}，中 {medium}，低 {low}");
        short(all: u64, high: u64): if high == 0 { format!("{all}") } else { format!("{all}, {high} high") },
            if high == 0 { format!("{all}") } else { format!("{all}，其中高 {high}") };
        of_cluster(cluster: &str): format!("Durability of {cluster}"), format!("{cluster} 的持久性");
    }
}
