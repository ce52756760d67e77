#!/usr/bin/env bash
# Makes the root file system of a running Debian, as the installer finds it, and prints its folder; what is there
# already is not made again. What the installer asks apt for is in apt's own store, so that it needs no network.
#
#     root.sh SUITE [PACKAGE...]      the packages that are there before Saykey
set -euo pipefail
shopt -s inherit_errexit
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")"

suite=$1
shift
there=(systemd-sysv dbus udev sudo python3 kmod ca-certificates "$@")
later=(python3-venv python3-gi libportaudio2 minisign mtools bluez device-tree-compiler)

roots=$PWD/../../build/roots
mkdir -p "$roots"
roots=$(realpath "$roots")
kind=$suite$(printf '%s' "${@/#/+}")
root=$roots/$kind-$({ cat root.sh; echo "${there[@]}"; } | sha256sum | cut -c-16)
exec 9>"$roots/lock"
flock 9
if [ -d "$root" ]; then
  echo "$root"
  exit
fi

work=$roots/building.$$
# What mmdebstrap mounts is mounted for it alone, and ends with it: nothing is ever removed through a mount.
alone=(unshare --mount --pid --fork --kill-child --mount-proc)
trap 'rm -rf --one-file-system "$work"' EXIT
rm -rf --one-file-system "$roots"/building.* "$roots/$kind"-*
# shellcheck disable=SC2016 # mmdebstrap's shell expands it
hook='chroot "$1" apt-get --quiet --quiet --yes --download-only --no-install-recommends install $LATER
  # No service is started in it, and it was started once.
  printf "#!/bin/sh\nexit 101\n" > "$1/usr/sbin/policy-rc.d"
  chmod 755 "$1/usr/sbin/policy-rc.d"
  # It does not outlive a power cut of this machine, and need not.
  echo force-unsafe-io > "$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
  chroot "$1" systemd-machine-id-setup
  chroot "$1" dbus-uuidgen --ensure'
for wait_s in 5 20 give-up; do
  LATER="${later[*]}" "${alone[@]}" mmdebstrap --quiet --mode=root --variant=minbase --include="$(IFS=,; echo "${there[*]}")" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Retries "5"' \
    --skip=cleanup/apt,cleanup/reproducible --customize-hook="$hook" "$suite" "$work" >"$work.log" 2>&1 && break
  if [ "$wait_s" = give-up ]; then
    cat "$work.log" >&2
    exit 1
  fi
  rm -rf --one-file-system "$work"
  sleep "$wait_s"
done
rm -f "$work.log"
sync -f "$work"
mv "$work" "$root"
echo "$root"
