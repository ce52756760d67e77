from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from device.keyboard.descriptor import REPORT_DESCRIPTOR, REPORT_LENGTH
from device.keyboard.reports import CAPS_LOCK_LED, NUM_LOCK_LED, Keystroke, report

KEYS, LEDS = 0x07, 0x08


@dataclass(frozen=True)
class Field:
    """A run of values in a report, as HID 1.11, 6.2.2 has a host understand it."""

    start_bit: int
    size_bits: int
    count: int
    is_constant: bool
    is_variable: bool
    page: int
    usages: tuple[int, int]
    logical: tuple[int, int]

    def values(self, data):
        whole = int.from_bytes(data, "little")
        mask = (1 << self.size_bits) - 1
        return [whole >> self.start_bit + self.size_bits * n & mask for n in range(self.count)]

    def down(self, data):
        """Give the usages that a report says are down or lit."""
        first = self.usages[0]
        if self.is_variable:
            return {first + n for n, value in enumerate(self.values(data)) if value}
        return {first + value - self.logical[0] for value in self.values(data)} - {0}


def items(descriptor):
    """Split a descriptor into short items: tag and type, bytes of the value."""
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        size = (0, 1, 2, 4)[prefix & 3]
        yield prefix & ~3, descriptor[at + 1 : at + 1 + size]
        at += 1 + size
    assert at == len(descriptor)


def parse(descriptor):
    """Give the fields of each kind of report, and the usages of the application collections."""
    state, local, depth = {}, {}, 0
    fields, bits, applications = defaultdict(list), defaultdict(int), []
    for tag, value in items(descriptor):
        unsigned, signed = int.from_bytes(value, "little"), int.from_bytes(value, "little", signed=True)
        match tag:
            case 0xA0:
                depth += 1
                applications.append((state["page"], local["usage"], unsigned))
                local = {}
            case 0xC0:
                depth -= 1
            case 0x80 | 0x90:
                kind = "input" if tag == 0x80 else "output"
                usages = (local.get("minimum", 0), local.get("maximum", 0))
                logical = (state["logical minimum"], state["logical maximum"])
                flags = (bool(unsigned & 1), bool(unsigned & 2))
                fields[kind].append(
                    Field(bits[kind], state["size"], state["count"], *flags, state["page"], usages, logical)
                )
                bits[kind] += state["size"] * state["count"]
                local = {}
            case 0x04 | 0x14 | 0x24 | 0x74 | 0x94:
                names = {0x04: "page", 0x14: "logical minimum", 0x24: "logical maximum", 0x74: "size"}
                state[names.get(tag, "count")] = signed if tag in (0x14, 0x24) else unsigned
            case 0x08 | 0x18 | 0x28:
                local[{0x08: "usage", 0x18: "minimum", 0x28: "maximum"}[tag]] = unsigned
            case _:
                raise AssertionError(f"item {tag:02x} has no business in a boot keyboard")
    assert depth == 0
    return fields, bits, applications


FIELDS, BITS, APPLICATIONS = parse(REPORT_DESCRIPTOR)


def understood(data):
    """Give the key usages that a host takes to be down."""
    return set().union(
        *(field.down(data) for field in FIELDS["input"] if field.page == KEYS and not field.is_constant)
    )


def test_it_is_one_keyboard_with_the_reports_of_the_boot_protocol():
    assert APPLICATIONS == [(0x01, 0x06, 0x01)]
    assert BITS == {"input": 8 * REPORT_LENGTH, "output": 8}
    layout = [(field.start_bit, field.size_bits, field.count) for field in FIELDS["input"]]
    assert layout == [(0, 1, 8), (8, 8, 1), (16, 8, 6)]


@given(st.integers(4, 0xFF), st.integers(0, 0xFF))
def test_a_host_that_reads_the_descriptor_understands_our_reports(usage: int, modifiers: int):
    expected = {0xE0 + bit for bit in range(8) if modifiers >> bit & 1} | {usage}
    assert understood(report(Keystroke(usage, modifiers))) == expected


def test_every_key_is_within_the_logical_range_and_named():
    keys = FIELDS["input"][-1]
    assert keys.logical == (0, 0xFF)
    assert keys.usages == (0, 0xFF)


def test_the_lights_are_where_we_read_them():
    lights = next(field for field in FIELDS["output"] if not field.is_constant)
    assert (lights.page, lights.count) == (LEDS, 5)
    assert lights.down(bytes((NUM_LOCK_LED,))) == {0x01}
    assert lights.down(bytes((CAPS_LOCK_LED,))) == {0x02}
