# What this machine is: its release, its board, and what its device tree has to be told.
#
# shellcheck shell=bash disable=SC2034,SC2154 # the other parts set what is read here, and read what is set

MB_NEEDED=900 # what Debian's packages, Python's and the model take, and as much again as an update needs

# Refuses a machine on which Saykey cannot be, with what to do.
check_machine() {
  local architecture id version_id
  architecture=$(dpkg --print-architecture 2>/dev/null) \
    || die "This is no Debian: Saykey is installed on Debian 12 or 13, Raspberry Pi OS or Armbian."
  case $architecture in
    arm64 | amd64) ;;
    *) die "This system is for $architecture, for which there is no speech recognition: write the 64-bit" \
      "Raspberry Pi OS or Armbian to the card." ;;
  esac
  id=$(os_release ID)
  version_id=$(os_release VERSION_ID)
  case $id$version_id in
    debian12 | debian13) ;;
    *) die "This is $(os_release PRETTY_NAME); Saykey is installed on Debian 12 or 13, and on Raspberry Pi OS" \
      "and Armbian that are made of them." ;;
  esac
}

os_release() { # KEY
  sed -nE "s/^$1=\"?([^\"]*)\"?\$/\1/p" "$ROOT/etc/os-release"
}

check_room() {
  local free
  [ ! -e "$ROOT/opt/saykey" ] || return 0
  free=$(df --output=avail -B 1M "$ROOT/opt" 2>/dev/null || df --output=avail -B 1M "$ROOT/")
  free=${free##*[!0-9]}
  [ "$free" -ge "$MB_NEEDED" ] \
    || die "$MB_NEEDED MB are needed in /opt, and $free MB are free there: make room, or take a larger card."
}

# Names the board's file, or nothing: as `saykey` does, by the device tree's own names of it.
board_file() {
  local file name
  for file in "$SOURCE"/device/boards/*.toml; do
    while read -r name; do
      if device_tree compatible | grep -qxF "$name"; then
        printf '%s\n' "$file"
        return
      fi
    done < <(sed -nE '/^compatible = /p' "$file" | grep -oE '"[^"]*"' | tr -d '"')
  done
}

# Tests have another one: what is no board has none.
DEVICE_TREE=${SAYKEY_DEVICE_TREE:-/proc/device-tree}

# The words of a property of the device tree, one a line.
device_tree() { # PROPERTY
  [ ! -f "$DEVICE_TREE/$1" ] || tr '\0' '\n' < "$DEVICE_TREE/$1"
}

# A key of a board's file whose value is a text, in the table that is named, or before the first.
of_board() { # FILE [TABLE] KEY
  local file=$1 table=
  [ $# -eq 2 ] || { table=$2; shift; }
  awk -v table="$table" -v key="$2" '
    /^\[/ { now = substr($0, 2, length($0) - 2) }
    now == table && $1 == key && $2 == "=" { sub(/^[^"]*"/, ""); sub(/".*$/, ""); print }
  ' "$file"
}

# The pins that are proposed for the board, as settings. More than the button to talk and a light would be pins that
# something else may be wired to; and where a button needs a resistor of its own, its pin reads chance without one.
proposed_settings() { # FILE
  local live='^(button|led) ='
  printf '# Settings of Saykey, for the %s: "saykey config" lists all of them.\n' "$(of_board "$1" name)"
  printf '# "saykey wiring" shows where these pins are. After a change: sudo systemctl restart saykey\n\n'
  if [ "$(of_board "$1" pull_up)" = external ]; then
    live='^led ='
    printf '# The button needs a resistor (saykey wiring): when it is wired, take the # before it away.\n'
  fi
  printf '[gpio]\n'
  sed -n '/^\[gpio\]$/,/^$/p' "$1" | sed -nE '/^[a-z_]+ = "/p' | sed -E "/$live/!s/^/# /"
}

# --- The socket as a USB device

OVERLAY=/boot/overlay-user/saykey-usb-device.dtbo

# Whether an overlay of our own has to be compiled.
wants_overlay() {
  local board
  board=$(board_file)
  [ -n "$board" ] && [ -e "$ROOT/boot/armbianEnv.txt" ] && { noted file "$OVERLAY" || is_host "$board"; }
}

is_host() { # FILE
  local node
  node=$(node_below "$1")
  [ -n "$node" ] && [ "$(device_tree "${node#/}/dr_mode")" = host ]
}

# Has the device tree make the USB socket a device, where it does not. Sets NO_SOCKET where that cannot be done.
make_socket_a_device() { # FILE
  local boot
  for boot in /boot/firmware /boot; do
    if [ -e "$ROOT$boot/overlays/dwc2.dtbo" ] && [ -e "$ROOT$boot/config.txt" ]; then
      raspberry_pi_os "$boot/config.txt"
      return
    fi
  done
  is_host "$1" || noted file "$OVERLAY" || return 0
  if [ -e "$ROOT/boot/armbianEnv.txt" ]; then
    armbian "$(node_below "$1")"
  else
    NO_SOCKET=yes
  fi
}

# The controller's node in this machine's tree, which may lie elsewhere than in Debian's.
node_below() { # FILE
  local node found
  node=$(of_board "$1" usb node)
  [ -n "$node" ] || return 0
  found=$(cd "$DEVICE_TREE" && find . -name "${node##*/}" -type d | head -n 1)
  printf '%s\n' "${found#.}"
}

raspberry_pi_os() { # CONFIG
  local set
  # The last line that counts for every model. Without a dr_mode, the cable decides.
  set=$(without_block "$1" | awk '
    /^\[/ { every = ($0 ~ /^\[all\]/) }
    BEGIN { every = 1 }
    every && /^dtoverlay=dwc2(,|[[:space:]]*$)/ { last = $0 }
    END { print last }
  ')
  if [ -n "$set" ] && [[ $set != *dr_mode=host* ]]; then
    return
  fi
  block "$1" reboot <<< $'[all]\ndtoverlay=dwc2,dr_mode=peripheral'
}

# An overlay of our own, which Armbian's boot script applies.
armbian() { # NODE
  command -v dtc >/dev/null || [ -n "$DRY" ] || { NO_SOCKET=yes; return 0; }
  if [ -z "$DRY" ]; then
    dtc -q -@ -I dts -O dtb -o "$WORK/overlay" - <<OVERLAY
/dts-v1/;
/plugin/;
&{$1} { dr_mode = "peripheral"; };
OVERLAY
    put "$WORK/overlay" "$OVERLAY" reboot
  fi
  word /boot/armbianEnv.txt user_overlays saykey-usb-device reboot
}

# What the kernel has as modules of what makes the socket a device.
gadget_modules() { # FILE
  local name
  for name in libcomposite $(of_board "$1" usb driver); do
    if grep -qsE "/$name\.ko(\.[a-z]+)?:" "$ROOT/lib/modules/$(uname -r)/modules.dep"; then
      printf '%s\n' "$name"
    fi
  done
}
