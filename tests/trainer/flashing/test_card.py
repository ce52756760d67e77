from __future__ import annotations

import pytest

from tests.bundles import STRANGER, bundle, public
from tests.trainer.flashing.made import parcel
from trainer.errors import FlashError
from trainer.flashing.card import flash_by_card
from trainer.progress import silent


@pytest.mark.parametrize("sign", ["config.txt", "cmdline.txt", "armbianEnv.txt", "extlinux/extlinux.conf"])
def test_a_boot_partition_gets_bundle_and_key_in_a_folder_of_its_own(tmp_path, sign):
    card = tmp_path / "bootfs"
    (card / sign).parent.mkdir(parents=True)
    (card / sign).touch()
    (card / "saykey").mkdir()
    (card / "saykey" / "RESULT.TXT").write_text("of another\n")
    assert flash_by_card(parcel(tmp_path), card, silent) == card / "saykey" / "anna.saykey"
    found = {file.name: file.read_bytes() for file in (card / "saykey").iterdir()}
    assert found == {"anna.saykey": bundle(), "SAYKEY.PUB": public().content}
    assert {file.name for file in card.iterdir()} == {(card / sign).relative_to(card).parts[0], "saykey"}


def test_a_key_that_is_not_here_is_not_copied(tmp_path):
    (tmp_path / "config.txt").touch()
    flash_by_card(parcel(tmp_path, signed_by=STRANGER), tmp_path, silent)
    assert [file.name for file in (tmp_path / "saykey").iterdir()] == ["anna.saykey"]


def test_what_is_no_boot_partition_is_left_alone(tmp_path):
    card = tmp_path / "rootfs"
    card.mkdir()
    with pytest.raises(FlashError, match=r"rootfs is not the boot partition of a card .* bootfs"):
        flash_by_card(parcel(tmp_path), card, silent)
    assert list(card.iterdir()) == []


def test_a_card_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "config.txt").touch()
    (tmp_path / "saykey").write_text("a file")
    with pytest.raises(FlashError, match=r"saykey cannot be made \(File exists\): is the card locked"):
        flash_by_card(parcel(tmp_path), tmp_path, silent)
