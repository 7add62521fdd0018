//! Causes of attempts. The server's sentences are English; a rule has a name in every language.

words! {
    CauseWords {
        cause: "Cause", "原因";
        connection_pool_exhausted: "connection pool exhausted", "连接池已耗尽";
        database_connection_wait: "waiting for a database connection", "等待数据库连接";
        slow_dependency: "a slow dependency", "依赖系统缓慢";
        jvm_pause: "a pause of the JVM", "JVM 停顿";
        cpu_saturated: "CPU saturated", "CPU 饱和";
        memory_near_limit: "memory near its limit", "内存接近上限";
        out_of_memory: "out of memory", "内存不足";
        database_deadlock: "database deadlock", "数据库死锁";
        database_lock_timeout: "database lock timeout", "数据库锁等待超时";
        database_statement_timeout: "database statement timeout", "数据库语句超时";
        too_many_connections: "too many database connections", "数据库连接数已满";
        connection_refused: "connection refused", "连接被拒绝";
    }
    say {
        told(rule: &str, sentence: &str): format!("{rule}: {sentence}"), format!("{rule}（{sentence}）");
        because(told: &str): format!(" Cause: {told}"), format!("原因：{told}");
    }
}

impl CauseWords {
    /// A rule that is not known here is told by its own name.
    pub fn rule<'a>(&self, rule: &'a str) -> &'a str {
        match rule {
            "connection_pool_exhausted" => self.connection_pool_exhausted,
            "database_connection_wait" => self.database_connection_wait,
            "slow_dependency" => self.slow_dependency,
            "jvm_pause" => self.jvm_pause,
            "cpu_saturated" => self.cpu_saturated,
            "memory_near_limit" => self.memory_near_limit,
            "out_of_memory" => self.out_of_memory,
            "database_deadlock" => self.database_deadlock,
            "database_lock_timeout" => self.database_lock_timeout,
            "database_statement_timeout" => self.database_statement_timeout,
            "too_many_connections" => self.too_many_connections,
            "connection_refused" => self.connection_refused,
            other => other,
        }
    }
}
