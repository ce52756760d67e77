"""The D-Bus object that bluetoothd asks whether a computer may pair. All of it runs in GLib's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from device.hardware.glib_thread import export

if TYPE_CHECKING:
    from collections.abc import Callable

    Asked = Callable[[str, str, Callable[[bool], None]], object]
    """Called with the agent's method, the computer's path, and what takes the answer, from any thread."""

AGENT = "/saykey/agent"


class Agent:
    """Whom bluetoothd asks whether a computer may pair. What takes a display or digits is refused."""

    _XML = """<node><interface name="org.bluez.Agent1">
        <method name="Release"/>
        <method name="RequestPinCode"><arg direction="in" type="o"/><arg direction="out" type="s"/></method>
        <method name="DisplayPinCode"><arg direction="in" type="o"/><arg direction="in" type="s"/></method>
        <method name="RequestPasskey"><arg direction="in" type="o"/><arg direction="out" type="u"/></method>
        <method name="DisplayPasskey"><arg direction="in" type="o"/><arg direction="in" type="u"/>
            <arg direction="in" type="q"/></method>
        <method name="RequestConfirmation"><arg direction="in" type="o"/>
            <arg direction="in" type="u"/></method>
        <method name="RequestAuthorization"><arg direction="in" type="o"/></method>
        <method name="AuthorizeService"><arg direction="in" type="o"/><arg direction="in" type="s"/></method>
        <method name="Cancel"/>
        </interface></node>"""

    def __init__(
        self,
        bus: Any,
        schedule: Callable[[Callable[[], object]], None],
        asked: Asked,
        cancelled: Callable[[], object],
    ) -> None:
        """Export it.

        Args:
            bus: pydbus's bus.
            schedule: Has something done in GLib's thread.
            asked: Called with each question that can be answered by yes or no.
            cancelled: Called when bluetoothd wants no answer any more.
        """
        self._schedule, self._asked, self._cancelled = schedule, asked, cancelled
        self._waiting: list[Any] = []
        export(bus, AGENT, self._XML, self._answer)

    def _answer(self, method: str, arguments: tuple[Any, ...], invocation: Any) -> None:
        if method in ("RequestConfirmation", "RequestAuthorization", "AuthorizeService"):
            self._waiting.append(invocation)
            self._asked(
                method, arguments[0], lambda yes: self._schedule(lambda: self._reply(invocation, yes=yes))
            )
        elif method in ("Cancel", "Release"):
            self.forget()
            invocation.return_value(None)
        else:
            _refuse(invocation)

    def forget(self) -> None:
        """Drop the questions that wait: whoever asked is gone."""
        if self._waiting:
            self._waiting.clear()
            self._cancelled()

    def _reply(self, invocation: Any, *, yes: bool) -> None:
        if invocation not in self._waiting:
            return
        self._waiting.remove(invocation)
        if yes:
            invocation.return_value(None)
        else:
            _refuse(invocation)


def _refuse(invocation: Any) -> None:
    invocation.return_dbus_error("org.bluez.Error.Rejected", "refused")
