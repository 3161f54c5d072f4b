"""Makes `_async.py` of `_sync.py`, so that asyncio has every method, with the same arguments and words.

`python tools/twin.py` writes it; with `--check` it fails where the file is not as it would be written.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "python" / "gatepass"
ABOUT = '''"""Tokens, roles and users, for asyncio: what `gatepass.aio.open` and `gatepass.aio.connect` return.

Made of `_sync.py` by `tools/twin.py`: change that one.
"""'''
WORDS = {
    r"\bIterator\b": "AsyncIterator",
    r"\b__enter__\b": "__aenter__",
    r"\b__exit__\b": "__aexit__",
    r"use it in `with`": "use it in `async with`",
    r"Threads may share it": "Tasks may share it",
    r"\n( +)yield from tokens": r"\n\1for token in tokens:\n\1    yield token",
    r"a function that takes the new `Secret`": "a function or coroutine function that takes the new `Secret`",
    r"deliver: Callable\[\[Secret\], object\]": "deliver: Callable[[Secret], Awaitable[object] | object]",
    r"abc import Callable": "abc import Awaitable, Callable",
}


def twin(source: str) -> str:
    tree = ast.parse(source)
    waits = [node for node in ast.walk(tree) if _waits(node)]
    edits = [_awaited(source, node) for node in waits]
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        entered = function.name in {"__enter__", "__exit__"}
        if entered or any(_waits(node) for node in _own(function)):
            edits.append((_offset(source, function.lineno, function.col_offset), 0, "async "))
        docstring = ast.get_docstring(function, clean=False)
        if docstring and ">>>" in docstring:
            # The examples are those of the other file, which runs them.
            shorter = re.sub(r"\n\n *>>>.*?(?=\n\n|\Z)", "", docstring, flags=re.DOTALL).rstrip()
            shorter += "\n" + " " * (function.col_offset + 4)
            edits.append((source.index(docstring), len(docstring), shorter))
    for start, length, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[start + length :]
    for pattern, replacement in WORDS.items():
        source = re.sub(pattern, replacement, source)
    return re.sub(r'^""".*?"""', lambda _: ABOUT, source, count=1, flags=re.DOTALL)


def _waits(node: ast.AST) -> bool:
    """Whether this is `….wait()`, or `self.close()`, which waits itself."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args):
        return False
    owner = node.func.value
    closes = node.func.attr == "close" and isinstance(owner, ast.Name) and owner.id == "self"
    return node.func.attr == "wait" or closes


def _own(function: ast.FunctionDef) -> list[ast.AST]:
    """What is in a function, but not in one inside of it."""
    found: list[ast.AST] = []
    queue: list[ast.AST] = list(function.body)
    while queue:
        node = queue.pop()
        if not isinstance(node, ast.FunctionDef):
            found.append(node)
            queue.extend(ast.iter_child_nodes(node))
    return found


def _awaited(source: str, node: ast.AST) -> tuple[int, int, str]:
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    whole = ast.get_source_segment(source, node) or ""
    waited = whole.removesuffix(".wait()")
    start = _offset(source, node.lineno, node.col_offset)
    return start, len(whole), f"await {waited}"


def _offset(source: str, line: int, column: int) -> int:
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())


def main() -> int:
    path = PACKAGE / "_async.py"
    made = twin((PACKAGE / "_sync.py").read_text(encoding="utf-8"))
    if "--check" in sys.argv:
        if path.read_text(encoding="utf-8") == made:
            return 0
        print(f"{path} is not what tools/twin.py makes of _sync.py; run it", file=sys.stderr)
        return 1
    path.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
