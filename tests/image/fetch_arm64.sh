#!/usr/bin/env bash
# Fetches Debian's packages for arm64 that the boards' files speak of, the kernel and what the boards' other
# processors run, and unpacks them. Prints the folder in which they are: build/arm64. What is there already is not
# fetched again: delete it to have Debian's newest.
# It needs Debian's mmdebstrap, dpkg and kmod, 100 MB to fetch and 250 MB to keep, and no rights of root.
set -euo pipefail
shopt -s inherit_errexit
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

suite=trixie
# busybox is for what is tried with the kernel.
packages=(raspi-firmware bluez-firmware busybox-static)

mkdir -p build
folder=$(realpath build)/arm64
exec 9>"$folder.lock"
flock 9
if [ -d "$folder" ]; then
  echo "$folder"
  exit
fi

work=$folder.$$
trap 'rm -rf --one-file-system "$work"' EXIT
rm -rf --one-file-system "$folder".[0-9]*
mkdir -p "$work/root" "$work/out"

# The kernel's package has its version in its name; the package that depends on it has not.
# shellcheck disable=SC2016 # mmdebstrap's shell expands it
download='
  export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
  mkdir "$1/packages"
  cd "$1/packages"
  kernel=$(apt-cache show linux-image-arm64 | sed -nE "/^Depends: /{s/^Depends: ([^ ]+).*/\1/p;q}")
  apt-get -qq download "$kernel" $PACKAGES'
PACKAGES=${packages[*]} mmdebstrap --quiet --variant=custom --skip=check/qemu --architectures=arm64 \
  --components=main,non-free-firmware --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Retries "5"' \
  --customize-hook="$download" --customize-hook="copy-out /packages $work/out" "$suite" /dev/null >&2
for package in "$work"/out/packages/*.deb; do
  dpkg-deb --extract "$package" "$work/root"
done
# What modprobe goes by, which the kernel's package makes when it is installed.
ln -s usr/lib "$work/root/lib"
PATH=$PATH:/usr/sbin:/sbin depmod --basedir "$work/root" "$(ls "$work/root/usr/lib/modules")"
mv "$work/root" "$folder"
echo "$folder"
