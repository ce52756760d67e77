# What the installer changes on this machine, and how each change is taken back.
#
# The manifest is the folder $STATE. Its file `changes` has a line for each change, written before the change is
# made, with what was there before beside it: a run that is cut off anywhere is completed by the next one, or
# undone by --uninstall. What has to be done after changes, as to start a service again, is a file in todo/,
# there from before the change until it is done.
#
# shellcheck shell=bash disable=SC2034 # the other parts read the variables that are set here

# Where the file system begins. Tests of single functions set another.
ROOT=
STATE=/var/lib/saykey-install
# Set: nothing is changed, and what would be is said.
DRY=
# Set: the owner's models, keys and settings are removed too.
PURGE=
# Set by every change.
CHANGED=
# Set where the machine has to be restarted for what is undone.
REBOOT=
# Set where the USB socket cannot be made a device.
NO_SOCKET=

TAB=$'\t'
OURS_BEGIN="# >>> saykey: written by Saykey's install.sh, which takes it out again with --uninstall"
OURS_END='# <<< saykey'

die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

# Says what is done, or would be; gives whether it is to be done.
doing() {
  CHANGED=yes
  printf '    %s%s\n' "${DRY:+would }" "$*"
  [ -z "$DRY" ]
}

# --- The manifest

noted() { # KIND [WORD...]
  [ -f "$STATE/changes" ] && grep -qxF -- "$(line "$@")" "$STATE/changes"
}

line() {
  local IFS=$TAB
  printf '%s' "$*"
}

note() { # KIND [WORD...]
  noted "$@" && return
  write_down "$(line "$@")"
}

note_each() { # KIND WORD...
  local kind=$1 word lines=()
  shift
  for word; do noted "$kind" "$word" || lines+=("$(line "$kind" "$word")"); done
  [ ${#lines[@]} -eq 0 ] || write_down "${lines[@]}"
}

# What was there before, and the addresses of paired computers, are nobody else's to read.
state_folder() {
  mkdir -p "$STATE"
  chmod 700 "$STATE"
}

write_down() { # LINE...
  state_folder
  line_is_whole
  printf '%s\n' "$@" >> "$STATE/changes"
  sync "$STATE/changes"
}

# A line that a power cut has left half announces a change that was never begun.
line_is_whole() {
  if [ -s "$STATE/changes" ] && [ -n "$(tail -c 1 "$STATE/changes")" ]; then
    sed -i '$d' "$STATE/changes"
  fi
}

words_noted() { # KIND
  [ ! -f "$STATE/changes" ] || sed -n "s/^$1$TAB//p" "$STATE/changes"
}

later() { # ACTION
  state_folder
  mkdir -p "$STATE/todo"
  # With what tells one start of the machine from another, for what takes a restart.
  cat "$ROOT/proc/sys/kernel/random/boot_id" > "$STATE/todo/$1"
}

# Does what was put off, if it was.
now() { # ACTION COMMAND...
  local action=$1
  shift
  [ -e "$STATE/todo/$action" ] || return 0
  "$@"
  rm "$STATE/todo/$action"
}

there() {
  [ -e "$ROOT$1" ] || [ -L "$ROOT$1" ]
}

# A copy of what is there, whole or not at all.
keep() { # before|after FILE PATH
  local copy=$STATE/$1$3
  state_folder
  mkdir -p "${copy%/*}"
  rm -rf "$copy.new"
  cp -a "$2" "$copy.new"
  sync "${copy%/*}"
  mv -T "$copy.new" "$copy"
}

announce() { # PATH: of a file that will be written or replaced
  noted file "$1" || noted was "$1" && return
  if there "$1"; then
    keep before "$ROOT$1" "$1"
    note was "$1"
  else
    note file "$1"
  fi
}

# --- Changes. Each leaves alone what is as it should be.

folder() { # PATH
  [ -z "$1" ] || there "$1" && return
  folder "${1%/*}"
  note folder "$1"
  mkdir "$ROOT$1"
}

put() { # FILE PATH [ACTION...]
  local file=$1 path=$2
  shift 2
  cmp -s "$file" "$ROOT$path" && return
  doing "write $path" || return 0
  local action
  for action; do later "$action"; done
  folder "${path%/*}"
  announce "$path"
  install -m 644 "$file" "$ROOT$path.saykey-new"
  swap_in "$path"
}

symlink() { # TARGET PATH
  [ "$(readlink "$ROOT$2")" = "$1" ] && return
  doing "link $2 to $1" || return 0
  folder "${2%/*}"
  announce "$2"
  rm -f "$ROOT$2.saykey-new"
  ln -s "$1" "$ROOT$2.saykey-new"
  swap_in "$2"
}

swap_in() { # PATH
  [ -L "$ROOT$1.saykey-new" ] || sync "$ROOT$1.saykey-new"
  mv -T "$ROOT$1.saykey-new" "$ROOT$1"
}

# Adds a text to a file that others write too; a file that is not there is made.
block() { # PATH [ACTION...] < TEXT
  local path=$1 new=$WORK/block
  shift
  { without_block "$path"; printf '\n%s\n' "$OURS_BEGIN"; cat; printf '%s\n' "$OURS_END"; } > "$new"
  cmp -s "$new" "$ROOT$path" && return
  doing "add to $path" || return 0
  local action
  for action; do later "$action"; done
  folder "${path%/*}"
  if there "$path"; then
    noted made "$path" || note block "$path"
  else
    note made "$path"
  fi
  rewrite "$path" "$new"
}

# What a file is without our block. The empty line before the block is the block's, so that a file whose last line
# had no end is given back without one. Where the owner has taken out its end alone, nobody knows how far it goes, and
# it stays.
without_block() { # PATH
  there "$1" || return 0
  # shellcheck disable=SC2016 # they are Perl's
  BEGIN=$OURS_BEGIN END=$OURS_END perl -0777 -pe '
    s{(.?)\n\Q$ENV{BEGIN}\E\r?\n(?:(?!\Q$ENV{BEGIN}\E).)*?\Q$ENV{END}\E\r?\n?(.?)}{
      $1 . ($1 ne "" && $1 ne "\n" && $2 ne "" ? "\n" : "") . $2
    }es
  ' "$ROOT$1"
}

# Puts other content into a file, which keeps its owner and mode.
rewrite() { # PATH FILE
  local new=$ROOT$1.saykey-new
  rm -f "$new"
  if there "$1"; then cp -a "$(realpath "$ROOT$1")" "$new"; fi
  cat "$2" > "$new"
  sync "$new"
  mv -T "$new" "$(realpath "$ROOT$1")"
}

# Adds a word to the list that a line KEY=... is, in a file that can have one such line only. Where it has none yet,
# it gets a plain one: others add to it later, as armbian-add-overlay does, and what they add is theirs.
word() { # PATH KEY WORD [ACTION...]
  local path=$1 key=$2 word=$3 kind=word
  shift 3
  grep -qE "^$key=(.* )?$word( |\$)" "$ROOT$path" && return
  grep -q "^$key=" "$ROOT$path" || kind='line'
  doing "add $word to $key in $path" || return 0
  local action
  for action; do later "$action"; done
  note "$kind" "$path" "$key" "$word"
  if [ "$kind" = word ]; then
    sed "s/^$key=.*/& $word/" "$ROOT$path"
  elif [ -z "$(tail -c 1 "$ROOT$path")" ]; then
    cat "$ROOT$path"
    printf '%s\n' "$key=$word"
  else # its last line has no end, and gets none
    cat "$ROOT$path"
    printf '\n%s' "$key=$word"
  fi > "$WORK/word"
  rewrite "$path" "$WORK/word"
}

# --- Back. Each can be done again where it was cut off. What stays, fails, and its line is the manifest from then on.

undo_all() {
  local kind path rest
  [ -n "$DRY" ] || line_is_whole
  : > "$WORK/stays"
  ! grep -q "$TAB/boot/" "$STATE/changes" || REBOOT=yes
  while IFS=$TAB read -r kind path rest; do
    "undo_$kind" "$path" "$rest" || printf '%s\n' "$(line "$kind" "$path" ${rest:+"$rest"})" >> "$WORK/stays"
  done < <(tac "$STATE/changes")
}

close_manifest() {
  [ -z "$DRY" ] || return 0
  if [ -s "$WORK/stays" ]; then
    tac "$WORK/stays" > "$STATE/changes.new"
    sync "$STATE/changes.new"
    mv -T "$STATE/changes.new" "$STATE/changes"
    rm -rf "$STATE/todo"
  else
    mv -T "$STATE/changes" "$STATE/undone" # from here on there is nothing to undo
    rm -rf "$STATE"
  fi
}

undo_file() { # PATH
  rm_new "$1"
  there "$1" || return 0
  doing "remove $1" || return 0
  rm -f "$ROOT$1"
}

undo_was() { # PATH
  rm_new "$1"
  doing "put back $1" || return 0
  cp -a "$STATE/before$1" "$ROOT$1.saykey-new" && swap_in "$1"
}

undo_block() { # PATH
  rm_new "$1"
  there "$1" || return 0
  without_block "$1" > "$WORK/without"
  cmp -s "$WORK/without" "$ROOT$1" && return
  doing "take Saykey's lines out of $1" || return 0
  rewrite "$1" "$WORK/without"
}

undo_made() { # PATH
  undo_block "$1"
  [ -n "$DRY" ] || [ -s "$ROOT$1" ] || rm -f "$ROOT$1"
}

undo_word() { # PATH KEY<TAB>WORD
  local key=${2%%"$TAB"*} word=${2#*"$TAB"}
  rm_new "$1"
  grep -qsE "^$key=(.* )?$word( |\$)" "$ROOT$1" || return 0
  doing "take $word out of $1" || return 0
  sed -E "s/^($key=.*) $word( |\$)/\1\2/; s/^$key=$word( |\$)/$key=/" "$ROOT$1" > "$WORK/word"
  rewrite "$1" "$WORK/word"
}

# A line of our own, which goes where nobody else has added to it.
undo_line() { # PATH KEY<TAB>WORD
  local key=${2%%"$TAB"*} word=${2#*"$TAB"}
  grep -qsxF "$key=$word" "$ROOT$1" || { undo_word "$@"; return; }
  rm_new "$1"
  doing "take $key out of $1" || return 0
  # shellcheck disable=SC2016 # they are Perl's
  LINE=$key=$word perl -0777 -pe 's/^\Q$ENV{LINE}\E\n//m or s/\n?^\Q$ENV{LINE}\E\z//m' "$ROOT$1" > "$WORK/word"
  rewrite "$1" "$WORK/word"
}

undo_folder() { # PATH
  [ ! -d "$ROOT$1" ] || [ -n "$DRY" ] || rmdir --ignore-fail-on-non-empty "$ROOT$1"
}

undo_tree() { # PATH
  there "$1" || return 0
  doing "remove $1" || return 0
  rm -rf --one-file-system "$ROOT$1"
}

# The owner's: what was changed by hand, or came since, goes with --purge alone.
undo_settings() { # PATH
  there "$1" || return 0
  [ -n "$PURGE" ] || cmp -s "$STATE/after$1" "$ROOT$1" || return 1
  undo_file "$1"
}

undo_data() { # PATH
  there "$1" || return 0
  [ -n "$PURGE" ] || return 1
  undo_tree "$1"
}

rm_new() {
  [ -n "$DRY" ] || rm -rf "$ROOT$1.saykey-new"
}
