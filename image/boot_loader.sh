#!/bin/sh
# Builds U-Boot out of Debian's sources, with Trusted Firmware where the chip has it. boot_loader.py starts it in a
# root file system made for it, in the folder with the sources' archives, boot_loader.config, and closed.bin where the
# chip needs a program without a source. What is to be kept it leaves in out/.
#
# usage: boot_loader.sh CONFIGURATION FILE PLATFORM
#
# The names are U-Boot's of the board's configuration and of what it makes, and Trusted Firmware's of the chip, which
# may be empty.
set -eu
umask 022
export LC_ALL=C.UTF-8 TZ=UTC CROSS_COMPILE=aarch64-linux-gnu-

unpack() {
  mkdir "$1"
  tar -x -C "$1" --strip-components=1 -f "$(echo "$1"_*.orig.tar.*[2z])"
  tar -x -C "$1" -f "$(echo "$1"_*.debian.tar.*)"
  sed -n 's/^\([^ #]\+\).*/\1/p' "$1/debian/patches/series" | while read -r patch; do
    patch --quiet --strip=1 --directory="$1" --input="debian/patches/$patch"
  done
  # Name and version stand in the first line: u-boot (2025.01-3) unstable; urgency=medium
  sed -n '1s/^\([^ ]*\) (\([^)]*\)).*/\1 \2/p' "$1/debian/changelog" >> out/versions
}

# U-Boot forgets without a word what it does not know, and what something else turns on.
check_settings() {
  while read -r line; do
    case $line in
      '# CONFIG_'*' is not set') ! grep -q "^$(echo "$line" | cut -d ' ' -f 2)=" .config ;;
      CONFIG_*) grep -qxF "$line" .config ;;
    esac || {
      echo "This version of U-Boot cannot be built with: $line" >&2
      exit 1
    }
  done < "$1"
}

mkdir out
unpack u-boot
# In place of today: when Debian last changed it. The same sources give the same bytes then.
SOURCE_DATE_EPOCH=$(date --date="$(sed -n 's/^ -- .*>  //p' u-boot/debian/changelog | head -n 1)" +%s)
export SOURCE_DATE_EPOCH
if [ -n "$3" ]; then
  unpack arm-trusted-firmware
  make -C arm-trusted-firmware -j"$(nproc)" PLAT="$3" DEBUG=0 bl31
  BL31=$PWD/arm-trusted-firmware/build/$3/release/bl31.bin
  case $2 in
    # It lies in several places of the chip's memory.
    *rockchip*) BL31=${BL31%.bin}/bl31.elf ;;
  esac
  export BL31
fi
if [ -e closed.bin ]; then
  ROCKCHIP_TPL=$PWD/closed.bin
  export ROCKCHIP_TPL
fi
dpkg-query --show --showformat='${Package} ${Version}\n' 'gcc-[0-9]*-aarch64-linux-gnu' \
  binutils-aarch64-linux-gnu >> out/versions

cd u-boot
cat "configs/$1" ../boot_loader.config > .config
make olddefconfig
check_settings ../boot_loader.config
make -j"$(nproc)"
cp .config ../out/u-boot.config
cp "$2" ../out
