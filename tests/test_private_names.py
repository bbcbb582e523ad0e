"""What others keep private is used in few places, and docs/decisions.md says of each why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.test_conventions import ASSETS, ROOT, SOURCES, VENDORED, tree

# Dash's own addresses and names in the browser, which its documentation does not promise.
NAMES = re.compile(r"_dash\w*(?:-[a-z]+)*")
USED = {
    "PostgresServer._lock",
    "rasterio._err",
    "_dashPlotlyJSURL",
    "_dash-component-suites",
    "_dash-update-component",
}
# Instances of the class whose method it is.
OWN = {"self", "cls", "new"}


def private(path: Path) -> Iterator[str]:
    """The private attributes of others, and the private modules, that a module uses."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and re.search(r"\._[a-z]", node.module or ""):
            yield str(node.module)
        if isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr):
            owner = ast.unparse(node.value)
            if owner not in OWN:
                yield f"{owner}.{node.attr}"


def test_what_is_private_to_others_is_known_and_has_its_reason() -> None:
    found = {name for path in SOURCES for name in private(path)}
    texts = [path.read_text() for path in SOURCES]
    texts += [p.read_text() for p in ASSETS if p.suffix == ".js" and p.name not in VENDORED]
    found |= {name for text in texts for name in NAMES.findall(text)}
    assert found == USED
    decisions = (ROOT / "docs" / "decisions.md").read_text()
    assert [name for name in USED if f"`{name}`" not in decisions] == []
