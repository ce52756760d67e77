from __future__ import annotations

import dataclasses

import pytest

from tests.bundles import STRANGER, bundle, public
from tests.trainer.flashing.far import Far
from tests.trainer.flashing.made import Screen, parcel
from trainer.errors import FlashError, MissingError
from trainer.flashing import ssh
from trainer.flashing.ssh import flash_by_ssh

HOST = "pi@saykey.local"

KEEPS = '#!/bin/sh\necho "$@" >> {state}/ran\necho "$1"\n[ "$2" != install ] || cat > {state}/sent\n'
"""A `saykey` that keeps what it is sent."""


SHELLED = """\
#!/bin/sh
shift
PATH={far}:$PATH
export PATH
exec SHELL -c "$*"
"""
"""An `ssh` to a login with another shell."""


@pytest.fixture
def far(tmp_path, monkeypatch):
    return Far(tmp_path, monkeypatch)


def test_the_key_is_shown_first_and_the_bundle_is_sent_whole(tmp_path, far, capfd):
    far.install(KEEPS)
    screen = Screen()
    flash_by_ssh(parcel(tmp_path), HOST, screen)
    # In one connection: a password is asked for once.
    (call,) = far.calls
    assert call.startswith(f"{HOST} sh -c ")
    assert far.ran == [f"key trust {public().text}", "model install -"]
    assert (far.state / "sent").read_bytes() == bundle()
    assert screen.done == [1]
    assert screen.said == [f"{HOST} checks and installs the model."]
    assert capfd.readouterr().out == "key\nmodel\n"


def test_a_strangers_key_is_not_shown(tmp_path, far):
    far.install(KEEPS)
    flash_by_ssh(parcel(tmp_path, signed_by=STRANGER), HOST, Screen())
    assert far.ran == ["model install -"]


# Where Saykey is a service.


SUDO = """\
#!/bin/sh
[ "$1 $2 $3" = "-n -u saykey" ] || exit 9
shift 3
AS=saykey exec "$@"
"""
REFUSES = "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n"
BY_WHOM = '#!/bin/sh\necho "${{AS:-login}} $@" >> {state}/ran\n[ "$2" != install ] || cat > {state}/sent\n'


@pytest.fixture
def service(tmp_path, monkeypatch):
    folder = tmp_path / "var-lib-saykey"
    monkeypatch.setattr(ssh, "SERVICE_STATE", folder)
    return folder


def test_a_service_is_given_it_as_its_own_user(tmp_path, far, service):
    service.mkdir()
    far.install(BY_WHOM)
    far.write("sudo", SUDO)
    flash_by_ssh(parcel(tmp_path), HOST, Screen())
    assert far.ran == [
        "saykey --version",
        f"saykey key trust {public().text}",
        "saykey model install -",
    ]
    assert (far.state / "sent").read_bytes() == bundle()


def test_who_is_the_services_user_needs_no_sudo(tmp_path, far, service):
    service.mkdir()
    far.install(BY_WHOM)
    far.write("sudo", "#!/bin/sh\nexit 9\n")
    far.write("id", "#!/bin/sh\necho saykey\n")
    flash_by_ssh(parcel(tmp_path, signed_by=STRANGER), HOST, Screen())
    assert far.ran == ["login model install -"]


def test_without_a_service_nobody_becomes_another(tmp_path, far, service):
    far.install(BY_WHOM)
    far.write("sudo", "#!/bin/sh\nexit 9\n")
    flash_by_ssh(parcel(tmp_path, signed_by=STRANGER), HOST, Screen())
    assert far.ran == ["login model install -"]


def test_a_sudo_that_asks_for_a_password_is_said_with_what_to_do(tmp_path, far, service, capfd):
    service.mkdir()
    far.install(BY_WHOM)
    far.write("sudo", REFUSES)
    with pytest.raises(FlashError, match=r"sudo without a password.*sudo -u saykey saykey model install -"):
        flash_by_ssh(parcel(tmp_path), HOST, Screen())
    assert far.ran == []
    assert "a password is required" in capfd.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "dash"])  # tried by hand: fish, tcsh, busybox
def test_whichever_shell_the_login_has(tmp_path, far, service, shell):
    service.mkdir()
    far.install(BY_WHOM)
    far.write("sudo", SUDO)
    far.write_ssh(SHELLED.replace("SHELL", shell))
    flash_by_ssh(parcel(tmp_path), HOST, Screen())
    assert len(far.ran) == 3


def test_another_key_there_ends_it_and_what_it_says_is_shown(tmp_path, far, capfd):
    far.install("#!/bin/sh\necho 'saykey: it is not trusted' >&2\nexit 1\n")
    with pytest.raises(FlashError, match=r"saykey\.local has refused: see above why"):
        flash_by_ssh(parcel(tmp_path), HOST, Screen())
    assert len(far.calls) == 1
    assert capfd.readouterr().err == "saykey: it is not trusted\n"


def test_a_refusal_before_all_is_sent_is_told_as_one(tmp_path, far):
    far.install('#!/bin/sh\n[ "$1" = key ]\n')
    sent = parcel(tmp_path)
    with sent.file.open("r+b") as file:
        file.truncate(30_000_000)  # more than any pipe holds
    screen = Screen()
    with pytest.raises(FlashError, match="has refused"):
        flash_by_ssh(dataclasses.replace(sent, size=30_000_000), HOST, screen)
    assert screen.said == []


def test_a_bundle_that_is_gone_is_said(tmp_path, far):
    far.install(KEEPS)
    sent = parcel(tmp_path)
    sent.file.unlink()
    with pytest.raises(FlashError, match=r"made\.saykey cannot be read"):
        flash_by_ssh(sent, HOST, Screen())


@pytest.mark.parametrize("host", ["", "-oProxyCommand=touch hacked", "--"])
def test_what_ssh_would_take_for_an_option_is_no_host(tmp_path, far, host):
    with pytest.raises(FlashError, match="can be no host"):
        flash_by_ssh(parcel(tmp_path), host, Screen())
    assert far.calls == []


def test_a_machine_without_saykey_is_said(tmp_path, far):
    with pytest.raises(FlashError, match=r"There is no command saykey on pi@saykey\.local"):
        flash_by_ssh(parcel(tmp_path), HOST, Screen())


def test_a_machine_that_is_not_there_is_said(tmp_path, far):
    far.write_ssh("#!/bin/sh\necho 'ssh: connect to host: No route to host' >&2\nexit 255\n")
    with pytest.raises(FlashError, match=r"cannot be reached by ssh: try what ssh pi@saykey\.local says"):
        flash_by_ssh(parcel(tmp_path), HOST, Screen())


def test_without_ssh_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError, match="install OpenSSH's client"):
        flash_by_ssh(parcel(tmp_path), HOST, Screen())


def test_an_ssh_that_cannot_be_started_is_said(tmp_path, far, monkeypatch):
    far.write_ssh("no program")
    monkeypatch.setenv("PATH", str(tmp_path / "near"))
    with pytest.raises(FlashError, match="ssh cannot be started"):
        flash_by_ssh(parcel(tmp_path), HOST, Screen())
