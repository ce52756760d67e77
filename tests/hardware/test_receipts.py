from __future__ import annotations

from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.hardware.receipts import Receipts
from tests.hardware.hci_frames import (
    RX,
    TX,
    completed,
    connected,
    disconnected,
    event,
    frame,
    notification,
    notifications,
    packets,
    pairing_request,
    pdu,
)

A, B, UP = bytes((0, 0, 4, 0, 0, 0, 0, 0)), bytes((2, 0, 5, 0, 0, 0, 0, 0)), bytes(8)
HANDLE = 0x040


class Desk:
    """Receipts, and what they told."""

    def __init__(self) -> None:
        self.receipts = Receipts()
        self.told: list[tuple[bytes, bool]] = []

    def expect(self, report: bytes):
        return self.receipts.expect(report, lambda arrived: self.told.append((report, arrived)))

    def feed(self, *frames: bytes) -> None:
        for each in frames:
            self.receipts.feed(each)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_report_has_arrived_when_its_packet_is_completed(desk: Desk):
    desk.expect(A)
    desk.feed(*packets(notification(A), HANDLE))
    assert desk.told == []
    desk.feed(completed((HANDLE, 1)))
    assert desk.told == [(A, True)]


@pytest.mark.parametrize(
    "end",
    [disconnected(HANDLE), connected(HANDLE), connected(HANDLE, subevent=1), *map(frame, (0, 1, 8, 9))],
)
def test_a_report_is_lost_when_its_link_ends_first(desk: Desk, end: bytes):
    desk.expect(A)
    desk.feed(*packets(notification(A), HANDLE), end, completed((HANDLE, 1)))
    assert desk.told == [(A, False)]


@pytest.mark.parametrize(
    "other",
    [
        disconnected(HANDLE + 1),
        disconnected(HANDLE, index=1),
        disconnected(HANDLE, status=0x02),
        frame(1, index=1),
        completed((HANDLE + 1, 9)),
        completed((HANDLE, 9), index=1),
    ],
)
def test_what_befalls_another_link_is_no_news(desk: Desk, other: bytes):
    desk.expect(A)
    desk.feed(*packets(notification(A), HANDLE), other)
    assert desk.told == []
    desk.feed(completed((HANDLE + 1, 1), (HANDLE, 1)))
    assert desk.told == [(A, True)]


def test_packets_that_went_before_are_completed_before(desk: Desk):
    desk.feed(*packets(pdu(bytes(60)), HANDLE))
    desk.expect(A)
    desk.feed(*packets(notification(A), HANDLE), completed((HANDLE, 3)))
    assert desk.told == []
    desk.feed(completed((HANDLE, 1)))
    assert desk.told == [(A, True)]


def test_packets_from_before_we_listened_are_not_counted_ahead(desk: Desk):
    desk.feed(*packets(pdu(b"x"), HANDLE), completed((HANDLE, 5)))
    desk.expect(A)
    desk.feed(*packets(notification(A), HANDLE))
    assert desk.told == []


def test_several_reports_in_one_notification_arrive_with_its_last_packet(desk: Desk):
    for each in (A, UP, B):
        desk.expect(each)
    cut = packets(notifications(A, UP, b"short", B), HANDLE)
    assert len(cut) > 1
    desk.feed(*cut, completed((HANDLE, len(cut) - 1)))
    assert desk.told == []
    desk.feed(completed((HANDLE, 1)))
    assert desk.told == [(A, True), (UP, True), (B, True)]


def test_equal_reports_are_told_apart_by_their_order(desk: Desk):
    desk.expect(A)
    desk.expect(A)
    desk.feed(*packets(notification(A), HANDLE), completed((HANDLE, 1)))
    assert desk.told == [(A, True)]
    desk.feed(*packets(notification(A), HANDLE), disconnected(HANDLE))
    assert desk.told == [(A, True), (A, False)]


def test_what_is_forgotten_takes_no_news_from_what_follows(desk: Desk):
    forgotten = desk.expect(A)
    desk.expect(A)
    desk.receipts.forget(forgotten)
    desk.receipts.forget(forgotten)
    desk.feed(*packets(notification(A), HANDLE), completed((HANDLE, 1)))
    assert desk.told == [(A, True)]


@pytest.mark.parametrize(
    "other",
    [
        pdu(b"\x1b\x2a\x00" + A, channel=0x40),
        pdu(b"\x1b\x2a\x00" + A + b"x"),
        pdu(b"\x1d\x2a\x00" + A),
        pdu(A),
        notifications(A[:7]),
    ],
)
def test_only_a_notification_of_the_report_itself_counts(desk: Desk, other: bytes):
    desk.expect(A)
    desk.feed(*packets(other, HANDLE), completed((HANDLE, 9)), disconnected(HANDLE))
    desk.feed(*packets(notification(A), HANDLE, opcode=RX), completed((HANDLE, 9)))
    assert desk.told == []


def test_giving_up_settles_everything(desk: Desk):
    desk.expect(A)
    desk.expect(B)
    desk.feed(*packets(notification(A), HANDLE))
    desk.receipts.end()
    assert desk.told == [(A, False), (B, False)]


@pytest.mark.parametrize(
    ("authentication", "secure"), [(0x09, True), (0x2D, True), (0x01, False), (0x05, False)]
)
@pytest.mark.parametrize("size", [1, 3, 5, 27])
def test_a_request_to_pair_says_whether_it_is_secure(desk: Desk, authentication, secure, size):
    assert desk.receipts.secure_connections is None
    desk.feed(*packets(pairing_request(authentication), HANDLE, opcode=RX, size=size))
    assert desk.receipts.secure_connections is secure


def test_a_request_that_cannot_be_read_leaves_nothing_of_the_one_before(desk: Desk):
    desk.feed(*packets(pairing_request(0x09), HANDLE, opcode=RX))
    desk.feed(*packets(pdu(b"\x01\x03", 6), HANDLE, opcode=RX))
    assert desk.receipts.secure_connections is None


def test_our_own_pairing_response_is_no_request(desk: Desk):
    desk.feed(*packets(pairing_request(0x09), HANDLE, opcode=TX))
    desk.feed(*packets(pdu(bytes((2, 3, 0, 9, 16, 1, 1)), 6), HANDLE, opcode=RX))
    assert desk.receipts.secure_connections is None


READ, VALUE, REFUSAL = b"\x0a\x03\x00", b"\x0bLaptop", b"\x01\x0a\x03\x00\x0a"


@pytest.mark.parametrize("answer", [VALUE, REFUSAL, b"\x13", b"\x21ab"])
def test_a_request_is_open_until_it_is_answered(desk: Desk, answer):
    desk.feed(*packets(pdu(READ), HANDLE))
    asked = desk.receipts.unanswered
    assert asked == {(0, HANDLE, 1)}
    desk.feed(*packets(pdu(answer), HANDLE + 1, opcode=RX), *packets(pdu(answer), HANDLE, opcode=TX))
    desk.feed(*packets(pdu(answer, 6), HANDLE, opcode=RX))
    assert desk.receipts.unanswered == asked
    desk.feed(*packets(pdu(answer), HANDLE, opcode=RX))
    assert not desk.receipts.unanswered
    desk.feed(*packets(pdu(READ), HANDLE))
    assert desk.receipts.unanswered
    assert not desk.receipts.unanswered & asked, "another request is another one"


def test_a_request_of_the_hosts_is_none_of_ours_and_what_asks_for_nothing_is_none(desk: Desk):
    desk.feed(*packets(pdu(READ), HANDLE, opcode=RX), *packets(pdu(VALUE), HANDLE))
    desk.feed(*packets(pdu(b"\x52\x0b\x00\x01"), HANDLE), *packets(pdu(b"\x1e"), HANDLE))
    desk.feed(*packets(notification(A), HANDLE), *packets(pdu(READ, 6), HANDLE), *packets(pdu(b""), HANDLE))
    assert not desk.receipts.unanswered


def test_what_was_asked_on_a_link_that_ended_is_not_open(desk: Desk):
    desk.feed(*packets(pdu(READ), HANDLE), disconnected(HANDLE))
    assert not desk.receipts.unanswered


KNOWN = [
    *packets(notification(A), HANDLE),
    *packets(notifications(A, B, UP), HANDLE, size=9),
    *packets(pairing_request(9), HANDLE, opcode=RX),
    completed((HANDLE, 1), (3, 2)),
    disconnected(HANDLE),
    connected(HANDLE),
    event(0x13, b"\xff"),
    frame(1),
]
cut_short = st.builds(lambda each, end: each[:end], st.sampled_from(KNOWN), st.integers(0, 40))
changed = st.builds(
    lambda each, at, byte: each[: at % len(each)] + bytes((byte,)) + each[at % len(each) + 1 :],
    st.sampled_from(KNOWN),
    st.integers(0, 60),
    st.integers(0, 255),
)
acl = st.builds(
    lambda opcode, head, rest: frame(opcode, head + rest),
    st.sampled_from([TX, RX]),
    st.binary(max_size=8),
    st.binary(max_size=40),
)


@given(st.lists(st.one_of(st.binary(max_size=40), cut_short, changed, acl), max_size=40))
def test_no_frame_is_too_damaged(frames):
    desk = Desk()
    for each in (A, B, UP):
        desk.expect(each)
    desk.feed(*frames)
    desk.receipts.end()
    assert sorted(report for report, _ in desk.told) == sorted((A, B, UP))  # each once


def test_memory_is_bounded_whatever_comes(desk: Desk):
    for handle in range(0x0F00):
        desk.feed(packets(pdu(bytes(500)), handle)[0], *packets(pdu(bytes(500)), handle)[:1])
    for _ in range(2000):
        desk.feed(packets(pdu(bytes(517)), 1)[-1])
    links = desk.receipts._links
    assert len(links) <= 64
    assert all(len(link.ours._part or b"") < 600 for link in links.values())


def test_the_link_that_types_outlives_others(desk: Desk):
    desk.expect(A)
    desk.feed(*packets(notification(A), HANDLE))
    for handle in range(10):
        desk.feed(*packets(pdu(b"x"), handle), disconnected(handle))
    desk.feed(completed((HANDLE, 1)))
    assert desk.told == [(A, True)]


class Controller:
    """A controller as simple as can be: what each of its links still has to acknowledge."""

    def __init__(self) -> None:
        self.told: Counter[tuple[bytes, bool]] = Counter()
        self.queues: dict[tuple[int, int], deque[list[bytes]]] = {}

    def send(self, link, reports: list[bytes], count: int) -> None:
        queue = self.queues.setdefault(link, deque())
        queue.extend([] for _ in range(count - 1))
        queue.append(reports)

    def complete(self, link, count: int) -> None:
        for _ in range(count):
            self.told.update((report, True) for report in self.queues[link].popleft())

    def end(self, link) -> None:
        for reports in self.queues.pop(link, ()):
            self.told.update((report, False) for report in reports)


LINKS = [(0, 0x40), (0, 0x41), (1, 0x40)]
acts = st.one_of(
    st.tuples(st.just("report"), st.sampled_from(LINKS), st.integers(1, 4), st.integers(5, 40)),
    st.tuples(st.just("other"), st.sampled_from(LINKS), st.integers(0, 120), st.integers(5, 40)),
    st.tuples(st.just("complete"), st.sampled_from(LINKS), st.integers(1, 6), st.integers(0, 6)),
    st.tuples(st.just("end"), st.sampled_from(LINKS), st.sampled_from([disconnected, connected]), st.none()),
    st.tuples(st.just("reset"), st.sampled_from([0, 1]), st.sampled_from([1, 8, 9]), st.none()),
)


@given(st.lists(acts, max_size=60))
def test_any_history_is_told_as_a_controller_has_it(history):
    desk, controller = Desk(), Controller()
    number = 0
    for act, link, what, how in history:
        if act == "report":
            reports = []
            for _ in range(what):
                number += 1
                reports.append(number.to_bytes(8, "little"))
                desk.expect(reports[-1])
            whole = notification(*reports) if what == 1 else notifications(*reports)
            cut = packets(whole, link[1], index=link[0], size=how)
            desk.feed(*cut)
            controller.send(link, reports, len(cut))
        elif act == "other":
            cut = packets(pdu(bytes(what), 0x41), link[1], index=link[0], size=how)
            desk.feed(*cut)
            controller.send(link, [], len(cut))
        elif act == "complete":
            beside = (link[0], 0x81 - link[1])
            pairs = []
            for each, most in ((link, what), (beside, how)):
                count = min(most, len(controller.queues.get(each, ())))
                if count:
                    controller.complete(each, count)
                    pairs.append((each[1], count))
            desk.feed(completed(*pairs, index=link[0]))
        elif act == "end":
            desk.feed(what(link[1], index=link[0]))
            controller.end(link)
        else:
            desk.feed(frame(what, index=link))
            for each in [each for each in controller.queues if each[0] == link]:
                controller.end(each)
        assert Counter(desk.told) == controller.told
