#!/bin/sh
# Install the Debian packages that the tests need and that are not there, where this user may (root);
# otherwise name them and stop.
set -eu

missing=
need() { # need PACKAGE COMMAND...: the package is missing if the command fails
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}

# Programs of podman's that are not on the search path.
library=${PODMAN_LIBRARY:-/usr/lib/podman}
# On the search path of root only.
sbin=${SBIN:-/usr/sbin}

need aardvark-dns test -x "$library/aardvark-dns"
need crun command -v crun
need e2fsprogs command -v chattr
need git command -v git
need iptables command -v iptables
need mmdebstrap command -v mmdebstrap
need mount command -v mount
need netavark test -x "$library/netavark"
need openssh-client command -v ssh-keygen
need openssh-server test -x "$sbin/sshd"
need podman command -v podman
need rabbitmq-server command -v rabbitmq-server
need python3-venv "${PYTHON:-python3}" -c 'import ensurepip'
need rsync command -v rsync
need slurm-wlm test -x "$sbin/slurmd"
# It takes tokens only with the plugin.
need 'slurmrestd slurm-wlm-jwt-plugin' test -x "$sbin/slurmrestd"
need util-linux command -v setpriv

[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "These packages are missing; install them and try again:$missing" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet --quiet
# shellcheck disable=SC2086 # one word for each package
apt-get install --quiet --quiet --yes --no-install-recommends $missing
