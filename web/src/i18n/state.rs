words! {
    /// The words that badges carry.
    StateWords {
        in_flight: "In flight", "传输中";
        delivered: "Delivered", "已送达";
        retrying: "Retrying", "重试中";
        failed: "Failed", "失败";
        dead_lettered: "Dead-lettered", "死信";
        replayed: "Replayed", "已重放";
        expired: "Expired", "已过期";
        unroutable: "Unroutable", "不可路由";
        unknown: "Unknown", "未知";
        done: "Done", "完成";
        pending: "Pending", "等待中";
        ok: "OK", "成功";
        starting: "Starting", "启动中";
        degraded: "Degraded", "降级";
        down: "Down", "故障";
        off: "Off", "关闭";
        allowed: "Allowed", "允许";
        denied: "Denied", "拒绝";
        healthy: "healthy", "正常";
        failing: "failing", "有失败";
    }
}
