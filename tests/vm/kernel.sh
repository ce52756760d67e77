# shellcheck shell=bash
# What both of the lab's machines have in common: a kernel out of Debian's package, of which few modules are kept.
# For scripts with a folder $work.
# shellcheck disable=SC2154

# Where the kernel's modules are, and those that they depend on.
modules_from=(block crypto drivers/block drivers/bluetooth drivers/char drivers/hid drivers/input drivers/scsi drivers/usb fs lib net)

# For mmdebstrap's --extract-hook, whose shell expands it: the package that depends on the kernel's has not its
# version in its name.
# shellcheck disable=SC2016,SC2034
fetch_newest='
  export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
  cd "$WORK"
  for package in $FETCH; do
    apt-get -qq download "$(apt-cache show "$package" | sed -nE "/^Depends: /{s/^Depends: ([^ ,]+).*/\1/p;q}")"
  done'

list() {
  grep -v '^#' "$1"
}

# Does what it is called with, up to three times: mirrors fail now and then.
patiently() {
  local wait_s
  for wait_s in 5 20 give-up; do
    "$@" >"$work/log" 2>&1 && break
    if [ "$wait_s" = give-up ]; then
      cat "$work/log" >&2
      exit 1
    fi
    sleep "$wait_s"
  done
}

# Puts the modules of a list, and what they depend on, into $work/root, and the kernel into $work/image.
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
  done < <(list "$1") | sed -nE "s,^insmod $work/kernel/lib/(.*) \$,\1,p" | sort -u > "$work/modules"
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
