#!/usr/bin/env bash
# Runs a model on a phone and compares what comes out with PyTorch on this machine.
#
#     examples/android/run_on_device.sh MODEL.pt MODEL.nnapi INPUT.npy... [-- OPTION...]
#
# Options behind -- go to passerelle-run (--device NAME, --where, ...). Environment:
#     ADB                adb, or another program that understands its push, shell and pull
#     PASSERELLE         the desktop command (build/release/bin/passerelle)
#     PASSERELLE_RUN     passerelle-run for the phone (build/android/bin/passerelle-run: cmake --preset android)
#     DEVICE_FOLDER      where to work on the phone (/data/local/tmp/passerelle); what was there is replaced
#
# The exit status is that of passerelle-run or of passerelle verify; 1 where adb itself fails.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
adb=${ADB:-adb}
passerelle=${PASSERELLE:-$here/build/release/bin/passerelle}
program=${PASSERELLE_RUN:-$here/build/android/bin/passerelle-run}
folder=${DEVICE_FOLDER:-/data/local/tmp/passerelle}

if [ $# -lt 3 ]; then
  sed -n '2,/^set/{/^set/d; s/^# \{0,1\}//; p}' "$0" >&2
  exit 2
fi
model=$1
file=$2
shift 2
inputs=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  inputs+=("$1")
  shift
done
[ $# -eq 0 ] || shift
for needed in "$program" "$passerelle" "$model" "$file" "${inputs[@]}"; do
  if [ ! -f "$needed" ]; then
    echo "there is no file $needed" >&2
    exit 2
  fi
done

# Single quotes around each word: the phone's shell reads the line once more.
quoted() {
  local word
  for word in "$@"; do printf "'%s' " "${word//\'/\'\\\'\'}"; done
}

# adb of old ends with 0 whatever happens on the phone: the status comes back as the last line.
on_device() {
  local output
  output=$("$adb" shell "$1; echo status=\$?" </dev/null) || return 1
  output=${output//$'\r'/}
  printf '%s\n' "${output%status=*}" | sed '$d'
  return "${output##*status=}"
}

on_device "rm -rf $(quoted "$folder") && mkdir -p $(quoted "$folder")"
"$adb" push "$program" "$folder/passerelle-run" >/dev/null
"$adb" push "$file" "$folder/model.nnapi" >/dev/null
arguments=(model.nnapi --output-dir out)
verify_inputs=()
for i in "${!inputs[@]}"; do
  "$adb" push "${inputs[$i]}" "$folder/input$i.npy" >/dev/null
  arguments+=(--input "input$i.npy")
  verify_inputs+=(--input "${inputs[$i]}")
done
on_device "cd $(quoted "$folder") && chmod 755 passerelle-run && ./passerelle-run $(quoted "${arguments[@]}" "$@")"

outputs=$(mktemp -d)
trap 'rm -rf "$outputs"' EXIT
"$adb" pull "$folder/out" "$outputs/" >/dev/null
"$passerelle" verify "$model" "$file" "${verify_inputs[@]}" --outputs "$outputs/out"
