#!/usr/bin/env bash
# Builds and runs all tests, from a clean clone: the release build whole, and once more under AddressSanitizer the rooms
# that read files nobody trusts, and their fuzzers for a short while. Ends with CTest's closing line.
#
#     PASSERELLE_ALL_MODELS=1 tests/run.sh      the large torchvision networks too (some minutes, 4 GB of disk)
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/install-packages

jobs=$(nproc)
untrusted=(support blob loader)
cmake --preset asan -DPASSERELLE_TESTS=ON
cmake --build --preset asan --parallel "$jobs" --target "${untrusted[@]/#/test_}"
only=$(IFS='|' && echo "^(${untrusted[*]})\$")
ctest --test-dir build/asan --output-on-failure --no-tests=error -j2 --tests-regex "$only" </dev/null
fuzzed=0
tests/fuzz/run.sh || fuzzed=$?
[ "$fuzzed" -eq 0 ] || [ "$fuzzed" -eq 77 ] || exit "$fuzzed"

cmake --preset release -DPASSERELLE_TESTS=ON
cmake --build --preset release --parallel "$jobs"
left_out=(--label-exclude models-all)
[ -z "${PASSERELLE_ALL_MODELS:-}" ] || left_out=()
log=build/release/ctest.log
status=0
ctest --test-dir build/release --output-on-failure --no-tests=error -j2 "${left_out[@]}" </dev/null | tee "$log" || status=$?
printf '\n'
grep ' tests passed, .* tests failed out of ' "$log"
exit "$status"
