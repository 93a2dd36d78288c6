"""Codes of files, options and settings that are wrong: nothing was started."""

from __future__ import annotations

from tongmai.core.text import Text

CODES = {
    "configuration": Text(
        "A file or a setting is wrong; every mistake is listed with its place.",
        "文件或设置有误；每处错误及其位置都已列出。",
    ),
    "bad-yaml": Text(
        "The files of this sync have mistakes. `tongmai check` shows all of them.",
        "该同步的文件有错误。`tongmai check` 会列出全部。",
    ),
    "bad-mapping": Text(
        "The mapping has mistakes. `tongmai mapping validate NAME` shows them.",
        "映射有错误。`tongmai mapping validate NAME` 会列出。",
    ),
    "bad-condition": Text(
        "A condition (`when`, `only_if`, a rule) does not compile.", "条件（`when`、`only_if`、规则）无法编译。"
    ),
    "bad-manifest": Text("A connector.yaml has mistakes.", "connector.yaml 有错误。"),
    "unknown-sync": Text(
        "There is no sync of this name. Those there are, are listed.", "没有这个同步；现有名称已列出。"
    ),
    "unknown-code": Text("`check --explain`: no finding or error has this code.", "`check --explain`：没有该代码。"),
    "no-site-folder": Text(
        "Something is to be kept in a site folder, and TONGMAI_PATH names none.",
        "要保存到站点目录，但 TONGMAI_PATH 没有指定。",
    ),
    "not-described": Text(
        "`discover --save`: the system does not describe itself. Declare the fields by hand.",
        "`discover --save`：该系统不能自述。请手工声明字段。",
    ),
    "unknown-flow": Text(
        "There is no flow of this name. Those there are, are listed.", "没有这个流程；现有名称已列出。"
    ),
    "instance-exists": Text(
        "An instance of this flow is under way for this record already. `tongmai flow list NAME` shows it.",
        "该记录已有一个进行中的流程实例。`tongmai flow list NAME` 可查看。",
    ),
    "number-taken": Text(
        "A sequence would give out a number that exists already, after its format was changed. Give it another name or format.",
        "流水号的格式改动后会生成已存在的号码。请更换名称或格式。",
    ),
    "unknown-suspect": Text(
        "No suspect of this number waits for a decision; it may be decided already. `tongmai suspect list`.",
        "没有待裁决的该编号，可能已经裁决。请用 `tongmai suspect list` 查看。",
    ),
    "unknown-mapping": Text("There is no mapping of this name.", "没有这个映射。"),
    "unknown-connection": Text(
        "There is no connection of this name in any connections.yaml.", "任何 connections.yaml 中都没有这个连接。"
    ),
    "unknown-connector": Text("There is no connector of this name.", "没有这个连接器。"),
    "unknown-stream": Text("The connection has no stream of this name.", "该连接没有这个数据流。"),
    "unknown-write": Text("The connector cannot write this object.", "该连接器不能写这个对象。"),
    "unknown-…": Text(
        "The connector knows no such stream or object. Correct the name.", "连接器没有这样的数据流或对象。请更正名称。"
    ),
    "other-way": Text(
        "The stream's records were passed on by another direct sync, or fed an entity, until now. Give the sync its old name "
        "and kind, or read the system under a new connection name.",
        "该数据流的记录此前由另一个直连同步传送，或已并入实体。请恢复同步原来的名称和类型，或用新的连接名读取该系统。",
    ),
    "mapping-direction": Text("The mapping goes the other way than it is used here.", "映射方向与此处用法相反。"),
    "unknown-version": Text(
        "The version to compare with is not there: name a release, a folder, or `git:REV`.",
        "没有要比较的版本：请写发布、目录或 `git:版本`。",
    ),
    "not-in-version": Text("The version to compare with has no mapping of this name.", "要比较的版本中没有这个映射。"),
    "nothing-recorded": Text(
        "The hub holds no record that the mapping reads. Run its sync first, or give records with `--file`.",
        "中枢中没有该映射读取的记录。请先运行同步，或用 `--file` 提供记录。",
    ),
    "several-connections": Text(
        "The mapping sends to several connections, which have keys of their own. Choose one with `--connection`.",
        "该映射写出到多个连接，其键各不相同。请用 `--connection` 选择一个。",
    ),
    "read-only-connection": Text(
        "A connection that was opened to be read only was asked to write.", "以只读方式打开的连接被要求写入。"
    ),
    "connector-exists": Text(
        "A connector of a site or of an installed package has the name of another one. Rename it; a site may write `replaces: true`.",
        "站点或已安装软件包的连接器与已有的重名。请改名；站点可写 `replaces: true`。",
    ),
    "connector-package": Text(
        "An installed package announces a connector and has no folder for it. Correct its entry point, or uninstall it.",
        "已安装的软件包声明了连接器，但其中没有对应的文件夹。请更正其入口点，或卸载该软件包。",
    ),
    "connector-shadowed": Text(
        "Another module of this name was loaded first. Start a new process after changing TONGMAI_PATH.",
        "同名模块已先被加载。修改 TONGMAI_PATH 后请重新启动进程。",
    ),
    "site-folder-missing": Text("TONGMAI_PATH names a folder that does not exist.", "TONGMAI_PATH 指定的目录不存在。"),
    "golden-type-changed": Text(
        "The type of an entity's field was changed; golden columns are only ever added. Give the field another name, or set the type back.",
        "实体字段的类型被改动；主数据列只增不改。请换个字段名，或改回原类型。",
    ),
    "connection-settings": Text(
        "Settings of a connection are missing or wrong; all are listed. Mend connections.yaml, AIRFLOW_CONN_NAME or the Airflow connection.",
        "连接的设置缺失或有误，均已列出。请修正 connections.yaml、AIRFLOW_CONN_NAME 或 Airflow 连接。",
    ),
    "bad-limit": Text(
        "A limit of the manifest cannot be kept: its number is none, or one call costs more than the limit.",
        "清单中的限额无法执行：数值无效，或单次调用的消耗超过限额。",
    ),
    "auth-body": Text(
        "Credentials are to go into the body of a call, and that body takes none. Change the manifest's `send`, or the call.",
        "凭据应写入请求正文，而该正文无法写入。请修改清单中的 `send` 或该调用。",
    ),
    "auth-header": Text(
        "A value for a header has a line break in it. Correct the connection's setting.",
        "用于请求头的值含换行。请更正连接的设置。",
    ),
    "signing-key": Text(
        "The key of a signature cannot be read or does not fit the algorithm. Paste the whole key into the connection's secret.",
        "签名所用的密钥无法读取，或与算法不符。请把完整的密钥填入连接的密钥设置。",
    ),
    "token-not-durable": Text(
        "A refresh token that is good once needs a store that outlives this process. Run it where the hub database is reachable.",
        "一次性刷新令牌需要保存在进程之外。请在能访问中枢数据库的环境运行。",
    ),
    "bad-airflow-connection": Text(
        "The text of an AIRFLOW_CONN variable (or an Airflow connection) cannot be read. Write it as JSON.",
        "AIRFLOW_CONN 变量（或 Airflow 连接）的内容无法读取。请写成 JSON。",
    ),
    "webhook-connection": Text(
        "The webhook's Airflow connection is missing, or its password (the robot's URL) is empty.",
        "缺少 Webhook 的 Airflow 连接，或其密码（机器人地址）为空。",
    ),
    "file-streams": Text("The `streams` setting of a file connection is wrong.", "文件连接的 `streams` 设置有误。"),
    "no-file": Text("The file of a stream is not in the folder.", "目录中没有该数据流的文件。"),
    "bad-file": Text(
        "The header of a file lacks the key, repeats a column or is not of the declared encoding.",
        "文件表头缺少键列、有重复列，或编码与声明不符。",
    ),
    "file-settings": Text(
        "A setting of a file connection is wrong; the text says which.", "文件连接的设置有误，详见说明。"
    ),
    "sql-settings": Text(
        "A setting of a database connection is wrong; the text says which.", "数据库连接的设置有误，详见说明。"
    ),
    "bus-settings": Text(
        "A setting of a message bus connection is wrong; the text says which.", "消息总线连接的设置有误，详见说明。"
    ),
    "bus-open": Text(
        "Without TLS the password would cross the network. Switch it on; without it only this machine may be named.",
        "不加密会使密码在网络上明文传输。请启用 TLS；不加密只允许连接本机。",
    ),
    "bus-missing": Text(
        "The bus has no such queue, topic or exchange. Declare it there, or correct the name.",
        "总线上没有这个队列、主题或交换机。请在总线上创建，或更正名称。",
    ),
    "bus-no-history": Text(
        "A queue keeps nothing that was read; only Redis and Kafka can be read by key or from a time on.",
        "队列不保留已读消息；只有 Redis 与 Kafka 可按主键或从某一时间读取。",
    ),
    "odata-settings": Text(
        "A setting of an OData connection is wrong; the text says which.", "OData 连接的设置有误，详见说明。"
    ),
    "email-settings": Text(
        "A setting of a mail connection is wrong; the text says which.", "邮件连接的设置有误，详见说明。"
    ),
    "email-folder": Text(
        "The mailbox has no such folder. Correct `folder`, or make it.", "邮箱没有这个文件夹。请更正 `folder` 或新建。"
    ),
    "sql-driver": Text(
        "The database's driver is not installed, or the dialect is unknown. Install the extra that the text names.",
        "未安装该数据库的驱动，或数据库种类未知。请安装说明中所列的附加包。",
    ),
    "sql-schema": Text(
        "A table or column that a setting or a mapping names is not in the database. The text says what there is.",
        "设置或映射所写的表或列不在数据库中，说明中列出了现有的名称。",
    ),
    "sql-cursor": Text(
        "The stream's cursor cannot be used like this. Name a column of times or growing numbers.",
        "该游标列不能这样使用。请选用时间列或递增的数字列。",
    ),
    "sql-key": Text(
        "The columns named as key do not identify one row. Name others, or let the database keep them unique.",
        "所写的键列不能唯一确定一行。请改用其他列，或在数据库中建立唯一约束。",
    ),
    "no-writer": Text(
        "The connection cannot write that; declare it under its `writes` setting.",
        "该连接不能写入此对象；请在其 `writes` 设置中声明。",
    ),
    "no-simulator": Text("The connector has no simulator.", "该连接器没有模拟器。"),
    "bad-fields": Text("A setting that names fields is no list of field names.", "该设置应为字段名列表。"),
    "field-clash": Text(
        "A field is asked for both whole and by its parts. Ask for one of them.",
        "同一字段既整体又按组成部分读取。请只取其一。",
    ),
    "bad-time-zone": Text("The setting time_zone names no time zone.", "time_zone 设置不是时区。"),
    "bad-time": Text(
        "An option is no date and time. Write it as 2026-01-31T08:00:00+08:00.",
        "选项不是日期时间。请写成 2026-01-31T08:00:00+08:00。",
    ),
    "since": Text("The parameter `since` has no time zone.", "参数 `since` 缺少时区。"),
    "bad-option": Text("An option of the command is wrong; the text says which.", "命令的选项有误，详见说明。"),
    "bad-json": Text("A line of the file is no JSON object.", "文件中的某一行不是 JSON 对象。"),
    "no-entry": Text("There is no quarantine entry of this number.", "没有该编号的隔离记录。"),
    "not-open": Text("The quarantine entry is settled already.", "该隔离记录已经处理完毕。"),
    "not-editable": Text(
        "The entry is settled, or a target refused it: then mend the golden value at its source and replay.",
        "该记录已处理，或由目标系统拒绝：请在来源修正取值后重放。",
    ),
    "newer-version": Text(
        "A newer version of the record has arrived; an edit would hide it. Run the sync and look again.",
        "该记录已有新版本，更正会把它盖住。请先运行同步再看。",
    ),
    "quarantine": Text(
        "What was asked of a quarantined record cannot be done; the text says why.",
        "对隔离记录的操作无法完成，详见说明。",
    ),
    "no-override": Text(
        "No steward's value stands for this field. `tongmai golden show` lists them.",
        "该字段没有生效的人工取值。`tongmai golden show` 可列出。",
    ),
    "no-version-then": Text(
        "The record did not exist at that moment. `tongmai trace` lists its versions.",
        "该时刻记录尚不存在。`tongmai trace` 列出其各版本。",
    ),
    "not-found": Text(
        "Nothing is known under this key. `hub.crosswalk` lists the keys there are.",
        "没有该键的记录。`hub.crosswalk` 列出了现有的键。",
    ),
    "port-taken": Text(
        "Another program listens on this port. Name another, or none.", "端口被其他程序占用。请另选，或不指定。"
    ),
    "other-port": Text(
        "Airflow of this state folder runs on another port already. `tongmai down` first.",
        "该状态目录的 Airflow 已在别的端口运行。请先 `tongmai down`。",
    ),
    "webhook-settings": Text(
        "A webhook that is declared in a connection's settings has mistakes. See docs/howto/webhook.md.",
        "连接设置中声明的 Webhook 有误。见 docs/howto/webhook.zh-CN.md。",
    ),
    "webhook-secret": Text(
        "The secret of a webhook cannot be used: not base64, no PEM, no key in it. Copy it again from the system.",
        "Webhook 的密钥不可用：不是 base64、不是 PEM 或没有密钥。请从对方系统重新复制。",
    ),
    "not-allowed": Text(
        "The connection's settings do not allow this write. Change the setting, or leave such records out in the mapping.",
        "连接的设置不允许这种写入。请更改设置，或在映射中排除这些记录。",
    ),
    "bulk-again": Text(
        "A bulk job left this record undone, as for a lock. It is tried again.",
        "批量任务没有处理这条记录（如被锁定）。会自动重试。",
    ),
    "bulk-failed": Text(
        "The system gave up a bulk job, for the reason told. Mend it, then send the records again.",
        "系统中止了批量任务，原因见说明。请修正后重新发送。",
    ),
    "bulk-missing": Text(
        "A bulk job ended and says nothing of this record. It is looked up by our key before it is sent again.",
        "批量任务已结束，但结果中没有这条记录。重发前先按我方编号查找。",
    ),
    "bulk-no-job": Text(
        "The system opened a bulk job and did not name it. Nothing was sent; it is tried again.",
        "系统没有返回批量任务的编号。尚未发送任何内容，会自动重试。",
    ),
    "bulk-number": Text(
        "A setting of bulk jobs is no number. Correct it.",
        "批量任务的某个设置不是数字。请更正。",
    ),
    "bulk-start": Text(
        "A bulk job could not be started and was given up. Nothing was taken; it is tried again.",
        "批量任务未能启动，已放弃。没有写入任何内容，会自动重试。",
    ),
    "bulk-unfinished": Text(
        "A bulk job takes longer than `bulk_patience`. Resume it by its id, or look the records up by our key.",
        "批量任务超过 `bulk_patience` 仍未结束。可按任务编号继续，或按我方编号查找记录。",
    ),
    "bulk-unstarted": Text(
        "A bulk job from before a crash was never started and was given up. Nothing was taken; it is tried again.",
        "崩溃前的批量任务没有启动，已放弃。没有写入任何内容，会自动重试。",
    ),
    "bulk-upload": Text(
        "The upload of a bulk job broke off, and the job was given up before its start. It is tried again.",
        "批量任务的上传中断，任务在启动前已放弃。会自动重试。",
    ),
    "no-stream": Text(
        "`--stream` names a connection whose connector opens no socket. Its events come by webhook, if it has some.",
        "`--stream` 指定的连接器不会主动建立长连接。若有事件，请用 Webhook 接收。",
    ),
    "dingtalk-no-process": Text(
        "An approval for 钉钉 has no `processCode`: which form it is. Map it.",
        "写入钉钉的审批没有 `processCode`（流程编码）。请在映射中给出。",
    ),
}
