from __future__ import annotations

import pytest

_PAIRS = pytest.StashKey[dict[str, int]]()


@pytest.fixture
def count_pairs(request: pytest.FixtureRequest):
    """Note how many characters of a layout were proved; the sum is shown when all tests are done."""
    return request.config.stash.setdefault(_PAIRS, {}).__setitem__


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if pairs := config.stash.get(_PAIRS, {}):
        terminalreporter.write_line(
            f"libxkbcommon read {sum(pairs.values()):,} pairs of (layout, character) of {len(pairs)} layouts "
            "as they were typed."
        )
