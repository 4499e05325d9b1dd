#!/usr/bin/env bash
# The main job, from a clean clone: builds Passerelle, converts a small segmentation model, runs it, checks it against
# LibTorch, and leaves a picture in out/mask.png.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
show() {
  printf '$ %s\n' "$*"
  "$@"
}

example=examples/segmentation
passerelle=build/release/bin/passerelle
host_nnapi=build/release/lib/libneuralnetworks.so

say 'Installing the packages that are missing'
.ci/install-packages --no-tests

say 'Building (the first time takes some minutes)'
cmake --preset release -DPASSERELLE_TESTS=OFF
cmake --build --preset release --parallel "$(nproc)"

say 'Converting the model for Android 11 (API 30), pictures as NHWC'
mkdir -p out
show $passerelle convert $example/balloons.pt -o out/balloons.nnapi --min-api 30 \
  --input $example/balloons.npy:nhwc --output-layout nhwc

say 'Running it through the loader and the host NNAPI'
show $passerelle run out/balloons.nnapi --input $example/balloons.npy --output-dir out

say 'Comparing with LibTorch'
show $passerelle verify $example/balloons.pt out/balloons.nnapi --input $example/balloons.npy

say 'A program that uses the loader: the mask on the picture'
cmake --install build/release --prefix build/quickstart/installed --component loader >/dev/null
cmake -S $example -B build/quickstart/overlay -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$PWD/build/quickstart/installed" >/dev/null
cmake --build build/quickstart/overlay
show build/quickstart/overlay/overlay out/balloons.nnapi $example/balloons.png out/mask.png "$PWD/$host_nnapi"

say 'Done: look at out/mask.png'
