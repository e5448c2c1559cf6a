"""One parser under libFuzzer, in a process of its own: ``python -m benchmarks.fuzz.child NAME [OPTION ...]``."""

from __future__ import annotations

import faulthandler
import importlib
import pkgutil
import sys


def _import_the_loader() -> None:
    """Import everything that functions import when they are called: what is imported later is not instrumented."""
    import pickletools  # noqa: F401
    import zipfile  # noqa: F401

    import yaml  # noqa: F401

    from lineage_audit import checkpoint
    from lineage_audit.library import fingerprint

    for package in (checkpoint, fingerprint):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def main() -> None:
    """Instrument the project's code, then mutate until libFuzzer's limits."""
    import atheris

    faulthandler.enable()
    name, options = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=["lineage_audit", "yaml", "zipfile", "pickletools"]):
        _import_the_loader()
        from benchmarks.fuzz import targets
    atheris.Setup([sys.argv[0], *options], lambda data: targets.run(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
