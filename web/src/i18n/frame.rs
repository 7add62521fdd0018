words! {
    /// Around every page: navigation, signing in and out, setup, keys.
    FrameWords {
        product: "Waybill", "Waybill";
        skip: "Skip to content", "跳到正文";
        navigation: "Main navigation", "主导航";
        overview: "Overview", "概览";
        search: "Search", "搜索";
        failures: "Failures", "故障";
        destinations: "Destinations", "目的地";
        groups: "Groups", "消费组";
        clusters: "Clusters", "集群";
        health: "Health", "自身状态";
        audit: "Audit", "审计";
        settings: "Settings", "设置";
        find_label: "Find a message", "查找消息";
        find_hint: "Id, key, trace or order.id=1001", "ID、键、trace 或 order.id=1001";
        sign_out: "Sign out", "退出登录";
        account: "Account", "账户";
        language: "Language", "语言";
        theme: "Theme", "主题";
        theme_system: "Follow the system", "跟随系统";
        theme_light: "Light", "浅色";
        theme_dark: "Dark", "深色";
        apply: "Apply", "应用";
        pause: "Pause", "暂停";
        resume: "Resume", "继续";
        live: "Live", "实时";
        paused: "Paused", "已暂停";
        live_off: "Not live", "非实时";
        utc: "Times are UTC", "时间均为 UTC";
        sign_in_title: "Sign in", "登录";
        sign_in_why: "Sign in to see this page.", "登录后即可查看此页面。";
        name: "Name", "用户名";
        password: "Password", "密码";
        sign_in: "Sign in", "登录";
        setup_title: "First administrator", "创建首位管理员";
        setup_why: "This link works once. Choose the name and password of the first administrator; more people are added in Settings.",
            "此链接只能使用一次。请设置首位管理员的用户名和密码，其他人员可稍后在“设置”中添加。";
        password_rule: "At least 8 characters.", "至少 8 个字符。";
        create_account: "Create and sign in", "创建并登录";
        loading: "Loading", "加载中";
        close: "Close", "关闭";
        cancel: "Cancel", "取消";
        copy: "Copy", "复制";
        copied: "Copied", "已复制";
        more: "Older", "更早";
        newest: "Newest", "最新";
        unknown: "unknown", "未知";
        none: "none", "无";
        keys_title: "Keyboard", "键盘快捷键";
        keys_search: "Go to the search box", "跳到搜索框";
        keys_go: "Go to Overview, Search, Failures, Destinations, Groups, Clusters, Health, Audit, Settings", "前往概览、搜索、故障、目的地、消费组、集群、自身状态、审计、设置";
        keys_move: "Next, previous row", "下一行、上一行";
        keys_open: "Open the row", "打开该行";
        keys_map: "Show this list", "显示此列表";
        keys_hint: "Press ? for keys", "按 ? 查看快捷键";
    }
    say {
        signed_in_as(name: &str): format!("Signed in as {name}"), format!("当前用户：{name}");
    }
}
