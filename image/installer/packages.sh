# What Saykey needs of Debian. A package of our own, saykey-needs, depends on all of it: apt then knows what came
# for Saykey alone and keeps it as long as Saykey is there, and what the owner asks for besides is theirs.
#
# shellcheck shell=bash

NEEDS=(python3 python3-venv python3-gi libportaudio2 minisign mtools bluez sudo)

install_packages() {
  local wanted new
  mend_packages
  wanted=$(needs)
  [ "$(state_of saykey-needs)" != "installed $(version_of "$wanted")" ] || return 0
  doing "install Debian's packages ${wanted//,/}" || return 0
  # Without a network, what apt knows and has may do.
  quietly apt update || echo "    Debian's list of packages cannot be fetched; trying with the one that is here."
  wanted=$(needs)
  make_package "$wanted"
  new=$(apt --simulate install "$WORK/saykey-needs.deb" 2>"$WORK/said" | sed -nE 's/^Inst ([^ ]+) \(.*/\1/p') || no_packages
  # shellcheck disable=SC2086 # they are words
  note_each package $new
  # Debian's packages leave their groups behind.
  getent group bluetooth >/dev/null || note group_of bluez bluetooth
  quietly apt install "$WORK/saykey-needs.deb" || no_packages
}

quietly() { # COMMAND...
  "$@" >"$WORK/said" 2>&1
}

needs() {
  local all=("${NEEDS[@]}")
  # Raspberry Pi OS has it and Debian has not, which has no need of it.
  if apt-cache show python3-lgpio >/dev/null 2>&1; then all+=(python3-lgpio); fi
  if wants_overlay; then all+=(device-tree-compiler); fi
  printf '%s' "${all[0]}"
  printf ', %s' "${all[@]:1}"
}

# By its content, so that another list is another version.
version_of() { # DEPENDS
  printf '1.%s' "$(cksum <<< "$1" | cut -d ' ' -f 1)"
}

no_packages() {
  grep '^[EW]: ' "$WORK/said" >&2 || tail -n 5 "$WORK/said" >&2
  die "Debian's packages cannot be installed: is this machine connected to the Internet? What apt says stands above."
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes --no-install-recommends --allow-downgrades \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@" </dev/null
}

make_package() { # DEPENDS
  local tree=$WORK/saykey-needs
  mkdir -p "$tree/DEBIAN"
  cat > "$tree/DEBIAN/control" <<CONTROL
Package: saykey-needs
Version: $(version_of "$1")
Architecture: all
Maintainer: install.sh of Saykey <root@localhost>
Depends: $1
Section: misc
Priority: optional
Description: what Saykey needs of Debian
 It was made by Saykey's install.sh, which removes it again with --uninstall.
CONTROL
  dpkg-deb --root-owner-group --build "$tree" "$tree.deb" >/dev/null
  chmod 755 "$WORK"
}

state_of() { # PACKAGE
  dpkg-query --show --showformat='${db:Status-Status} ${Version}' "$1" 2>/dev/null || true
}

# A run that was cut off while dpkg worked.
mend_packages() {
  if [ -z "$DRY" ] && [ -n "$(dpkg --audit)" ] && [ -n "$(words_noted package)" ]; then
    echo "    Completing what was cut off ..."
    dpkg --configure -a --force-confold >/dev/null 2>&1 || true
    [ -z "$(dpkg --audit)" ] || quietly apt --fix-broken install || true
  fi
}

# Removes what came for Saykey, unless the owner has asked for it since or something else needs it.
remove_packages() {
  local ours removed
  ours=$(words_noted package)
  [ -n "$ours" ] || return 0
  doing "remove Debian's packages that came with Saykey" || return 0
  mend_packages
  if [ -n "$(state_of saykey-needs)" ]; then
    quietly apt purge saykey-needs || quietly dpkg --purge --force-all saykey-needs
  fi
  ours=$(apt-mark showauto | grep -xF "$ours" || true)
  [ -z "$ours" ] || remove_unneeded "$ours"
  # shellcheck disable=SC2046 # they are words
  purge_rests $(words_noted package)
  remove_groups
}

remove_groups() {
  local package group
  while IFS=$TAB read -r package group; do
    if [ -z "$(state_of "$package")" ] && getent group "$group" >/dev/null; then groupdel "$group"; fi
  done < <(words_noted group_of)
}

remove_unneeded() { # NAMES
  local ours=$1 removed
  removed=$(would_remove purge "$ours")
  # Something that stays would go with them.
  if grep -qvxF "$ours" <<< "$removed"; then
    removed=$(would_remove autoremove -o APT::AutoRemove::RecommendsImportant=false \
      -o APT::AutoRemove::SuggestsImportant=false | grep -xF "$ours" || true)
  fi
  # shellcheck disable=SC2086 # they are words
  [ -z "$removed" ] || quietly apt purge $removed || cat "$WORK/said" >&2
}

would_remove() { # APT-GET-WORD...
  # shellcheck disable=SC2048,SC2086 # they are words
  apt --simulate $* | sed -nE 's/^(Remv|Purg) ([^ ]+) .*/\2/p'
}

# What was only half there, or is there with its settings alone.
purge_rests() { # PACKAGE...
  local package
  for package; do
    case $(state_of "$package") in
      '' | 'installed '* | 'not-installed '*) ;;
      *) quietly dpkg --purge --force-remove-reinstreq --force-depends "$package" || cat "$WORK/said" >&2 ;;
    esac
  done
}

# remove_packages is for all of them at once.
undo_package() {
  :
}

undo_group_of() {
  :
}
