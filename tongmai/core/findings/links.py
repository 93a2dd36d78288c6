"""What can be wrong with a sync, and with all syncs taken together."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

RULES = Rules("sync")
_add = RULES.add
RULES.of_model(
    ("sync: a\nred: {connection: crm}", "sync: a\nread: {connection: crm, stream: Account}"),
    ("sync: a\nread: {connection: crm}", "sync: a\nread: {connection: crm, stream: Account}\nmap: acme/customer"),
    ("deletes: ignor", "deletes: ignore"),
)
_add(
    "kind", "A sync has `read`, `write` or `syncs`.", "同步要有 `read`、`write` 或 `syncs` 之一。",
    "sync: a\nmap: acme/customer", "sync: a\nread: {…}\nmap: acme/customer", "Write one of them.", "请写其中之一。", replaces=False,
)  # fmt: skip
_add(
    "name", "The name in the file is not the file's.", "文件中的名称与文件名不一致。",
    "# crm_in.yaml\nsync: crm", "# crm_in.yaml\nsync: crm_in", "Write the file's name.", "请写文件名。",
)  # fmt: skip
_add(
    "exists", "There is a sync of this name already.", "该同步已存在。",
    "syncs/crm_customers.yaml (site)", "syncs/our_customers.yaml (site)", "Choose another name.", "请换名。", replaces=False,
)  # fmt: skip
_add(
    "nested-group", "A group cannot hold a group.", "组不能嵌套。",
    "syncs: [a, group_b]", "syncs: [a, b, c]", "List its members.", "请列出其成员。", replaces=False,
)  # fmt: skip
for _name, _en, _zh, _wrong, _right in (
    ("unknown-connection", "There is no connection of this name.", "没有该连接。", "read: {connection: crm_man, …}", "read: {connection: crm_main, …}"),
    ("unknown-connector", "The connection names a connector that there is not.", "连接使用了不存在的连接器。", "connector: fxiaok", "connector: fxiaoke"),
    ("unknown-sync", "A group or a baseline names a sync that there is not.", "组或基线使用了不存在的同步。", "baseline: crm_custmers", "baseline: crm_customers"),
    ("unknown-mapping", "There is no mapping of this name.", "没有该映射。", "map: fxiaoke/acount", "map: fxiaoke/account"),
    ("unknown-stream", "The connection has no such stream.", "连接没有该数据流。", "stream: AcountObj", "stream: AccountObj"),
    ("unknown-object", "The connector cannot write such an object.", "连接器不能写该对象。", "object: AcountObj", "object: AccountObj"),
    ("unknown-entity", "There is no entity of this name.", "没有该实体。", "of: custmer", "of: customer"),
    ("other-stream", "The sync reads another stream than its mapping is for.", "同步读取的数据流与映射不一致。", "stream: ContactObj\nmap: fxiaoke/account", "stream: AccountObj\nmap: fxiaoke/account"),
    ("other-entity", "The sync is of another entity than its mapping.", "同步与映射针对的实体不一致。", "of: contact\nmap: fxiaoke/account.out", "of: customer\nmap: fxiaoke/account.out"),
    ("other-object", "The sync writes another object than its mapping is for.", "同步写入的对象与映射不一致。", "object: ContactObj\nmap: fxiaoke/account.out", "object: AccountObj\nmap: fxiaoke/account.out"),
):  # fmt: skip
    _add(_name, _en, _zh, _wrong, _right, "Correct the name.", "请改正名称。")
_add(
    "other-system", "The mapping is for another system than the connection.", "映射与连接不是同一系统。",
    "read: {connection: erp_main, …}\nmap: fxiaoke/account", "read: {connection: crm_main, …}\nmap: fxiaoke/account",
    "Name a mapping of the connection's system.", "请使用该系统的映射。", replaces=False,
)  # fmt: skip
_add(
    "mapping-direction", "The mapping goes the other way.", "映射的方向相反。",
    "read: {…}\nmap: fxiaoke/account.out", "read: {…}\nmap: fxiaoke/account", "Name one of the right direction.", "请使用方向正确的映射。",
    replaces=False,
)  # fmt: skip
_add(
    "stream-taken", "Two syncs read one stream; each would map the other's records anew for ever.", "两个同步读取同一数据流，会反复相互重映射。",
    "# a.yaml and b.yaml\nread: {connection: crm, stream: Account}", "# a.yaml only\nread: {connection: crm, stream: Account}",
    "Keep one.", "请保留一个。", replaces=False,
)  # fmt: skip
_add(
    "part-of-nothing", "Parts are taken of a stream that no sync reads.", "取部分的数据流没有同步读取。",
    "read: {connection: shop, stream: orders/buyer}", "# and another sync\nread: {connection: shop, stream: orders}",
    "Add the sync that reads the whole.", "请添加读取整个数据流的同步。", replaces=False,
)  # fmt: skip
_add(
    "baseline-stream", "The baseline reads another stream than the one in which writes are read back.", "基线读取的数据流与写入后读回的不同。",
    "write: {object: AccountObj}\nbaseline: crm_contacts", "write: {object: AccountObj}\nbaseline: crm_customers",
    "Name the sync of that stream.", "请使用读取该数据流的同步。", replaces=False,
)  # fmt: skip
_add(
    "cannot-deactivate", "The target cannot switch such a record off.", "目标不能停用该对象。",
    "deletes: deactivate", "deletes: ignore", "Write `deletes: ignore`.", "请写 `deletes: ignore`。",
)  # fmt: skip
_add(
    "doubt", "`doubt` is said where everything can be looked up.", "可查证的目标不需要 `doubt`。",
    "doubt: resend", "(nothing)", "Take it out.", "请去掉。", replaces=False,
)  # fmt: skip
_add(
    "guarantee", "The sync declares more than its weakest hop can give.", "声明的保证高于最弱一环所能达到。",
    "guarantee: effectively-once", "guarantee: at-least-once, detectable", "Accept what it reaches, or use a target that enforces our key.",
    "请接受其可达到的保证，或改用能拒绝重复的目标。",
)  # fmt: skip
_add(
    "two-writers",
    "Two syncs write one field of one object: whoever comes last wins.",
    "两个同步写入同一对象的同一字段：后写的覆盖先写的。",
    "# a.yaml and b.yaml\nwrite: {connection: crm, object: Account}    # both map Phone",
    '# a.yaml\nwhen: level == "strategic"\n# b.yaml\nwhen: level != "strategic"',
    "Leave the field to one of them, or part the records with `when` so that they cannot overlap.",
    "请只由一个写入，或用互斥的 `when` 分开记录。",
    replaces=False,
)
_add(
    "writer-cycle",
    "A field goes round between systems, and none of the fields on its way has an owner: each system overwrites the other.",
    "字段在系统之间循环写入，途中没有任何字段声明归属：各系统互相覆盖。",
    "address: {type: text, …}    # read from and written to two systems",
    "address: {type: text, owner: crm, …}",
    "Declare `owner:` at one of the entity's fields, or take it out of one mapping.",
    "请在途中某个实体字段上声明 `owner:`，或从其中一个映射去掉。",
    replaces=False,
)
_add(
    "personal-data",
    "A field that an entity declares `personal` is sent to a connection that is not declared to receive such data, by whatever way.",
    "实体中声明为 `personal` 的字段被写入未声明可接收个人信息的连接（无论经过何种函数或片段）。",
    "bi: {connector: sql, role: bi}\n# and a sync that writes customer.phones there",
    "bi: {connector: sql, role: bi, receives: [personal]}",
    "Take the fields out of the mapping; or, if the recipient may have them, write `receives: [personal]`.",
    "请从映射中去掉这些字段；若接收方可以持有，请写 `receives: [personal]`。",
    replaces=False,
)
_add(
    "direct-loop", "A direct sync writes into the stream that it reads: its own writes would come back for ever.",
    "直接同步写入它自己读取的数据流：写入会不断返回。",
    "read: {connection: crm, stream: A}\nwrite: {connection: crm, object: A}",
    "read: {connection: crm, stream: A}\nwrite: {connection: erp, object: B}",
    "Write elsewhere.", "请写到别处。", replaces=False,
)  # fmt: skip
_add(
    "direct-without-search", "A direct mapping says nothing by which a record that is there can be found: it would be made twice.",
    "直接映射没有给出查找已有记录的字段：会重复新建。",
    "from: crm.A\nto: erp.B\nfields: {no: number}", "from: crm.A\nto: erp.B\nfields: {no: number}\nsearch: [no]",
    "Write `search:`.", "请写 `search:`。", replaces=False,
)  # fmt: skip
