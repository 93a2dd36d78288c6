"""The files of a new connector."""

from __future__ import annotations

import re
from dataclasses import dataclass

AUTH = ("none", "api-key", "bearer", "basic", "oauth2")
PAGES = ("none", "number", "offset", "cursor", "link")


@dataclass(frozen=True)
class Answers:
    """What was asked."""

    title: str
    title_zh: str
    base_url: str
    auth: str
    stream: str
    path: str
    rows: str
    key: str
    page: str
    cursor: str
    since: str

    @property
    def places(self) -> list[str]:
        """Settings that the path reads, as `owner` in /repos/{owner}/issues."""
        return list(dict.fromkeys(_PLACE.findall(self.path)))

    @property
    def simulated_path(self) -> str:
        """The path with each place filled, as the simulator and the fixtures know it."""
        return _PLACE.sub(lambda place: f"sim-{place[1]}", self.path)


_PLACE = re.compile(r"\{(\w+)\}")


def files(name: str, given: Answers) -> dict[str, str]:
    """File → text."""
    return {
        "connector.yaml": _manifest(name, given),
        "simulator.yaml": _simulator(name, given),
        "fixtures/contract.yaml": _fixture(name, given),
        "quality.yaml": _quality(name),
        "README.md": _readme(name, given),
        "README.zh-CN.md": _readme_zh(name, given),
    }


_SETTINGS = {
    "none": "",
    "api-key": "  api_key: {type: secret, required: true, from_connection: password, label: {zh: 密钥, en: API key}}\n",
    "bearer": "  access_token: {type: secret, required: true, from_connection: password, label: {zh: 令牌, en: Token}}\n",
    "basic": (
        "  user: {type: text, required: true, from_connection: login, label: {zh: 用户, en: User}}\n"
        "  password: {type: secret, required: true, from_connection: password, label: {zh: 密码, en: Password}}\n"
    ),
    "oauth2": (
        "  client_id: {type: text, required: true, from_connection: login, label: {zh: 应用编号, en: Client id}}\n"
        "  client_secret: {type: secret, required: true, from_connection: password, label: {zh: 应用密钥, en: Client secret}}\n"
    ),
}
_MANIFEST_AUTH = {
    "none": "",
    "api-key": 'auth: {kind: api_key, send: {headers: {X-Api-Key: "{api_key}"}}}\n',
    "bearer": 'auth: {kind: bearer, token: "{access_token}"}\n',
    "basic": 'auth: {kind: basic, user: "{user}", password: "{password}"}\n',
    "oauth2": (
        "auth:\n  kind: oauth2\n  grant: client_credentials\n  token_url: /oauth/token\n"
        '  client_id: "{client_id}"\n  client_secret: "{client_secret}"\n'
    ),
}
_QUERY = {
    "none": "",
    "number": 'page: "{page.number}", per_page: "{page.size}"',
    "offset": 'offset: "{page.offset}", limit: "{page.size}"',
    "cursor": 'cursor: "{page.cursor}", limit: "{page.size}"',
    "link": 'limit: "{page.size}"',
}
_PAGE = {
    "none": "",
    "number": '      page: {by: number, size: "{page_size}"}\n',
    "offset": '      page: {by: offset, size: "{page_size}"}\n',
    "cursor": '      page: {by: cursor, next: body.next, size: "{page_size}"}\n',
    "link": '      page: {by: link, size: "{page_size}"}\n',
}


def _manifest(name: str, a: Answers) -> str:
    query = ", ".join(
        part for part in (f'{a.since}: "{{window.start | iso}}"' if a.cursor else "", _QUERY[a.page]) if part
    )
    size = (
        "  page_size: {type: integer, default: 100, label: {zh: 每页条数, en: Records per page}}\n"
        if a.page != "none"
        else ""
    )
    placed = "".join(f"  {each}: {{required: true, label: {{zh: 参数 {each}, en: {each}}}}}\n" for each in a.places)
    settings = _SETTINGS[a.auth] + placed + size
    fields = ", ".join([f"{a.key}: text", "name: text", *([f"{a.cursor}: iso"] if a.cursor else [])])
    return (
        f"# Every word is explained in docs/howto/connector.md.\n"
        f"connector: {name}\n"
        f"label: {{zh: {a.title_zh}, en: {a.title}}}\n"
        "kind: generic\n"
        "http: true\n"
        "connection:\n"
        f'  base_url: {{required: false, default: "{a.base_url}"}}\n'
        f"{settings}"
        f"{_MANIFEST_AUTH[a.auth]}"
        "errors:\n"
        '  - {when: "status in (401, 403)", means: '
        + ("token-expired" if a.auth == "oauth2" else "denied")
        + ", code: body.error, text: body.message}\n"
        '  - {when: "status == 404", means: gone, code: body.error, text: body.message}\n'
        '  - {when: "status in (400, 409, 422)", means: refused, code: body.error, text: body.message}\n'
        f"check: {{get: {_quoted(a.path)}" + (f", query: {{{_first_page(a.page)}}}" if a.page != "none" else "") + "}\n"
        "streams:\n"
        f"  {a.stream}:\n"
        f"    key: {a.key}\n"
        + (f"    cursor: {a.cursor}\n" if a.cursor else "")
        + f"    label: {{zh: {a.stream}, en: {a.stream}}}\n"
        f"    fields: {{{fields}}}\n"
        "    read:\n"
        f"      get: {_quoted(a.path)}\n" + (f"      query: {{{query}}}\n" if query else "") + f"      rows: {a.rows}\n"
        f"{_PAGE[a.page]}"
        + (f"      since: {{field: {a.cursor}, format: iso}}\n" if a.cursor else "")
        + f'      one: {{get: "{a.path}/{{keys[0]}}", row: body}}\n'
    )


def _quoted(path: str) -> str:
    """A path as YAML takes it: braces would begin a mapping."""
    return f'"{path}"' if "{" in path else path


def _first_page(page: str) -> str:
    return {"number": 'page: "1", per_page: "1"', "offset": 'offset: "0", limit: "1"'}.get(page, 'limit: "1"')


_ACCESS = {
    "none": "",
    "api-key": "access: {header: X-Api-Key, value: simulated-key-1}\n",
    "bearer": 'access: {header: Authorization, prefix: "Bearer ", value: simulated-token-1}\n',
    "basic": 'access: {header: Authorization, prefix: "Basic ", value: c2ltOnNpbXVsYXRlZC0x}\n',
    "oauth2": (
        "access:\n  login:\n    post: /oauth/token\n"
        "    sent: {grant_type: client_credentials, client_id: sim, client_secret: simulated-1}\n"
        "    basic: true\n"
        '    answer: {access_token: "{token}", token_type: Bearer, expires_in: "{seconds}"}\n'
        '  header: Authorization\n  prefix: "Bearer "\n'
    ),
}
_SIMULATED_SETTINGS = {
    "none": "",
    "api-key": "api_key: simulated-key-1, ",
    "bearer": "access_token: simulated-token-1, ",
    "basic": "user: sim, password: simulated-1, ",
    "oauth2": "client_id: sim, client_secret: simulated-1, ",
}
_SIMULATED_PAGE = {
    "none": "",
    "number": "page: {by: number, at: page, size: per_page}",
    "offset": "page: {by: offset, at: offset, size: limit}",
    "cursor": "page: {by: cursor, at: cursor, size: limit}",
    "link": "page: {by: link, at: cursor, size: limit}",
}


def _simulator(name: str, a: Answers) -> str:
    answer = '"{rows}"'
    inner = a.rows.removeprefix("body").strip(".").split(".") if a.rows != "body" else []
    if inner:
        members = f'{inner[-1]}: "{{rows}}"'
        for each in reversed(inner[:-1]):
            members = f"{each}: {{{members}}}"
        answer = "{" + members + (', next: "{next}"' if a.page == "cursor" else "") + "}"
    listing = ", ".join(
        part
        for part in (
            f"get: {a.simulated_path}",
            _SIMULATED_PAGE[a.page],
            f"since: {a.since}" if a.cursor else "",
            f"answer: {answer}",
        )
        if part
    )
    placed = "".join(f"{each}: sim-{each}, " for each in a.places)
    return (
        "# What the system answers, written from the vendor's documents: the other side of connector.yaml.\n"
        f"simulator: {name}\n"
        f"settings: {{{_SIMULATED_SETTINGS[a.auth]}{placed}settle_seconds: 0}}\n"
        f"{_ACCESS[a.auth]}"
        "objects:\n"
        f"  {a.stream}:\n"
        f"    key: {a.key}\n"
        '    numbered: "R{n}"\n'
        + (f"    stamp: {a.cursor}\n    form: iso\n" if a.cursor else "")
        + '    seed: {name: "{company.name}"}\n'
        "    lists:\n"
        f"      - {{{listing}}}\n"
        f'    one: "{a.simulated_path}/{{key}}"\n'
    )


_BAD = {
    "none": "{}",
    "api-key": "{api_key: not-the-key}",
    "bearer": "{access_token: not-the-token}",
    "basic": "{password: not-the-password}",
    "oauth2": "{client_secret: not-the-secret}",
}


def _fixture(name: str, a: Answers) -> str:
    return (
        f"# What `tongmai connector test {name}` writes into the simulator, as a person would.\n"
        f"connector: {name}\n"
        + ("settings: {page_size: 7}\n" if a.page != "none" else "")
        + f"bad_credentials: {_BAD[a.auth]}\n"
        + ("token_path: /oauth/token\n" if a.auth == "oauth2" else "")
        + "streams:\n"
        f"  {a.stream}:\n"
        '    insert: {name: "new {n}"}\n'
        '    change: {name: "changed {n}"}\n'
        '    drift: {new_member: "{n}"}\n'
        f"    faults: {a.simulated_path}\n"
    )


_TO_WRITE = "{todo: fill in the marked places of both READMEs, zh: 填写两份 README 中标出之处}"


def _quality(name: str) -> str:
    from connectors.testing.contract import suite
    from connectors.testing.contract.rule import RULES

    assert suite.chosen([])
    rules = [each.id for each in RULES.values() if each.tier == "bronze"]
    lines = "".join(f"  {each}: {_TO_WRITE if each == 'spec.readme' else 'done'}\n" for each in rules)
    return (
        "# done, or {exempt: why, zh: 理由}, or {todo: what, zh: 待办}. Rules that are not named are to do.\n"
        f"connector: {name}\nrules:\n{lines}"
    )


def _readme(name: str, a: Answers) -> str:
    return (
        f"# {a.title}\n\n"
        f"Reads `{a.stream}` of {a.title}.\n\n"
        "## Credentials\n\n"
        "<!-- fill in: where in the system a key is made, which rights it needs, and who may do that. -->\n\n"
        "## What is special\n\n"
        "<!-- fill in: call limits, times without a zone, fields that are missing when empty, what is deleted and how one learns "
        "of it. -->\n\n"
        f"`tongmai simulate {name}` serves the system on your machine; `tongmai connector test {name}` proves the connector.\n"
    )


def _readme_zh(name: str, a: Answers) -> str:
    return (
        f"# {a.title_zh}\n\n"
        f"读取{a.title_zh}的 `{a.stream}`。\n\n"
        "## 凭据\n\n"
        "<!-- fill in: 在系统的哪个位置创建密钥、需要哪些权限、由谁操作；如需管理员开通接口或加入白名单，由谁申请、多久生效。 -->\n\n"
        "## 注意事项\n\n"
        "<!-- fill in: 调用限额；不带时区的时间；为空时缺失的字段；删除的记录如何得知；厂商文档与实际不一致之处。 -->\n\n"
        f"`tongmai simulate {name}` 在本机运行该系统；`tongmai connector test {name}` 验证连接器。\n"
    )
