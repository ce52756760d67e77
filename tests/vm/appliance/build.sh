#!/usr/bin/env bash
# Builds what the appliance's lab boots, out of Debian's own packages, in the folder that it is called with: a
# kernel, what that starts with (initrd), and a whole Debian (root) in which Saykey is not installed yet.
# tests/vm/lab.py says what it needs.
set -euo pipefail
shopt -s inherit_errexit
umask 022
work=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"

suite=trixie
# shellcheck source=tests/vm/kernel.sh
. ../kernel.sh
modules_from+=(drivers/leds sound)
options=(--quiet --mode=root --aptopt='APT::Install-Recommends "false"' --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Retries "5"')

install_packages() {
  rm -rf --one-file-system "$work/root"
  mmdebstrap "${options[@]}" --variant=essential --include="$(list packages.txt | paste -sd,)" \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$work/root"
}

# A compiler and the kernel's headers, of the same release as the kernel: unpacked, not installed.
unpack_workshop() {
  rm -rf --one-file-system "$work/workshop" "$work"/*.deb
  WORK=$work FETCH="linux-image-amd64 linux-source" mmdebstrap "${options[@]}" --variant=extract \
    --include=base-files,bash,dash,coreutils,findutils,gawk,gcc-14-x86-64-linux-gnu,grep,linux-headers-amd64,make,sed \
    --extract-hook="$fetch_newest" "$suite" "$work/workshop"
}

build_modules() {
  local shop=$work/workshop headers version
  mkdir "$shop/board"
  dpkg-deb --fsys-tarfile "$work"/linux-source-*.deb | tar -x --to-stdout --wildcards '*.tar.xz' | xz -dc -T0 \
    | tar -x -C "$shop/board" --wildcards --strip-components=3 '*/kernel/irq/irq_sim.c' '*/drivers/gpio/gpio-sim.c'
  mv "$shop/board/gpio-sim.c" "$shop/board/chip.c"
  # What it calls is for the kernel's own code; this does the same for modules.
  sed -i 's/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/' "$shop/board/irq_sim.c"
  cp Makefile board-led.c "$shop/board"
  ln -sf gawk "$shop/usr/bin/awk"
  headers=$(basename "$shop"/usr/src/linux-headers-*-amd64)
  chroot "$shop" make -s -j2 -C "/usr/src/$headers" M=/board modules
  version=${headers#linux-headers-}
  mkdir "$work/root/usr/lib/modules/$version/board"
  cp "$shop"/board/*.ko "$work/root/usr/lib/modules/$version/board"
  depmod -b "$work/root" "$version"
}

# Of what is installed: busybox, and the modules that mount the disk.
pack_initrd() {
  local start=$work/start version
  version=$(ls "$work/root/usr/lib/modules")
  mkdir -p "$start"/{dev,proc,root,usr/bin,usr/lib/modules}
  ln -s usr/lib "$start/lib"
  cp "$work/root/usr/bin/busybox" "$start/usr/bin"
  install -m 755 init "$start/init"
  for module in virtio_blk crc32c_generic ext4; do
    modprobe -d "$work/root" -S "$version" --show-depends "$module"
  done | sed -nE "s,^insmod $work/root/lib/(.*) \$,\1,p" | sort -u > "$work/modules"
  tar -c -C "$work/root/usr/lib" -T "$work/modules" "modules/$version/modules".{order,builtin,builtin.modinfo} \
    | tar -x -C "$start/usr/lib"
  depmod -b "$start" "$version"
  (cd "$start" && find . -print0 | sort -z | cpio --quiet --create --null --format=newc) > "$work/image/initrd"
}

mkdir "$work/image"
patiently install_packages
patiently unpack_workshop
unpack_kernel modules.txt
build_modules >&2
pack_initrd
mv "$work/root" "$work/image/root"
find "$work" -mindepth 1 -maxdepth 1 ! -name image -exec rm -rf --one-file-system {} +
