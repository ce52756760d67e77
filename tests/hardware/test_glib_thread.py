from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.hardware.bluez_bus import private_bus

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT_S = 120

# Opens and closes connections while another is told much. What would hang is the interpreter, so that it is
# not this one.
_OPENS_AND_CLOSES = """
import asyncio, gc, sys
from device.hardware.glib_thread import GlibThread

async def main():
    told, is_over = 0, False

    def hear(*_):
        nonlocal told
        told += 1

    def tell():
        for _ in range(20):
            talker._bus.con.emit_signal(None, "/a", "a.b", "Told", None)
        if not is_over:
            talker.schedule(tell)

    listener, talker = await opened(), await opened()
    await listener.run(lambda bus: bus.subscribe(signal="Told", signal_fired=hear))
    talker.schedule(tell)
    for _ in range(100):
        (await opened()).close()
        gc.collect()
    is_over = True
    listener.close()
    talker.close()
    print(told)

async def opened():
    connection = GlibThread(sys.argv[1], asyncio.get_running_loop())
    await connection.open()
    return connection

asyncio.run(main())
"""


def test_connections_come_and_go_while_another_is_in_use(tmp_path: Path):
    with private_bus(tmp_path) as bus:
        ended = subprocess.run(
            [sys.executable, "-c", _OPENS_AND_CLOSES, bus],
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )

    assert not ended.stderr
    assert int(ended.stdout) > 100
