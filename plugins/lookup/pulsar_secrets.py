# Copyright: The galaxyops.pulsar contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup ``galaxyops.pulsar.pulsar_secrets``."""

from __future__ import annotations

DOCUMENTATION = """
name: pulsar_secrets
short_description: Return secrets that nobody types, making up those that there are not yet
version_added: 0.1.0
author: The galaxyops.pulsar contributors (@galaxyops)
description:
  - Keeps the passwords that servers, broker and Galaxy share. The first question for a secret makes it up
    and stores it; every later one returns the same.
  - Secrets are kept in one file that is encrypted with the vault password of the run. Without a vault
    password nothing is made up, and the lookup fails.
  - A dry run stores nothing, so that what it returns for a secret that there is not yet is of no use to
    anybody.
options:
  _terms:
    description: Names of secrets, such as C(broker/site1).
    type: list
    elements: str
    required: true
  secrets_file:
    description:
      - The file, an absolute path on the control node.
      - Without it, C(pulsar_secrets.yml) beside the first inventory.
    type: path
    vars: [{name: pulsar_secrets_file}]
  secrets_lookup:
    description:
      - Another lookup to ask in place of the file. It is given the name, and has to return the secret;
        whether it makes up one that there is not yet is its own business. Its options are set where it
        reads them from, such as in variables.
    type: str
    vars: [{name: pulsar_secrets_lookup}]
notes:
  - The file is a mapping of names to secrets. C(ansible-vault view) shows it, C(ansible-vault edit) changes
    it, and a secret that is removed from it is made up anew.
"""

EXAMPLES = """
- name: Use the password of a site at the broker
  ansible.builtin.template:
    src: broker.conf.j2
    dest: /etc/broker.conf
    mode: "0600"
  vars:
    password: "{{ lookup('galaxyops.pulsar.pulsar_secrets', 'broker/site1') }}"
  no_log: true
"""

RETURN = """
_raw:
  description: One secret for each name, 43 letters and digits if it was made up here.
  type: list
  elements: str
"""

import fcntl
import os
import secrets
import string
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

from ..module_utils.beside_inventory import NoInventoryFileError, beside_inventory

VARIABLES = ("pulsar_secrets_file", "pulsar_secrets_lookup")
FILE = "pulsar_secrets.yml"

#: 43 of 62 characters are 256 bits, and need no quoting in URLs, YAML and shells.
LENGTH = 43
ALPHABET = string.ascii_letters + string.digits


class LookupModule(LookupBase):  # type: ignore[misc] # Ansible is not typed
    """What Ansible looks for."""

    def run(
        self, terms: Sequence[str], variables: Mapping[str, Any] | None = None, **kwargs: object
    ) -> list[str]:
        """Return one secret for each of *terms*."""
        # Names that come from variables carry where they come from, which YAML cannot represent.
        terms = [str(term) for term in terms]
        known = variables or {}
        # Ansible hands over variables as they were written, templates and all.
        chosen = self._templar.template({name: known[name] for name in VARIABLES if name in known})
        self.set_options(var_options=chosen, direct=kwargs)
        if other := self.get_option("secrets_lookup"):
            return self._from_other(other, terms, variables)
        path = self.get_option("secrets_file") or self._default_path(known)
        # The vault of the run, which has no public name; ansible.builtin.unvault can only read.
        store = SecretsFile(path, self._loader._vault)  # noqa: SLF001
        return store.secrets(terms, keep=not known.get("ansible_check_mode"))

    def _default_path(self, known: Mapping[str, Any]) -> str:
        try:
            return beside_inventory(known.get("ansible_inventory_sources"), FILE)
        except NoInventoryFileError as exc:
            raise AnsibleLookupError(f"{exc}: set pulsar_secrets_file to an absolute path") from exc

    def _from_other(self, name: str, terms: Sequence[str], variables: Mapping[str, Any] | None) -> list[str]:
        other = lookup_loader.get(name, loader=self._loader, templar=self._templar)
        if other is None:
            raise AnsibleLookupError(
                f"pulsar_secrets_lookup is {name}, and there is no such lookup: correct the name, or install "
                "the collection that has it"
            )
        found = [str(secret) for secret in other.run(terms, variables=variables)]
        if len(found) != len(terms) or not all(found):
            raise AnsibleLookupError(
                f"pulsar_secrets_lookup {name} did not return a secret for each of {', '.join(terms)}: store "
                "them where it looks"
            )
        return found


class SecretsFile:
    """A mapping of names to secrets, encrypted as a whole; several processes may use it at once."""

    def __init__(self, path: str, vault: VaultLib) -> None:
        self._path = path
        self._vault = vault

    def secrets(self, names: Sequence[str], *, keep: bool) -> list[str]:
        """Return the secrets of *names*; those that are made up are stored if they are to be kept."""
        if not self._vault.secrets:
            raise AnsibleLookupError(
                f"{self._path} holds secrets and is encrypted, and this run has no vault password: give it "
                "one with --vault-password-file or --ask-vault-pass, or name another store in "
                "pulsar_secrets_lookup"
            )
        known = self._read()
        if any(name not in known for name in names):
            made = {name: made_up() for name in names}
            if not keep:
                return [known.get(name, made[name]) for name in names]
            with self._locked():
                # Another process may have been first.
                known = {**made, **self._read()}
                self._write(known)
        return [known[name] for name in names]

    def _read(self) -> dict[str, str]:
        try:
            with open(self._path, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise AnsibleLookupError(f"{self._path} cannot be read: {exc.strerror}") from exc
        if not is_encrypted(content):
            raise AnsibleLookupError(
                f"{self._path} is not encrypted: run 'ansible-vault encrypt {self._path}'"
            )
        try:
            known = yaml.safe_load(self._vault.decrypt(content))
        except AnsibleError as exc:
            raise AnsibleLookupError(
                f"{self._path} cannot be decrypted: give this run the vault password that encrypted it"
            ) from exc
        except yaml.YAMLError:
            # Its message would show the line with the secret.
            raise AnsibleLookupError(
                f"{self._path} is not YAML when it is decrypted: see 'ansible-vault edit'"
            ) from None
        if not isinstance(known, dict) or not all(
            isinstance(value, str) and value for pair in known.items() for value in pair
        ):
            raise AnsibleLookupError(
                f"{self._path} is not a mapping of names to texts: see 'ansible-vault edit'"
            )
        return known

    def _write(self, known: Mapping[str, str]) -> None:
        """Replace the file as a whole."""
        _name, secret = match_encrypt_secret(self._vault.secrets, constants.DEFAULT_VAULT_ENCRYPT_IDENTITY)
        content = self._vault.encrypt(yaml.safe_dump(dict(known)), secret)
        # mkstemp makes files that nobody else can read.
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(self._path), prefix=f".{FILE}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
        except OSError:
            os.unlink(temporary)
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from writing; the lock is that of the directory, so no file is left over."""
        directory = os.path.dirname(self._path)
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as exc:
            raise AnsibleLookupError(
                f"{self._path} cannot be written: {directory}: {exc.strerror}: make that directory, or set "
                "pulsar_secrets_file to a path in one that there is"
            ) from exc
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def made_up() -> str:
    """Return a new secret."""
    return "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
