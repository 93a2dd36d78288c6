"""Codes of what stands on the other side of a connection."""

from __future__ import annotations

from tongmai.core.text import Text

CODES = {
    "unreachable": Text(
        "No connection came about: refused, unknown host, timed out. Nothing was sent; it is tried again.",
        "未能建立连接：被拒绝、主机未知或超时。没有发送任何内容，会自动重试。",
    ),
    "interrupted": Text(
        "The connection broke before the answer was whole. A read is tried again.",
        "应答未完整时连接中断。读取会自动重试。",
    ),
    "proxy": Text(
        "The proxy cannot be reached or refused. Check the setting `proxy`.", "代理无法连接或拒绝。请检查设置 `proxy`。"
    ),
    "tls": Text(
        "No trusted TLS connection. Name the CA's PEM file in `ca_file`; verification cannot be switched off.",
        "无法建立可信的 TLS 连接。请在 `ca_file` 指定 CA 的 PEM 文件；证书校验不能关闭。",
    ),
    "ca-file": Text("The file named in `ca_file` cannot be used.", "`ca_file` 指定的文件不可用。"),
    "http-busy": Text(
        "The system asked for fewer calls (429, or 503 with Retry-After). It is tried again after the time it named.",
        "系统要求减少调用（429，或带 Retry-After 的 503）。会按其要求的时间重试。",
    ),
    "http-redirect": Text(
        "The system sent us elsewhere, as a login page does. Check base_url and what stands before the system.",
        "请求被转到别处，例如登录页。请检查 base_url 以及系统前面的代理或单点登录。",
    ),
    "http-…": Text(
        "The system answered with this HTTP status. 401 and 403: credentials, rights, IP white list. 404: base_url. 5xx: the system is away.",
        "系统返回了该 HTTP 状态。401、403：凭据、权限、IP 白名单；404：base_url；5xx：系统不可用。",
    ),
    "not-json": Text(
        "JSON is expected and something else came, often a web page. Check base_url and what stands before the system.",
        "应为 JSON，却得到别的内容，常为网页。请检查 base_url 及系统前面的代理。",
    ),
    "body-too-large": Text(
        "The answer is larger than `max_body_bytes`. Lower the page size, or raise the limit.",
        "应答超过 `max_body_bytes`。请减小每页条数，或提高上限。",
    ),
    "authentication": Text(
        "Credentials were refused. Check the secret and the rights of the user.", "凭据被拒绝。请检查密钥和用户权限。"
    ),
    "protocol": Text(
        "The answer is not what the system promises: truncated, wrong type, wrong shape. The run stopped; nothing was taken for deleted.",
        "应答与约定不符：被截断、类型或结构不对。运行已停止，没有记录被当作删除。",
    ),
    "retryable": Text(
        "The other side is busy or away. Airflow tries again; in a shell run the sync again.",
        "对方繁忙或不可用。Airflow 会自动重试；命令行请重新运行同步。",
    ),
    "taken-late": Text(
        "A create was repeated and refused, since the first one had arrived after all. Nothing is doubled; the next run links it.",
        "新建被重发后遭到拒绝，因为前一次实际上已经到达。没有重复；下次运行会自动关联。",
    ),
    "outcome-unknown": Text(
        "A write was sent and no trustworthy answer came. The next run looks it up by our key before it writes again.",
        "写入已发出，但没有可信的应答。下次运行会先按我方编号查找，再决定是否写入。",
    ),
    "bad-checkpoint": Text(
        "The stored checkpoint is not of this connector. Run the sync once with --full.",
        "已保存的断点不属于该连接器。请用 --full 运行一次。",
    ),
    "no-id": Text(
        "A created record has no id in the answer. The next run looks it up.",
        "新建记录的应答中没有编号。下次运行会查找它。",
    ),
    "fxiaoke-shape": Text("An answer of 纷享销客 lacks a part it must have.", "纷享销客的应答缺少必要部分。"),
    "fxiaoke-locked": Text(
        "The record is locked in 纷享销客. Unlock it there, then replay.", "记录在纷享销客中被锁定。请解锁后重放。"
    ),
    "fxiaoke-lines": Text(
        "纷享销客 takes the lines of a record only when the record is created, as a list of fields. Mend the mapping; change lines of an existing record in the CRM.",
        "纷享销客只在新建记录时接收明细（字段列表）。请修正映射；已有记录的明细请在 CRM 中修改。",
    ),
    "fxiaoke-20016": Text(
        "The access token of 纷享销客 was refused; a new one is fetched.", "纷享销客的访问令牌被拒绝，会重新获取。"
    ),
    "fxiaoke-…": Text(
        "纷享销客 answered with this error code; its own words are in the reason.",
        "纷享销客返回了该错误码，原因为对方原话。",
    ),
    "kingdee-shape": Text("An answer of 金蝶 lacks a part it must have.", "金蝶的应答缺少必要部分。"),
    "kingdee-login": Text(
        "The login to 金蝶 failed. Check acct_id, user, app_id and app_secret.",
        "登录金蝶失败。请检查 acct_id、user、app_id、app_secret。",
    ),
    "kingdee-1": Text(
        "The session of 金蝶 was lost; a new one is made. If it stays so: the user's licence or white list.",
        "金蝶会话丢失，会重新建立。若一直如此，请检查用户许可和白名单。",
    ),
    "kingdee-response-error": Text(
        "金蝶 answered with a text instead of JSON (`response_error:`). Its words are in the reason.",
        "金蝶返回文本而非 JSON（`response_error:`），原因为对方原话。",
    ),
    "kingdee-partial": Text(
        "金蝶 did a part of what was asked (saved, not submitted). The next run looks at its status.",
        "金蝶只完成了一部分（如已保存未提交）。下次运行会查看其状态。",
    ),
    "kingdee-gone": Text("The record is not in 金蝶 any more.", "该记录已不在金蝶中。"),
    "kingdee-closed": Text(
        "The record's status forbids the change and the settings forbid to reopen it. See `resave` and `withdraw`.",
        "单据状态不允许修改，而设置不允许反审核或撤销。见 `resave`、`withdraw`。",
    ),
    "kingdee-approved": Text(
        "The document is approved in 金蝶: we never change it. A person changes it there, or un-audits it first.",
        "单据已在金蝶审核，系统不会修改。请在金蝶由人工修改，或先反审核。",
    ),
    "kingdee-cancelled": Text(
        "The document is cancelled (作废) in 金蝶. Take the cancellation back there, or leave it so.",
        "单据已在金蝶作废。请在金蝶反作废，或保持现状。",
    ),
    "kingdee-renumbered": Text(
        "金蝶 did not take our number: a code rule numbers the form by itself. Allow manual numbers there, or use F_TM_KEY"
        " as our key.",
        "金蝶没有采用我方编号：编码规则自动编号。请在金蝶允许手工编号，或改用 F_TM_KEY 作为我方编号。",
    ),
    "kingdee-time": Text(
        "金蝶 gave a time that is none. Check the field's type.", "金蝶给出的时间无法识别。请检查字段类型。"
    ),
    "kingdee-…": Text(
        "金蝶 answered with this message code; its own words are in the reason.", "金蝶返回了该消息码，原因为对方原话。"
    ),
}
