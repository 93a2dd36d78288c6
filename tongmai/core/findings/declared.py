"""What can be wrong with entities, term lists, connections and discovered schemas."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

ENTITY, TERMS, MATCHING = Rules("entity"), Rules("terms"), Rules("matching")
SURVIVORSHIP = Rules("survivorship")
CONNECTION, SCHEMA = Rules("connection"), Rules("schema")
ALL = (ENTITY, TERMS, MATCHING, SURVIVORSHIP, CONNECTION, SCHEMA)

MATCHING.of_model(
    ("matching: customer\ncompares: {}", "matching: customer\ncompare: {…}"),
    ("code: {of: uscc}", "code: {as: legal_code, of: uscc}"),
    ("generic: many", "generic: 100"),
)
MATCHING.add(
    "unknown", "There is no such entity, field, kind of comparison, part, level or key.", "没有该实体、字段、比较方式、组成部分、级别或查找键。",
    "name: {as: compny_name, of: legal_name}", "name: {as: company_name, of: legal_name}", "Correct the name.", "请改正名称。",
)  # fmt: skip

ENTITY.of_model(
    ("entity: customer\nfeilds: {}", "entity: customer\nfields: {…}"),
    ("level: {type: text}", "level: {type: text, label: {zh: 等级, en: Level}}"),
    ("level: {type: txt, label: …}", "level: {type: text, label: …}"),
)
ENTITY.add(
    "exists", "There is an entity of this name already.", "该实体已存在。",
    "entity: customer", "extend: customer", "Write `extend:` to add fields.", "要增加字段请写 `extend:`。", replaces=False,
)  # fmt: skip
ENTITY.add(
    "name", "The name in the file is not its folder's.", "文件中的名称与文件夹不一致。",
    "# customer/entity.yaml\nentity: customers", "# customer/entity.yaml\nentity: customer", "Write the folder's name.", "请写文件夹名。",
)  # fmt: skip
ENTITY.add(
    "unknown", "There is no entity of this name.", "没有该实体。",
    "extend: custmer", "extend: customer", "Correct the name.", "请改正名称。",
)  # fmt: skip
ENTITY.add(
    "unknown-field", "There is no such field.", "没有该字段。",
    "matching: {name: legal_nam}", "matching: {name: legal_name}", "Correct the name.", "请改正名称。",
)  # fmt: skip
ENTITY.add(
    "unknown-term-list", "The dictionary has no such list.", "数据字典中没有该词表。",
    "level: {type: term(customer_levl), …}", "level: {type: term(customer_level), …}", "Correct the name.", "请改正名称。",
    replaces=False,
)  # fmt: skip
ENTITY.add(
    "field-exists", "The entity has the field already.", "实体已有该字段。",
    "extend: customer\nfields: {level: …}", "extend: customer\nfields: {our_level: …}", "Choose another name.", "请换名。",
    replaces=False,
)  # fmt: skip
ENTITY.add(
    "lines-no-key", "A list of lines cannot identify a record.", "明细列表不能作为识别字段。",
    "matching: {exact: [lines]}", "matching: {exact: [number]}", "Name a plain field.", "请使用普通字段。", replaces=False,
)  # fmt: skip
ENTITY.add(
    "not-searchable", "Nobody types this kind of field to find a record.", "没有人会键入此类字段来查找记录。",
    "search: {text: [owner]}", "search: {text: [name]}", "Name a text, a code or a telephone.", "请使用文本、编号或电话字段。",
    replaces=False,
)  # fmt: skip
ENTITY.add(
    "registration-type", "A field of this type cannot take this part in a registration.", "该类型的字段不能用于报备的这一部分。",
    "registration: {on: stage, …}", "registration: {on: registered_on, …}",
    "`of` and `collides` are references, `on` and `until` dates, `over` fields with terms.",
    "`of`、`collides` 用引用字段，`on`、`until` 用日期，`over` 用词表字段。", replaces=False,
)  # fmt: skip
ENTITY.add(
    "unknown-term", "The list of this field has no such term.", "该字段的词表没有此词条。",
    "registration: {over: {stage: [lsot]}, …}", "registration: {over: {stage: [lost]}, …}", "Correct the word.", "请改正。",
    replaces=False,
)  # fmt: skip
ENTITY.add(
    "sum-type", "A sum is a plain `decimal` without owner.", "合计字段应为没有归属的普通 `decimal`。",
    "paid: {type: text, sum: payment.amount, …}", "paid: {type: decimal, sum: payment.amount, …}", "Change the type.", "请修改类型。",
    replaces=False,
)  # fmt: skip
ENTITY.add(
    "sum-of-sum", "A sum of a sum.", "对合计再合计。",
    "all: {sum: order.paid, …}", "all: {sum: payment.amount, …}", "Sum up what it sums up.", "请直接合计其下级。", replaces=False,
)  # fmt: skip
SURVIVORSHIP.of_model(
    ("survivorship: customer\ntrsut: {erp: 90}", "survivorship: customer\ntrust: {erp: 90}"),
    ("trust: {erp: 90}", "survivorship: customer\ntrust: {erp: 90}"),
    ("rank: [newest]", "rank: [recent]"),
)
SURVIVORSHIP.add(
    "twice", "entity.yaml beside the file has a section `survivorship` too.", "同目录的 entity.yaml 中也有 `survivorship` 段。",
    "# entity.yaml\nsurvivorship: {trust: …}\n# survivorship.yaml\nsurvivorship: customer", "# survivorship.yaml\nsurvivorship: customer\ntrust: …",
    "Say it in one of the two.", "请只写在一处。", replaces=False,
)  # fmt: skip
SURVIVORSHIP.add(
    "unknown-test", "Nothing of this kind can be so.", "该种类的取值没有这种情况。",
    "uscc: {as: legal_code, last: invald}", "uscc: {as: legal_code, last: invalid}", "Use a word that the message lists.", "请使用提示中列出的词。",
)  # fmt: skip
SURVIVORSHIP.add(
    "kind", "The field's type cannot be read as this kind.", "该字段的类型不能按此种类处理。",
    "revenue: {as: phone}", "phones: {as: phone}", "Leave `as` out, or name another field.", "请去掉 `as` 或换字段。", replaces=False,
)  # fmt: skip
SURVIVORSHIP.add(
    "only", "`only` leaves out the role that owns the field.", "`only` 漏掉了该字段的归属角色。",
    "legal_name: {only: [crm]}", "legal_name: {only: [crm, erp]}", "Name the owner too, or leave `only` out.",
    "请补上归属角色，或去掉 `only`。", replaces=False,
)  # fmt: skip
SURVIVORSHIP.add(
    "most", "`most` is said of a field that keeps one value.", "`most` 用在了只保留一个值的字段上。",
    "legal_name: {most: 3}", "phones: {most: 3}", "Leave it out.", "请去掉。", replaces=False,
)  # fmt: skip
SURVIVORSHIP.add(
    "derived", "A field cannot be made from another of that kind.", "不能由该种类的字段得出。",
    "province: {as: province, from: website}", "province: {as: province, from: city}", "Name one that fits.", "请使用适合的字段。",
)  # fmt: skip
SURVIVORSHIP.add(
    "group", "A field of a group is in two of them, is a list, or is put together.", "组中的字段重复、为列表或由多条记录拼合。",
    "together: [[bank, account], [account, name]]", "together: [[bank, account, name]]", "Take it out of the group.", "请从组中去掉。",
    replaces=False,
)  # fmt: skip
TERMS.of_model(
    ("stage: {label: …, trems: {…}}", "stage: {label: …, terms: {…}}"),
    ("stage: {terms: {…}}", "stage: {label: {zh: 阶段, en: Stage}, terms: {…}}"),
    ("stage: {label: …, terms: {}}", "stage: {label: …, terms: {open: {zh: 开, en: Open}}}"),
)
TERMS.add(
    "shape", "terms.yaml holds term lists by name.", "terms.yaml 按名称列出词表。",
    "- open", "stage: {label: …, terms: {…}}", "Write lists by name.", "请按名称列出。", replaces=False,
)  # fmt: skip
TERMS.add(
    "exists", "There is a list of this name already.", "该词表已存在。",
    "industry: …", "our_industry: …", "Choose another name.", "请换名。", replaces=False,
)  # fmt: skip
TERMS.add(
    "extends-nothing", "There is no list of this name to extend.", "没有可扩展的词表。",
    "oportunity_stage: {extends: true, otherwise: quarantine}", "opportunity_stage: {extends: true, otherwise: quarantine}",
    "Correct the name.", "请改正名称。",
)  # fmt: skip
TERMS.add(
    "instead", "A retired term names another retired one, or one that is in use names any.",
    "停用词条的 `instead` 也已停用，或未停用的词条写了 `instead`。",
    "won: {…, retired: true, instead: won}", "won: {…, retired: true, instead: signed}", "Name a term that is in use.",
    "请使用未停用的词条。", replaces=False,
)  # fmt: skip
TERMS.add(
    "unknown-term", "`next` or `instead` names a term that the list has not.", "`next` 或 `instead` 使用了词表中没有的词条。",
    "next: [sigend]", "next: [signed]", "Correct it.", "请改正。", replaces=False,
)  # fmt: skip
CONNECTION.of_model(
    ("crm: {conector: fxiaoke, role: crm}", "crm: {connector: fxiaoke, role: crm}"),
    ("crm: {connector: fxiaoke}", "crm: {connector: fxiaoke, role: crm}"),
    (
        "crm: {connector: fxiaoke, role: crm, receives: personal}",
        "crm: {connector: fxiaoke, role: crm, receives: [personal]}",
    ),
)
CONNECTION.add(
    "shape", "connections.yaml holds connections by name.", "connections.yaml 按名称列出连接。",
    "- crm", "crm: {connector: fxiaoke, role: crm}", "Write them by name.", "请按名称列出。", replaces=False,
)  # fmt: skip
CONNECTION.add(
    "exists", "There is a connection of this name already.", "该连接已存在。",
    "crm_main: …", "crm_second: …", "Choose another name.", "请换名。", replaces=False,
)  # fmt: skip
CONNECTION.add(
    "settings", "The streams, writes or API that the connection's settings declare have mistakes.", "连接设置中声明的数据流、写入或 API 有误。",
    "settings: {streams: {a: {fil: a.csv}}}", "settings: {streams: {a: {file: a.csv, key: id}}}", "Mend what the message names.", "请按提示修正。",
    replaces=False,
)  # fmt: skip
SCHEMA.of_model(
    ("system: crm\nstream: {}", "system: crm\nstreams: {…}"),
    ("streams: {…}", "system: crm\nstreams: {…}"),
    ("name: {length: long}", "name: {length: 80}"),
)
SCHEMA.add(
    "name", "The name in the file is not the file's.", "文件中的名称与文件名不一致。",
    "# schemas/crm.yaml\nsystem: erp", "# schemas/crm.yaml\nsystem: crm", "Run `tongmai connector discover NAME --save` again.",
    "请重新运行 `tongmai connector discover NAME --save`。",
)  # fmt: skip
SCHEMA.add(
    "unknown-system", "There is no connector or connection of the file's name: nothing is checked against it.", "没有与文件同名的连接器或连接：不会据此检查。",
    "schemas/fxiaok.yaml", "schemas/fxiaoke.yaml", "Rename or delete it.", "请改名或删除。", replaces=False,
)  # fmt: skip

MATCHING.add(
    "bad-weights", "`weights.json` beside matching.yaml holds no weights.", "matching.yaml 旁的 `weights.json` 不是权重文件。",
    "{", '{"matching": "customer", "version": "2026-11", …}', "Learn it anew with `tongmai match train`, or remove it.",
    "请用 `tongmai match train` 重新学习，或删除该文件。", replaces=False,
)  # fmt: skip
MATCHING.add(
    "like", "The entity that the rules are like has none of its own.", "`like` 所指的实体没有自己的匹配规则。",
    "matching: supplier\nlike: contract", "matching: supplier\nlike: customer", "Name an entity with rules of its own.",
    "请写有自己规则的实体。",
)  # fmt: skip
