from __future__ import annotations

import json

import pytest

from image.bom import Bill, Part, installed, licences, readable

STATUS = """\
Package: libc6
Status: install ok installed
Source: glibc
Version: 2.41-12

Package: libc-bin
Status: install ok installed
Source: glibc (2.41-12)
Version: 2.41-12
Description: programs
 Version: is no field here

Package: bluez
Status: install ok installed
Version: 5.82-1.1

Package: gone
Status: deinstall ok config-files
Version: 1
"""

DEP_5 = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+ and LGPL-2.1+
 text

License: GPL-2+
License: GPL-2+
"""

OLD = "You may use it. See /usr/share/common-licenses/GPL-2, and /usr/share/common-licenses/LGPL-2.1.\n"


def test_what_is_installed_is_listed_with_the_licence_of_its_source():
    parts = installed(STATUS, {"libc6": OLD, "bluez": DEP_5})
    assert parts == [
        Part("bluez", "5.82-1.1", "GPL-2+ and LGPL-2.1+, GPL-2+"),
        Part("libc-bin", "2.41-12", "GPL-2, LGPL-2.1"),
        Part("libc6", "2.41-12", "GPL-2, LGPL-2.1"),
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (DEP_5, "GPL-2+ and LGPL-2.1+, GPL-2+"),
        (OLD, "GPL-2, LGPL-2.1"),
        ("Do what you like.", "see its copyright file"),
        ("", "see its copyright file"),
    ],
)
def test_licences_are_named_as_the_file_names_them(text: str, named: str):
    assert licences(text) == named


def test_a_bill_is_readable_by_people_and_programs():
    bill = Bill(
        "Pi", "0.1.0", "6.12", [Part("bluez", "5.82", "GPL-2+")], [], [], "tiny.en", image={"sha256": "abc"}
    )
    text = readable(bill)
    assert "bluez  5.82  GPL-2+" in text
    assert "sha256 abc" in text
    assert "Built from source" not in text
    assert json.loads(json.dumps(bill.as_dict()))["packages"][0]["licence"] == "GPL-2+"
