#!/usr/bin/env bash
# run_on_device_test.sh BUILD: run_on_device.sh with an adb that runs everything here, on the host NNAPI.
set -euo pipefail
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p phone/data/local/tmp
export PHONE=$work/phone ADB=$source/tests/runner/adb.sh
export PASSERELLE=$build/bin/passerelle PASSERELLE_RUN=$build/bin/passerelle-run
run=$source/examples/android/run_on_device.sh
nnapi=$build/lib/libneuralnetworks.so
example=$source/examples/segmentation

fails() {
  echo "$1" >&2
  exit 1
}

cp "$example/balloons.npy" "it's one.npy"
"$PASSERELLE" convert "$example/balloons.pt" -o m.nnapi --input "input=./it's one.npy" >/dev/null 2>&1 ||
  "$PASSERELLE" convert "$example/balloons.pt" -o m.nnapi --input "it's one.npy" >/dev/null

"$run" "$example/balloons.pt" m.nnapi "it's one.npy" -- --nnapi "$nnapi" >out.txt
grep -q 'passerelle-host' out.txt || fails "what passerelle-run prints is shown"
grep -q 'm.nnapi agrees with' out.txt || fails "verify compares"
[ "$(tr '\n' ' ' <phone.log)" = "shell push push push shell pull " ] || fails "adb was told $(cat phone.log)"

# What differs is found: another model's outputs, as if the phone computed wrongly.
cat >wrong-run <<WRONG
#!/usr/bin/env bash
"$PASSERELLE_RUN" "\$@" && printf '\377' | dd of=out/output0.npy bs=1 seek=203 conv=notrunc status=none
WRONG
status=0
PASSERELLE_RUN=$work/wrong-run "$run" "$example/balloons.pt" m.nnapi "it's one.npy" -- --nnapi "$nnapi" >out.txt 2>error.txt || status=$?
[ "$status" = 5 ] || fails "a wrong output ends with $status: $(cat error.txt)"

status=0
"$run" "$example/balloons.pt" m.nnapi "it's one.npy" -- --nnapi /nonexistent.so >out.txt 2>error.txt || status=$?
[ "$status" = 6 ] || fails "a failing run ends with $status"
grep -q 'nonexistent.so' error.txt out.txt || fails "and says why"
status=0
"$run" "$example/balloons.pt" none.nnapi x.npy 2>error.txt || status=$?
[ "$status" = 2 ] && grep -q 'no file none.nnapi' error.txt || fails "a missing file ends with $status"
