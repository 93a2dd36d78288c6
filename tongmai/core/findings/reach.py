"""What runs and is surely not meant: branches that nothing reaches, values that never come, values that lose a part."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

RULES = Rules("mapping")
_add = RULES.add
_add(
    "constant-condition",
    "A condition is always true, or always false: one branch is never reached. A warning while it runs, an error in `check`.",
    "条件永远成立或永远不成立：有一个分支永远不会执行。运行时为警告，`check` 时为错误。",
    'status: {if: state == "a" and state == "b", then: active, else: inactive}',
    'status: {if: state in ["a", "b"], then: active, else: inactive}',
    "Write what was meant: `in`, `or` for `and`, a field for a text.",
    "请写出本意：用 `in`、把 `and` 改为 `or`，或把文本改为字段。",
    replaces=False,
)
_add(
    "repeated-condition",
    "A condition was asked further up in the same if/else chain; its branch is never reached.",
    "同一条件链的前面已判断过该条件，此分支永远不会执行。",
    'x: {if: a == "1", then: p, else: {if: a == "1", then: q, else: r}}',
    'x: {if: a == "1", then: p, else: {if: a == "2", then: q, else: r}}',
    "Correct the second condition, or take it out.",
    "请改正或去掉第二个条件。",
    replaces=False,
)
_add(
    "needless-default",
    "What stands before `default` is never empty, so what it gives is never used.",
    "`default` 之前的值不会为空，所给的默认值永远不会用到。",
    'note: remark | default("-") | default("none")',
    'note: remark | default("-")',
    "Take it out, or put it before the first.",
    "请去掉，或移到前面。",
    replaces=False,
)
_add(
    "never-equal",
    "A field is compared with a value that its system does not know. A warning while it runs, an error in `check`.",
    "字段与其系统中不存在的取值比较。运行时为警告，`check` 时为错误。",
    'only_if: status == "actve"',
    'only_if: status == "active"',
    "Correct the value; if the system is right, run `tongmai connector discover NAME --save` again.",
    "请改正取值；若系统确有该值，请重新运行 `tongmai connector discover NAME --save`。",
)
_add(
    "not-total-in",
    "The source field has a value that `in` of the value map lacks: its records would go to quarantine.",
    "源字段的某个取值在取值对照的 `in` 中没有：相应记录会进入隔离区。",
    "# the system has A, B, C\ncustomer_level: {in: {A: key_account, B: regular}}",
    "customer_level: {in: {A: key_account, B: regular, C: small}}",
    "Add it to terms.yaml.",
    "请在 terms.yaml 中补充。",
    replaces=False,
)
_add(
    "value-not-taken",
    "A value goes out that the target's field does not have: the system would refuse it.",
    "写出的值不在目标字段的取值之中：系统会拒绝。",
    "# the system has Hot, Warm, Cold\nRating: {const: Lukewarm}",
    "Rating: {const: Warm}",
    "Send one of its values; correct `out` of terms.yaml.",
    "请写出其取值之一；改正 terms.yaml 的 `out`。",
    replaces=False,
)
_add(
    "lossy-cast",
    "A conversion would drop a part of the value, or fail on most: decimals, the time of day, a length, a word for yes or no. A warning.",
    "转换会丢失部分内容，或多数值无法转换：小数、时刻、长度、是/否。为警告。",
    'closed_on: ClosedAt | split("T") | first',
    "closed_on: ClosedAt | datetime | day_in",
    "Say what is meant: `round`, `day_in`, `left(n)`, a comparison.",
    "请写明本意：`round`、`day_in`、`left(n)` 或比较。",
)
