"""The benchmarks are not run with the tests: they must at least know what they measure by its name."""

import pkgutil
from importlib import import_module

import pytest

import tests.benchmarks

MODULES = [each.name for each in pkgutil.iter_modules(tests.benchmarks.__path__) if not each.ispkg]


@pytest.mark.parametrize("module", [name for name in MODULES if name != "__main__"])
def test_a_benchmark_can_be_imported(module: str) -> None:
    import_module(f"tests.benchmarks.{module}")
