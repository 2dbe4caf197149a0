"""Scripts and styles as they are sent: without comments, and what a page imports in one file.

The sources are plain ES modules, and so they run in development and in most tests. Sent one by one
they cost a request each, and compress badly: small files have little to repeat. `joined` writes
every module that a page's script imports into one file, each in a function of its own, so that no
name meets another; a module is run when it is first imported, a dynamic import among them.

It knows the forms that the project writes and refuses others: ``import {a as b} from``,
``import * as a from``, ``import "…"``, ``import("…")``, and ``export`` before a declaration; in
style sheets ``@import "…"``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable

Read = Callable[[str], str]
"""Returns the text of a file by its name."""

IMPORT = re.compile(
    r"^import\s+(?:\{(?P<names>[^}]*)\}\s+from\s+|\*\s+as\s+(?P<whole>\w+)\s+from\s+)?"
    r"\"(?P<path>\.[^\"]+)\";[ \t]*\n?",
    re.MULTILINE,
)
LATER = re.compile(r"\bimport\(\"(?P<path>\.[^\"]+)\"\)")
EXPORT = re.compile(
    r"^export\s+(?P<declared>(?:async\s+)?(?:function\*?|class|const)\s+(?P<name>\w+))",
    re.MULTILINE,
)
LEFT_OVER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
LINE_COMMENT = re.compile(r"^[ \t]*//")
# No quote may follow: then the two slashes could stand in a string.
END_COMMENT = re.compile(r"[ \t]+// [^\"'`]*$")
STYLE_IMPORT = re.compile(r"^@import \"(?P<path>[^\"]+)\";[ \t]*\n", re.MULTILINE)

ONCE = "const $once=(run)=>{let all;return()=>(all??=run());};\n"


class Unjoinable(ValueError):
    """A module is written in a form that `joined` does not know."""


def stripped(text: str) -> str:
    """Return a script or a style sheet without comments of their own lines, and without indents.

    What lies in a template literal of several lines stays as it is.
    """
    lines, is_literal = [], False
    for line in BLOCK_COMMENT.sub("", text).splitlines():
        if is_literal:
            lines.append(line)
        elif line.strip() and not LINE_COMMENT.match(line):
            lines.append(END_COMMENT.sub("", line).strip())
        else:
            continue
        is_literal ^= line.replace("\\`", "").count("`") % 2 == 1
    return "".join(f"{line}\n" for line in lines)


def styles(name: str, read: Read) -> str:
    """Return the style sheet ``name`` with what it imports in place of its imports."""

    def inlined(found: re.Match[str]) -> str:
        return styles(resolved(name, found["path"]), read)

    return stripped(STYLE_IMPORT.sub(inlined, read(name)))


def entries(names: Iterable[str], read: Read) -> set[str]:
    """Return the modules that no other one imports: those that pages name."""
    modules = {name for name in names if name.endswith(".js")}
    return modules - {imported for name in modules for imported in imports(name, read(name))}


def imports(name: str, text: str) -> list[str]:
    """Return the names of what the module ``name`` imports, now and later."""
    paths = [found["path"] for pattern in (IMPORT, LATER) for found in pattern.finditer(text)]
    return [resolved(name, path) for path in paths]


def resolved(name: str, path: str) -> str:
    """Return what ``path`` in the module ``name`` stands for."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def joined(entry: str, read: Read) -> str:
    """Return the module ``entry`` with everything that it imports.

    Raises:
        Unjoinable: naming the module and the line.
    """
    order: list[str] = []
    _visit(entry, read, order, ())
    if order == [entry]:
        return stripped(read(entry))
    numbers = {name: number for number, name in enumerate(order)}
    functions = [_function(name, read(name), numbers) for name in order[:-1]]
    return ONCE + "".join(functions) + _body(entry, read(entry), numbers)


def _visit(name: str, read: Read, order: list[str], above: tuple[str, ...]) -> None:
    """Append what ``name`` imports, and then itself."""
    if name in above:
        raise Unjoinable(f"{name} imports itself, by way of {' and '.join(above)}.")
    if name in order:
        return
    for imported in imports(name, read(name)):
        _visit(imported, read, order, (*above, name))
    order.append(name)


def _function(name: str, text: str, numbers: dict[str, int]) -> str:
    exported = ",".join(found["name"] for found in EXPORT.finditer(text))
    body = _body(name, text, numbers)
    return f"const ${numbers[name]}=$once(()=>{{\n{body}return {{{exported}}};\n}});\n"


def _body(name: str, text: str, numbers: dict[str, int]) -> str:
    """Return the module with its imports as calls of the functions that hold them."""

    def call(path: str) -> str:
        return f"${numbers[resolved(name, path)]}()"

    def now(found: re.Match[str]) -> str:
        if found["whole"]:
            return f"const {found['whole']}={call(found['path'])};\n"
        if found["names"] is None:
            return f"{call(found['path'])};\n"
        return f"const {{{found['names'].replace(' as ', ': ')}}}={call(found['path'])};\n"

    def later(found: re.Match[str]) -> str:
        return f"Promise.resolve().then(()=>{call(found['path'])})"

    body = LATER.sub(later, IMPORT.sub(now, EXPORT.sub(r"\g<declared>", text)))
    if unknown := LEFT_OVER.search(body):
        raise Unjoinable(f"{name}: {unknown[0]}")
    return stripped(body)
