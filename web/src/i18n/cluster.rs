words! {
    ClusterWords {
        title: "Clusters", "集群";
        empty: "No cluster is known", "没有已知的集群";
        empty_why: "Name clusters in the configuration file, or send spans.", "请在配置文件中添加集群，或发送 span。";
        broker: "Broker", "代理";
        site: "Site", "站点";
        nodes: "Nodes", "节点";
        version: "Version", "版本";
        actions: "Actions", "操作级别";
        actions_off: "off: nothing is ever written to it", "关闭：从不写入该集群";
        actions_replay: "replay: failed messages may be put again", "重放：可重新投递失败消息";
        actions_all: "all: every audited action may run", "全部：可执行所有受审计的操作";
        capabilities: "What is read", "读取内容";
        can_journeys: "journeys by spans", "由 span 还原消息轨迹";
        can_observe: "topology, positions and lag", "拓扑、位点与积压";
        can_browse: "stored messages", "已存储的消息";
        rights: "Missing rights", "缺失的权限";
        rights_none: "None: everything that is asked for may be read.", "无：查询内容均可读取。";
        rights_unknown: "Nobody has told which rights are missing.", "尚未获知缺少哪些权限。";
        right: "Right", "权限";
        blank: "What stays blank", "因此留空的内容";
        grant: "The command that grants the least", "最小授权命令";
        health: "Health", "健康状况";
        healthy: "answers", "应答正常";
        refused: "refused", "连接失败";
        stale: "stale", "已过时";
        troubled: "alarms", "有告警";
        limited: "rights missing", "缺少权限";
        unread: "not read yet", "尚未读取";
        unmanaged: "spans only", "仅 span";
        unmanaged_about: "This cluster is not read: managed = false, or it is not in the configuration. Its page shows what spans know, and nothing that only a broker could tell.",
            "不读取此集群：managed = false，或未在配置中。页面仅显示 span 提供的信息。";
        connections: "Client connections", "客户端连接";
        connection: "Connection", "连接";
        connection_good: "It answers.", "应答正常。";
        poll_every: "Read every", "读取间隔";
        readings: "Figures read", "数据读取";
        topology: "Topology read", "拓扑读取";
        hint: "What to do", "处理建议";
        since: "Since", "自";
        controller: "Controller", "控制器";
        cluster_id: "Cluster id", "集群 ID";
        node: "Node", "节点";
        address: "Address", "地址";
        roles: "Roles", "角色";
        running: "running", "运行中";
        stopped: "not running", "未运行";
        rack: "Rack", "机架";
        leads: "Leads", "领导数";
        memory: "Memory", "内存";
        disk_free: "Disk free", "剩余磁盘";
        uptime: "Up for", "已运行";
        alarms: "Alarms", "告警";
        alarms_none: "No node tells of an alarm.", "没有节点报告告警。";
        colour: "Colour of its pages", "页面标识色";
        show_destinations: "Its destinations", "其目的地";
        show_groups: "Its groups", "其消费组";
    }
    say {
        running_of(n: u64, all: usize): format!("{n} of {all} running"), format!("{all} 个中 {n} 个运行");
        memory_of(used: &str, limit: &str): format!("{used} of {limit}"), format!("{used} / {limit}");
        missing_count(n: usize): if n == 1 { "1 missing".to_owned() } else { format!("{n} missing") }, format!("缺少 {n} 项");
    }
}
