from __future__ import annotations

import pytest

from tests.vm import lab

pytest.register_assert_rewrite("tests.vm.comparison")


@pytest.fixture(scope="session")
def machine() -> None:
    """Skip where the lab cannot be."""
    if reason := lab.lacking():
        pytest.skip(reason)
