from __future__ import annotations

import pytest

from tests.hardware.le_hosts import Air


@pytest.fixture(params=[True, False], ids=["monitor", "no monitor"])
async def air(request):
    made = Air(has_monitor=request.param)
    yield made
    made.close()


@pytest.fixture
async def seen():
    """The air, with a monitor."""
    made = Air()
    yield made
    made.close()
