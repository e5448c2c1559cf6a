"""The lock files: what the demo installs is enough to run, and of the same versions as the tests."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _locked(name):
    lines = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {_plain(package): version for package, version in pairs}


def _plain(package):
    return re.sub(r"[-_.]+", "-", package).lower()


def test_the_demo_s_list_holds_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {_plain(re.match(r"[\w.-]+", line).group()) for line in project["dependencies"]}
    assert needed <= _locked("run").keys()
    assert needed <= _locked("dev").keys()


@pytest.mark.parametrize("name", ["run", "docs"])
def test_all_lists_are_of_the_same_versions(name):
    tests = _locked("dev")
    assert {
        package: version for package, version in _locked(name).items() if tests.get(package, version) != version
    } == {}


def test_the_demo_installs_no_pytorch():
    assert not {"torch", "transformers"} & _locked("run").keys()
