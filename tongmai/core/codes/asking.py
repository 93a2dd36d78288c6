"""What the codes of the API and its tokens mean."""

from __future__ import annotations

from tongmai.core.text import Text

CODES: dict[str, Text] = {
    "api-no-token": Text(
        "Every call needs `Authorization: Bearer <token>`.", "每次调用都需要 `Authorization: Bearer <令牌>`。"
    ),
    "api-bad-token": Text(
        "The token is none of this hub's: it was mistyped or cut.", "令牌不属于本系统：可能写错或被截断。"
    ),
    "api-token-revoked": Text("The token was revoked: ask for another one.", "令牌已吊销：请另行申请。"),
    "api-token-over": Text("The token's time is over: ask for another one.", "令牌已到期：请另行申请。"),
    "api-not-allowed": Text("The token's scope does not hold this entity.", "令牌的权限范围不含该实体。"),
    "api-too-many": Text(
        "More calls than the token's rate: wait as `Retry-After` says.",
        "调用超过令牌的频率上限：请按 `Retry-After` 等待。",
    ),
    "api-no-record": Text("There is no golden record of this id or key.", "没有此编号或键的黄金记录。"),
    "api-no-address": Text(
        "The API has no such address or method: see /api/v1/openapi.json.",
        "接口没有此地址或方法：见 /api/v1/openapi.json。",
    ),
    "api-bad-request": Text("A parameter is not as it must be.", "参数写法不对。"),
    "api-too-large": Text(
        "The body of the request is longer than the API reads: send less at once.",
        "请求体超过接口的长度上限：请减少单次发送的内容。",
    ),
    "api-body-late": Text(
        "The body of the request did not come whole in time: send it again.", "请求体未能及时完整收到：请重新发送。"
    ),
    "api-bad-cursor": Text(
        "`after` is no cursor of the feed: give the `next` of an earlier answer.",
        "`after` 不是变更流的游标：请给出之前应答的 `next`。",
    ),
    "api-old-cursor": Text(
        "The cursor is of another database server: read all records anew, then the feed from its beginning.",
        "游标来自另一个数据库服务器：请重新读取全部记录，再从头读取变更流。",
    ),
    "api-not-matched": Text(
        "The records are not prepared for matching, so nobody can say whether there are duplicates: run a sync that reads them.",
        "记录尚未做匹配准备，无法判断是否重复：请先运行读取这些记录的同步。",
    ),
    "api-busy": Text("All connections of the API are busy: try again.", "接口的数据库连接都在使用中：请重试。"),
    "api-slow": Text("The database did not answer in time: ask for less.", "数据库未能及时应答：请缩小范围。"),
    "api-failed": Text("The API has a fault of its own: its log says where.", "接口自身故障：日志中有位置。"),
    "token-exists": Text(
        "A token of this name is open: revoke it, or choose another name.", "同名令牌仍有效：请先吊销或换名。"
    ),
    "no-token": Text(
        "No open token has this name or id: `tongmai api token list` shows them.",
        "没有此名称或编号的有效令牌：`tongmai api token list` 可查看。",
    ),
    "not-searched": Text(
        "The entity says no fields to search by: add `search:` to its entity.yaml.",
        "该实体未声明搜索字段：请在其 entity.yaml 写 `search:`。",
    ),
    "api-ended": Text("The API did not start: its log says why.", "接口服务未能启动：原因见其日志。"),
}
