words! {
    SettingsWords {
        title: "Settings", "设置";
        appearance: "Appearance", "外观";
        users: "Users", "用户";
        tokens: "Tokens", "令牌";
        appearance_about: "Kept in this browser.", "保存在此浏览器中。";
        users_about: "Who may sign in, and with which rights.", "谁可以登录，以及拥有哪些权限。";
        tokens_about: "For programs: the API, and sending telemetry.", "供程序使用：调用 API 或发送遥测数据。";
        role_viewer: "Viewer", "查看者";
        role_operator: "Operator", "操作员";
        role_admin: "Administrator", "管理员";
        role_viewer_about: "sees everything but message bodies", "可查看除消息体外的所有内容";
        role_operator_about: "also reads bodies and acts", "还可读取消息体并执行操作";
        role_admin_about: "does everything", "可执行所有操作";
        name: "Name", "用户名";
        role: "Role", "角色";
        created: "Created (UTC)", "创建时间（UTC）";
        last_seen: "Last seen (UTC)", "最近访问（UTC）";
        never: "never", "从未";
        actions: "Actions", "操作";
        add_user: "Add a user", "添加用户";
        add: "Add", "添加";
        you: "you", "本人";
        change_role: "Change role", "更改角色";
        reset_password: "Reset password", "重置密码";
        new_password: "New password", "新密码";
        remove: "Remove", "移除";
        revoke: "Revoke", "吊销";
        token_name: "What it is for", "用途";
        purpose: "May", "权限";
        purpose_api: "Use the API", "调用 API";
        purpose_ingest: "Only send telemetry", "仅发送遥测";
        speaks_for: "Speaks for", "代表";
        last_used: "Last used (UTC)", "最近使用（UTC）";
        expires: "Expires (UTC)", "过期时间（UTC）";
        create_token: "Create a token", "创建令牌";
        create: "Create", "创建";
        token_role: "Role (API only)", "角色（仅 API）";
        no_tokens: "No token was made yet.", "尚未创建令牌。";
        issued_title: "Copy it now", "请立即复制";
        issued_about: "This is the only time it is shown.", "令牌仅显示这一次。";
        issued_gone: "This token was shown already, or its two minutes have passed. Revoke it and create another if it was not copied.",
            "此令牌已显示过，或两分钟已过。如未复制，请吊销后重新创建。";
        done: "Done.", "已完成。";
    }
    say {
        remove_ask(name: &str): format!("Remove {name}? Their sessions and tokens end at once. This cannot be undone."),
            format!("确定移除 {name}？其会话和令牌将立即失效，且无法撤销。");
        reset_ask(name: &str): format!("Set a new password for {name}. Their sessions end at once."),
            format!("为 {name} 设置新密码，其会话将立即失效。");
        role_ask(name: &str): format!("Change what {name} may do. It counts from the next request."),
            format!("更改 {name} 的权限，自下一个请求起生效。");
        revoke_ask(name: &str): format!("Revoke “{name}”? Programs that use it are refused from now on. This cannot be undone."),
            format!("确定吊销“{name}”？使用它的程序将立即被拒绝，且无法撤销。");
    }
}
