"""Expressions: Python's grammar, a short list of allowed forms, spans in characters."""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from collections.abc import Callable

from mappings.language import trees

MAX_LENGTH = 1000
MAX_DEPTH = 24
MAX_NODES = 250
_FULL_WIDTH = {
    "（": "(",
    "）": ")",
    "，": ",",
    "｜": "|",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "＝": "=",
    "［": "[",
    "］": "]",
}
_BRACKETED = re.compile(r"[^\s|,()（）\[\]=<>+*/-]+（[^|（）]*）[^\s|,()（）\[\]=<>+*/-]*")
"""A field's name with full-width brackets, as ``金额（万元）``."""
_FORMS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lambda: ("a lambda", "lambda"),
    ast.SetComp: ("a loop", "循环"),
    ast.DictComp: ("a loop", "循环"),
    ast.JoinedStr: ("an f-string (use + to join texts)", "f 字符串（请用 + 连接文本）"),
    ast.NamedExpr: ("an assignment", "赋值"),
    ast.Dict: ("a dictionary (use a value map in terms.yaml)", "字典（请在 terms.yaml 中写取值对照）"),
    ast.Set: ("a set (use a list)", "集合（请用列表）"),
    ast.Tuple: ("several values (one is expected)", "多个值（只能有一个）"),
    ast.Starred: ("a star", "星号"),
    ast.Await: ("await", "await"),
    ast.Slice: ("a slice", "切片"),
}

Problem = Callable[[int, int, str, str, str, str], None]
"""``problem(start, end, code, en, zh, suggestion)``: note a mistake at ``text[start:end]``."""


class Syntax:
    """One expression parsed. ``root`` is None when it does not parse; mistakes went to ``problem``."""

    def __init__(self, text: str, problem: Problem) -> None:
        self.text = text
        self._problem = problem
        self._lines = [0]
        for offset, char in enumerate(text):
            if char == "\n":
                self._lines.append(offset + 1)
        self.root = self._parse()

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Start and end of a node in characters of the text."""
        start = self._offset(getattr(node, "lineno", 1), getattr(node, "col_offset", 1))
        end = self._offset(getattr(node, "end_lineno", 1) or 1, getattr(node, "end_col_offset", 1) or 1)
        return start, max(start + 1, end)

    def source(self, node: ast.AST) -> str:
        """A node's text as written."""
        start, end = self.span(node)
        return self.text[start:end]

    def name(self, node: ast.Name | ast.Attribute) -> str:
        """A name as written: Python would fold full-width letters, a source system does not."""
        if isinstance(node, ast.Name):
            return self.source(node)
        _, start = self.span(node.value)
        _, end = self.span(node)
        written = re.sub(r"^[\s).\]]*", "", self.text[start:end]).strip()
        return written if unicodedata.normalize("NFKC", written) == node.attr else node.attr

    def _offset(self, line: int, column: int) -> int:
        """Python counts bytes, and one bracket was put in front of the first line."""
        if line > len(self._lines):
            return len(self.text)
        start = self._lines[line - 1]
        end = self._lines[line] if line < len(self._lines) else len(self.text)
        encoded = (("(" if line == 1 else "") + self.text[start:end]).encode("utf-8", "surrogatepass")
        chars = len(encoded[:column].decode("utf-8", "surrogatepass"))
        return start + max(0, chars - (1 if line == 1 else 0))

    def _parse(self) -> ast.expr | None:
        text = self.text
        if len(text) > MAX_LENGTH:
            self._say(0, 1, "expression-too-long", f"longer than {MAX_LENGTH} characters", f"超过 {MAX_LENGTH} 个字符")
            return None
        if not text.strip():
            self._say(0, 1, "syntax", "the expression is empty", "表达式为空")
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = trees.parse_expression(f"({text}\n)")
        except SyntaxError as error:
            self._syntax_error(error)
            return None
        except (ValueError, MemoryError, RecursionError):
            self._say(0, len(text), "syntax", "cannot be read as an expression", "无法解析为表达式")
            return None
        return tree if self._bounded(tree) else None

    def _bounded(self, tree: ast.expr) -> bool:
        count, level = 0, [(tree, 1)]
        while level:
            node, depth = level.pop()
            count += 1
            if depth > MAX_DEPTH or count > MAX_NODES:
                self._say(0, len(self.text), "expression-too-deep", "nested too deeply or too big", "嵌套太深或过大")
                return False
            level += [(child, depth + 1) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return True

    def _syntax_error(self, error: SyntaxError) -> None:
        outside = re.sub(r"\"[^\"]*\"|'[^']*'", lambda found: " " * len(found[0]), self.text)
        for offset, char in enumerate(outside):
            if char in _FULL_WIDTH:
                plain = _FULL_WIDTH[char]
                name = _BRACKETED.search(outside)
                if name is not None and name.start() <= offset < name.end():
                    whole = f'field("{name[0]}")'
                    en = f"a name with brackets is written {whole}"
                    self._say(*name.span(), "syntax", en, f"带括号的字段名请写作 {whole}", whole)
                    return
                self._say(offset, offset + 1, "syntax", f"`{char}` is a full-width sign", f"`{char}` 是全角符号", plain)
                return
        line, column = error.lineno or 1, error.offset or 1
        start = self._lines[min(line, len(self._lines)) - 1]
        at = min(max(0, len(self.text.rstrip()) - 1), max(0, start + column - (2 if line == 1 else 1)))
        end = at + 1
        if error.end_offset and error.end_lineno == line and error.end_offset > column:
            end = at + error.end_offset - column
        why = "brackets or quotes do not match" if _unbalanced(self.text) else (error.msg or "not an expression")
        zh = "括号或引号不配对" if _unbalanced(self.text) else "语法错误"
        word = re.search(r"[^\W\d]\w*$", self.text[: at + 1])
        if word and word[0] in ("class", "from", "import", "def", "return", "global", "with", "as", "is", "pass"):
            why = f'`{word[0]}` is a reserved word; write field("{word[0]}")'
            zh = f'`{word[0]}` 是保留字，请写 field("{word[0]}")'
        better = ""
        if "'=='" in why:
            why, zh, better = "`=` does not compare", "比较要写 `==`", "=="
        if "follows keyword argument" in why:
            why, zh = "an argument with `=` comes last", "带 `=` 的参数要写在最后"
        self._say(at, min(end, len(self.text)), "syntax", f"cannot be read: {why}", f"无法解析：{zh}", better)

    def refuse(self, node: ast.AST) -> None:
        """Note that a form of Python is not part of the language."""
        en, zh = _FORMS.get(type(node), ("this form", "这种写法"))
        self._say(*self.span(node), "not-allowed", f"{en} is not part of the mapping language", f"映射语言不支持{zh}")

    def _say(self, start: int, end: int, code: str, en: str, zh: str, suggestion: str = "") -> None:
        self._problem(start, end, code, en, zh, suggestion)


def _unbalanced(text: str) -> bool:
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", text)
    pairs = all(bare.count(opening) == bare.count(closing) for opening, closing in ("()", "[]", "{}"))
    return not pairs or '"' in bare or "'" in bare
