#!/bin/sh
# Make a test host of the root of a Debian:
#   customize.sh ROOT
set -eu

root=$1
here=$(dirname "$(readlink -f "$0")")

install --mode 0755 "$here/init" "$root/sbin/test-host-init"
install --mode 0644 "$here/sshd.conf" "$root/etc/ssh/sshd_config.d/test-host.conf"
install --mode 0440 "$here/sudoers" "$root/etc/sudoers.d/test-host"

# Who deploys: a user who may become root.
chroot "$root" useradd --create-home --shell /bin/bash admin

# What would write to the settings of the kernel that all share, wait for hardware or fetch in the background.
chroot "$root" systemctl --quiet mask \
  systemd-modules-load.service systemd-binfmt.service systemd-sysctl.service systemd-udevd.service \
  systemd-udevd-control.socket systemd-udevd-kernel.socket ldconfig.service \
  systemd-journal-catalog-update.service getty.target console-getty.service \
  proc-sys-fs-binfmt_misc.automount apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer fstrim.timer

# Each host makes an identity of its own when it boots.
: >"$root/etc/machine-id"
