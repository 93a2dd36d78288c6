"""What each error code means and what to do: for the command line, the pages and the reference."""

from __future__ import annotations

from tongmai.core.codes import agreeing, asking, declaring, installing, judging, matching, reaching, recording, writing
from tongmai.core.text import Text

AREAS: tuple[tuple[Text, dict[str, Text]], ...] = (
    (Text("One record cannot go on, or has a flaw", "单条记录无法继续，或有瑕疵"), recording.CODES),
    (Text("Something written is wrong: files, options, settings", "写错了：文件、选项、设置"), writing.CODES),
    (Text("The other side: connections and systems", "对方：连接与系统"), reaching.CODES),
    (
        Text("Connectors declared in YAML, the contract suite, drift", "YAML 声明的连接器、契约测试、结构变化"),
        declaring.CODES,
    ),
    (Text("Matching", "匹配"), matching.CODES),
    (Text("Data quality", "数据质量"), judging.CODES),
    (Text("The dictionary: steps and proposals", "数据字典：步骤与提议"), agreeing.CODES),
    (Text("The API and its tokens", "接口与令牌"), asking.CODES),
    (Text("This installation: database, servers, folders", "本机安装：数据库、服务、目录"), installing.CODES),
)


def explain(code: str) -> Text | None:
    """What ``code`` means and what to do; a family (``http-…``) explains its members. None for an unknown code."""
    for _, codes in AREAS:
        if code in codes:
            return codes[code]
    for _, codes in AREAS:
        for name, text in codes.items():
            if name.endswith("…") and code.startswith(name[:-1]):
                return text
    return None


def explained(code: str, particulars: str) -> str:
    """What the code means in the reader's language, then the particulars. Codes of an entity's own rules explain themselves."""
    words = explain(code)
    return f"{words} {particulars}" if words else particulars
