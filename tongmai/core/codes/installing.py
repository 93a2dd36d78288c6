"""Codes of this installation."""

from __future__ import annotations

from tongmai.core.text import Text

CODES = {
    "unknown-function": Text(
        "No function of mapping expressions has this in its name or description. `tongmai mapping functions` lists all.",
        "没有映射函数的名称或说明含有该词。`tongmai mapping functions` 列出全部。",
    ),
    "unknown-entity": Text(
        "No entity has this name. `tongmai check` lists them.", "没有该名称的实体。可用 `tongmai check` 查看。"
    ),
    "draft-mapping": Text(
        "The sync's mapping is a draft. Look at each of its lines, then take `draft: true` away.",
        "同步所用的映射仍是草稿。请逐行确认后删除 `draft: true`。",
    ),
    "no-site": Text(
        "There is no site folder to write to. Set TONGMAI_PATH, or name one with --into.",
        "没有可写入的站点目录。请设置 TONGMAI_PATH，或用 --into 指定。",
    ),
    "file-exists": Text(
        "The file is there already and is not overwritten. Choose another name, or remove it.",
        "文件已存在，不会覆盖。请换名称，或先删除。",
    ),
    "nothing-to-draft": Text(
        "Nothing could be read to draft from. Give a file with records, or a connection whose stream has some.",
        "没有可供起草的记录。请提供含记录的文件，或有数据的连接。",
    ),
    "intake-ended": Text(
        "The webhook receiver that `tongmai up` started does not answer. Its log says why.",
        "`tongmai up` 启动的 Webhook 接收服务没有应答，原因见其日志。",
    ),
    "token-busy": Text(
        "Another process has been fetching a token of the same credentials for too long. Run it again; look for a run that hangs.",
        "另一个进程正在用同一凭据获取令牌，时间过长。请重新运行，并查找卡住的运行。",
    ),
    "token-sealed": Text(
        "A stored token cannot be opened with these credentials. Delete its row from hub.token; it is fetched again.",
        "已保存的令牌无法用该凭据解开。请从 hub.token 删除该行，会重新获取。",
    ),
    "no-database": Text(
        "It is not known where the hub database is. `tongmai up --only postgres`, or set TONGMAI_DATABASE_URL.",
        "不知道中枢数据库在哪里。请执行 `tongmai up --only postgres`，或设置 TONGMAI_DATABASE_URL。",
    ),
    "database-away": Text(
        "The hub database does not answer, or broke off. What was committed stays; run again.",
        "中枢数据库没有应答或中断。已提交的内容都在，请重新运行。",
    ),
    "not-migrated": Text(
        "The tables are of another version. `tongmai db upgrade`.", "表结构版本不符。请执行 `tongmai db upgrade`。"
    ),
    "no-migrations": Text("The migrations are not there: the installation is not whole.", "缺少升级脚本：安装不完整。"),
    "too-many-left-out": Text(
        "The mapping, as it now is, leaves out most of what it had let in. Nothing was changed. See `tongmai mapping diff`; if it is meant, run the sync with --accept-deletes, or declare `left_out: keep`.",
        "映射现版本排除了大部分曾纳入的记录，未作任何更改。请看 `tongmai mapping diff`；确属本意时，用 --accept-deletes 运行同步，或声明 `left_out: keep`。",
    ),
    "too-many-deletes": Text(
        "A whole listing lacks most of the records that are known. Nothing was deleted. Look at the source; if they are really gone, run the sync with --accept-deletes.",
        "全量清单缺少大部分已知记录，未删除任何记录。请检查来源；确已删除时，用 --accept-deletes 再次运行。",
    ),
    "stream-busy": Text(
        "Another run reads or writes the same records of that system. Wait for it to end; Airflow tries again by itself.",
        "另一个运行正在读写该系统的同一批记录。请等待其结束；Airflow 会自动重试。",
    ),
    "already-running": Text("Another run of this sync goes on. Wait for it.", "该同步的另一次运行尚未结束。请等待。"),
    "fenced": Text(
        "This run lost its lease (it stood still, or the database was away too long) and stopped writing. Nothing is lost; the run that took over, or the next one, goes on.",
        "该运行失去了租约（停顿过久或数据库长时间不可用），已停止写入。没有丢失内容，由接管的运行或下次运行继续。",
    ),
    "no-release": Text(
        "A flow instance began with a release that is not in the hub database any more. Restore the database from a backup.",
        "流程实例所属的发布版本已不在中枢数据库中。请从备份恢复数据库。",
    ),
    "no-binaries": Text(
        "The PostgreSQL binaries are not installed. `make setup`.", "没有安装 PostgreSQL 程序。请执行 `make setup`。"
    ),
    "binaries-unreachable": Text(
        "The account that runs PostgreSQL cannot read the binaries.", "运行 PostgreSQL 的账号无法读取其程序文件。"
    ),
    "no-account": Text(
        "PostgreSQL refuses to run as root and no other account was found.",
        "PostgreSQL 不能以 root 运行，且没有找到其他账号。",
    ),
    "data-folder-owner": Text("The data folder belongs to another account.", "数据目录属于另一个账号。"),
    "data-folder-version": Text(
        "The data folder was made by another PostgreSQL. Dump and restore it, or use pg_upgrade.",
        "数据目录由另一版本的 PostgreSQL 创建。请导出再导入，或使用 pg_upgrade。",
    ),
    "passwords-lost": Text(
        "The embedded server's passwords cannot be read. Put the file back from your backup.",
        "内置数据库的密码文件无法读取。请从备份恢复。",
    ),
    "place-unusable": Text(
        "The folder for PostgreSQL cannot be used. Set TONGMAI_HOME or TONGMAI_POSTGRES_DIR.",
        "PostgreSQL 的目录不可用。请设置 TONGMAI_HOME 或 TONGMAI_POSTGRES_DIR。",
    ),
    "initdb": Text(
        "The data folder could not be made. Is there room and permission?", "无法创建数据目录。请检查空间和权限。"
    ),
    "start": Text("The embedded PostgreSQL did not start; see its log.", "内置 PostgreSQL 未能启动，请看日志。"),
    "no-connection": Text(
        "The embedded PostgreSQL runs and does not answer; see its log.", "内置 PostgreSQL 已运行但不应答，请看日志。"
    ),
    "airflow-migrate": Text(
        "`airflow db migrate` failed; see the log named.", "`airflow db migrate` 失败，请看所指日志。"
    ),
    "airflow-ended": Text(
        "One of Airflow's programs ended while starting; see its log.", "Airflow 的某个程序在启动时退出，请看日志。"
    ),
    "airflow-sick": Text("Airflow did not become healthy in time; see the logs.", "Airflow 未能按时就绪，请看日志。"),
    "state": Text("Our own database or state folder is not as it must be.", "数据库或状态目录不符合要求。"),
    "fatal": Text(
        "The run stopped; trying again cannot help before something is mended.", "运行已停止；在修正之前重试无用。"
    ),
    "error": Text(
        "A general error; the text says what failed, why and what next.", "一般错误；文字说明了失败内容、原因和下一步。"
    ),
    "intake-busy": Text(
        "More events wait to be stored than the receiver keeps in memory. Senders are told to come again; look at the database's speed.",
        "等待保存的事件超过接收端的内存上限。对方会被告知稍后重发；请检查数据库速度。",
    ),
}
