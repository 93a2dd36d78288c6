"""What each key of the rules of data quality means."""

from __future__ import annotations

from tongmai.core.text import Text

_WEIGHT = Text(
    "What it counts beside the other rules of its dimension; a bare number, as `uscc: 3`, is the weight too.",
    "在所属维度内的权重；只写数字（如 `uscc: 3`）即为权重。",
)
_WHEN = Text(
    "A condition over canonical fields; other records are not looked at. `today` is the day of the run.",
    "对规范字段的条件；不满足的记录不检查。`today` 为运行当日。",
)
_LABEL = Text("What people read instead of the generated words.", "代替自动生成的说明文字。")
_EACH = {"weight": _WEIGHT, "when": _WHEN, "label": _LABEL}

QUALITY_WORDS = {
    "QualityRules.quality": Text("The entity, as the folder is called.", "实体名，与文件夹一致。"),
    "QualityRules.extends": Text(
        "The rules are added to those of the product, rules of the same name take their place; without it the file replaces them all.",
        "在产品规则之上增加，同名规则取而代之；不写则整体替换。",
    ),
    "QualityRules.when": Text(
        "Which records are looked at at all; inactive ones never are.", "检查哪些记录；停用的记录从不检查。"
    ),
    "QualityRules.weights": Text("The weight of each dimension; 1 where nothing is said.", "各维度的权重；未写为 1。"),
    "QualityRules.completeness": Text("Fields that should be filled, by name.", "应填写的字段。"),
    "QualityRules.validity": Text(
        "What filled fields have to be. Fields of the types uscc, phone, email and url are checked without being named.",
        "已填字段应满足的要求。uscc、phone、email、url 类型的字段自动检查。",
    ),
    "QualityRules.consistency": Text(
        "Conditions over several fields. The `rules` of the entity and all references are checked without being named.",
        "跨字段条件。实体的 `rules` 与所有引用自动检查。",
    ),
    "QualityRules.agreement": Text(
        "Fields in which every source says what the golden record says, with their weights; part of consistency.",
        "各来源应与黄金记录一致的字段及权重；计入一致性。",
    ),
    "QualityRules.timeliness": Text("How old a record may be.", "记录允许的时效。"),
    "QualityRules.uniqueness": Text(
        "Fields whose value no other record has. `twins` (suspicion of being a double, where records are matched) and `once` "
        "(one record in each source) are always there; named here they get a weight.",
        "取值不应与其他记录重复的字段。`twins`（疑似重复，仅限参与匹配的实体）与 `once`（每个来源仅一条）始终检查，写出可设权重。",
    ),
    "QualityRules.without": Text(
        "Rules that are left out, as `completeness.level`.", "不检查的规则，如 `completeness.level`。"
    ),
    **{f"Completeness.{key}": words for key, words in _EACH.items()},
    "Completeness.any": Text("One of these fields is enough.", "填写其中任一字段即可。"),
    **{f"Validity.{key}": words for key, words in _EACH.items()},
    "Validity.of": Text("The field, where the rule has another name.", "规则另取名称时的字段。"),
    "Validity.as": Text("The kind of value, as in survivorship.", "值的种类，与取值规则相同。"),
    "Validity.never": Text(
        "What must not be wrong with it: `note`, `masked`, `short`, …", "不允许的情况：`note`、`masked`、`short` 等。"
    ),
    "Validity.matches": Text("A pattern that the whole value fits.", "整个值须符合的正则表达式。"),
    "Validity.least": Text("The least number.", "最小值。"),
    "Validity.most": Text("The greatest number.", "最大值。"),
    **{f"Consistency.{key}": words for key, words in _EACH.items()},
    "Consistency.holds": Text(
        "What must not be false; where a field is empty nobody can tell, and the record is not counted.",
        "不得为假的条件；涉及的字段为空、无从判断时不计。",
    ),
    **{f"Agreement.{key}": words for key, words in _EACH.items()},
    **{f"Timeliness.{key}": words for key, words in _EACH.items()},
    "Timeliness.within": Text(
        "The limit, as `90 days`, since a source last confirmed the record: it sent a change, or was listed as a whole.",
        "时限，如 `90 days`：自来源最近一次确认（送来变更，或全量读取）起算。",
    ),
    "Timeliness.roles": Text(
        "Another limit for sources of a role, as `{crm: 30 days}`.", "某角色来源的时限，如 `{crm: 30 days}`。"
    ),
    "Timeliness.of": Text(
        "Count from the last change of one of these fields instead.", "改为从这些字段最近一次变化起算。"
    ),
    **{f"Uniqueness.{key}": words for key, words in _EACH.items()},
    "Uniqueness.of": Text("Fields that are compared together.", "合在一起比较的字段。"),
}
