#!/usr/bin/env bash
# Builds and tests on another release of Debian, with its LibTorch and its compiler, in a root of its own: the release
# build, and all tests that don't need ../shared. Needs root rights, mmdebstrap or debootstrap, and Debian's registry;
# where one is missing it says so and ends with 77 (skipped).
#
#     tests/debian.sh 13|sid [TEST...]     TEST: a regular expression; default: all tests of a usual run
#
# The root, its packages, the compiler's cache and the build are kept in build/debian-RELEASE; PASSERELLE_DEBIAN_CACHE
# names another folder for the first three. PASSERELLE_DEBIAN_MIRROR is where packages come from.
set -euo pipefail
cd "$(dirname "$0")/.."

release=${1:-}
declare -A suites=([12]=bookworm [13]=trixie [sid]=sid)
suite=${suites[${release:-none}]:-}
if [ -z "$suite" ]; then
  sed -n '2,/^set/{/^# \{0,1\}/s///p}' "$0" >&2
  exit 2
fi
shift
mirror=${PASSERELLE_DEBIAN_MIRROR:-http://deb.debian.org/debian}
build=build/debian-$release
cache=${PASSERELLE_DEBIAN_CACHE:-$build}
root=$cache/root
log=$build/root.log

skip() {
  echo "Debian $release is skipped: $1"
  exit 77
}

[ "$(id -u)" -eq 0 ] || skip 'a root of its own needs root rights'
unshare --mount true 2>/dev/null || skip 'this machine does not allow mounts'
maker=$(command -v mmdebstrap debootstrap | head -n 1) || true
[ -n "$maker" ] || skip 'neither mmdebstrap nor debootstrap is installed'

# A command in the root, which sees the project as /passerelle. All mounts vanish with the command.
inside() {
  unshare --mount sh -euc '
    root=$1 cache=$2
    shift 2
    mount --bind . "$root/passerelle"
    mount --bind "$cache/packages" "$root/var/cache/apt/archives"
    mount --bind "$cache/ccache" "$root/ccache"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 CCACHE_DIR=/ccache \
      sh -euc "cd /passerelle && exec \"\$@\"" sh "$@"
  ' sh "$root" "$cache" "$@"
}

make_root() {
  # What sid's registry says is valid for days alone, and a mirror may be older.
  case $maker in
    */mmdebstrap) mmdebstrap --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$root" "$mirror" ;;
    */debootstrap) debootstrap --variant=minbase "$suite" "$root" "$mirror" ;;
  esac
  echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99passerelle"
  mkdir -p "$root/passerelle" "$root/ccache"
}

mkdir -p "$build" "$cache/packages/partial" "$cache/ccache"
if [ ! -e "$root/complete" ]; then
  echo "Making a root of Debian $release"
  rm -rf --one-file-system "$root"
  make_root >"$log" 2>&1 || skip "its root can't be made from $mirror: $(tail -n 1 "$log")"
  touch "$root/complete"
fi
if ! inside .ci/install-packages --few-tests >"$log" 2>&1; then
  cat "$log" >&2
  inside apt-get update -o APT::Update::Error-Mode=any --quiet=2 >/dev/null 2>&1 || skip "$mirror does not answer"
  exit 1
fi

inside cmake --preset release -B "$build/release" -DPASSERELLE_TESTS=ON
inside cmake --build "$build/release" --parallel "$(nproc)"
which=(--label-exclude 'models-all|benchmarks')
[ $# -eq 0 ] || which+=(--tests-regex "$1")
inside ctest --test-dir "$build/release" --output-on-failure --no-tests=error -j2 "${which[@]}" </dev/null
