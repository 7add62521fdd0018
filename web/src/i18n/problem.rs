use waybill_model::problem::Code;

words! {
    /// What went wrong, by code: said in the person's language, beside the server's own sentence.
    ProblemWords {
        title: "Something is wrong", "出现问题";
        code: "Code", "代码";
        back: "Go to the overview", "前往概览";
        retry: "Try again", "重试";
        not_found_page: "There is no page at this address.", "此地址没有页面。";
        detail: "The server says", "服务器返回";
        unauthenticated: "Your session has ended. Sign in again.", "会话已结束，请重新登录。";
        forbidden: "You are signed in, but without the right to do this. An administrator can give it.", "您已登录，但没有此操作的权限，请联系管理员。";
        wrong_credentials: "Name and password do not fit.", "用户名或密码不正确。";
        too_many_attempts: "Sign-in is paused after repeated failures. Wait a minute.", "多次失败后登录已暂停，请稍候一分钟。";
        wrong_origin: "The form was sent from another site. Open it here and send it again.", "表单来自其他站点，请在此处重新打开并提交。";
        setup_link_used: "This setup link was used or has ended. Start Waybill again for a new one.", "此设置链接已被使用或已失效，重新启动 Waybill 可获取新链接。";
        not_found: "There is no such thing here. It may be past retention.", "这里没有该内容，可能已超过保留期。";
        invalid_request: "Something that was entered cannot be read.", "输入的内容无法识别。";
        conflict: "It exists already, or has changed since it was read.", "已存在，或读取后已被更改。";
        too_large: "The request is too large.", "请求过大。";
        overloaded: "More is arriving than can be handled. Try again shortly.", "请求过多，请稍后重试。";
        store_unavailable: "The server or its database does not answer. Try again shortly.", "服务器或其数据库没有响应，请稍后重试。";
        database: "The database cannot be used. The server's log says why.", "数据库不可用，原因见服务器日志。";
        server_setup: "The server's configuration has a problem. Its log says which.", "服务器配置存在问题，详见其日志。";
        not_browsable: "The messages of this destination cannot be read from here.", "无法从此处读取该目的地的消息。";
        would_disturb: "Looking at these messages would change them, so they were not read.", "查看会改变这些消息，因此没有读取。";
        internal: "Something broke here. The server's log says what.", "服务器内部出错，详见其日志。";
    }
}

impl ProblemWords {
    pub fn about(&self, code: Code) -> &'static str {
        match code {
            Code::Unauthenticated => self.unauthenticated,
            Code::Forbidden => self.forbidden,
            Code::WrongCredentials => self.wrong_credentials,
            Code::TooManyAttempts => self.too_many_attempts,
            Code::WrongOrigin => self.wrong_origin,
            Code::SetupLinkUsed => self.setup_link_used,
            Code::NotFound => self.not_found,
            Code::InvalidRequest | Code::DecodeFailed | Code::UnsupportedEncoding => {
                self.invalid_request
            }
            Code::Conflict => self.conflict,
            Code::TooLarge => self.too_large,
            Code::Overloaded => self.overloaded,
            Code::StoreUnavailable => self.store_unavailable,
            Code::DatabaseNewer
            | Code::DatabaseVersion
            | Code::DataDirectory
            | Code::DataDirectoryInUse
            | Code::PostgresMissing => self.database,
            Code::PortInUse | Code::ConfigInvalid | Code::ClusterUnreachable => self.server_setup,
            Code::NotBrowsable => self.not_browsable,
            Code::WouldDisturb => self.would_disturb,
            Code::Internal => self.internal,
        }
    }
}
