"""Ways to break a bundle by chance. Some of the broken ones are signed anew, with lies in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.bundles import OWNER, PARTS, STRANGER, bundle, encoded, header_with, index_of, joined, member, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

KINDS: dict[str, Callable[[Random], bytes]] = {}
"""What is done to a bundle, by name."""

ODD = (
    *(None, True, 0, -1, 1, 511, 512, 513, 1 << 33, 1 << 63, 1 << 64, -(1 << 70), 1.5, 1e308, "", "x", "\0"),
    *(
        "../x",
        "/etc/passwd",
        "a/b",
        ".",
        "..",
        "bundle.json",
        "model.bin",
        "selftest.flac",
        "a" * 300,
        "\ud7ff",
    ),
    *([], {}, [{}], {"sha256": "", "size": 0}, {"sha256": "0" * 64, "size": 0}, "0" * 64, "ä\n\x1b[31m"),
)
"""Values that readers trip over."""

NAMES = (*PARTS, "bundle.json", "bundle.minisig", "../x", "/x", "a/b", "x", ".x", "", "a" * 100, "\xff")

TYPES = (b"0", b"0", b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"x", b"g", b"L", b"K", b"S", b"\0")
"""Types of members, right ones now and then."""


def kind(function: Callable[[Random], bytes]) -> Callable[[Random], bytes]:
    """Take a way to break a bundle into the list."""
    KINDS[function.__name__.replace("_", " ")] = function
    return function


def _members(chance: Random) -> list[bytes]:
    parts = dict(PARTS)
    for number in range(chance.choice((0, 0, 1, 5))):
        parts[f"part{number}"] = chance.randbytes(chance.choice((0, 1, 511, 512, 513, 3000)))
    index = encoded(index_of(parts))
    return [
        member("bundle.minisig", sign(index)),
        member("bundle.json", index),
        *(member(name, content) for name, content in parts.items()),
    ]


@kind
def whole(chance: Random) -> bytes:
    """Give a bundle as it should be."""
    return joined(*_members(chance))


@kind
def bits(chance: Random) -> bytes:
    """Turn up to eight bits."""
    content = bytearray(joined(*_members(chance)))
    for _ in range(chance.randint(1, 8)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


@kind
def cut(chance: Random) -> bytes:
    """Leave out the end."""
    content = joined(*_members(chance))
    return content[: chance.randrange(len(content))]


@kind
def grown(chance: Random) -> bytes:
    """Put something behind the end."""
    more = chance.choice((chance.randbytes(chance.randint(1, 2000)), bytes(512 * chance.randint(1, 60))))
    return joined(*_members(chance)) + more


@kind
def blocks(chance: Random) -> bytes:
    """Exchange, repeat and drop blocks."""
    content = joined(*_members(chance))
    cut_up = [content[start : start + 512] for start in range(0, len(content), 512)]
    for _ in range(chance.randint(1, 6)):
        here, there = chance.randrange(len(cut_up)), chance.randrange(len(cut_up))
        change = chance.randrange(3)
        if change == 0:
            cut_up[here], cut_up[there] = cut_up[there], cut_up[here]
        elif change == 1:
            cut_up[here:here] = cut_up[there : there + chance.randint(1, 9)]
        elif len(cut_up) > 1:
            del cut_up[here]
    return b"".join(cut_up)


@kind
def bytes_spliced(chance: Random) -> bytes:
    """Copy some bytes to another place, or leave some out."""
    content = joined(*_members(chance))
    here, there = chance.randrange(len(content)), chance.randrange(len(content))
    return (
        content[:here]
        + content[there : there + chance.randrange(2000)]
        + content[here + chance.randrange(9) :]
    )


@kind
def headers(chance: Random) -> bytes:
    """Write something else into a header, and make its sum right again."""
    members = _members(chance)
    for _ in range(chance.randint(1, 3)):
        number = chance.randrange(len(members))
        offset, length = chance.choice(
            ((0, 100), (124, 12), (156, 1), (157, 100), (257, 8), (345, 155), (0, 512))
        )
        field = chance.choice((
            chance.randbytes(chance.randint(1, length)),
            bytes(length),
            b"%011o\0" % chance.choice((0, 1, 511, 513, 1 << 20, (8 << 30) - 1)),
            chance.choice(b"01234567xgLKSDVM\0").to_bytes(1, "big"),
            chance.choice(NAMES).encode(errors="replace") + b"\0",
        ))[:length]  # fmt: skip
        members[number] = header_with(offset, field, of=members[number])
    return joined(*members)


@kind
def members(chance: Random) -> bytes:
    """Drop, repeat and exchange members, and add some."""
    found = _members(chance)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(found) + 1)
        other = member(
            chance.choice(NAMES), chance.randbytes(chance.randrange(700)), type=chance.choice(TYPES)
        )
        found[place:place] = chance.choice(([other], [chance.choice(found)], []))
        if chance.random() < 0.5 and len(found) > 1:
            del found[chance.randrange(len(found))]
        if chance.random() < 0.2:
            chance.shuffle(found)
    return joined(*found)


@kind
def lies(chance: Random) -> bytes:
    """Change values of the index, which the owner then signs."""
    index = json.loads(encoded(index_of()))
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(_places(index)))
        change = chance.randrange(4)
        if change == 0:
            holder.pop(key)
        elif change == 1 and isinstance(key, str):
            holder[str(chance.choice(ODD))] = holder.pop(key)
        else:
            holder[key] = chance.choice(ODD)
    content = json.dumps(index).encode()
    name = index.get("name", "") if isinstance(index, dict) else ""
    return bundle(index=content, signature=_signed(content, f"saykey bundle {index.get('format')} {name}"))


@kind
def signed_noise(chance: Random) -> bytes:
    """Change bytes of the index, which the owner then signs."""
    index = bytearray(encoded(index_of()))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(index))
        index[place : place + chance.randrange(4)] = chance.choice((
            chance.randbytes(chance.randrange(4)), b"[" * chance.choice((1, 90_000)), b"9" * 600,
            b'"\\ud800"', b"1e999", b"{", b"\x00", b"\\", b"-",
        ))  # fmt: skip
    return bundle(index=bytes(index), signature=sign(bytes(index)))


@kind
def signatures(chance: Random) -> bytes:
    """Change bytes of the signature, or take that of somebody else."""
    index = encoded(index_of())
    signature = bytearray(sign(index, chance.choice((OWNER, OWNER, OWNER, STRANGER))))
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(signature))
        signature[place : place + chance.randrange(3)] = chance.randbytes(chance.choice((0, 1, 1, 2, 3000)))
    return bundle(index=index, signature=bytes(signature))


@kind
def noise(chance: Random) -> bytes:
    """Give random bytes, now and then behind a right beginning."""
    beginning = joined(*_members(chance)[: chance.randrange(4)])[:-1024]
    return beginning + chance.randbytes(chance.randrange(4000))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every place in JSON at which there is a value, with what holds it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield value, key
            yield from _places(inner)


def _signed(content: bytes, comment: str) -> bytes:
    try:
        return sign(content, comment=comment)
    except ValueError:  # py-minisign signs no such comment
        return sign(content)
