"""What the installer's changes are made of: each is whole, may be cut off, and is taken back to the byte."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PARTS = Path(__file__).parents[2] / "image/installer"

# The functions of one part work below another root than /.
BEGIN = f"""
set -euo pipefail
shopt -s inherit_errexit nullglob
. {PARTS}/changes.sh
ROOT=$1
STATE=$ROOT/var/lib/saykey-install
WORK=$2
# No test here cuts the machine's own power.
sync() {{ :; }}
"""

# Ends the shell between two of its commands, as a power cut does.
CUT = """
set -o functrace
DONE=0 AT=$3
trap '[ $((++DONE)) -ne "$AT" ] || kill -KILL $$ $BASHPID' DEBUG
"""


class Root:
    """A small file system, in which the installer's functions are called."""

    def __init__(self, folder: Path) -> None:
        self.root, self._work, self.given = folder / "root", folder / "work", folder / "given"
        for each in (self.root, self._work, self.given):
            each.mkdir(parents=True)
        boot_id = self.root / "proc/sys/kernel/random/boot_id"
        boot_id.parent.mkdir(parents=True)
        boot_id.write_text("one\n")
        (self.root / "var/lib").mkdir(parents=True)

    def put(self, path: str, content: bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def call(self, script: str, *, cut: int | None = None) -> subprocess.CompletedProcess[str]:
        text = BEGIN + f"GIVEN={self.given}\n" + (CUT if cut is not None else "") + script
        return subprocess.run(
            ["bash", "-c", text, "install.sh", self.root, self._work, str(cut)],
            capture_output=True,
            text=True,
            check=False,
        )

    def changed(self, script: str) -> str:
        done = self.call(script)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def undone(self) -> None:
        if (self.root / "var/lib/saykey-install/changes").exists():
            self.changed("undo_all; close_manifest")

    def files(self) -> dict[str, tuple[int, bytes | Path | None]]:
        """Give the mode and content of everything but the manifest and the kernel's files."""
        found = {}
        for file in sorted(self.root.rglob("*")):
            path = str(file.relative_to(self.root))
            if path.startswith(("var/lib/", "proc")):
                continue
            content = file.readlink() if file.is_symlink() else file.read_bytes() if file.is_file() else None
            found[path] = (file.lstat().st_mode, content)
        return found


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


ALL = """
put "$GIVEN/unit" /etc/systemd/system/saykey.service units
put "$GIVEN/unit" /etc/systemd/system/there.service
put "$GIVEN/drop-in" /etc/systemd/system/bluetooth.service.d/restart.conf
symlink /opt/saykey/app/saykey /usr/local/bin/saykey
symlink elsewhere /usr/local/bin/there
block /etc/bluetooth/main.conf bluetooth < "$GIVEN/block"
block /etc/new.conf < "$GIVEN/block"
word /boot/armbianEnv.txt user_overlays saykey-usb reboot
word /boot/armbianEnv.txt other saykey-usb
"""


def prepared(root: Root) -> Root:
    (root.given / "unit").write_text("[Service]\n")
    (root.given / "drop-in").write_text("[Service]\nRestart=on-failure\n")
    (root.given / "block").write_text("[General]\nControllerMode = le\n")
    root.put("etc/systemd/system/there.service", b"theirs")
    (root.root / "etc/systemd/system/there.service").chmod(0o600)
    root.put("etc/bluetooth/main.conf", b"[General]\nName = mine")
    root.put("boot/armbianEnv.txt", b"verbosity=1\nuser_overlays=fan light\nlast=1")
    root.put("usr/local/bin/.keep", b"")
    (root.root / "usr/local/bin/there").symlink_to("nowhere")
    return root


def test_all_of_it_is_made_and_taken_back(root: Root):
    before = prepared(root).files()
    assert "write /etc/systemd/system/saykey.service" in root.changed(ALL)
    assert root.read("etc/systemd/system/there.service") == b"[Service]\n"
    assert root.read("boot/armbianEnv.txt") == (
        b"verbosity=1\nuser_overlays=fan light saykey-usb\nlast=1\nother=saykey-usb"
    )
    assert (root.root / "usr/local/bin/there").readlink() == Path("elsewhere")
    assert sorted(file.name for file in (root.root / "var/lib/saykey-install/todo").iterdir()) == [
        "bluetooth",
        "reboot",
        "units",
    ]
    made = root.files()
    assert root.changed(ALL) == ""
    assert root.files() == made
    root.undone()
    assert root.files() == before
    assert not (root.root / "var/lib/saykey-install").exists()


def test_a_dry_run_says_it_and_changes_nothing(root: Root):
    before = prepared(root).files()
    said = root.changed("DRY=yes\n" + ALL)
    assert [line.split()[0] for line in said.splitlines()] == ["would"] * 9
    assert root.files() == before
    assert not (root.root / "var/lib/saykey-install").exists()


def test_cut_off_between_any_two_commands_it_is_completed_or_undone(tmp_path: Path):
    chance = random.Random(1)
    reference = prepared(Root(tmp_path / "reference"))
    before = reference.files()
    reference.changed(ALL)
    made = reference.files()
    said = prepared(Root(tmp_path / "counted")).call(ALL + "echo $DONE\n", cut=0).stdout
    commands = int(said.splitlines()[-1])
    for cut in range(chance.randint(1, commands // 20), commands, commands // 20):
        root = prepared(Root(tmp_path / str(cut)))
        assert root.call(ALL, cut=cut).returncode == -signal.SIGKILL
        if chance.random() < 0.5:
            root.changed(ALL)
            assert root.files() == made, cut
        # The undoing is cut off too.
        if (root.root / "var/lib/saykey-install/changes").exists():
            root.call("undo_all; close_manifest", cut=chance.randint(1, commands // 2))
        root.undone()
        assert root.files() == before, cut


def test_a_line_of_the_manifest_that_a_power_cut_left_half_counts_for_nothing(root: Root):
    before = prepared(root).files()
    root.changed(ALL)
    changes = root.root / "var/lib/saykey-install/changes"
    with changes.open("ab") as file:
        file.write(b"file\t/etc/pass")
    root.put("etc/pass", b"theirs")
    root.undone()
    assert root.read("etc/pass") == b"theirs"
    (root.root / "etc/pass").unlink()
    assert root.files() == before


def test_another_text_replaces_the_one_before(root: Root):
    before = prepared(root).files()
    root.changed(ALL)
    (root.given / "block").write_text("[General]\nControllerMode = dual\n")
    assert root.changed(ALL).splitlines() == [
        "    add to /etc/bluetooth/main.conf",
        "    add to /etc/new.conf",
    ]
    assert root.read("etc/bluetooth/main.conf").count(b"ControllerMode") == 1
    root.undone()
    assert root.files() == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a=1\n", b"a=1\nuser_overlays=mine\n"),
        (b"a=1", b"a=1\nuser_overlays=mine"),
        (b"", b"user_overlays=mine\n"),
        (b"user_overlays=\na=1\n", b"user_overlays= mine\na=1\n"),
        (b"user_overlays=fan\n", b"user_overlays=fan mine\n"),
    ],
)
def test_what_another_program_adds_to_a_list_is_its_own(root: Root, before: bytes, after: bytes):
    """As armbian-add-overlay does, which puts its word behind whatever the line has."""
    root.put("boot/armbianEnv.txt", before)
    script = "word /boot/armbianEnv.txt user_overlays saykey-usb\n"
    root.changed(script)
    lines = root.read("boot/armbianEnv.txt").split(b"\n")
    added = [line + b" mine" * line.startswith(b"user_overlays=") for line in lines]
    root.put("boot/armbianEnv.txt", b"\n".join(added))
    assert root.changed(script) == ""
    root.undone()
    assert root.read("boot/armbianEnv.txt") == after


def test_a_list_of_which_only_our_word_is_left_is_empty_after_us(root: Root):
    root.put("boot/armbianEnv.txt", b"user_overlays=fan\n")
    root.changed("word /boot/armbianEnv.txt user_overlays saykey-usb")
    root.put("boot/armbianEnv.txt", b"user_overlays=saykey-usb\n")
    root.undone()
    assert root.read("boot/armbianEnv.txt") == b"user_overlays=\n"


def test_a_text_that_lost_its_end_takes_no_lines_of_the_owner_with_it(root: Root):
    root.put("config.txt", b"a=1\n")
    script = 'block /config.txt <<< "dtoverlay=dwc2"\n'
    root.changed(script)
    text, _, _ = root.read("config.txt").rpartition(b"# <<<")
    root.put("config.txt", text + b"mine\n")
    root.changed(script)
    root.undone()
    assert root.read("config.txt") == text + b"mine\n"


LINES = st.lists(st.sampled_from([b"a=1", b"", b"#", b"[all]", b"  x", b"\xff\xfe", b"end\r"]), max_size=5)


@pytest.mark.skipif(shutil.which("perl") is None, reason="perl is missing: apt install perl-base")
@settings(max_examples=25)
@given(mine=LINES, ends=st.booleans(), later=LINES, first=LINES)
def test_the_owners_lines_stay_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory,
    mine: list[bytes],
    ends: bool,  # noqa: FBT001  drawn by hypothesis
    later: list[bytes],
    first: list[bytes],
):
    folder = tmp_path_factory.mktemp("owners")
    root = Root(folder)
    content = b"\n".join(mine) + (b"\n" if ends else b"")
    root.put("config.txt", content)
    script = 'block /config.txt <<< "dtoverlay=dwc2"\n'
    root.changed(script)
    assert root.read("config.txt").startswith(content)
    # What they write before and behind it meanwhile stays, too, in lines of its own.
    before, after = (b"".join(line + b"\n" for line in lines) for lines in (first, later))
    root.put("config.txt", before + root.read("config.txt") + after)
    root.changed(script)
    root.undone()
    between = b"\n" if after and content + before and not (before + content).endswith(b"\n") else b""
    assert root.read("config.txt") == before + content + between + after
    shutil.rmtree(folder)
