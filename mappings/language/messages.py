"""What every issue code means, in both languages, for pages and lists."""

from __future__ import annotations

from tongmai.core.text import Text

WORDS = {
    "bad-check-digit": Text("the check digit of the code is wrong", "统一社会信用代码校验位错误"),
    "bad-date": Text("not a date or time in the declared formats", "日期或时间不符合声明的格式"),
    "bad-email": Text("not a mail address", "不是有效的邮箱地址"),
    "bad-key": Text("this value cannot be the key of a record", "该取值不能作为记录主键"),
    "bad-phone": Text("not a phone number", "不是有效的电话号码"),
    "bad-text": Text("the text holds characters that cannot be stored", "文本含有无法存储的字符"),
    "bad-url": Text("not an http(s) address", "不是有效的网址"),
    "bad-uscc": Text("not a unified social credit code", "不是统一社会信用代码"),
    "division-by-zero": Text("a division by zero", "除数为零"),
    "expected-empty": Text("the field is expected and empty", "应填字段为空"),
    "not-a-boolean": Text("neither yes nor no", "不是是/否值"),
    "not-a-list": Text("one value came where a list is expected", "应为列表，收到单个值"),
    "not-a-number": Text("not a number", "不是数值"),
    "not-an-integer": Text("not a whole number", "不是整数"),
    "not-text": Text("a list or an object came where one text is expected", "应为文本，收到列表或对象"),
    "number-too-long": Text("the number has too many digits", "数值位数过多"),
    "phone-extension": Text("the extension of the phone number was left out", "电话分机号已略去"),
    "refused-term": Text("the target has no value for this term", "目标系统没有与该词条对应的取值"),
    "required-empty": Text("the field is required and empty", "必填字段为空"),
    "type-mismatch": Text("the value is of another type", "取值类型不符"),
    "unexpected-value": Text("the value cannot be used here", "该取值在此处不能使用"),
    "unknown-term": Text("a value that the dictionary does not know", "数据字典中没有的取值"),
    "waiting-reference": Text("the referenced record is not in the target yet", "被引用的记录在目标系统中还不存在"),
    "wrong-shape": Text("the source's data has another shape than the mapping expects", "源数据结构与映射不一致"),
}
"""Rules of entities have their own codes and labels in ``entity.yaml``."""
