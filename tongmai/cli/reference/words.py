"""What each key of a file means, for the page of files: ``Model.key`` → words in both languages."""

from __future__ import annotations

from tongmai.core.text import Text

_LABEL = Text("Its name for people.", "给人看的名称。")
_DOC = Text("A paragraph for its page in Airflow.", "在 Airflow 页面上的说明。")
_TAGS = Text("Further tags of its DAG.", "DAG 的附加标签。")
_NOTIFY = Text("Who is told when a run fails or does not balance.", "运行失败或账目不平时通知谁。")
_EVERY = Text(
    "How often Airflow runs it; without it: by hand, or in a group.", "Airflow 多久运行一次；不写则手动运行或随组运行。"
)
_REPLACES = Text(
    "In a site folder: takes the place of the product's one of that name.", "在站点目录中：取代产品中同名的一份。"
)

WORDS: dict[str, Text] = {
    "Connection.connector": Text("The connector that speaks to the system.", "与该系统通信的连接器。"),
    "Connection.role": Text(
        "What the system is to the company (`crm`, `erp`, `file`, …); ownership and trust are declared by role.",
        "系统在企业中的角色（`crm`、`erp`、`file` 等）；字段归属和可信度按角色声明。",
    ),
    "Connection.settings": Text(
        "Settings of the connector that are no secrets; a value may be `{env: NAME, default: value}`.",
        "连接器的非密钥设置；取值可以是 `{env: 变量, default: 默认值}`。",
    ),
    "Connection.label": _LABEL,
    "FileStream.file": Text("The file, in the connection's folder.", "连接目录中的文件。"),
    "FileStream.format": Text("How the file is written.", "文件格式。"),
    "FileStream.key": Text(
        "The column that identifies a row, or a list of columns (joined with `|`).", "标识一行的列，或若干列（以 `|` 相连）。"
    ),
    "FileStream.encoding": Text("The file's encoding.", "文件编码。"),
    "FileStream.delimiter": Text("What separates columns.", "列分隔符。"),
    "Inbound.sync": Text("Its name: the file's name without `.yaml`.", "名称，即去掉 `.yaml` 的文件名。"),
    "Inbound.read": Text("What is read.", "读取什么。"),
    "Inbound.map": Text("The mapping, as `system/name`.", "映射，写作 `系统/名称`。"),
    "Inbound.deletes": Text(
        "What a deletion at the source does: `deactivate` switches the golden record off when those who decide deleted theirs.",
        "来源删除记录时：`deactivate` 表示有决定权的来源都删除后，主数据停用。",
    ),
    "Inbound.label": _LABEL,
    "Inbound.doc": _DOC,
    "Inbound.tags": _TAGS,
    "Inbound.notify": _NOTIFY,
    "Read.connection": Text("The connection that is read.", "读取的连接。"),
    "Read.stream": Text("Its stream.", "其中的数据流。"),
    "Read.every": _EVERY,
    "Read.lookback": Text(
        "How far an incremental read goes back behind its checkpoint.", "增量读取时从断点往回多读多久。"
    ),
    "Outbound.sync": Text("Its name: the file's name without `.yaml`.", "名称，即去掉 `.yaml` 的文件名。"),
    "Outbound.write": Text("Where it writes.", "写到哪里。"),
    "Outbound.of": Text("The entity.", "哪个实体。"),
    "Outbound.map": Text("The outbound mapping, as `system/name.out`.", "写出映射，写作 `系统/名称.out`。"),
    "Outbound.when": Text(
        "A condition over canonical fields; an entity for which it does not hold is not created or updated there.",
        "针对主数据字段的条件；不满足的实体不会新建或更新。",
    ),
    "Outbound.create": Text(
        "`search-first` looks for an existing record by the mapping's `search` fields, then creates; `never` only updates.",
        "`search-first` 先按映射的 `search` 字段查找再新建；`never` 只更新。",
    ),
    "Outbound.deletes": Text(
        "`deactivate` switches the target's record off when the golden record becomes inactive.",
        "`deactivate` 表示主数据停用时，目标记录也停用。",
    ),
    "Outbound.baseline": Text(
        "The inbound sync that reads this target; nothing is written before it has read the target whole.",
        "读取该目标的同步；它完整读过目标之前不写任何内容。",
    ),
    "Outbound.guarantee": Text(
        "What must be given; `tongmai check` refuses more than mapping and connector can give.",
        "要求达到的保证；超出映射和连接器能力时 `tongmai check` 会拒绝。",
    ),
    "Outbound.doubt": Text(
        "A create whose outcome is unknown, where nothing can be looked up: `ask` shows it as a suspect and waits for a person, "
        "`resend` sends it again and accepts a possible double.",
        "新建结果不明又无法到目标查证时：`ask` 列为存疑，等待人工裁决；`resend` 再次发送，接受可能的重复。",
    ),
    "Outbound.label": _LABEL,
    "Outbound.doc": _DOC,
    "Outbound.tags": _TAGS,
    "Outbound.notify": _NOTIFY,
    "Write.connection": Text("The connection that is written to.", "写入的连接。"),
    "Write.object": Text("The object, as the connector's `writes:` names it.", "对象，名称见连接器的 `writes:`。"),
    "Write.lanes": Text(
        "How many writes may be under way at once; one entity is never in two.", "同时进行的写入数；同一实体不会同时出现在两路中。"
    ),
    "Write.every": _EVERY,
    "Group.group": Text("Its name: the file's name without `.yaml`.", "名称，即去掉 `.yaml` 的文件名。"),
    "Group.syncs": Text(
        "The syncs and flows, in order; one that fails stops those after it.", "依次运行的同步和流程；一个失败，后面的不再运行。"
    ),
    "Group.every": _EVERY,
    "Group.label": _LABEL,
    "Group.doc": _DOC,
    "Group.tags": _TAGS,
    "Group.notify": _NOTIFY,
    "Flow.flow": Text("Its name: the file's name without `.yaml`.", "名称，即去掉 `.yaml` 的文件名。"),
    "Flow.trigger": Text(
        "What starts it: `ENTITY becomes CONDITION` or `ENTITY is created`. What was so in a source's first whole listing starts nothing.",
        "触发条件：`实体 becomes 条件` 或 `实体 is created`。来源首次全量清单中已是如此的记录不会触发。",
    ),
    "Flow.cancel": Text(
        "A condition over the trigger's record that calls an instance off: what it made is switched off everywhere.",
        "针对触发记录的条件；成立时撤销实例，它创建的记录在各系统停用。",
    ),
    "Flow.steps": Text("Its steps, in order.", "依次执行的步骤。"),
    "Flow.zone": Text("The time zone of dates in numbers and of `started_on`.", "号码中的日期和 `started_on` 所用的时区。"),
    "Flow.every": _EVERY,
    "Flow.guarantee": Text(
        "What must be given; `tongmai check` refuses more than the weakest `write` step can give.",
        "要求达到的保证；超出最薄弱的 `write` 步骤的能力时 `tongmai check` 会拒绝。",
    ),
    "Flow.label": _LABEL,
    "Flow.doc": _DOC,
    "Flow.tags": _TAGS,
    "Flow.notify": _NOTIFY,
    "Step.mint": Text(
        "Takes a number of this sequence, without gaps or doubles; mappings of later steps read it by this name.",
        "从该序列取一个不断号、不重号的号码；后续步骤的映射按此名称读取。",
    ),
    "Step.as": Text(
        "With `mint`: how the number is written, from `{year}`, `{month}`, `{day}` and once `{seq}` or `{seq:06}`.",
        "与 `mint` 同用：号码格式，可用 `{year}`、`{month}`、`{day}`，以及一次 `{seq}` 或 `{seq:06}`。",
    ),
    "Step.create": Text("Makes a record of this entity.", "创建该实体的一条记录。"),
    "Step.map": Text("With `create`: the mapping that makes it, from `hub.ENTITY` of the trigger.", "与 `create` 同用：所用映射，来源为触发实体的 `hub.实体`。"),
    "Step.write": Text(
        "Passed once this outbound sync has delivered the record; the flow itself calls no system.",
        "该写出同步交付此记录后即通过；流程自身不调用任何系统。",
    ),
    "Step.wait": Text("Passed once this condition holds.", "条件成立后即通过。"),
    "Step.of": Text(
        "With `write` or `wait`: whose record or condition, an entity made before or the trigger's (when nothing is said).",
        "与 `write`、`wait` 同用：看哪个实体，可为前面创建的实体；不写则为触发实体。",
    ),
    "Step.within": Text("After this time the instance is shown as overdue; it goes on waiting.", "超过该时长即显示为超时；实例继续等待。"),
    "Step.label": _LABEL,
    "Notify.mail": Text("Mail addresses.", "邮件地址。"),
    "Notify.webhook": Text("Airflow connections that hold the URL of a robot.", "保存机器人地址的 Airflow 连接。"),
    "Entity.entity": Text("Its name: the folder's name.", "名称，即文件夹名。"),
    "Entity.label": _LABEL,
    "Entity.fields": Text(
        "Its fields. A site adds some with `extend: ENTITY` and `fields:` instead of `entity:`.",
        "字段。站点以 `extend: 实体` 和 `fields:` 代替 `entity:` 来增加字段。",
    ),
    "Entity.matching": Text("What makes two records one entity.", "凭什么认定两条记录是同一实体。"),
    "Entity.survivorship": Text("Who wins a field that has no owner.", "没有归属的字段由谁决定。"),
    "Entity.rules": Text("Checks over several fields.", "涉及多个字段的检查。"),
    "Field.type": Text(
        "`text`, `integer`, `decimal`, `date`, `datetime`, `boolean`, `uscc`, `phone`, `email`, `url`, `term(list)`, `ref(entity)`; "
        "in brackets (`[phone]`) a list of it; `lines` for the lines of a record, with `fields`.",
        "`text`、`integer`、`decimal`、`date`、`datetime`、`boolean`、`uscc`、`phone`、`email`、`url`、`term(词表)`、`ref(实体)`；"
        "加方括号（`[phone]`）表示列表；`lines` 表示记录的明细，须写 `fields`。",
    ),
    "Field.label": _LABEL,
    "Field.required": Text("A record without it goes to quarantine.", "缺少它的记录进入隔离区。"),
    "Field.expected": Text("An empty value is a data-quality finding.", "为空时记为数据质量问题。"),
    "Field.owner": Text("The role whose value wins.", "由哪个角色的值优先。"),
    "Field.personal": Text("Marks personal data (for people; no record's values are logged in any case).", "标记个人信息（供人阅读；日志本来就不含记录的取值）。"),
    "Field.survive": Text(
        "`pick` takes one source's value; `union` puts the lists of all sources together, the winner's first.",
        "`pick` 取一个来源的值；`union` 合并所有来源的列表，胜出者在前。",
    ),
    "Field.sum": Text(
        "A sum over children, `CHILD.FIELD`, of those that are not inactive; no source can write it.",
        "对下级记录求和，写作 `下级实体.字段`，不含已停用的；任何来源都不能写它。",
    ),
    "Field.by": Text("With `sum`: the child's reference to this entity.", "与 `sum` 同用：下级中指向本实体的引用字段。"),
    "Field.fields": Text("With the type `lines`: the fields of a line.", "类型为 `lines` 时，每行明细的字段。"),
    "LineField.type": Text("As the type of a field, but not `lines`.", "同字段的类型，但不能是 `lines`。"),
    "LineField.label": _LABEL,
    "LineField.required": Text("A record with a line without it goes to quarantine.", "有一行缺少它，整条记录进入隔离区。"),
    "LineField.expected": Text("An empty value is a data-quality finding.", "为空时记为数据质量问题。"),
    "LineField.personal": Text("Marks personal data, as in a field.", "标记个人信息，同字段。"),
    "Matching.legal_code": Text(
        "A field with a legal code: equal codes are one entity, different codes never are by name.",
        "法定代码字段：代码相同即同一实体；代码不同则名称相同也不合并。",
    ),
    "Matching.name": Text("A field with a name, compared without width, case, blanks, brackets.", "名称字段，比较时忽略全半角、大小写、空格、括号。"),
    "Matching.exact": Text("Further fields that identify by themselves.", "其他可单独识别的字段。"),
    "Survivorship.trust": Text(
        "Role → trust, the higher wins; 50 where nothing is said.", "角色 → 可信度，高者优先；未写为 50。"
    ),
    "Rule.holds": Text("What must hold, an expression over canonical fields.", "必须成立的条件，针对主数据字段的表达式。"),
    "Rule.code": Text("Its code, for quarantine and findings.", "代码，用于隔离区和数据质量问题。"),
    "Rule.label": Text("What it says to people.", "给人看的说明。"),
    "Rule.otherwise": Text("What happens when it does not hold.", "不成立时怎么办。"),
    "TermList.label": _LABEL,
    "TermList.terms": Text("The terms, by the word that golden records hold.", "词条，以主数据中保存的词为键。"),
    "Term.zh": Text("Its name in Chinese.", "中文名称。"),
    "Term.en": Text("Its name in English.", "英文名称。"),
    "Term.enter": Text("What must be true to enter it (for people).", "进入条件（供人阅读）。"),
    "Term.leave": Text("What must be true to leave it (for people).", "离开条件（供人阅读）。"),
    "Term.next": Text("Terms that may follow (documented; not enforced yet).", "可以接续的词条（作为说明，目前不强制）。"),
    "MappingFile.mapping": Text("Its name, `system/name`, as folder and file are called.", "名称 `系统/名称`，与文件夹和文件名一致。"),
    "MappingFile.from": Text("`system.stream` inbound, an entity outbound.", "读入时为 `系统.数据流`，写出时为实体。"),
    "MappingFile.to": Text("An entity inbound, `system.object` outbound.", "读入时为实体，写出时为 `系统.对象`。"),
    "MappingFile.only_if": Text("Records for which it does not hold are left out (counted as filtered).", "不满足的记录被排除（计为“过滤”）。"),
    "MappingFile.fields": Text("Target field → expression, list, `{if, then, else}` or `{const}`; lines are `{each, only_if, fields}`.", "目标字段 → 表达式、列表、`{if, then, else}` 或 `{const}`；明细写作 `{each, only_if, fields}`。"),
    "MappingFile.bad_value": Text(
        "What a bad value does, per field (`lines.price` in lines) or as `default`: `quarantine` (when nothing is said), `finding` (left out, noted), `empty` "
        "(stored empty, noted).",
        "坏值的处理，可按字段（明细中为 `lines.price`）或以 `default` 声明：`quarantine`（默认）、`finding`（略去并记录）、`empty`（置空并记录）。",
    ),
    "MappingFile.search": Text("Outbound: fields by which existing records are looked up, our own key first.", "写出：查找已有记录所用的字段，我方编号在前。"),
    "MappingFile.create_only": Text("Outbound: fields that are written at creation and never updated.", "写出：仅在新建时写入、从不更新的字段。"),
    "MappingFile.replaces": _REPLACES,
    "ValueMap.in": Text("The system's value → term.", "系统取值 → 词条。"),
    "ValueMap.out": Text("Term → the system's value; without it, `in` read backwards.", "词条 → 系统取值；不写则由 `in` 反推。"),
    "ValueMap.refused": Text("Terms that this system has no value for: such a record is not written.", "该系统没有对应值的词条：这样的记录不写出。"),
    "ValueMap.alias": Text("Other spelling → agreed spelling, for texts that are no terms.", "其他写法 → 统一写法，用于非词条的文本。"),
    "ValueMap.replaces": _REPLACES,
    "Case.case": Text("What it shows.", "用例说明。"),
    "Case.given": Text("The source record (outbound: the golden record).", "源记录（写出时为主数据）。"),
    "Case.expect": Text("Some of the fields that come out.", "预期的（部分）字段。"),
    "Case.expect_error": Text("`{field, code}` of an error.", "预期错误的 `{field, code}`。"),
    "Case.expect_finding": Text("`{field, code}` of a finding.", "预期质量问题的 `{field, code}`。"),
    "Case.expect_reference": Text("Field (`lines[0].product`) → `{entity, key}` of a reference.", "字段（如 `lines[0].product`） → 引用的 `{entity, key}`。"),
    "Case.expect_filtered": Text("The record is left out by `only_if`.", "记录被 `only_if` 排除。"),
    "Case.keys": Text("Outbound: entity id → its key (or field) in the target.", "写出：实体编号 → 在目标中的键（或字段）。"),
    "Manifest.connector": Text("Its name: the folder's name.", "名称，即文件夹名。"),
    "Manifest.label": _LABEL,
    "Manifest.kind": Text("What kind of system it is.", "系统种类。"),
    "Manifest.replaces": _REPLACES,
    "Manifest.http": Text("Speaks HTTP: the standard HTTP settings join `connection`.", "使用 HTTP：标准 HTTP 设置并入 `connection`。"),
    "Manifest.connection": Text("The settings a connection has.", "连接的设置项。"),
    "Manifest.streams": Text("What can be read.", "可以读取的数据流。"),
    "Manifest.streams_from_settings": Text("Streams are declared per connection, under its `streams` setting.", "数据流由每个连接的 `streams` 设置声明。"),
    "Manifest.writes": Text("What can be written.", "可以写入的对象。"),
    "Manifest.quota": Text("What is known of the system's call limits (for people).", "系统的调用限制（供人阅读）。"),
    "Setting.type": Text("Its type. A `secret` never stands in YAML and is masked everywhere.", "类型。`secret` 不得写在 YAML 中，并处处打码。"),
    "Setting.required": Text("There must be a value.", "必须有值。"),
    "Setting.default": Text("The value where none is given.", "未给出时的值。"),
    "Setting.choices": Text("The allowed values of a `choice`.", "`choice` 的可用值。"),
    "Setting.label": _LABEL,
    "Setting.help": Text("A hint for whoever fills it in.", "填写提示。"),
    "Setting.from_connection": Text("The part of an Airflow connection that also fills it.", "也可由 Airflow 连接的这一部分填入。"),
    "Stream.key": Text("The member that identifies a record.", "标识记录的字段。"),
    "Stream.cursor": Text("The member by which incremental reads go.", "增量读取所依据的字段。"),
    "Stream.label": _LABEL,
    "Stream.deletes": Text("How a deletion is seen: in the answer, by a whole listing, not at all.", "如何发现删除：应答中可见、靠完整清单、无法发现。"),
    "Stream.fields": Text("Members a mapping may use, with their source types.", "映射可用的字段及其源类型。"),
    "Stream.lines": Text("Lists inside a record, by the name of the member that holds them.", "记录中的列表，按存放它的成员名。"),
    "Stream.custom": Text("A pattern (as `*__c`) of a company's own fields: usable without being listed.", "企业自定义字段名的样式（如 `*__c`）：无需列出即可使用。"),
    "Stream.volatile": Text("Members that change without the record changing; not in its fingerprint.", "会自行变化、不代表记录变化的字段；不计入指纹。"),
    "Lines.key": Text("The field that tells one line from another.", "区分各行的字段。"),
    "Lines.fields": Text("What a line has, with its source types.", "一行所含的字段及其源类型。"),
    "Lines.custom": Text("A pattern of names that a company gives its own fields of a line.", "企业自定义明细字段名的样式。"),
    "Write.stream": Text("The stream in which written records are read back.", "写入的记录在哪个数据流读回。"),
    "Write.our_key": Text("The field that holds our key.", "存放我方编号的字段。"),
    "Write.key_enforced": Text("The target refuses a second record with our key.", "目标会拒绝编号重复的记录。"),
    "Write.search": Text("Fields by which records can be looked up.", "可用来查找记录的字段。"),
    "Write.lines": Text("Lists inside a payload, by the name of the member that holds them.", "载荷中的列表，按存放它的成员名。"),
    "Write.deactivate": Text("Records can be switched off and on.", "记录可以停用和启用。"),
    "Write.label": _LABEL,
}  # fmt: skip
