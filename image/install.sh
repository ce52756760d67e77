#!/usr/bin/env bash
# Makes a running Debian, Raspberry Pi OS or Armbian a keyboard you talk to, and undoes it.
set -euo pipefail
shopt -s inherit_errexit nullglob
umask 022
export LC_ALL=C.UTF-8

SOURCE=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
for part in changes machine packages app service; do
  # shellcheck source=/dev/null
  . "$SOURCE/image/installer/$part.sh"
done

usage() {
  cat <<'USAGE'
Usage: sudo image/install.sh [--dry-run] [--uninstall [--purge]]

Installs Saykey on this machine, which is a Debian 12 or 13, Raspberry Pi OS or Armbian: the program in /opt/saykey,
what it needs of Debian, the service, Bluetooth's settings, the speech model, and what the device tree has to be told.
Nothing is asked. Run it again after "git pull" to update; what is as it should be is left alone.

  --dry-run     say what would be done, and do nothing
  --uninstall   undo all of it: what was there before is there after. Models, keys and settings of yours stay
  --purge       with --uninstall: those too, and the pairings of Bluetooth that are newer than the installation
  --help        show this

What was changed, and what was there before, is kept in /var/lib/saykey-install. A run that was cut off is completed
by the next, or undone by --uninstall.
USAGE
}

install_all() {
  local board
  board=$(board_file)
  step "Debian's packages"
  install_packages
  check_python
  step "Python's packages"
  if [ -z "$DRY" ]; then claim_app; fi
  install_python
  step "Saykey"
  install_app
  symlink "$APP/app/saykey" /usr/local/bin/saykey
  step "The service's user and folder"
  install_user
  step "The speech model"
  install_model
  step "Settings"
  install_settings "$board"
  step "The service"
  install_units
  step "Bluetooth"
  install_bluetooth
  step "USB"
  install_usb "$board"
  take_effect
  sweep_app
  say_what_is_next "$board"
}

uninstall_all() {
  [ -s "$STATE/changes" ] || { echo "Nothing of Saykey's installer is here."; return; }
  step "The service"
  stop_service
  step "Files and settings"
  undo_all
  step "Debian's packages"
  remove_packages
  close_manifest
  finish_undoing
}

step() {
  AT=$1
  NUMBER=$((NUMBER + 1))
  printf '[%s/%s] %s\n' "$NUMBER" "$STEPS" "$1"
}

tell_stopped() {
  local status=$?
  rm -rf "$WORK"
  if [ "$status" -ne 0 ] && [ -n "$AT" ]; then
    printf '\nStopped at: %s. Run it again to go on from there, or with --uninstall to undo it.\n' "$AT" >&2
  fi
}

ACTION=install_all STEPS=9 NUMBER=0 AT=''
for argument; do
  case $argument in
    --dry-run) DRY=yes ;;
    --uninstall) ACTION=uninstall_all STEPS=3 ;;
    --purge) PURGE=yes ;;
    --help) usage; exit ;;
    *) die "there is no option $argument: --help lists them." ;;
  esac
done
[ -z "$PURGE" ] || [ "$ACTION" = uninstall_all ] || die "--purge goes with --uninstall."
[ "$(id -u)" -eq 0 ] || die "only root can do this: sudo $0 $*"
exec 9>"$ROOT/run/saykey-install.lock"
flock --nonblock 9 || die "it runs already, in another terminal."
WORK=$(mktemp -d "$ROOT/run/saykey-install.XXXXXX")
trap tell_stopped EXIT
if [ "$ACTION" = install_all ]; then
  check_machine
  check_room
fi
"$ACTION"
AT=''
