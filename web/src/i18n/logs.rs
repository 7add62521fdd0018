use waybill_model::signal::Severity;

words! {
    LogWords {
        title: "Logs", "日志";
        about: "Records of its traces, in order of time (UTC).", "属于其追踪的日志记录，按时间（UTC）排列。";
        none: "No log record of its traces was found.", "没有找到属于其追踪的日志记录。";
        none_asked: "No log record fits.", "没有符合条件的日志记录。";
        filter: "Severity", "级别";
        all: "all", "全部";
        at: "Time (UTC)", "时间（UTC）";
        severity: "Severity", "级别";
        service: "Service", "服务";
        attempt: "Attempt", "尝试";
        text: "Text", "内容";
        attributes: "Attributes", "属性";
        truncated: "There are more records than are shown; a severity narrows them.", "记录多于此处所示，可按级别筛选。";
        untied_show: "Show what its processes wrote meanwhile without a trace", "显示其进程同期写入的无追踪日志";
        untied_hide: "Show only records of its traces", "仅显示属于其追踪的日志";
        untied: "not tied by a trace: the same process, meanwhile", "未由追踪关联：同一进程，同一时段";
        trace: "trace", "trace";
        debug: "debug", "调试";
        info: "info", "信息";
        warn: "warning", "警告";
        error: "error", "错误";
        fatal: "fatal", "致命";
    }
    say {
        at_least(severity: &str): format!("{severity} and above"), format!("{severity}及以上");
    }
}

impl LogWords {
    pub fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Trace => self.trace,
            Severity::Debug => self.debug,
            Severity::Info => self.info,
            Severity::Warn => self.warn,
            Severity::Error => self.error,
            Severity::Fatal => self.fatal,
        }
    }
}
