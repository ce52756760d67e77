from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import shutil
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import BundleError
from device.models.archive import Archive
from tests.bundles import ENDING, Pipe, header_with, joined, member

if TYPE_CHECKING:
    from typing import BinaryIO

FILE = member("model.bin", b"weights")


def files_in(content: bytes, most: int = 1 << 16) -> dict[str, bytes]:
    archive = Archive(cast("BinaryIO", Pipe(content, most)))
    found = {}
    while file := archive.next():
        found[file.name] = b"".join(iter(archive.read, b""))
        assert len(found[file.name]) == file.size
    return found


def of_kind(letter: bytes, **changes: object) -> bytes:
    return joined(member("other", b"", type=letter, **changes))


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model.bin", content)
    return file.getvalue()


def packed(kind: int, name: str = "model.bin") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        info = tarfile.TarInfo(name)
        info.size = 7
        archive.addfile(info, io.BytesIO(b"weights"))
    return file.getvalue()


def damaged(content: bytes, offset: int) -> bytes:
    return content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :]


REFUSED = {
    "gzip": (gzip.compress(joined(FILE)), "compressed file (gzip)"),
    "bzip2": (bz2.compress(joined(FILE)), "compressed file (bzip2)"),
    "xz": (lzma.compress(joined(FILE)), "compressed file (xz)"),
    "zip": (zipped(joined(FILE)), "compressed file (zip)"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(600), "compressed file (zstd)"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(600), "compressed file (7z)"),
    "empty": (b"", "is empty"),
    "zeros": (ENDING, "is no bundle"),
    "a photograph": (random.Random(1).randbytes(4000), "is no bundle"),
    "the tar of Unix V7": (joined(header_with(257, bytes(8), of=FILE)), "is no bundle"),
    "GNU tar's format": (packed(tarfile.GNU_FORMAT), "GNU tar's own format"),
    "pax": (packed(tarfile.PAX_FORMAT, "ä.bin"), "a pax extension"),
    "pax for all": (of_kind(b"g"), "a pax extension"),
    "a long name, pax": (packed(tarfile.PAX_FORMAT, "a" * 101), "a pax extension"),
    "a long name, GNU": (packed(tarfile.GNU_FORMAT, "a" * 101), "GNU tar's own format"),
    "a long name, GNU within ustar": (of_kind(b"L"), "a GNU extension"),
    "a symbolic link": (of_kind(tarfile.SYMTYPE, linkname="/etc/passwd"), "a symbolic link"),
    "a hard link": (of_kind(tarfile.LNKTYPE, linkname="model.bin"), "a hard link"),
    "a character device": (of_kind(tarfile.CHRTYPE), "a device"),
    "a block device": (of_kind(tarfile.BLKTYPE), "a device"),
    "a pipe": (of_kind(tarfile.FIFOTYPE), "a pipe"),
    "a folder": (of_kind(tarfile.DIRTYPE), "a folder"),
    "a sparse file": (of_kind(tarfile.GNUTYPE_SPARSE), "a sparse file"),
    "an old plain file": (of_kind(tarfile.AREGTYPE), "of an unknown kind"),
    "a contiguous file": (of_kind(tarfile.CONTTYPE), "of an unknown kind"),
    "a way up": (joined(member("../x", b"")), "../x in the bundle is a path"),
    "a way up alone": (joined(header_with(0, b"..\0", of=member("abc", b""))), ".. in the bundle is a path"),
    "a way from the root": (joined(member("/x", b"")), "/x in the bundle is a path"),
    "a folder's file": (joined(member("a/b", b"")), "a/b in the bundle is a path"),
    "a folder's file on Windows": (joined(member("a\\b", b"")), "a\\b in the bundle is a path"),
    "a prefix": (joined(header_with(345, b"folder", of=FILE)), "model.bin in the bundle is a path"),
    "a hidden file": (joined(member(".bashrc", b"")), ".bashrc in the bundle is no name"),
    "an option": (joined(member("-rf", b"")), "-rf in the bundle is no name"),
    "another script": (joined(header_with(0, b"\xff\xfe", of=FILE)), "is no name"),
    "a line break": (joined(member("a\nb", b"")), "a?b in the bundle is no name"),
    "no name": (joined(member("", b"")), "A file without a name in the bundle is no name"),
    "a size in base 256": (
        joined(header_with(124, b"\x80" + b"\0" * 10 + b"\7", of=FILE)),
        "size of model.bin",
    ),
    "a size below nothing": (joined(header_with(124, b"-0000000007", of=FILE)), "size of model.bin"),
    "no size": (joined(header_with(124, bytes(12), of=FILE)), "size of model.bin"),
    "a wrong sum": (damaged(joined(FILE), 130), "header of a file is wrong"),
    "a wrong version": (joined(header_with(263, b"01", of=FILE)), "header of a file is wrong"),
    "a header cut short": (FILE[:300], "cut short"),
    "a file cut short": (FILE[:515], "cut short"),
    "a block cut short": (FILE[:600], "cut short"),
    "no end": (FILE, "cut short"),
    "half an end": (FILE + bytes(512), "cut short"),
    "an end cut short": (FILE + bytes(900), "cut short"),
    "something after the end": (joined(FILE) + FILE, "behind the end"),
    "one byte after the end": (joined(FILE) + b"x", "behind the end"),
    "zeros without end": (joined(FILE) + bytes(20 * 512), "behind the end"),
    "something between files": (damaged(joined(FILE), 1000), "between its files"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_all_but_plain_files_is_refused(content, sentence):
    with pytest.raises(BundleError) as refused:
        files_in(content)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_a_compressed_file_is_can_be_said_of_a_very_short_one():
    with pytest.raises(BundleError, match="gzip"):
        files_in(gzip.compress(b""))


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=2000), min_size=1, max_size=6), st.integers(1, 3000))
def test_what_tarfile_writes_is_read_however_little_comes_at_a_time(files, most):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    assert files_in(archive.getvalue(), most) == files


@pytest.mark.skipif(not shutil.which("tar"), reason="there is no tar")
@pytest.mark.parametrize("record", [1, 20])
def test_what_gnu_tar_writes_is_read(tmp_path, record):
    (tmp_path / "model.bin").write_bytes(b"weights" * 1000)
    (tmp_path / "empty").write_bytes(b"")
    files = ["model.bin", "empty"]
    command = [
        "tar",
        "--format=ustar",
        f"--blocking-factor={record}",
        "-C",
        str(tmp_path),
        "-cf",
        "-",
        *files,
    ]
    done = subprocess.run(command, capture_output=True, check=True)
    assert files_in(done.stdout) == {"model.bin": b"weights" * 1000, "empty": b""}


def test_a_file_that_is_not_read_is_passed_over():
    archive = Archive(io.BytesIO(joined(FILE, member("second", b"2" * 3000))))
    archive.next()
    assert archive.next() == ("second", 3000)
    assert archive.read(10) == b"2" * 10
    assert archive.next() is None


def test_no_more_than_a_mebibyte_is_given_at_a_time():
    archive = Archive(io.BytesIO(joined(member("model.bin", bytes(3 << 20)))))
    archive.next()
    assert len(archive.read(2 << 20)) == 1 << 20


def test_an_error_of_the_disk_is_passed_on():
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 512:
                raise OSError(5, "Input/output error")
            return super().read(size)

    archive = Archive(Broken(joined(FILE)))
    archive.next()
    with pytest.raises(OSError, match="Input/output error"):
        archive.read()
