from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.recording.session import Act, Command, Judged, Phase, Session, begin, step

GO, KEEP, AGAIN, LISTEN, SKIP, BACK, QUIT = Command

events = st.one_of(st.sampled_from(Command), st.builds(Judged, st.booleans(), st.booleans()))


def run(session: Session, *happened: Command | Judged) -> tuple[Session, list[Act]]:
    acts = []
    for event in happened:
        session, act = step(session, event)
        acts += [act] if act else []
    return session, acts


def test_the_same_key_records_stops_and_keeps_each_prompt_to_the_end():
    session, acts = run(begin(2), GO, GO, Judged(), GO, GO, GO, Judged(), GO)
    assert acts == [Act.RECORD, Act.JUDGE, Act.KEEP] * 2
    assert session.is_over


def test_it_records_a_bad_take_again():
    session, acts = run(begin(1), GO, GO, Judged(again=True), GO)
    assert acts == [Act.RECORD, Act.JUDGE, Act.RECORD]
    assert session.phase is Phase.RECORDING


def test_a_bad_take_may_be_kept_all_the_same_but_not_one_without_speech():
    assert run(begin(1), GO, GO, Judged(again=True), KEEP)[1][-1] is Act.KEEP
    session, acts = run(begin(1), GO, GO, Judged(again=True, empty=True), KEEP, KEEP)
    assert Act.KEEP not in acts
    assert session.phase is Phase.REVIEW


def test_a_take_can_be_heard_as_often_as_one_likes_and_done_again():
    _, acts = run(begin(1), GO, GO, Judged(), LISTEN, LISTEN, AGAIN, AGAIN, GO)
    assert acts == [Act.RECORD, Act.JUDGE, Act.LISTEN, Act.LISTEN, Act.RECORD, Act.RECORD, Act.JUDGE]


def test_going_back_reaches_what_was_kept_and_then_goes_on_where_it_was():
    session, acts = run(begin(3), GO, GO, Judged(), KEEP, BACK)
    assert session.at == 0
    session, acts = run(session, GO, GO, Judged(), KEEP)
    assert acts[-1] is Act.KEEP
    assert session.at == 1
    assert run(begin(3), BACK)[0].at == 0


def test_what_was_kept_is_not_skipped_by_going_past_it():
    session, acts = run(begin(2), GO, GO, Judged(), KEEP, BACK, SKIP)
    assert (session.at, acts[-1]) == (1, Act.KEEP)


def test_a_session_goes_on_at_the_first_prompt_that_is_open():
    assert begin(4, frozenset({0, 1, 3})).at == 2
    assert begin(2, frozenset({0, 1})).is_over
    assert begin(0).is_over


def test_what_was_passed_over_comes_again_at_the_end():
    session, _ = run(begin(3, frozenset({0, 2})), SKIP)
    assert session.is_over
    session = Session(3, frozenset({2}), 1, Phase.READY)
    assert run(session, SKIP)[0].at == 0


@pytest.mark.parametrize("before", [[], [GO], [GO, GO, Judged()]])
def test_it_can_be_ended_at_any_time(before):
    session, acts = run(begin(5), *before, QUIT)
    assert session.is_over
    assert Act.KEEP not in acts
    assert step(session, GO) == (session, None)


@given(st.integers(1, 5), st.lists(events, max_size=60))
def test_whatever_happens_a_recording_is_made_judged_and_then_kept(count, happened):
    session, trail, kept = begin(count), [], set()
    for event in happened:
        before = session
        session, act = step(session, event)
        if act is Act.KEEP:
            assert trail[-2:] == [(Act.RECORD, before.at), (Act.JUDGE, before.at)]
            assert not before.judged.empty
            kept.add(before.at)
        if act and act is not Act.LISTEN:
            trail.append((act, before.at))
        assert 0 <= session.at < count
        assert before.settled <= session.settled
        assert kept <= session.settled
        assert (
            (len(session.settled) < count)
            or session.is_over
            or event is BACK
            or before.at != session.at
            or act
        )
    for act, _ in trail:
        assert act in Act


@given(st.lists(events, max_size=40))
def test_it_never_ends_by_itself_while_a_prompt_is_open(happened):
    session, _ = run(begin(3), *(event for event in happened if event is not QUIT))
    assert session.is_over == (len(session.settled) == 3)
