"""Makes `_async.py` of `_sync.py`, and the others' twins, so that asyncio has every method, with the same arguments and words.

`python tools/twin.py` writes them; with `--check` it fails where a file is not as it would be written.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "python" / "gatepass"
TWINS = {"_sync": "_async", "_paged": "_paged_async", "_rest": "_rest_async", "_scim": "_scim_async"}
WORDS = {
    r"\bIterator\b": "AsyncIterator",
    r"\b__enter__\b": "__aenter__",
    r"\b__exit__\b": "__aexit__",
    r"\b__iter__\b": "__aiter__",
    r"use it in `with`": "use it in `async with`",
    r"Threads may share it": "Tasks may share it",
    r"\n( +)yield from (.+)": r"\n\1for one in \2:\n\1    yield one",
    r"from \._paged import": "from ._paged_async import",
    r"a function that takes the new `Secret`": "a function or coroutine function that takes the new `Secret`",
    r"deliver: Callable\[\[Secret\], object\]": "deliver: Callable[[Secret], Awaitable[object] | object]",
    r"(?s)abc import Callable(?=.*\bdeliver: )": "abc import Awaitable, Callable",
}


def twin(name: str, source: str) -> str:
    tree = ast.parse(source)
    waits = [node for node in ast.walk(tree) if _waits(node)]
    edits = [_awaited(source, node) for node in waits]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    waiting = {one.name for one in functions if any(_waits(node) for node in _own(one))}
    for function in functions:
        entered = function.name in {"__enter__", "__exit__"}
        overloads = any(isinstance(by, ast.Name) and by.id == "overload" for by in function.decorator_list)
        own = any(_waits(node) for node in _own(function))
        if entered or own or (overloads and function.name in waiting):
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
    return re.sub(
        r'^"""(.*?)\n.*?"""', lambda found: _about(name, found[1]), source, count=1, flags=re.DOTALL
    )


def _about(name: str, line: str) -> str:
    line = line.replace("for code that waits", "for asyncio").replace("`gatepass.", "`gatepass.aio.")
    return f'"""{line}\n\nMade of `{name}.py` by `tools/twin.py`: change that one.\n"""'


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
    failed = 0
    for name, other in TWINS.items():
        path = PACKAGE / f"{other}.py"
        made = twin(name, (PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
        if "--check" not in sys.argv:
            path.write_text(made, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != made:
            print(f"{path} is not what tools/twin.py makes of {name}.py; run it", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
