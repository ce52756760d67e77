#!/bin/sh
# Compiles what is Python in a root file system. It is run in it, by the Python that it has itself: on the device
# nothing can be written. The bytecode is taken as it is, for the files' times are others in the end. One process
# compiles all in order: what it writes depends on what it compiled before.
set -eu
# It deletes what a running system needs.
[ "$0" = /build/libraries.sh ] || { echo "$0: only image/build starts this, in the root file system that it makes." >&2; exit 1; }
export PYTHONHASHSEED=0 LC_ALL=C.UTF-8

rm -rf /usr/lib/python3.*/ensurepip /usr/lib/python3.*/idlelib
find /usr/lib/python3* /opt/saykey/lib -name __pycache__ -prune -exec rm -rf {} +
# Packages have files that only look like Python, as templates are; nobody imports them.
python3 -m compileall -qq -f --invalidation-mode unchecked-hash /usr/lib/python3.* /usr/lib/python3 /opt/saykey/lib || :
