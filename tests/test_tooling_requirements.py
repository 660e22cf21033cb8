"""The pinned packages are complete, and they are what the tests run with."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# On Linux the default build of torch asks for these by exact version itself.
WITH_TORCH = re.compile(r"^(nvidia-|cuda-|triton$)")


def pins(*files: str) -> dict[str, Requirement]:
    """Every pinned package by its canonical name."""
    lines = [line for file in files for line in (ROOT / file).read_text().splitlines()]
    requirements = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


RUN = pins("requirements.txt")
TEST = pins("requirements.txt", "requirements-dev.txt")


def direct(names: list[str]) -> Iterator[tuple[str, Requirement]]:
    for name in names:
        requirement = Requirement(name)
        yield canonicalize_name(requirement.name), requirement


def brought_along(roots: list[str]) -> set[str]:
    """Every package that the given ones need on this machine, themselves included."""
    seen: set[tuple[str, str]] = set()
    waiting = [(name, extra) for name, r in direct(roots) for extra in ["", *sorted(r.extras)]]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen or WITH_TORCH.match(name):
            continue
        seen.add((name, extra))
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [
                    (canonicalize_name(needed.name), e) for e in ["", *sorted(needed.extras)]
                ]
    return {name for name, _ in seen}


@pytest.mark.parametrize("name", sorted(TEST))
def test_each_package_is_pinned_and_the_pin_is_installed(name: str):
    requirement = TEST[name]
    assert [pin.operator for pin in requirement.specifier] == ["=="]
    if requirement.marker is None or requirement.marker.evaluate():
        installed = Version(metadata.version(name))
        assert requirement.specifier.contains(installed.public), f"installed is {installed}"


def test_the_pins_hold_all_that_the_direct_packages_bring_along():
    assert brought_along(PROJECT["dependencies"]) - set(RUN) == set()


def test_the_test_pins_hold_all_that_the_test_tools_bring_along():
    assert brought_along(sorted(TEST)) - set(TEST) == set()


def test_torch_is_pinned_where_a_newer_one_may_bring_gigabytes():
    assert str(RUN["torch"]) == "torch==2.13.0"


def test_every_package_that_the_code_imports_is_named_in_pyproject():
    named = {name for name, _ in direct(PROJECT["dependencies"])}
    owners = metadata.packages_distributions()
    imported: dict[str, Path] = {}
    for path in [*ROOT.glob("app/**/*.py"), *ROOT.glob("classifier/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and node.level == 0
                else []
            )
            imported |= {module.split(".")[0]: path for module in modules}
    for module, path in imported.items():
        if module in sys.stdlib_module_names or module in {"app", "classifier"}:
            continue
        distributions = {canonicalize_name(owner) for owner in owners.get(module, [])}
        assert distributions & named, f"{path.relative_to(ROOT)} imports {module}"
