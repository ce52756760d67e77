from __future__ import annotations

import pytest

from tests.vm import lab

pytest.register_assert_rewrite("tests.vm.comparison")

_TOLD = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def machine() -> None:
    """Skip where the lab cannot be."""
    if reason := lab.lacking():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def tell(pytestconfig: pytest.Config):
    """Note a line that is shown when all tests are done."""
    return pytestconfig.stash.setdefault(_TOLD, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_TOLD, []):
        terminalreporter.write_line(line)
