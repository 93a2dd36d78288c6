"""Codes of records: why one is in quarantine, or what a finding says."""

from __future__ import annotations

from tongmai.core.text import Text

CODES = {
    "broken-record": Text(
        "A piece of input that is no record: a torn row, a missing or repeated key, bytes of another encoding. Mend the source and read again, or give the fields by an overlay.",
        "输入中的一段不成记录：残缺的行、缺失或重复的键、编码不符。请修正来源后再读，或用覆盖补齐字段。",
    ),
    "undecodable": Text(
        "The stored raw record cannot be decoded any more. Read it again with `tongmai sync NAME --key KEY`.",
        "已保存的原文无法解码。请用 `tongmai sync NAME --key KEY` 重新读取。",
    ),
    "bad-record": Text("The connector refused a record; the reason says why.", "连接器认为该记录有误，原因见说明。"),
    "required-empty": Text(
        "A field that the entity requires is empty. Fill it in the source, or by an overlay.",
        "实体的必填字段为空。请在来源中填写，或用覆盖补齐。",
    ),
    "expected-empty": Text(
        "A field that is usually filled is empty. A finding only: the record went on.",
        "通常有值的字段为空。仅为数据质量问题，记录已继续处理。",
    ),
    "unknown-term": Text(
        "The value is in no value map. Add it to the system's terms.yaml if it will come again; else mend the record.",
        "取值不在值表中。今后还会出现就加入该系统的 terms.yaml，否则修正该记录。",
    ),
    "refused-term": Text(
        "The target has no counterpart for this term, as its terms.yaml says (`refused`). Change the term, or give it a counterpart.",
        "目标系统没有该词条的对应值（terms.yaml 中的 `refused`）。请改词条，或补上对应值。",
    ),
    "unresolved-reference": Text(
        "The record that is referred to has not arrived from this connection. The record is mapped again by itself when it arrives.",
        "被引用的记录尚未从该连接到达。到达后会自动重新映射。",
    ),
    "ambiguous-reference": Text(
        "Several entities have the value by which the record refers to one. Mend the value, or settle the doubles and replay the entry; a record that arrives with the value also lets it be mapped again.",
        "记录所引用的取值对应多个实体。请修正取值，或处理重复的实体后重放该条；再有记录带着该取值到达时也会重新映射。",
    ),
    "not-lines": Text(
        "A list of lines is expected, and something else came. Mend the source, or the mapping's `each`.",
        "应为明细列表，实际是别的内容。请修正来源，或修改映射中的 `each`。",
    ),
    "waiting-reference": Text(
        "The target does not have the referenced record yet. The delivery waits and looks again at every run.",
        "目标系统还没有被引用的记录。写出会等待，每次运行都再看一次。",
    ),
    "left-out": Text(
        "The mapping's `only_if` leaves out this record, which it had let in; the sync says `left_out: keep`, so what it said before stands. A finding: `tongmai trace` shows since when.",
        "映射的 `only_if` 排除了这条曾纳入的记录；同步声明 `left_out: keep`，故保留其原有内容。仅为提示：`tongmai trace` 显示从何时起。",
    ),
    "possible-duplicate": Text(
        "The record was joined to one entity while others fit too. A finding: look at them with `tongmai trace`.",
        "记录已并入一个实体，但还有别的实体也符合。仅为提示，请用 `tongmai trace` 查看。",
    ),
    "registration-collision": Text(
        "Another record holds the same name or product of this customer, registered earlier and still protected. A finding: the field that the entity names under `collides` says which one; the registration counts again once that one is over and the record is mapped again.",
        "同一客户的同名项目或同一产品已被更早报备且仍在保护期内。仅为提示：实体 `collides` 所指字段写明撞单对象；对方到期且本记录再次映射后，该报备重新生效。",
    ),
    "bad-date": Text(
        "The text is no date in any of the formats the mapping declares. Add the format, or mend the value.",
        "文本不符合映射声明的任何日期格式。请补充格式，或修正取值。",
    ),
    "bad-text": Text(
        "The text holds a NUL or half a character. Mend it in the source.", "文本含 NUL 或半个字符。请在来源中修正。"
    ),
    "no-json": Text(
        "A value of the payload cannot be written as JSON, as a whole number beyond 64 bits. Make it a text in the mapping.",
        "载荷中的取值无法写成 JSON（如超过 64 位的整数）。请在映射中转为文本。",
    ),
    "null-character": Text(
        "The text holds U+0000, which no database column can. Mend it in the source.",
        "文本含 U+0000，数据库无法保存。请在来源中修正。",
    ),
    "bad-url": Text(
        "The address is no http(s) address. In an error of a connection: correct base_url.",
        "不是 http(s) 地址。若为连接报错，请修正 base_url。",
    ),
    "bad-email": Text(
        "The text is no mail address; the field stays empty, the record goes on.",
        "不是电子邮箱；该字段留空，记录继续。",
    ),
    "bad-phone": Text(
        "The text is no telephone number; the field stays empty, the record goes on.",
        "不是电话号码；该字段留空，记录继续。",
    ),
    "phone-extension": Text(
        "The extension of a telephone number was left out. A finding only.", "电话号码的分机已略去。仅为提示。"
    ),
    "bad-uscc": Text(
        "The text is no unified social credit code; the field stays empty, the record goes on.",
        "不是统一社会信用代码；该字段留空，记录继续。",
    ),
    "uscc-misread": Text(
        "A letter that no unified social credit code has was read as the digit it looks like, which made the code right. A finding only.",
        "把统一社会信用代码中不会出现的字母读作形近的数字后，代码正确。仅为提示。",
    ),
    "bad-check-digit": Text(
        "The check digit of the unified social credit code or identity number is wrong; the field stays empty, the record goes on.",
        "统一社会信用代码或身份证号的校验位不对；该字段留空，记录继续。",
    ),
    "bad-id-number": Text(
        "The text is no Chinese identity number; the field stays empty, the record goes on.",
        "不是身份证号；该字段留空，记录继续。",
    ),
    "bad-argument": Text(
        "What a function of the mapping was given beside its value is empty or out of bounds for this record. Correct the mapping, or give a `default`.",
        "对该记录，映射函数的参数为空或超出范围。请修正映射，或用 `default` 给出默认值。",
    ),
    "calendar-year": Text(
        "The calendar of working days says nothing of the date's year. Add the year to `calendars/`, or replace the calendar on your site.",
        "工作日历没有该年份。请在 `calendars/` 中补充，或在站点中替换该日历。",
    ),
    "doubled-key": Text(
        "A key comes twice in a list that is to be one object. Choose with `unique(…)` or `filter(…)` first.",
        "要转为对象的列表中键重复。请先用 `unique(…)` 或 `filter(…)` 取舍。",
    ),
    "list-too-long": Text(
        "A list has more items than a function takes. Choose or cut before.", "列表项数超过函数上限。请先筛选或截取。"
    ),
    "text-too-long": Text(
        "A text is longer than a function takes, or its result would be. Cut it before with `left(…)`.",
        "文本或结果的长度超过函数上限。请先用 `left(…)` 截取。",
    ),
    "unknown-currency": Text(
        "The text is no currency known here, or the table of rates has none of it. Add an alias, or the rate in terms.yaml.",
        "不认识的币种，或汇率表中没有。请补充别名，或在 terms.yaml 中补充汇率。",
    ),
    "unknown-key": Text(
        "The value is not in the table of terms.yaml. Add it there, or write `optional`.",
        "terms.yaml 的对照表中没有该值。请补充，或写 `optional`。",
    ),
    "not-json": Text(
        "The text is no JSON, or nested too deeply. Mend it in the source.",
        "文本不是 JSON，或嵌套过深。请在来源中修正。",
    ),
    "bad-key": Text(
        "A value that is to be a key of a reference is no single text or number.", "用作引用键的值不是单个文本或数字。"
    ),
    "not-a-number": Text(
        "The text is no number. Units and signs belong out of it; multiply in the mapping.",
        "文本不是数字。请去掉单位和符号，换算写在映射里。",
    ),
    "not-an-integer": Text("The number is not whole.", "不是整数。"),
    "number-too-long": Text(
        "The number has too many digits, or the result would not be exact.", "数字位数过多，或结果无法精确表示。"
    ),
    "division-by-zero": Text(
        "The mapping divides by zero for this record. Ask first: `if: x != 0`.",
        "对该记录出现除以零。请先判断：`if: x != 0`。",
    ),
    "not-a-boolean": Text("The value is neither yes nor no.", "取值既非是也非否。"),
    "not-text": Text("A list or an object came where one text is expected.", "应为一个文本，却是列表或对象。"),
    "not-a-list": Text("One value came where a list is expected.", "应为列表，却是单个值。"),
    "too-many-items": Text(
        "A loop goes over at most 10,000 items, an inner one over 1,000. Filter the list first, or map it as a stream of its own (`orders/items`).",
        "循环最多处理 10,000 项，内层 1,000 项。请先筛选列表，或把它作为独立的数据流（`orders/items`）映射。",
    ),
    "wrong-shape": Text(
        "The source value has another shape than the expression expects (an object, a list, a text).",
        "源值的结构与表达式不符（对象、列表、文本）。",
    ),
    "type-mismatch": Text("The expression's value does not fit the field's type.", "表达式的值与字段类型不符。"),
    "unexpected-value": Text(
        "The expression failed on this value. Look at the value and at the line named.",
        "表达式无法处理该值。请查看该值和所指的行。",
    ),
    "ambiguous-target": Text(
        "Several records of the target have the same search value. Merge or correct them there, then replay.",
        "目标系统有多条记录具有相同的查找值。请在对方合并或更正，然后重放。",
    ),
    "linked-elsewhere": Text(
        "The record found in the target belongs to another entity already. Look at both with `tongmai trace`.",
        "目标系统中找到的记录已属于另一个实体。请用 `tongmai trace` 查看两者。",
    ),
    "remote-refused": Text(
        "The target understood the write and refused this record; its words are in the reason. Mend the value at its source, then replay.",
        "目标系统拒绝了该记录，原因为对方原话。请在来源修正取值，然后重放。",
    ),
    "bus-no-key": Text(
        "The record has no plain value in the field that is its key on the bus. Mend it at its source, then replay.",
        "记录中作为总线主键的字段为空或不是简单值。请在来源修正，然后重放。",
    ),
    "bus-exists": Text(
        "A message with this id was published before, and says something else. Changes go out as updates.",
        "相同编号的消息已发布过且内容不同。变更应以更新发布。",
    ),
    "bus-unroutable": Text(
        "No queue is bound where the message was published. Bind one, then replay.",
        "发布处没有绑定队列。请绑定队列后重放。",
    ),
    "bus-too-large": Text(
        "The message is larger than the broker or `max_message_bytes` allows.",
        "消息超过服务器或 `max_message_bytes` 的上限。",
    ),
    "odata-value": Text(
        "A value or key does not fit the Edm type that `columns` declare. Mend it, then replay.",
        "取值或主键与 `columns` 声明的 Edm 类型不符。请修正后重放。",
    ),
    "webhook-no-key": Text(
        "The record has no plain value in the field that is the event's subject. Mend it at its source, then replay.",
        "记录中作为事件主题的字段为空或不是简单值。请在来源修正，然后重放。",
    ),
    "email-refused": Text(
        "The mail server refused this; its words are in the reason. Mend address or text, then replay.",
        "邮件服务器拒绝，原因为其原话。请修正地址或内容后重放。",
    ),
    "email-bad": Text(
        "No mail can be made of the record: `to` or `subject` is missing, or a line break stands in a header.",
        "无法由该记录生成邮件：缺少 `to` 或 `subject`，或邮件头中有换行。",
    ),
}
