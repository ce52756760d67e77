# What systemd, udev, Bluetooth and the kernel are told, the service's user, and the settings.
#
# shellcheck shell=bash

UNITS=/etc/systemd/system
SETTINGS=/etc/saykey.toml
DATA=/var/lib/saykey
BONDS=/var/lib/bluetooth

# Whether systemd runs here, as it does not where a card is prepared (chroot).
booted() {
  [ -d "$ROOT/run/systemd/system" ]
}

if_booted() { # COMMAND...
  ! booted || "$@"
}

install_user() {
  put "$SOURCE/systemd/sysusers.d/saykey.conf" /etc/sysusers.d/saykey.conf
  put "$SOURCE/systemd/tmpfiles.d/saykey.conf" /etc/tmpfiles.d/saykey.conf
  make_users "$SOURCE/systemd/sysusers.d/saykey.conf"
  if ! there "$DATA" && doing "make $DATA"; then
    note data "$DATA"
    systemd-tmpfiles --create "$ROOT/etc/tmpfiles.d/saykey.conf"
  fi
  join_group
}

# Groups first: they are taken back last.
make_users() { # SYSUSERS-FILE
  local name missing=()
  while read -r name; do
    getent group "$name" >/dev/null || missing+=("group $name")
  done < <(sed -nE 's/^[gu] +([^ ]+) .*/\1/p' "$1")
  getent passwd saykey >/dev/null || missing+=("user saykey")
  [ ${#missing[@]} -gt 0 ] || return 0
  doing "make the user saykey, and the groups of what it uses" || return 0
  for name in "${missing[@]}"; do
    note "${name% *}" "${name#* }"
  done
  quietly systemd-sysusers "$1"
}

# Who installs it may also choose the host, pair, and see the models.
join_group() {
  local user=${SUDO_USER:-root}
  [ "$user" != root ] || return 0
  ! id -nG "$user" | tr ' ' '\n' | grep -qxF saykey || return 0
  doing "put $user into the group saykey (which counts from the next login on)" || return 0
  note member "$user"
  gpasswd --add "$user" saykey >/dev/null
}

install_settings() { # BOARD-FILE
  ! there "$SETTINGS" || return 0
  [ -n "$1" ] || return 0
  doing "write $SETTINGS with the pins that are proposed for the $(of_board "$1" name)" || return 0
  proposed_settings "$1" > "$WORK/settings"
  keep after "$WORK/settings" "$SETTINGS"
  note settings "$SETTINGS"
  install -m 644 "$WORK/settings" "$ROOT$SETTINGS.saykey-new"
  swap_in "$SETTINGS"
}

install_units() {
  local unit
  for unit in "$SOURCE"/systemd/saykey*.service; do
    put "$unit" "$UNITS/${unit##*/}" units saykey
  done
  if [ "$(dpkg --print-architecture)" = arm64 ]; then
    put_drop_ins "$SOURCE/systemd/arm"
  fi
  # shellcheck disable=SC2016 # dpkg-query's own
  if dpkg --compare-versions "$(dpkg-query --show --showformat='${Version}' systemd)" ge 254; then
    put_drop_ins "$SOURCE/systemd/since254"
  fi
  put "$SOURCE/systemd/udev/60-saykey.rules" /etc/udev/rules.d/60-saykey.rules udev
  # Once: who disables it later wants it so.
  if ! noted enabled saykey.service && ! systemctl --quiet is-enabled saykey.service 2>/dev/null \
    && doing "have it start with the system"; then
    later enable
    note enabled saykey.service
  fi
}

put_drop_ins() { # FOLDER
  local drop_in
  for drop_in in "$1"/*/*; do
    put "$drop_in" "$UNITS/${drop_in#"$1/"}" units saykey
  done
}

# bluetoothd reads one file, in which the last of several values counts (GLib's key files): what the owner has set
# stays in it, above.
install_bluetooth() {
  local ours=$SOURCE/systemd/bluetooth
  if ! noted bonds "$BONDS" && [ -z "$DRY" ]; then
    bonds > "$WORK/bonds"
    keep before "$WORK/bonds" "$BONDS.list"
    note bonds "$BONDS"
  fi
  cmp -s "$ours/main.conf" "$ROOT/etc/bluetooth/main.conf" \
    || block /etc/bluetooth/main.conf bluetooth < <(sed '/^#/d; /^$/d' "$ours/main.conf")
  put "$ours/bluetooth.service.d/restart.conf" "$UNITS/bluetooth.service.d/restart.conf" units
}

# The paired computers: a folder each, below their adapter's (BlueZ's doc/settings-storage.txt).
bonds() {
  local host
  for host in "$ROOT$BONDS"/*:*/*:*; do
    printf '%s\n' "${host#"$ROOT"}"
  done
}

install_usb() { # BOARD-FILE
  [ -n "$1" ] || return 0
  make_socket_a_device "$1"
  gadget_modules "$1" > "$WORK/modules"
  [ ! -s "$WORK/modules" ] || put "$WORK/modules" /etc/modules-load.d/saykey.conf
}

take_effect() {
  [ -z "$DRY" ] || return 0
  now units if_booted systemctl daemon-reload
  now udev if_booted reload_udev
  now enable systemctl --quiet enable saykey.service
  now bluetooth if_booted systemctl try-restart bluetooth.service
  now saykey if_booted start_saykey
  is_reboot_needed || rm -f "$STATE/todo/reboot"
}

reload_udev() {
  udevadm control --reload
  udevadm trigger --action=add --subsystem-match=gpio --subsystem-match=hidg --subsystem-match=i2c-dev \
    --subsystem-match=leds
}

# Not where it cannot work yet: it would fail until systemd leaves it.
start_saykey() {
  if systemctl --quiet is-active saykey.service; then
    systemctl restart saykey.service || did_not_start
  elif [ -n "$(ls "$ROOT/sys/class/udc" 2>/dev/null)" ] && grep -qs '^button = ' "$ROOT$SETTINGS"; then
    systemctl reset-failed saykey.service 2>/dev/null || true
    systemctl start saykey.service || did_not_start
  fi
}

did_not_start() {
  echo "    The service did not start: sudo saykey doctor says why."
}

is_reboot_needed() {
  [ -e "$STATE/todo/reboot" ] && [ "$(cat "$STATE/todo/reboot")" = "$(cat "$ROOT/proc/sys/kernel/random/boot_id")" ]
}

say_what_is_next() { # BOARD-FILE
  local version
  version=$(sed -nE 's/^__version__ = "(.*)"/\1/p' "$SOURCE/device/__init__.py")
  echo
  if [ -n "$DRY" ]; then
    [ -n "$CHANGED" ] || echo "Nothing would be changed: Saykey $version is installed."
    return
  elif [ -n "$CHANGED" ]; then
    echo "Saykey $version is installed."
  else
    echo "Nothing was changed: Saykey $version is installed."
  fi
  if [ -z "$1" ]; then
    printf '\nThis is no board that Saykey knows (%s). What it needs from you:\n' \
      "$(device_tree model | grep . || echo "it has no device tree")"
    echo "  the pin of the button in $SETTINGS ([gpio], button = \"...\"); docs/hardware.md lists the boards"
    echo "  a USB socket that can be a device (saykey gadget status), or Bluetooth"
  else
    say_wiring "$1"
  fi
  if is_reboot_needed; then
    echo "Restart the board now: sudo reboot. From then on its USB socket is a keyboard's."
  fi
  echo "saykey doctor finds what is wrong; journalctl -u saykey shows what the service says."
}

say_wiring() { # BOARD-FILE
  local pin
  pin=$(sed -nE 's/^(# )?button = "([^"]*)".*/\2/p' "$ROOT$SETTINGS" | head -n 1)
  printf '\n%s\n' "$(of_board "$1" name)"
  [ -z "$pin" ] || echo "  the button joins $pin with ground; saykey wiring draws where that is"
  [ "$(of_board "$1" pull_up)" != external ] || echo "  it needs a resistor; when it is wired, name its pin in $SETTINGS"
  echo "  to the computer: $(of_board "$1" usb socket)"
  [ -z "$NO_SOCKET" ] || echo "  but this system's device tree makes that socket a host: set its dr_mode to peripheral"
}

# --- Back

stop_service() {
  if [ -n "$DRY" ]; then
    doing "stop and disable the service" || return 0
  fi
  CHANGED=yes
  if_booted systemctl --quiet stop saykey.service saykey-gadget.service saykey-failed.service 2>/dev/null || true
  if [ -d "$ROOT/sys/kernel/config/usb_gadget" ] && there /usr/local/bin/saykey; then
    "$ROOT/usr/local/bin/saykey" gadget down >/dev/null || true
  fi
}

undo_enabled() { # UNIT
  [ -z "$DRY" ] || return 0
  systemctl --quiet disable "$1" 2>/dev/null || rm -f "$ROOT$UNITS"/*.wants/"$1"
}

undo_member() { # USER
  ! getent group saykey | grep -qE "[:,]$1(,|\$)" || ! doing "take $1 out of the group saykey" \
    || gpasswd --delete "$1" saykey >/dev/null
}

# As long as there are files of theirs, the numbers of user and group are not given to others.
undo_user() { # USER
  getent passwd "$1" >/dev/null || return 0
  [ -n "$PURGE" ] || ! there "$DATA" || return 1
  doing "remove the user $1" || return 0
  userdel "$1" 2>/dev/null
}

undo_group() { # GROUP
  getent group "$1" >/dev/null || return 0
  [ -n "$PURGE" ] || [ "$1" != saykey ] || ! there "$DATA" || return 1
  doing "remove the group $1" || return 0
  groupdel "$1"
}

undo_bonds() {
  local new
  new=$(bonds | grep -vxF -f "$STATE/before$BONDS.list" || true)
  [ -n "$new" ] || return 0
  [ -n "$PURGE" ] || return 1
  doing "forget the paired computers that are newer than Saykey" || return 0
  if_booted systemctl --quiet stop bluetooth.service || true
  while read -r host; do rm -rf "${ROOT:-}$host"; done <<< "$new"
}

finish_undoing() {
  echo
  if [ -n "$DRY" ]; then
    return
  fi
  if booted; then
    systemctl daemon-reload
    udevadm control --reload
    systemctl --quiet restart bluetooth.service 2>/dev/null || true
    rm -rf "$ROOT/run/saykey"
  fi
  [ -z "$REBOOT" ] || echo "Restart the board for its USB socket to be what it was."
  if [ -d "$STATE" ]; then
    echo "Saykey is removed. What is yours stays, and goes with --uninstall --purge:"
    sed -E "s/$TAB/ /g; s/^(data|settings|bonds) /  /; s/^(user|group) /  the \1 /" "$STATE/changes"
  else
    echo "Saykey is removed."
  fi
}
