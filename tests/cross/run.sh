#!/usr/bin/env bash
# The loader for ARM, 64 and 32 bits: built with Debian's cross compilers, tested under qemu against the stand-ins for
# NNAPI, with traps where something is misaligned or overflows; and how large it is. Where a compiler or qemu is missing
# it says so and ends with 77 (CTest: skipped).
#
#     tests/cross/run.sh [aarch64|armhf]...         in build/cross-*, or $PASSERELLE_CROSS_BUILD-*
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${PASSERELLE_CROSS_BUILD:-build/cross}
size_limit=$((100 * 1024))

declare -A triples=([aarch64]=aarch64-linux-gnu [armhf]=arm-linux-gnueabihf) emulators=([aarch64]=aarch64 [armhf]=arm)
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(aarch64 armhf)
for target in "${targets[@]}"; do
  for program in "${triples[$target]}-g++" "qemu-${emulators[$target]}"; do
    if ! command -v "$program" >/dev/null; then
      echo "skipped: there is no $program (Debian: g++-${triples[$target]} qemu-user)"
      exit 77
    fi
  done
done

configure() { # folder, target, option...
  local folder=$1 target=$2
  shift 2
  cmake -S . -B "$folder" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/tests/cross/$target.cmake" -DPASSERELLE_LOADER_ONLY=ON "$@" >/dev/null
}

measure_size() { # target
  local triple=${triples[$1]} folder=$build-$1 size
  # Everything of the loader, used or not; the C and C++ libraries are the application's own. What is counted is every
  # section of the stripped library, without what pads them to the pages of one machine or another.
  "$triple-g++" -shared -s -o "$folder/loader.so" -Wl,-z,noseparate-code -Wl,--hash-style=gnu -Wl,--whole-archive \
    "$folder/lib/libpasserelle_loader.a" "$folder/lib/libpasserelle_blob_reader.a" -Wl,--no-whole-archive
  size=$("$triple-size" -A "$folder/loader.so" | sed -n 's/^Total *//p')
  echo "$1: the loader, stripped: $size bytes"
  if [ "$size" -gt "$size_limit" ]; then
    echo "more than $size_limit bytes" >&2
    exit 1
  fi
}

compile_jni() { # target
  local header
  header=$(find /usr/lib/jvm -name jni.h 2>/dev/null | head -n 1)
  if [ -z "$header" ]; then
    echo "$1: examples/android/passerelle_jni.cpp not compiled, as there is no jni.h"
    return
  fi
  "${triples[$1]}-g++" -std=c++17 -Wall -Wextra -Werror -fno-exceptions -fno-rtti -fsyntax-only -Ilib/loader/include \
    -I"$(dirname "$header")" -I"$(dirname "$header")/linux" examples/android/passerelle_jni.cpp
  echo "$1: examples/android/passerelle_jni.cpp compiles"
}

run_program() { # target: passerelle-run itself, on the blob's own tests' seeds
  local folder=$build-$1 qemu=(qemu-"${emulators[$1]}" -L "/usr/${triples[$1]}") work
  work=$(mktemp -d)
  "${qemu[@]}" "$build-$1-tests/bin/blob_seeds" "$work"
  "${qemu[@]}" "$folder/bin/passerelle-run" "$work/small.nnapi" --nnapi "$build-$1-tests/lib/stand_in_5.so" --bench \
    --runs 3 --where | sed "s/^/$1: /"
  rm -r "$work"
}

for target in "${targets[@]}"; do
  configure "$build-$target" "$target" -DCMAKE_BUILD_TYPE=MinSizeRel
  cmake --build "$build-$target" --target passerelle_loader passerelle-run
  measure_size "$target"
  compile_jni "$target"
  configure "$build-$target-tests" "$target" -DCMAKE_BUILD_TYPE=Release -DPASSERELLE_LOADER_TESTS=ON \
    -DCMAKE_CXX_FLAGS="-fsanitize=alignment,signed-integer-overflow,shift,bounds,null -fsanitize-undefined-trap-on-error"
  cmake --build "$build-$target-tests" --target test_blob test_loader blob_seeds
  ctest --test-dir "$build-$target-tests" --output-on-failure --no-tests=error -j2 --tests-regex '^(blob|loader)$' </dev/null
  run_program "$target"
done
