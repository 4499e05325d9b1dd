#!/usr/bin/env bash
# An adb whose phone is this machine: a path P on the phone is $PHONE/P. As adb of old, its shell ends with 0 whatever
# happens, and sends line ends as a terminal does.
set -euo pipefail
command=$1
shift
echo "$command" >>"$PHONE.log"
case $command in
  push) cp "$1" "$PHONE$2" && chmod 644 "$PHONE$2" ;;
  pull) cp -r "$PHONE$1" "$2" ;;
  shell) (cd "$PHONE" && bash -c "${1//\/data\//$PHONE/data/}" | sed 's/$/\r/') || true ;;
  *) echo "adb: unknown command $command" >&2 && exit 1 ;;
esac
