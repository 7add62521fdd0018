words! {
    /// Units that are words, and ages.
    UnitWords {
        per_s: "/s", "/秒";
        spans: "spans", "个 span";
        just_now: "just now", "刚刚";
        in_future: "in the future", "在未来";
    }
    say {
        ago(age: &str): format!("{age} ago"), format!("{age}前");
        minutes(n: u64): format!("{n} min"), format!("{n} 分钟");
        hours(n: u64): format!("{n} h"), format!("{n} 小时");
        days(n: u64): format!("{n} d"), format!("{n} 天");
        seconds(n: u64): format!("{n} s"), format!("{n} 秒");
    }
}
