#!/usr/bin/env bash
# libFuzzer on .nnapi files that nobody trusts, under AddressSanitizer and UndefinedBehaviorSanitizer: `reader` opens them
# and walks through all that they say, `loader` compiles and runs them on a stand-in for NNAPI. The first files are made
# here; the mutator (tests/blob/mutation.h) changes what the head says and seals it again. A finding is left in
# build/fuzz/findings; where there is no clang++ it says so and ends with 77 (CTest: skipped).
#
#     tests/fuzz/run.sh [--seconds N | --runs N] [--seed N] [reader|loader]...        default: 20 seconds each
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${PASSERELLE_FUZZ_BUILD:-build/fuzz}

limit=-max_total_time=20
seed=1
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) limit=-max_total_time=$2 && shift 2 ;;
    --runs) limit=-runs=$2 && shift 2 ;;
    --seed) seed=$2 && shift 2 ;;
    reader | loader) targets+=("$1") && shift ;;
    *) sed -n '2,/^set/{/^# /s/^# //p}' "$0" >&2 && exit 2 ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || targets=(reader loader)

compiler=$(command -v clang++) || true
if [ -z "$compiler" ]; then
  echo "skipped: there is no clang++ (Debian: clang libclang-rt-dev)"
  exit 77
fi
# Other versions warn of other things.
strict=()
[ "$("$compiler" -dumpversion | cut -d. -f1)" != 14 ] || strict=(-DCMAKE_COMPILE_WARNING_AS_ERROR=ON)
cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DPASSERELLE_LOADER_ONLY=ON -DPASSERELLE_LOADER_TESTS=ON -DPASSERELLE_FUZZ=ON "${strict[@]}" >/dev/null
cmake --build "$build" --target blob_seeds "${targets[@]/#/fuzz_}"

mkdir -p "$build/findings"
for target in "${targets[@]}"; do
  corpus=$(mktemp -d)
  "$build/bin/blob_seeds" "$corpus"
  log=$build/$target.log
  if ! "$build/bin/fuzz_$target" "$limit" -seed="$seed" -max_len=131072 -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -print_final_stats=1 -dict=tests/blob/nnapi.dict -artifact_prefix="$build/findings/$target-" "$corpus" 2>"$log"; then
    cat "$log" >&2
    echo "$target: a finding, in $build/findings (seed $seed); again: $build/bin/fuzz_$target FILE" >&2
    exit 1
  fi
  echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") files, $(find "$corpus" -type f | wc -l)" \
    "of them kept for what they reach, no finding (seed $seed)"
  rm -r "$corpus"
done
