#!/usr/bin/env bash
# Runs a command as root in a root file system, in namespaces of its own: no network, and all of its processes end
# with the first.
#
#     unshare --mount --pid --net --fork --kill-child enter.sh ROOT SHARED COMMAND...
#
# SHARED holds what is seen at /run/shared: `source`, `wheels`, and `device-tree` if the machine has one.
set -euo pipefail

root=$1
shared=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs run "$root/run"
mount -t tmpfs tmp "$root/tmp"
mount --rbind /dev "$root/dev"
mount -t tmpfs shm "$root/dev/shm"
for folder in "$shared"/*; do
  mkdir -p "$root/run/shared/${folder##*/}"
  mount --bind "$(realpath "$folder")" "$root/run/shared/${folder##*/}"
done
mkdir "$root/run/lock"
exec chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  PIP_NO_INDEX=1 PIP_FIND_LINKS=/run/shared/wheels SAYKEY_DEVICE_TREE=/run/shared/device-tree "$@"
