"""`saykey type`: a text into the host, without speech."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from device.errors import KeyboardError, SettingsError
from device.keyboard.dry_run import dry_run
from device.keyboard.host import host_of
from device.keyboard.one_text import type_text
from device.settings_files import load
from device.settings_words import TYPES, allowed
from device.text.written import controls_of

if TYPE_CHECKING:
    import argparse

    from device.keyboard.host import Host
    from device.keyboard.record import Record
    from device.outbox import Entry
    from device.settings import KeyboardSettings

HELP = "Type a text into the host through USB, or show what would be sent."

EPILOG = """\
What no layout of the host has is entered by its code, or typed as the nearest plain characters, or left
out; each is reported, and with a character left out the exit status is 1. A line break is a space, unless
commands.new_line or commands.new_paragraph allows Enter.

When the host goes away meanwhile, the rest waits, and is typed when you press Enter here: so nothing lands
in a lock screen, or in another computer. With the text on standard input, it stops there and says so.

examples:
  saykey type "Grüße aus Köln"                              by the settings
  saykey type "It works." --os windows --layout de          for another host
  saykey type - --pace remote < letter.txt                  a file, slowly
  saykey type "5 €" --os linux --layout us --dry-run        what would be sent, report by report
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("text", metavar="TEXT", help="what to type; - reads it from standard input")
    parser.add_argument("--os", help="the host's operating system, instead of the setting's")
    parser.add_argument("--layout", help="its keyboard layout: see saykey layouts")
    parser.add_argument("--pace", help="fast, normal, remote, or milliseconds from one report to the next")
    parser.add_argument("--dry-run", action="store_true", help="send nothing; show the reports")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Type the text; give 1 when a character was left out.

    Raises:
        SettingsError: An option has no such value.
        KeyboardError: There is no USB keyboard, or the host went away for good.
    """
    settings = load(arguments.config).settings
    keyboard = _asked(settings.keyboard, arguments)
    host = host_of(keyboard, controls="\n" if "\n" in controls_of(settings) else "")
    text = _text(arguments.text)
    reports: list[bytes] | None = None
    if arguments.dry_run:
        reports, record = dry_run(text, host)
    else:
        record = _type(text, host, by_enter=arguments.text != "-")
    if arguments.json:
        print(json.dumps(_as_json(text, keyboard, reports, record)))
    else:
        _show(reports, record)
    return int(record.refused > 0)


def _asked(settings: KeyboardSettings, arguments: argparse.Namespace) -> KeyboardSettings:
    """Give the settings with the options in their place."""
    pace = int(arguments.pace) if (arguments.pace or "").isdecimal() else arguments.pace
    options = {"os": arguments.os, "layout": arguments.layout, "pace": pace}
    asked = {key: value for key, value in options.items() if value is not None}
    for key, value in asked.items():
        try:
            msgspec.convert(value, TYPES["keyboard"][key])
        except msgspec.ValidationError as error:
            raise SettingsError(
                f"--{key} is {value!r}, but allowed is {allowed(TYPES['keyboard'][key])}"
            ) from error
    if "layout" in asked:
        # The second layout belongs to the first.
        asked |= {"other_layout": "", "layout_toggle": ""}
    return replace(settings, **asked)


def _text(argument: str) -> str:
    """Give the text, composed: keyboards have letters with their accents.

    Raises:
        KeyboardError: There is none that can be read.
    """
    if argument == "-" and sys.stdin is None:
        raise KeyboardError("Standard input is closed: give the text on it, or as TEXT.")
    try:
        text = sys.stdin.buffer.read().decode() if argument == "-" else argument
        text.encode()
    except OSError as error:
        raise KeyboardError(f"Standard input cannot be read: {error.strerror}.") from error
    except UnicodeError as error:
        raise KeyboardError("The text is not UTF-8: convert it first, for example with iconv.") from error
    return unicodedata.normalize("NFC", text)


def _type(text: str, host: Host, *, by_enter: bool) -> Record:
    from device.hardware.usb_keyboard import usb_keyboard

    async def interrupted(entry: Entry, back: bool) -> None:  # noqa: FBT001  as the typist calls it
        typed = f"{entry.done} of {len(entry.text)} characters are dealt with"
        if not by_enter:
            raise KeyboardError(f"The host does not take keys; {typed}, the rest is not typed.")
        if not back:
            print(f"saykey: The host does not take keys; {typed}.", file=sys.stderr)
            return
        print("saykey: The host is back. Press Enter here to type the rest.", file=sys.stderr)
        if not await _enter():
            raise KeyboardError(f"No answer; {typed}, the rest is not typed.")

    async def typing() -> Entry:
        task = asyncio.current_task()
        if task:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        keyboard = usb_keyboard()
        try:
            return await type_text(text, host, keyboard, interrupted=interrupted)
        finally:
            keyboard.close()

    try:
        return asyncio.run(typing()).record
    except asyncio.CancelledError:
        raise KeyboardError("Stopped by a signal; the rest is not typed.") from None


async def _enter() -> bool:
    """Wait for Enter on standard input; say whether it came."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bool] = loop.create_future()

    def read() -> None:
        loop.remove_reader(sys.stdin)
        answered.set_result(bool(os.read(sys.stdin.fileno(), 4096)))

    try:
        loop.add_reader(sys.stdin, read)
    except (OSError, ValueError):  # a file, or closed
        return False
    return await answered


def _as_json(
    text: str, settings: KeyboardSettings, reports: list[bytes] | None, record: Record
) -> dict[str, Any]:
    return {
        "text": text,
        "os": settings.os,
        "layout": settings.layout,
        "pace": settings.pace,
        **({} if reports is None else {"reports": [report.hex() for report in reports]}),
        "record": msgspec.to_builtins(record),
    }


def _show(reports: list[bytes] | None, record: Record) -> None:
    for report in reports or ():
        print(report.hex())
    if record.substituted:
        pairs = ", ".join(f"{asked} as {instead!r}" for asked, instead in record.substitutions)
        print(f"saykey: typed otherwise: {pairs}", file=sys.stderr)
    if record.refused:
        print(
            f"saykey: {record.refused} characters cannot be typed: {' '.join(record.refusals)}",
            file=sys.stderr,
        )
