"""The power goes while another model is put in use, on a real file system: one is in use that works."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.vm.cutting import Cuts, cut_tiny

_CUTS = 30
_LIMIT_S = 1_200


@pytest.fixture(scope="module")
def found(machine: None, tmp_path_factory: pytest.TempPathFactory) -> Cuts:
    """What became of each cut."""
    return cut_tiny(tmp_path_factory.mktemp("share"), cuts=_CUTS, careless=1, limit_s=_LIMIT_S)


def test_a_model_that_passes_its_self_test_is_in_use_after_every_cut(found: Cuts, tell):
    cuts = found["cuts"]

    assert not [cut for cut in cuts if cut["wrong"]]
    active = Counter(cut["active"] for cut in cuts)
    assert len(cuts) == _CUTS == active["old"] + active["new"]
    kinds = ", ".join(f"{kind} {count}" for kind, count in Counter(cut["kind"] for cut in cuts).items())
    tell(
        f"Power cut {_CUTS} times ({kinds}): afterwards the old model was in use {active['old']} times, "
        f"the new one {active['new']} times, and passed its self-test each time."
    )


def test_the_cuts_come_before_and_after_the_switch(found: Cuts):
    assert {cut["active"] for cut in found["cuts"] if cut["kind"] == "install"} == {"old", "new"}


def test_a_device_that_does_not_synchronise_files_is_found_out(found: Cuts):
    assert all(cut["wrong"] for cut in found["careless"])
