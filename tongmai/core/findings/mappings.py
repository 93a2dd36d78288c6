"""What can be wrong with a mapping file as a whole: its name, its sides, its fields, its tests."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

RULES = Rules("mapping")
_add = RULES.add
RULES.of_model(
    ("mapping: acme/customer\nfron: acme.Accounts", "mapping: acme/customer\nfrom: acme.Accounts"),
    ("mapping: acme/customer\nto: customer", "mapping: acme/customer\nfrom: acme.Accounts\nto: customer"),
    ("bad_value: {level: quarantin}", "bad_value: {level: quarantine}"),
)
_add(
    "shape", "The file is a list or a text, not a mapping.", "文件是列表或文本，不是映射。",
    "- name: title", "mapping: acme/customer\nfrom: acme.Accounts\nto: customer\nfields: {legal_name: title}",
    "Write `mapping`, `from`, `to` and `fields`.", "请写 `mapping`、`from`、`to`、`fields`。",
)  # fmt: skip
_add(
    "name", "The name in the file is not that of its folder and file.", "文件中的名称与文件夹和文件名不一致。",
    "# acme/customer.yaml\nmapping: acme/customers", "# acme/customer.yaml\nmapping: acme/customer",
    "Write the name that the place of the file gives.", "请按文件位置写名称。",
)  # fmt: skip
_add(
    "exists", "A site has a mapping of a product mapping's name, and does not say what for.", "站点映射与产品映射同名，但未说明用途。",
    "mapping: fxiaoke/account\nfrom: …", "mapping: fxiaoke/account\nextends: fxiaoke/account",
    "Write `extends:` to build on it, or `replaces: true`.", "请写 `extends:` 在其上扩展，或写 `replaces: true`。",
    replaces=False,
)  # fmt: skip
_add(
    "replaces-nothing", "`replaces: true` stands in a file that replaces none.", "写了 `replaces: true`，但没有可替换的映射。",
    "mapping: acme/new\nreplaces: true", "mapping: acme/new",
    "Take it out, or correct the name.", "请去掉，或改正名称。", replaces=False,
)  # fmt: skip
_add(
    "direction", "One side must be `system.stream`, the other an entity.", "一侧应为 `系统.数据流`，另一侧为实体。",
    "from: Accounts\nto: customer", "from: acme.Accounts\nto: customer",
    "Write the system before the stream; see which side is the entity.", "在数据流前写系统；确认哪一侧是实体。", replaces=False,
)  # fmt: skip
_add(
    "system", "The mapping lies in the folder of another system.", "映射放在了另一个系统的文件夹中。",
    "# acme/customer.yaml\nfrom: fxiaoke.AccountObj", "# fxiaoke/customer.yaml\nfrom: fxiaoke.AccountObj",
    "Move the file, or correct the side.", "请移动文件，或改正该侧。",
)  # fmt: skip
_add(
    "two-bases", "A mapping extends one and reverses another.", "映射同时 `extends` 和 `reverses`。",
    "extends: acme/a\nreverses: acme/b", "extends: acme/a",
    "Keep one of them.", "请保留其中一个。", replaces=False,
)  # fmt: skip
_add(
    "unknown-base", "The mapping that this one builds on is not there, or has mistakes.", "所基于的映射不存在，或本身有错误。",
    "extends: fxiaoke/acount", "extends: fxiaoke/account",
    "Correct the name; mend the base first.", "请改正名称；先修正基础映射。",
)  # fmt: skip
_add(
    "base-ring", "Mappings build on one another in a ring.", "映射相互继承成环。",
    "# a.yaml\nextends: acme/b\n# b.yaml\nextends: acme/a", "# a.yaml\nextends: acme/b\n# b.yaml\nfrom: …",
    "Let one of them stand alone.", "请让其中一个独立。", replaces=False,
)  # fmt: skip
_add(
    "not-reversible", "A field of the reversed mapping has no way back.", "被反转映射的字段没有逆向写法。",
    "reverses: acme/customer      # legal_name: name | company_name",
    "reverses: acme/customer\nfields: {name: legal_name}",
    "Write the field under `fields`, or list it under `drop`.", "请在 `fields` 中写出，或列入 `drop`。", replaces=False,
)  # fmt: skip
_add(
    "drops-nothing", "`drop` stands in a mapping that has no base.", "没有基础映射却写了 `drop`。",
    "from: acme.Accounts\ndrop: [level]", "extends: acme/account\ndrop: [level]",
    "Take it out.", "请去掉。", replaces=False,
)  # fmt: skip
_add(
    "field-name", "A field's name is empty, or has an empty step.", "字段名为空，或其中一段为空。",
    "fields: {FCustId.: customer}", "fields: {FCustId.FNumber: customer}",
    "Write the whole name.", "请写完整名称。", replaces=False,
)  # fmt: skip
_add(
    "bad-field", "What a field is made of is none of the allowed forms.", "字段的写法不在允许的形式之中。",
    "count: 5", "count: {const: 5}",
    "Write an expression, a list, `{if, then, else}`, `{const}` or `{each, fields}`.",
    "请写表达式、列表、`{if, then, else}`、`{const}` 或 `{each, fields}`。",
)  # fmt: skip
_add(
    "two-writers", "A field is written twice in one mapping, whole or in part.", "同一映射中字段被写两次（整体或其中一部分）。",
    "FCustId: customer\nFCustId.FNumber: number", "FCustId.FNumber: number",
    "Keep one of them.", "请保留其中一个。", replaces=False,
)  # fmt: skip
_add(
    "unknown-entity", "There is no entity of this name.", "没有这个实体。",
    "to: custmer", "to: customer", "Correct the name.", "请改正名称。",
)  # fmt: skip
_add(
    "unknown-stream", "The connector has no such stream or object.", "连接器没有该数据流或对象。",
    "from: fxiaoke.AcountObj", "from: fxiaoke.AccountObj",
    "Correct the name; `tongmai connector discover` lists them.", "请改正名称；`tongmai connector discover` 可列出。",
)  # fmt: skip
_add(
    "unknown-target-field", "The entity, or the system's object, has no such field.", "实体或系统对象没有该字段。",
    "fields: {legal_nam: name}", "fields: {legal_name: name}",
    "Correct the name; a field of your own is declared with `extend:` in an entity.yaml.",
    "请改正名称；自有字段在 entity.yaml 中用 `extend:` 声明。",
)  # fmt: skip
_add(
    "missing-required", "A field that the entity or the target must have is not mapped.", "实体或目标的必填字段没有映射。",
    "to: customer\nfields: {level: grade}", "to: customer\nfields: {legal_name: name, level: grade}",
    "Map it.", "请映射该字段。", replaces=False,
)  # fmt: skip
_add(
    "required-quarantines", "A bad value of a required field can only go to quarantine.", "必填字段的坏值只能进入隔离区。",
    "bad_value: {legal_name: empty}", "bad_value: {legal_name: quarantine}",
    "Leave the field out of `bad_value`.", "请从 `bad_value` 中去掉该字段。",
)  # fmt: skip
_add(
    "sum-field", "The field is summed up by the hub; no source brings it.", "该字段由系统合计，不能由来源写入。",
    "fields: {paid_amount: paid}", "fields: {amount: total}",
    "Map what it is summed up from.", "请映射其合计来源。", replaces=False,
)  # fmt: skip
_add(
    "list-of-references", "A list of references cannot be mapped.", "暂不支持引用列表。",
    "members: [a | ref(employee)]", "owner: a | ref(employee)",
    "Give them an entity that refers to this one.", "请另建引用本实体的实体。", replaces=False,
)  # fmt: skip
_add(
    "outbound-only", "The option belongs in a mapping that goes out.", "该选项只用于写出映射。",
    "to: customer\nsearch: [name]", "to: fxiaoke.AccountObj\nsearch: [name]",
    "Take it out.", "请去掉。", replaces=False,
)  # fmt: skip
_add(
    "inbound-only", "The option belongs in a mapping that reads parts of a stream.", "该选项只用于读入数据流部分的映射。",
    "to: fxiaoke.AccountObj\nkey: id", "from: shop.orders/buyer\nkey: id",
    "Take it out.", "请去掉。", replaces=False,
)  # fmt: skip
_add(
    "not-searchable", "The system cannot look records up by this field.", "系统不能按该字段查找。",
    "search: [remark]", "search: [tongmai_key__c]",
    "Name a field that the connector's `writes:` lists under `search`.", "请使用连接器 `writes:` 的 `search` 中的字段。",
)  # fmt: skip
_add(
    "part-without-key", "A place in another stream's records is read without `key`.", "读取其他数据流记录中的一处，但没有 `key`。",
    "from: shop.orders/buyer", "from: shop.orders/buyer\nkey: id",
    "Say what identifies a part.", "请写出标识部分的 `key`。", replaces=False,
)  # fmt: skip
_add(
    "part-without-path", "`key` is for a part of a stream, and the stream is whole.", "`key` 用于数据流的部分，而此处是整个数据流。",
    "from: shop.orders\nkey: id", "from: shop.orders/buyer\nkey: id",
    "Write the place behind the stream.", "请在数据流后写位置。", replaces=False,
)  # fmt: skip
_add(
    "ref-to-nothing",
    "A reference names a stream that no sync reads into that entity: it will never be found. A warning.",
    "引用的数据流没有同步读入该实体：引用永远找不到。为警告。",
    "buyer: buyer_id | ref(customer, buyers)", "buyer: buyer_id | ref(customer, orders/buyer)",
    "Name a stream that is read, or write the sync that reads it.", "请写已读取的数据流，或添加读取它的同步。", replaces=False,
)  # fmt: skip
_add(
    "nested-each", "Lines stand deeper inside lines than the target can hold.", "明细嵌套超过目标允许的层数。",
    "lines: {each: a, fields: {more: {each: b, fields: …}}}", "lines: {each: a, fields: {total: amount}}",
    "Give the inner lines an entity of their own.", "请为内层明细另建实体。", replaces=False,
)  # fmt: skip
_add(
    "misplaced-each", "`each` stands in a list or a choice.", "`each` 写在了列表或条件中。",
    "lines: {if: ok, then: {each: a, fields: …}}", "lines: {each: a, only_if: head.ok, fields: …}",
    "Put it directly under the field; use `only_if`.", "请直接写在字段下，并用 `only_if`。", replaces=False,
)  # fmt: skip
_add(
    "not-lines", "`each` needs a list of objects.", "`each` 需要对象列表。",
    "lines: {each: amount, fields: …}", "lines: {each: items, fields: …}",
    "Name the member that holds the lines.", "请写存放明细的成员。",
)  # fmt: skip
_add(
    "lines-whole", "Lines are sent as one value.", "明细被当作单个值写出。",
    "FEntry: lines", "FEntry: {each: lines, fields: {FQty: quantity}}",
    "Say what each line holds.", "请写出每行的字段。", replaces=False,
)  # fmt: skip
_add(
    "variable-unset", "A variable has no value and no default.", "变量既没有取值也没有默认值。",
    "variables: {organisation: null}", "# variables.yaml\nkingdee: {organisation: 100}",
    "Set it in variables.yaml of the site's mappings folder.", "请在站点 mappings 目录的 variables.yaml 中设置。", replaces=False,
)  # fmt: skip
_add(
    "variable-value", "A variable is one plain value.", "变量应为单个值。",
    "variables: {codes: [1, 2]}", "variables: {code: 1}",
    "Use a table or a value map for several.", "多个值请用对照表或取值对照。", replaces=False,
)  # fmt: skip
_add(
    "variable-unused", "A variable is declared, and no field uses it.", "声明了变量，但没有字段使用。",
    "variables: {mode: full}\nfields: {name: title}", "variables: {mode: full}\nfields: {name: var.mode + title}",
    "Use it as `var.NAME`, or take it out.", "请用 `var.名称` 引用，或去掉。", replaces=False,
)  # fmt: skip
_add(
    "no-tests", "There is no test file beside the mapping.", "映射旁没有测试文件。",
    "# acme/customer.yaml alone", "# acme/customer.yaml and acme/customer_test.yaml",
    "Write cases with `given` and `expect`; `tongmai mapping test` runs them.", "请写含 `given`、`expect` 的用例；`tongmai mapping test` 运行。",
    replaces=False,
)  # fmt: skip
_add(
    "test-of-nothing", "A test file has no mapping.", "测试文件没有对应的映射。",
    "# acme/custmer_test.yaml", "# acme/customer_test.yaml", "Rename or delete it.", "请改名或删除。", replaces=False,
)  # fmt: skip
_add(
    "test-shape", "A test file is a list of cases.", "测试文件应为用例列表。",
    "case: one", "- case: one\n  given: {name: a}\n  expect: {legal_name: a}",
    "Write a list.", "请写成列表。", replaces=False,
)  # fmt: skip
_add(
    "test.unknown-key", "A case has a key that cases do not know.", "测试用例中有不认识的键。",
    "- case: one\n  givn: {name: a}", "- case: one\n  given: {name: a}\n  expect: {legal_name: a}",
    "Correct it; the allowed keys are listed.", "请改正；可用的键见提示。",
)  # fmt: skip
_add(
    "test.missing-key", "A case lacks `case` or `given`.", "测试用例缺少 `case` 或 `given`。",
    "- given: {name: a}", "- case: one\n  given: {name: a}\n  expect: {legal_name: a}",
    "Add it.", "请补上。", replaces=False,
)  # fmt: skip
_add(
    "test.bad-value", "A value of a case has the wrong type.", "测试用例中的值类型不对。",
    "- case: one\n  given: a", "- case: one\n  given: {name: a}\n  expect: {legal_name: a}",
    "`given` is a record, `expect` an object.", "`given` 应为一条记录，`expect` 应为对象。", replaces=False,
)  # fmt: skip
_add(
    "test-expects-nothing", "A case says nothing of the outcome, so it cannot fail.", "用例没有写期望结果，因此不会失败。",
    "- case: one\n  given: {name: a}", "- case: one\n  given: {name: a}\n  expect: {legal_name: a}",
    "Say what is expected.", "请写期望结果。", replaces=False,
)  # fmt: skip
_add(
    "draft", "The mapping is a draft: its fields are proposals that nobody has looked at.", "映射为草稿：其字段是尚未确认的建议。",
    "mapping: acme/customer\ndraft: true", "mapping: acme/customer",
    "Look at each field, then take the line away.", "请逐个确认字段，然后删除该行。", replaces=False,
)  # fmt: skip
_add(
    "unknown-system", "A side of a direct mapping names a system that there is not.", "直接映射的一侧使用了不存在的系统。",
    "from: fxiaok.AccountObj\nto: kingdee.BD_Customer", "from: fxiaoke.AccountObj\nto: kingdee.BD_Customer",
    "Correct the name.", "请改正名称。",
)  # fmt: skip
