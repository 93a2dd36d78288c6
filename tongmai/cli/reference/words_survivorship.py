"""What each key of the rules of survivorship means."""

from __future__ import annotations

from tongmai.core.text import Text

_RULES = {
    "trust": Text("Role → trust, the higher wins; 50 where nothing is said.", "角色 → 可信度，高者优先；未写为 50。"),
    "half_life": Text(
        "The age at which the trust of a value is halved, as `2 years`; without it trust does not fade.",
        "可信度减半所需的时间，如 `2 years`；不写则不衰减。",
    ),
    "rank": Text(
        "What is compared, in order: `trust`; `recent` (the later change); `frequent` (more systems say it); `support` (the trust "
        "of all systems that say it, added up); `complete`. What is then equal is decided by the source's key.",
        "依次比较：`trust` 可信度；`recent` 较晚的变更；`frequent` 更多系统的取值；`support` 取值相同的各系统可信度之和；"
        "`complete` 完整程度。仍相同时按来源键决定。",
    ),
    "fields": Text("Rules of single fields.", "各字段的规则。"),
    "together": Text(
        "Groups of fields that are taken from one record, all or none, as a bank and the account there.",
        "须取自同一条记录的字段组，如开户行与账号。",
    ),
}

SURVIVORSHIP_WORDS = {
    **{f"Survivorship.{key}": words for key, words in _RULES.items()},
    **{f"SurvivorshipFile.{key}": words for key, words in _RULES.items()},
    "SurvivorshipFile.survivorship": Text("The entity, as the folder is called.", "实体名，与文件夹一致。"),
    "FieldRules.as": Text(
        "What it is: `text`, `company_name`, `person`, `legal_code`, `phone`, `mail`, `site`, `province`, `city`, `address`. It says "
        "when two values are the same, how one is written and what can be wrong with it.",
        "值的种类：`text`、`company_name`、`person`、`legal_code`、`phone`、`mail`、`site`、`province`、`city`、`address`，"
        "决定何为相同、如何书写、可能有何问题。",
    ),
    "FieldRules.never": Text(
        "Values that do not count at all: `note` (停用, 无), `invalid`, `masked`, `free` (free mail), …",
        "完全不采用的取值：`note`（停用、无）、`invalid` 无效、`masked` 掩码、`free` 公共邮箱等。",
    ),
    "FieldRules.last": Text(
        "Values that count only where the owner says them or nothing better is there: `invalid`, `latin`, `short`, `masked`, `local`, …",
        "归属系统给出、或没有更好的取值时才采用：`invalid`、`latin`、`short`、`masked`、`local` 等。",
    ),
    "FieldRules.only": Text(
        "The roles whose values count at all for this field; without it all do.",
        "本字段只采用这些角色的取值；不写则全部采用。",
    ),
    "FieldRules.trust": Text(
        "Role → trust for this field; a role that is not named here is trusted as the entity says.",
        "本字段的角色 → 可信度；此处未写的角色按实体的规定。",
    ),
    "FieldRules.rank": Text("What is compared, instead of the entity's `rank`.", "比较顺序，代替实体的 `rank`。"),
    "FieldRules.half_life": Text("Instead of the entity's `half_life`.", "代替实体的 `half_life`。"),
    "FieldRules.from": Text(
        "Fields from which it follows where no source says it; of telephones, the city that gives a missing area code.",
        "没有来源给出时由哪些字段推得；对电话，为补全区号的城市字段。",
    ),
    "FieldRules.assemble": Text(
        "An address is put together from the levels of several records, with these fields of province and city in front.",
        "地址由多条记录的各级拼合，前面补上这些省、市字段。",
    ),
    "FieldRules.most": Text("How many values a list keeps; 0: all.", "列表最多保留几个值；0 为全部。"),
}
