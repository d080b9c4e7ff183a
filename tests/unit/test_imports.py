"""Allowed imports: `protocol/` and `client/` import no Home Assistant, the firmware no board."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "biometric_enroll"
PLAIN: dict[str, set[str]] = {
    "protocol": set(),
    "client": {"protocol"},
    "legacy": {"protocol", "client"},
}
"""Packages of the integration without Home Assistant, and which others each may import."""
FIRMWARE = ROOT / "firmware" / "fpreader"

_LOAD_WITHOUT_HOME_ASSISTANT = """
import importlib, pathlib, sys, types
sys.modules["homeassistant"] = None
integration = types.ModuleType("integration")  # without running its __init__
integration.__path__ = [sys.argv[1]]
sys.modules["integration"] = integration
for package in sys.argv[2:]:
    for path in sorted(pathlib.Path(sys.argv[1], package).glob("*.py")):
        importlib.import_module(f"integration.{package}.{path.stem}")
        print(path.stem)
loaded = {name.partition(".")[0] for name, module in sys.modules.items() if module}
foreign = loaded - sys.stdlib_module_names
print("foreign:", sorted(name for name in foreign - {"integration"} if not name.startswith("_")))
"""

# Modules that MicroPython's unix port and its ESP32 port both have.
MICROPYTHON = {
    "array", "asyncio", "binascii", "collections", "errno", "gc", "hashlib", "io", "json",
    "micropython", "os", "random", "select", "socket", "ssl", "struct", "sys", "time",
}  # fmt: skip


def test_what_decides_loads_without_home_assistant() -> None:
    """They run in a simulation; a normal import would run the integration."""
    # -S: only the standard library can be imported.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LOAD_WITHOUT_HOME_ASSISTANT, INTEGRATION, *PLAIN],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *loaded, foreign = done.stdout.splitlines()
    assert set(loaded) >= {"parser", "builder", "enrollment", "liveness", "fingerprint_registry"}
    assert foreign == "foreign: []"


class _WithoutTypes(ast.NodeTransformer):
    """Drops what only a type checker runs."""

    def visit_If(self, node: ast.If) -> ast.If | None:
        typing = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if typing else node


def _imports(tree: ast.AST) -> set[str]:
    """Return the top names of all absolute imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(
    "path",
    [path for package in PLAIN for path in sorted((INTEGRATION / package).glob("*.py"))],
    ids=lambda path: f"{path.parent.name}.{path.stem}",
)
def test_what_decides_imports_only_the_standard_library_and_what_is_below_it(path: Path) -> None:
    """Also where the import would run for type checkers only."""
    tree = ast.parse(path.read_text())
    assert _imports(tree) <= sys.stdlib_module_names
    parents = {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level > 1
    }
    assert parents <= PLAIN[path.parent.name]


@pytest.mark.parametrize("path", sorted(FIRMWARE.glob("*.py")), ids=lambda path: path.stem)
def test_the_firmware_imports_only_what_every_micropython_has(path: Path) -> None:
    """No `machine`, no `network`: the board passes those in. Nor a module of CPython only."""
    tree = _WithoutTypes().visit(ast.parse(path.read_text()))
    assert _imports(tree) <= MICROPYTHON | {"fpreader"}
