"""Codes of what stands on the other side of a connection."""

from __future__ import annotations

from tongmai.core.text import Text

CODES = {
    "part-of-nothing": Text(
        "A sync of a part of a stream (`orders/buyer`) finds no records of that stream. Run the sync that reads `orders` first; put both in one group.",
        "读取数据流部分（`orders/buyer`）的同步找不到该数据流的记录。请先运行读取 `orders` 的同步，并把两者放在同一组。",
    ),
    "part-written": Text(
        "A part of a stream cannot be written. Write the record that it is part of.",
        "数据流的部分不能写出。请写出其所属的记录。",
    ),
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
    "bus-refused": Text(
        "The message bus refused user or rights. Check password, virtual host and the user's permissions.",
        "消息总线拒绝了用户或权限。请检查密码、虚拟主机与用户权限。",
    ),
    "bus-away": Text(
        "The message bus gives no answer or is busy. It is tried again; what was stored may come again, unchanged.",
        "消息总线无应答或繁忙。会自动重试；已入库的消息可能再来一次，内容不变。",
    ),
    "bus-error": Text(
        "The message bus answered with an error; its words are in the reason.", "消息总线返回错误，原因为其原话。"
    ),
    "bus-doubtful": Text(
        "A message was sent and no confirm came. Redis is looked up first; a queue or topic may hold it twice.",
        "消息已发出但没有确认。Redis 会先查证；队列或主题中可能有两条。",
    ),
    "odata-conflict": Text(
        "Somebody changed the same fields at the same moment; nothing was overwritten. Read the stream, then it is tried again.",
        "他人在同一时刻修改了相同字段，未做覆盖。请先读取该数据流，之后会重试。",
    ),
    "odata-delta-gone": Text(
        "The service has forgotten the change link. Read the stream once with --full.",
        "服务已不认识该变更链接。请用 --full 全量读取一次。",
    ),
    "odata-filter": Text(
        "The service does not heed the filter by key. Write `paging: next` for the stream.",
        "服务不理会按主键的过滤。请为该数据流写 `paging: next`。",
    ),
    "odata-shape": Text(
        "The answer is no OData of this version. Check `version` and base_url.",
        "应答不是该版本的 OData。请检查 `version` 与 base_url。",
    ),
    "odata-metadata": Text(
        "`$metadata` cannot be read. base_url must be the root of the service.",
        "无法读取 `$metadata`。base_url 应为服务根地址。",
    ),
    "email-login": Text(
        "The mail server refused user or password. Most providers want an app password, and IMAP or SMTP switched on.",
        "邮件服务器拒绝了用户或密码。多数服务商要求使用授权码，并开启 IMAP 或 SMTP。",
    ),
    "email-away": Text(
        "The mail server gives no answer. Nothing was sent; it is tried again.",
        "邮件服务器无应答。没有发送，会自动重试。",
    ),
    "email-later": Text(
        "The mail server asks to come again later (4xx). It is tried again.",
        "邮件服务器要求稍后再试（4xx），会自动重试。",
    ),
    "email-doubtful": Text(
        "The connection broke while a mail was sent. It may arrive twice, with one Message-ID.",
        "发信途中连接中断。邮件可能到达两次，Message-ID 相同。",
    ),
    "email-tls": Text(
        "The mail server's certificate is not trusted. Name the CA's PEM file in `ca_file`.",
        "邮件服务器的证书不受信任。请在 `ca_file` 指定 CA 的 PEM 文件。",
    ),
    "email-protocol": Text(
        "The mail server does not tell what IMAP asks of it.", "邮件服务器没有给出 IMAP 要求的信息。"
    ),
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
    "quota-used-up": Text(
        "The calls that the vendor allows are used up for longer than a run waits. It is run again when the next one is free.",
        "厂商允许的调用次数已用完，恢复时间超过一次运行的等待上限。到时会再次运行。",
    ),
    "other-host": Text(
        "An answer of the system leads to a host that this connection may not call. If it is right, add the host to `allowed_hosts`.",
        "对方的应答指向本连接不允许访问的主机。若无误，请把该主机加入 `allowed_hosts`。",
    ),
    "private-address": Text(
        "A host name leads to an address inside the network. If it is right, set `private_addresses: allow` for the connection.",
        "主机名指向内网地址。若无误，请为该连接设置 `private_addresses: allow`。",
    ),
    "token-refused": Text(
        "The system gave no token for these credentials; its own words are in the reason. Check the credentials and whether they have run out.",
        "系统拒绝用该凭据发放令牌，原因为对方原话。请检查凭据是否正确、是否过期。",
    ),
    "no-token": Text(
        "The answer to a login holds no token where the manifest says. Check base_url and the credentials.",
        "登录应答中没有清单所指的令牌。请检查 base_url 和凭据。",
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
    "sql-busy": Text(
        "The database was busy: a lock or a statement took too long, a deadlock, too many connections. It is tried again.",
        "数据库繁忙：等锁或语句超时、死锁、连接过多。会自动重试。",
    ),
    "sql-rights": Text(
        "The database user may not do this. Grant the right that the text names.",
        "数据库用户没有此权限。请授予说明中所列的权限。",
    ),
    "sql-gone": Text(
        "The row is no longer in the table. Read the table again; the next run sees that it is gone.",
        "该行已不在表中。请重新读取；下次运行会识别为已删除。",
    ),
    "bad-column": Text(
        "A value does not fit its column's type. Mend the record or the mapping.",
        "取值与列的类型不符。请修正记录或映射。",
    ),
    "host-key": Text(
        "The SFTP server shows a key that is not the known one. Ask its owner; nothing was sent to it.",
        "SFTP 服务器出示的密钥与已知密钥不符。请向其管理员核实；没有向它发送任何内容。",
    ),
    "file-gone": Text("A file is no longer where it was listed.", "文件已不在列出的位置。"),
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
    "webhook-unknown": Text(
        "Nothing receives events at this address. Compare it with the list that `tongmai intake` prints; a webhook without its secrets has none.",
        "该地址不接收事件。请对照 `tongmai intake` 启动时列出的地址；未配置密钥的 Webhook 没有地址。",
    ),
    "webhook-unsigned": Text(
        "A part that proves the sender is missing from the request: a signature, token, timestamp or nonce. Switch signing on in the system.",
        "请求缺少证明来源的部分：签名、令牌、时间戳或随机数。请在对方系统开启签名。",
    ),
    "webhook-signature": Text(
        "The signature or token does not fit: another secret, or something between changed the body or the address (see `--public-url`).",
        "签名或令牌不符：密钥不一致，或途中改动了请求体或地址（见 `--public-url`）。",
    ),
    "webhook-old": Text(
        "The request is older (or newer) than the replay window. Check both clocks; a request that was kept back is sent again by its sender.",
        "请求超出重放窗口。请检查双方时钟；被延误的请求会由对方重发。",
    ),
    "webhook-timestamp": Text("The request's timestamp is no whole number.", "请求的时间戳不是整数。"),
    "webhook-encryption": Text(
        "The text cannot be decrypted, or is meant for another owner. Compare key and owner (app key, corp id) with the system's page.",
        "密文无法解密，或接收方不是本应用。请核对加密密钥与接收方（AppKey、CorpID）。",
    ),
    "webhook-method": Text(
        "Events come by POST; a GET only tests the address.", "事件须以 POST 发送；GET 只用于验证地址。"
    ),
    "webhook-body": Text("The body is not in the declared format, or broke off.", "请求体格式与声明不符，或传输中断。"),
    "webhook-events": Text(
        "The body holds no list of events, or too many of them.", "请求中没有事件列表，或事件过多。"
    ),
    "webhook-too-large": Text(
        "The body is larger than `--max-body`. Raise it, or let the system send less at once.",
        "请求体超过 `--max-body`。请调大，或让对方减少单次发送量。",
    ),
    "webhook-slow": Text("The body did not come in time. The sender tries again.", "请求体未及时到达。对方会重发。"),
    "webhook-later": Text(
        "The event could not be stored: the hub database is away or busy, or the connection's settings are wrong. The log of `tongmai intake` says which; the sender tries again.",
        "事件未能保存：中枢数据库不可用或繁忙，或连接设置有误，详见 `tongmai intake` 的日志。对方会重发。",
    ),
    "auth-choice": Text(
        "The setting that chooses the way to log in names none that the connector has. Correct it.",
        "选择登录方式的设置不是该连接器支持的值。请更正。",
    ),
    "deletes-forgotten": Text(
        "Deletes are known up to a time of which the system tells no more. Run the sync once with --full.",
        "系统已不再提供那么久以前的删除记录。请用 --full 运行一次。",
    ),
    "unknown-object": Text(
        "A kind of record that is to be described is not in the system. Correct the name in the settings.",
        "要发现字段的对象不在系统中。请更正设置中的名称。",
    ),
    "salesforce-lines": Text(
        "A record has more lines than Salesforce gives within it. Read them as a stream of their own (OrderItem).",
        "明细多于 Salesforce 在一条记录中给出的数量。请作为单独的数据流（OrderItem）读取。",
    ),
    "socket-ended": Text(
        "The socket over which a system tells of changes ended, or did not open. It is opened again, after longer and longer waits; what was not acknowledged comes again.",
        "对方推送变更的长连接已断开或未能建立。会逐渐延长间隔重新建立；未确认的事件会再次推送。",
    ),
    "dingtalk-operator": Text(
        "钉钉 lists forms for a person. Set `operator_user_id` of the connection.",
        "钉钉按人列出表单。请设置连接的 `operator_user_id`。",
    ),
}
