"""What a device in a device tree needs of other devices before it works, and the kernel's modules for them.

The kernel's driver core waits for the same (Linux, drivers/of/property.c, `of_supplier_bindings`): a device
of which something is missing is not started, and where the card's is, there is no root file system.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tests.boards.device_tree import texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Tree = dict[str, dict[str, bytes]]

ARGUMENTS = {
    "clocks": "#clock-cells",
    "resets": "#reset-cells",
    "power-domains": "#power-domain-cells",
    "dmas": "#dma-cells",
    "phys": "#phy-cells",
    "gpios": "#gpio-cells",
    "nvmem-cells": "#nvmem-cell-cells",
    "mmc-pwrseq": "",
    "pinctrl": "",
    "supply": "",
}
"""Properties that point to other nodes, and which of those nodes' properties says how many cells follow."""

PARTS = {"x-powers,axp313a": "axp20x-regulator", "rockchip,rk806": "rk808-regulator"}
"""Of chips that a module divides into parts: the module of the part with supplies, which no node names."""


def card_controllers(tree: Tree) -> list[str]:
    """Give the controllers of cards that are on and have a socket: what is soldered to others is a radio."""
    return [
        path
        for path, node in tree.items()
        if path.rpartition("/")[2].startswith("mmc@")
        and node.get("status", b"okay\0") == b"okay\0"
        and "non-removable" not in node
    ]


def modules_for(tree: Tree, node: str, modules: Path) -> set[str]:
    """Give the modules for a node, and for all that it needs; of what is built in there are none.

    Args:
        tree: The device tree.
        node: The device's path.
        modules: The folder of a kernel's modules, indexed by depmod.
    """
    aliases = _aliases(modules)
    found = set()
    for path in needed(tree, node):
        names = texts(tree[path]["compatible"]) if "compatible" in tree[path] else []
        found |= {module for name in names for alias, module in aliases if fnmatchcase(name, alias)}
        found |= {PARTS[name] for name in names if name in PARTS}
    return found


def needed(tree: Tree, node: str) -> set[str]:
    """Give the node itself, those above it, and those that it needs, with what they need."""
    by_handle = {content["phandle"]: path for path, content in tree.items() if "phandle" in content}
    chosen: set[str] = set()
    left = [node]
    while left:
        path = left.pop()
        if path in chosen:
            continue
        chosen.add(path)
        left += [path.rpartition("/")[0]] if path.count("/") > 1 else []
        left += [by_handle[handle] for handle in _handles(tree, path, by_handle)]
    return chosen


def _handles(tree: Tree, path: str, by_handle: dict[bytes, str]) -> Iterator[bytes]:
    for name, value in tree[path].items():
        kind = re.sub(r"^(.*-)?(gpio)s?$", "gpios", re.sub(r"^.*-supply$", "supply", name))
        kind = re.sub(r"^pinctrl-\d+$", "pinctrl", kind)
        if kind not in ARGUMENTS:
            continue
        at = 0
        while at < len(value):
            handle = value[at : at + 4]
            at += 4
            if handle not in by_handle:
                continue  # a place that is left empty
            yield handle
            cells = tree[by_handle[handle]].get(ARGUMENTS[kind], bytes(4))
            at += 4 * int.from_bytes(cells)


def _aliases(modules: Path) -> list[tuple[str, str]]:
    """Give patterns of what devices are called in the tree, and modules."""
    text = (modules / "modules.alias").read_text()
    return [
        (alias, module)
        for alias, module in re.findall(r"^alias of:N\*T\*C(\S+) (\S+)$", text, re.MULTILINE)
        if not alias.endswith("C*")
    ]
