#!/bin/sh
# Write the root of a Debian that boots systemd and answers ssh to standard output, as a tar archive:
#   build.sh SUITE
# It is fetched the way this machine fetches packages; the same settings of apt stay in the image.
set -eu

suite=$1
here=$(dirname "$(readlink -f "$0")")
apt=$(mktemp)
trap 'rm -f "$apt"' EXIT
apt-config dump --format '%f "%v";%n' Acquire::http Acquire::https Acquire::Check-Date \
  Acquire::Check-Valid-Until >"$apt"

mmdebstrap \
  --quiet \
  --variant=apt \
  --aptopt="$apt" \
  --include='systemd systemd-sysv libpam-systemd dbus dbus-user-session openssh-server polkitd sudo' \
  --include='python3 python3-apt python3-venv acl ca-certificates curl iproute2 iptables procps' \
  --customize-hook="$here/customize.sh" \
  "$suite" -
