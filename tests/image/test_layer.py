from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from image.contents import of_layers
from image.layer import new_layer

EPOCH_S = 1_700_000_000
ROOTFS = Path(__file__).parents[2] / "image/rootfs"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "usr/lib/saykey").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "etc").mkdir()
    program = root / "usr/lib/saykey/data"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (root / "etc/hosts").chmod(0o600)
    (root / "etc/off.service").symlink_to("/dev/null")
    return root


def written(file: Path, tree: Path) -> bytes:
    with new_layer(file, EPOCH_S) as layer:
        layer.tree(tree)
    return file.read_bytes()


def test_all_is_roots_with_the_modes_of_git_and_one_time(tmp_path: Path, tree: Path):
    written(tmp_path / "layer.tar", tree)
    with tarfile.open(tmp_path / "layer.tar") as archive:
        members = {member.name: member for member in archive}
    assert {(member.uid, member.gid, member.mtime) for member in members.values()} == {(0, 0, EPOCH_S)}
    assert members["usr/lib/saykey/data"].mode == 0o755
    assert members["etc/hosts"].mode == 0o644
    assert members["etc/off.service"].linkname == "/dev/null"
    assert members["data"].isdir()


def test_the_same_tree_gives_the_same_bytes_whoever_has_it(tmp_path: Path, tree: Path):
    first = written(tmp_path / "one.tar", tree)
    for path in tree.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    (tree / "etc/hosts").chmod(0o664)
    assert written(tmp_path / "two.tar", tree) == first


def test_a_folder_is_there_before_what_is_in_it_and_once(tmp_path: Path):
    with new_layer(tmp_path / "layer.tar", EPOCH_S) as layer:
        layer.file("a/b/c", b"1")
        layer.file("a/b/d", b"2")
        layer.folder("a/b")
    with tarfile.open(tmp_path / "layer.tar") as archive:
        assert archive.getnames() == ["a", "a/b", "a/b/c", "a/b/d"]


def test_a_later_layer_is_over_an_earlier_one(tmp_path: Path):
    for name, content in (("one", b"old"), ("two", b"newer")):
        with new_layer(tmp_path / name, EPOCH_S) as layer:
            layer.file("etc/hostname", content)
            layer.file(f"etc/{name}", b"")
            layer.file("dev/null", b"")
            layer.file("boot/initrd.img", b"")
    entries = {entry.path: entry for entry in of_layers([tmp_path / "one", tmp_path / "two"])}
    assert entries["/etc/hostname"].size == len("newer")
    assert list(entries) == sorted(entries)
    assert {"/etc/one", "/etc/two"} <= set(entries)
    assert not {"/dev/null", "/boot/initrd.img"} & set(entries)


def test_under_systemd_are_units_and_links():
    """A checkout without links has files with a path in them, which mask nothing."""
    units = [each for each in (ROOTFS / "etc/systemd/system").rglob("*") if not each.is_dir()]
    links = [each for each in units if each.is_symlink()]
    assert len(links) > 50
    assert all("\n[" in f"\n{each.read_text()}" for each in set(units) - set(links))
    assert str((ROOTFS / "etc/saykey.toml").readlink()) == "/data/etc/saykey.toml"
