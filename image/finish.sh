#!/bin/sh
# The last step to a root file system: run in it, by the programs that it has itself.
#
# usage: finish.sh MODEL KERNEL
#
# What is in this script's folder is there only meanwhile: the package with the weights of the MODEL. KERNEL is
# the kernel's version.
set -eu
# It deletes what a running system needs.
[ "$0" = /build/finish.sh ] || { echo "$0: only image/build starts this, in the root file system that it makes." >&2; exit 1; }
export HOME=/tmp PYTHONHASHSEED=0 LC_ALL=C.UTF-8
here=$(dirname "$0")

systemd-sysusers

# As libraries.sh does with the rest.
python3 -m compileall -q -f --invalidation-mode unchecked-hash /opt/saykey/lib/device

# It is heard once by that: the recogniser is tried, too. The settings are on the data partition, which is empty.
mkdir /data/etc
: > /data/etc/saykey.toml
export STATE_DIRECTORY=/opt/saykey PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1
PYTHONPATH=$here saykey model fetch "$1"
saykey model verify "$1"
rm -r /data/etc
chmod -R a+rX,go-w /opt/saykey

mkinitramfs -c zstd -o /boot/initrd.img "$2"

# Nobody logs in, and systemd starts what needs rights: no program lends its owner's to who runs it.
find / -xdev -type f -perm /6000 -exec chmod ug-s {} +

# mtools reads names of MS-DOS, and nothing else needs a conversion.
find /usr/lib/*/gconv -name '*.so' ! -name IBM850.so -delete
# udev reads what was made of them.
rm -rf /usr/lib/udev/hwdb.d
rm -rf /var/cache/* /var/log/* /var/lib/apt /var/lib/initramfs-tools /var/lib/systemd /tmp/* /run/*
rm -rf /root/.ssh /usr/share/sounds
rm -f /etc/*- /etc/.pwd.lock /var/lib/dpkg/*-old /etc/resolv.conf /var/lib/dbus/machine-id
: > /etc/machine-id
