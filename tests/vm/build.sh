#!/usr/bin/env bash
# Builds the lab's machine out of Debian's own packages: a kernel, and an initial RAM file system that is its
# whole userland. Prints the folder in which they are; what is there already is not built again.
# lab.py says what it needs.
set -euo pipefail
shopt -s inherit_errexit
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")"

suite=trixie
# Where the kernel's modules are, and those that they depend on.
modules_from=(crypto drivers/bluetooth drivers/char drivers/hid drivers/input drivers/usb fs lib net)
# What is imported in the guest: its bytecode is written here, where that is quick.
imports=argparse,asyncio,contextlib,ctypes,dataclasses,evdev,gi.repository.Gio,hashlib,json,msgspec,pathlib,pydbus,random,select,shutil,struct,subprocess,threading,tomllib,traceback,xkbcommon.xkb

lab=$PWD/../../build/lab
mkdir -p "$lab"
lab=$(realpath "$lab")
image=$lab/$(cat build.sh packages.txt modules.txt guest/init | sha256sum | cut -c-16)
exec 9>"$lab/lock"
flock 9
if [ -d "$image" ]; then
  echo "$image"
  exit
fi

rm -rf "$lab"/building.*
work=$lab/building.$$
trap 'rm -rf "$work"' EXIT
mkdir "$work"

list() {
  grep -v '^#' "$1"
}

# The packages are unpacked, not installed: none of their scripts is run, and the kernel's package needs no
# boot loader.
unpack_packages() {
  # The kernel's package has its version in its name; the package that depends on it has not.
  # shellcheck disable=SC2016 # mmdebstrap's shell expands it
  local fetch_kernel='
    export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
    cd "$WORK"
    apt-get -qq download "$(apt-cache show linux-image-amd64 | sed -nE "/^Depends: /{s/^Depends: ([^ ]+).*/\1/p;q}")"'
  rm -rf "$work/root" "$work"/*.deb
  WORK=$work mmdebstrap --quiet --mode=root --variant=extract --include="$(list packages.txt | paste -sd,)" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Retries "5"' \
    --extract-hook="$fetch_kernel" "$suite" "$work/root"
}

unpack_kernel() {
  local version module
  mkdir "$work/kernel"
  dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb | tar -x -C "$work/kernel" --wildcards ./boot './usr/lib/modules/*/modules.*' \
    "${modules_from[@]/#/.\/usr\/lib\/modules\/*\/kernel\/}"
  version=$(ls "$work/kernel/usr/lib/modules")
  ln -s usr/lib "$work/kernel/lib"
  depmod -b "$work/kernel" "$version"
  while read -r module; do
    modprobe -d "$work/kernel" -S "$version" --show-depends "$module"
  done < <(list modules.txt) | sed -nE "s,^insmod $work/kernel/lib/(.*) \$,\1,p" | sort -u > "$work/modules"
  tar -c -C "$work/kernel/usr/lib" -T "$work/modules" "modules/$version/modules".{order,builtin,builtin.modinfo} \
    | tar -x -C "$work/root/usr/lib"
  find "$work/root/usr/lib/modules" -name '*.xz' -exec xz -d {} +
  depmod -b "$work/root" "$version"
  uncompress_kernel "$work/kernel/boot/vmlinuz-$version" > "$work/image/vmlinux"
}

# Decompressing is slow where the machine is emulated. Where the kernel lies in the file is in its header
# (The Linux/x86 Boot Protocol: setup_sects, payload_offset, payload_length); its size follows it in 4 bytes.
uncompress_kernel() {
  local sectors offset length
  sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
  offset=$(od -An -tu4 -j $((0x248)) -N 4 "$1")
  length=$(od -An -tu4 -j $((0x24c)) -N 4 "$1")
  dd if="$1" iflag=skip_bytes,count_bytes skip=$(((sectors + 1) * 512 + offset)) count=$((length - 4)) bs=1M status=none \
    | zstd -dc
}

pack() {
  local root=$work/root
  rm -rf "$root"/usr/share/{doc,man,locale,zoneinfo,info,lintian} "$root"/usr/lib/x86_64-linux-gnu/{gconv,systemd} \
    "$root"/usr/lib/udev "$root"/usr/share/perl5 "$root"/var/{cache,lib}/*
  mkdir -p "$root/usr/local/bin"
  chroot "$root" /usr/bin/busybox --install -s /usr/local/bin
  ln -s busybox "$root/usr/bin/sh"
  # The bus runs as a user of its own, which its package's script would have made.
  printf '%s\n' root:x:0:0:root:/root:/bin/sh messagebus:x:100:100::/:/bin/false > "$root/etc/passwd"
  printf '%s\n' root:x:0: messagebus:x:100: > "$root/etc/group"
  PYTHONPYCACHEPREFIX=/var/bytecode chroot "$root" python3 -c "import $imports"
  install -m 755 guest/init "$root/init"
  (cd "$root" && find . -print0 | sort -z | cpio --quiet --create --null --format=newc) > "$work/image/initrd"
}

mkdir "$work/image"
for wait_s in 5 20 give-up; do
  unpack_packages >"$work/log" 2>&1 && break
  if [ "$wait_s" = give-up ]; then
    cat "$work/log" >&2
    exit 1
  fi
  sleep "$wait_s"
done
unpack_kernel
pack
find "$lab" -mindepth 1 -maxdepth 1 -type d ! -name "${work##*/}" -exec rm -rf {} +
sync -f "$work/image"
mv "$work/image" "$image"
echo "$image"
