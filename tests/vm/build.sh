#!/usr/bin/env bash
# Builds the lab's machine out of Debian's own packages: a kernel, and an initial RAM file system that is its
# whole userland. Prints the folder in which they are; what is there already is not built again.
# lab.py says what it needs.
set -euo pipefail
shopt -s inherit_errexit
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")"

suite=trixie
# shellcheck source=tests/vm/kernel.sh
. ./kernel.sh
# What is imported in the guest: its bytecode is written here, where that is quick.
imports=argparse,asyncio,contextlib,ctypes,dataclasses,evdev,gi.repository.Gio,hashlib,json,msgspec,pathlib,pydbus,random,select,shutil,struct,subprocess,threading,tomllib,traceback,xkbcommon.xkb

lab=$PWD/../../build/lab
mkdir -p "$lab"
lab=$(realpath "$lab")
image=$lab/$(cat build.sh kernel.sh packages.txt modules.txt guest/init | sha256sum | cut -c-16)
exec 9>"$lab/lock"
flock 9
if [ -d "$image" ]; then
  echo "$image"
  exit
fi

rm -rf --one-file-system "$lab"/building.*
work=$lab/building.$$
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir "$work"

# The packages are unpacked, not installed: none of their scripts is run, and the kernel's package needs no
# boot loader.
unpack_packages() {
  rm -rf --one-file-system "$work/root" "$work"/*.deb
  WORK=$work FETCH=linux-image-amd64 mmdebstrap --quiet --mode=root --variant=extract --include="$(list packages.txt | paste -sd,)" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Retries "5"' \
    --extract-hook="$fetch_newest" "$suite" "$work/root"
}

pack() {
  local root=$work/root
  # mtools reads names of MS-DOS.
  find "$root/usr/lib/x86_64-linux-gnu/gconv" -name '*.so' ! -name IBM850.so -delete
  rm -rf "$root"/usr/share/{doc,man,locale,zoneinfo,info,lintian} "$root"/usr/lib/x86_64-linux-gnu/systemd \
    "$root"/usr/lib/udev "$root"/usr/share/perl5 "$root"/var/{cache,lib}/*
  mkdir -p "$root/usr/local/bin"
  chroot "$root" /usr/bin/busybox --install -s /usr/local/bin
  ln -s busybox "$root/usr/bin/sh"
  # The bus runs as a user of its own, which its package's script would have made.
  printf '%s\n' root:x:0:0:root:/root:/bin/sh messagebus:x:100:100::/:/bin/false > "$root/etc/passwd"
  printf '%s\n' root:x:0: messagebus:x:100: > "$root/etc/group"
  env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX=/var/bytecode chroot "$root" python3 -c "import $imports"
  install -m 755 guest/init "$root/init"
  (cd "$root" && find . -print0 | sort -z | cpio --quiet --create --null --format=newc) > "$work/image/initrd"
}

mkdir "$work/image"
patiently unpack_packages
unpack_kernel modules.txt
pack
find "$lab" -mindepth 1 -maxdepth 1 -type d ! -name "${work##*/}" ! -name 'python-*' -exec rm -rf --one-file-system {} +
sync -f "$work/image"
mv "$work/image" "$image"
echo "$image"
