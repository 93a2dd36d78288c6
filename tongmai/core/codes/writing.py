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
    "mapping-direction": Text("The sync names a mapping that goes the other way.", "同步所用的映射方向相反。"),
    "connector-exists": Text(
        "A site's connector has the name of another one. Rename it, or write `replaces: true`.",
        "站点的连接器与已有的重名。请改名，或写 `replaces: true`。",
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
    "no-writer": Text("Files are only read.", "文件只能读取。"),
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
}
