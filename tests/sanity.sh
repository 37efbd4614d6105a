#!/bin/sh
# Run ansible-test's sanity tests over the checkout, new files included: tests/sanity.sh FOLDER PYTHON_VERSION
#
# FOLDER keeps what is to be found again: a copy of the collection below the path that ansible-test wants, and a
# home directory, which is where it makes an environment for each of its tests.
set -eu

folder=$1
python=$2
copy=$folder/ansible_collections/galaxyops/pulsar
home=$folder/home
bootstrap=$home/.ansible/test/cache/get_pip_24_2.py

rm -rf "$copy"
mkdir -p "$copy" "$(dirname "$bootstrap")" "$home/.config"
git ls-files -z --cached --others --exclude-standard --deduplicate |
  tar --create --null --ignore-failed-read --files-from=- 2>/dev/null | tar --extract --directory "$copy"

# ansible-test asks for this file where it cannot download its own.
cp tests/bootstrap_pip.py "$bootstrap"
# The environments are to have this user's index.
[ ! -d "${XDG_CONFIG_HOME:-$HOME/.config}/pip" ] || ln -sfn "${XDG_CONFIG_HOME:-$HOME/.config}/pip" "$home/.config/pip"

sanity() {
  HOME=$home ansible-test sanity --color no --truncate 0 --requirements --python "$python" "$@"
}

cd "$copy"
git init --quiet
sanity --skip-test pylint
# What Ansible loads or sends to hosts. Everything else has ruff's share of pylint, without the names it forbids.
sanity --test pylint playbooks/ plugins/ roles/
