"""Reads Python sources as Python 3.7 would, for the rules about them: Splunk before 9.3 runs that.

Standard input: a JSON object, path to source. Standard output: a JSON object, path to what was found:
{"error": {"line", "text"} or null, "newer": [{"name", "line"}], "imports": [{"name", "line"}], "names": [{"name", "line"}],
"calls": [{"name", "line", "args": [text or null], "keywords": {name: text, true for a literal without text, or null}}]}.
"newer" is what Python before 3.9 reads and can't run: `dict[str, str]` where it is more than an annotation.
Names are written out: after `from urllib import request as r`, `r.urlopen` is `urllib.request.urlopen`.
"""

import ast
import json
import sys


def dotted(node):
    """`a.b.c` of such an expression; None for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return None if inner is None else inner + "." + node.attr
    return None


def literal(node):
    """The text of a literal, the words None, True, False or a number of another; None (null) when it is no literal."""
    return str(node.value) if isinstance(node, ast.Constant) else None


GENERIC = ("dict", "frozenset", "list", "set", "tuple", "type")


def newer(tree):
    """Built-in types with types in brackets, wherever Python evaluates them. Annotations it does not, with the import from __future__."""
    postponed = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in ast.walk(tree))
    annotations = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
    unread = {id(part) for one in annotations if one is not None and postponed for part in ast.walk(one)}
    return [
        {"name": node.value.id + "[]", "line": node.lineno}
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in GENERIC and id(node) not in unread
    ]


def read(source):
    """What the rules need to know of one source."""
    try:
        tree = ast.parse(source, feature_version=(3, 7))
    except (SyntaxError, ValueError) as error:
        where = getattr(error, "lineno", None) or 1
        return {"error": {"line": where, "text": str(error)}, "newer": [], "imports": [], "names": [], "calls": []}
    imports, names, calls, full = [], [], [], {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imports.append({"name": alias.name, "line": node.lineno})
                if alias.asname:
                    full[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            imports.append({"name": module, "line": node.lineno})
            for alias in node.names:
                full[alias.asname or alias.name] = module + "." + alias.name

    def written_out(node):
        name = dotted(node)
        if name is None:
            return node.attr if isinstance(node, ast.Attribute) else ""
        first, _, rest = name.partition(".")
        first = full.get(first, first)
        return first + ("." + rest if rest else "")

    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            names.append({"name": written_out(node), "line": node.lineno})
        if isinstance(node, ast.Call):
            calls.append(
                {
                    "name": written_out(node.func),
                    "line": node.lineno,
                    "args": [literal(arg) for arg in node.args],
                    "keywords": {word.arg: literal(word.value) for word in node.keywords if word.arg},
                }
            )
    return {"error": None, "newer": newer(tree), "imports": imports, "names": names, "calls": calls}


json.dump({path: read(source) for path, source in json.load(sys.stdin).items()}, sys.stdout)
