"""The settings every HTTP connector has, declared once (`http: true` in a manifest)."""

from __future__ import annotations

from typing import Any, Final

HTTP_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "base_url": {
        "type": "url",
        "required": True,
        "from_connection": "host",
        "label": {"zh": "服务地址", "en": "Server address"},
        "help": {"zh": "以 http:// 或 https:// 开头", "en": "Begins with http:// or https://"},
    },
    "ca_file": {
        "type": "path",
        "label": {"zh": "CA 证书文件", "en": "CA file"},
        "help": {
            "zh": "私有证书机构的 PEM 文件；证书校验始终开启",
            "en": "PEM file of a private CA; verification is always on",
        },
    },
    "proxy": {
        "type": "url",
        "label": {"zh": "代理地址", "en": "Proxy"},
        "help": {"zh": "不读取系统代理变量", "en": "Proxy variables of the environment are not read"},
    },
    "connect_timeout": {
        "type": "number",
        "default": 10,
        "label": {"zh": "连接超时（秒）", "en": "Connect timeout (s)"},
    },
    "read_timeout": {"type": "number", "default": 60, "label": {"zh": "读取超时（秒）", "en": "Read timeout (s)"}},
    "settle_seconds": {
        "type": "number",
        "default": 30,
        "label": {"zh": "存疑写入的静置时间（秒）", "en": "Settling time of a doubtful write (s)"},
        "help": {
            "zh": "系统可能在我方放弃等待之后才接受写入：结果不明的写入在此时间之后才查证、重发",
            "en": "The system may take a write after we gave up waiting: a doubtful one is looked up or repeated only after this",
        },
    },
    "max_body_bytes": {
        "type": "integer",
        "default": 67108864,
        "label": {"zh": "应答大小上限（字节）", "en": "Largest answer taken (bytes)"},
    },
    "retries": {"type": "integer", "default": 4, "label": {"zh": "重试次数", "en": "Retries"}},
    "retry_wait": {
        "type": "number",
        "default": 0.5,
        "label": {"zh": "首次重试等待（秒），逐次加倍", "en": "Wait before the first retry (s), doubling"},
    },
    "longest_wait": {
        "type": "number",
        "default": 60,
        "label": {"zh": "运行中最长等待（秒）", "en": "Longest wait within a run (s)"},
        "help": {
            "zh": "对方要求的停顿（Retry-After）超过此值时，本次运行以“稍后再试”结束，由 Airflow 到时重试；共享限额期间不放行",
            "en": "Where the system asks for a longer pause (Retry-After), the run ends as not yet and Airflow tries it again after that; the shared limit stays closed until then",
        },
    },
    "allowed_hosts": {
        "type": "object",
        "default": [],
        "label": {"zh": "允许访问的其他主机", "en": "Other hosts that may be called"},
        "help": {
            "zh": "对方应答中的地址（下一页、上传、跳转）可指向的主机，如 [files.example.com, '*.example.com']；不带本连接的凭据",
            "en": "Hosts that addresses in answers (next page, upload, redirect) may lead to, as [files.example.com, '*.example.com']; called without this connection's credentials",
        },
    },
    "private_addresses": {
        "type": "choice",
        "choices": ["refuse", "allow"],
        "default": "refuse",
        "label": {"zh": "内网地址", "en": "Addresses inside the network"},
        "help": {
            "zh": "refuse：只连接公网地址（base_url 本身在内网时，同类地址也可以）；allow：不检查",
            "en": "refuse: only public addresses are connected to (where base_url is inside, its kind too); allow: no look",
        },
    },
    "redirects": {
        "type": "integer",
        "default": 0,
        "label": {"zh": "读取时最多跟随的跳转次数", "en": "Redirects a read follows at most"},
        "help": {"zh": "写入从不跟随跳转", "en": "A write never follows one"},
    },
}
