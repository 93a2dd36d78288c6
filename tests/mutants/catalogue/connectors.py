"""Guards of the connector SDK: without one, a rule of the contract suite must be broken."""

from __future__ import annotations

from tests.mutants.mutant import Mutant
from tongmai.core.text import Text

_READER = "connectors/sdk/declared/reader.py"
_CALLER = "connectors/sdk/declared/caller.py"
_ERRORS = "connectors/sdk/http_errors.py"
_LIMITS = "connectors/sdk/limits.py"
_RECEIVE = "connectors/sdk/webhook/receive.py"
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
    _one(
        "limit-not-waited",
        "A call waits until its limit has room",
        "调用等到限额有余量",
        _LIMITS,
        "            if taken.wait <= 0:\n                break",
        "            if True:\n                break",
    ),
    _one(
        "login-not-counted",
        "A login counts against the limits",
        "登录也计入限额",
        "connectors/sdk/auth/fetched.py",
        "            self.client.admit(request)\n",
        "",
    ),
    _one(
        "wait-not-told",
        "What the system asks one connection to wait holds all of the account",
        "系统要求的等待对整个账号生效",
        _CALLER,
        "self._limits.hold(filled.shown, error.after or 0, **about)",
        "pass",
    ),
    _one(
        "retry-after-not-read",
        "Retry-After is waited for",
        "等待 Retry-After 所示时间",
        "connectors/sdk/http.py",
        "return asked + self._wait(state) / 10 if asked is not None else self._wait(state)",
        "return 0.0",
    ),
    _one(
        "signature-not-checked",
        "A webhook's signature is compared",
        "比对 Webhook 签名",
        _RECEIVE,
        "    if not good:\n",
        "    if False:\n",
    ),
    _one(
        "age-not-checked",
        "An old webhook request is refused",
        "拒绝过旧的 Webhook 请求",
        _RECEIVE,
        "    if abs(now - int(stamp) / divisor) > window:",
        "    if False:",
    ),
    _one(
        "handshake-is-an-event",
        "A handshake is answered, and is no event",
        "握手得到应答且不作为事件",
        _RECEIVE,
        "if not handshake.unsigned and _is(handshake, opened):",
        "if False:",
    ),
    _one(
        "kinds-not-told-apart",
        "A field of another kind is noticed",
        "发现字段类型变化",
        "connectors/sdk/drift.py",
        '    ord(\'"\'): "text",',
        '    ord(\'"\'): "number",',
    ),
    _one(
        "token-fetched-by-all",
        "One caller fetches a token, the others wait for it",
        "由一个调用取令牌，其余等待",
        "connectors/sdk/token.py",
        "        with contextmanager(self.store.lock)(self.key):",
        "        if True:",
    ),
    _one(
        "event-without-key",
        "An event arrives under the key of its record",
        "事件以其记录的主键到达",
        "connectors/sdk/webhook/events.py",
        "    keys = _keys(opened.first(route.keys, item))",
        "    keys: list[str] = []",
    ),
)
