"""Guards of the connector SDK: without one, a rule of the contract suite must be broken."""

from __future__ import annotations

from tests.mutants.mutant import Mutant
from tongmai.core.text import Text

_READER = "connectors/sdk/declared/reader.py"
_CALLER = "connectors/sdk/declared/caller.py"
_ERRORS = "connectors/sdk/http_errors.py"
_ROWS = "connectors/sdk/declared/rows.py"


def _one(name: str, en: str, zh: str, file: str, old: str, new: str) -> Mutant:
    return Mutant(f"sdk-{name}", Text(en, zh), file, "contract", {old: new})


MUTANTS = (
    _one(
        "total-not-counted",
        "Rows that moved between pages are noticed by the total",
        "通过总数发现翻页时移动的行",
        _READER,
        "(walk.total is not None and len(met) < walk.total)",
        "False",
    ),
    _one(
        "no-look-back",
        "A read of changes begins before its checkpoint",
        "增量读取从检查点之前开始",
        _READER,
        "mark.at - request.lookback - since.overlap",
        "mark.at",
    ),
    _one(
        "checkpoint-is-now",
        "A checkpoint is never above a time really seen",
        "检查点不超过实际读到的时间",
        "connectors/sdk/declared/checkpoint.py",
        '"at": self.at.isoformat() if self.at else None',
        '"at": __import__("tongmai.core.clock", fromlist=["now"]).now().isoformat()',
    ),
    _one(
        "removed-rows-live",
        "A row that says it is deleted is a deletion",
        "标记为已删除的行视为删除",
        _ROWS,
        "removed = bool(self._removed is not None and self._removed(row_scope))",
        "removed = False",
    ),
    _one(
        "fingerprint-of-the-key",
        "A fingerprint covers the whole record",
        "指纹覆盖整条记录",
        _ROWS,
        "Record(key, raw, fingerprint(raw), version",
        "Record(key, raw, fingerprint(key.encode()), version",
    ),
    _one(
        "half-an-answer-is-an-answer",
        "An answer that is not whole JSON is not taken for an empty one",
        "不完整的 JSON 不当作空应答",
        _CALLER,
        "        return _NOTHING\n",
        "        return None\n",
    ),
    _one(
        "first-page-only",
        "A list is followed to its end",
        "列表读到末尾",
        "connectors/sdk/declared/paging.py",
        '            if cursor in (None, "", False) or',
        '            if True or cursor in (None, "", False) or',
    ),
    _one(
        "token-not-renewed",
        "A refused token is renewed",
        "被拒绝的令牌会续期",
        _CALLER,
        "not used or not self._authority.refused(used)",
        "not used or True",
    ),
    _one(
        "tries-without-end",
        "A call is tried a bounded number of times",
        "重试次数有上限",
        "connectors/sdk/http.py",
        "stop_after_attempt(self._retries + 1)",
        "stop_after_attempt(self._retries + 5)",
    ),
    _one(
        "read-gives-up-at-once",
        "A read that broke is tried again",
        "中断的读取会重试",
        _ERRORS,
        '    return RetryableError(what, why, "it is tried again", code="interrupted")',
        '    return FatalError(what, why, "it is tried again", code="interrupted")',
    ),
    _one(
        "doubtful-write-repeated",
        "A write whose answer was lost is not repeated",
        "应答丢失的写入不会重发",
        _ERRORS,
        '    if write:\n        return unknown(what, why)\n    return RetryableError(what, why, "it is tried again", code="interrupted")',
        '    return RetryableError(what, why, "it is tried again", code="interrupted")',
    ),
    _one(
        "busy-is-refused",
        "HTTP 429 means later, not never",
        "HTTP 429 表示稍后再试",
        _ERRORS,
        "if status == 429 or",
        "if False or",
    ),
    _one(
        "error-table-not-read",
        "An error is said in the system's own words",
        "错误带有系统原话",
        "connectors/sdk/declared/answers.py",
        "            if row.when(scope):",
        "            if False and row.when(scope):",
    ),
)
