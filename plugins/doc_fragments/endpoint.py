"""The options of modules that talk to a server."""

from __future__ import annotations


class ModuleDocFragment:
    """What Ansible looks for."""

    DOCUMENTATION = r"""
options:
  token:
    description:
      - What the endpoint's C(private_token) holds. It travels in a header, and is in no result.
    type: str
  token_file:
    description:
      - A file with the token, on the host that the module runs on.
    type: path
"""

    CONNECTION = r"""
options:
  timeout:
    description:
      - The time that everything together may take, in seconds. After it, what was begun is still ended and
        removed, which takes at most 30 seconds more.
    type: int
    default: 60
  validate_certs:
    description:
      - Whether the server has to show a valid certificate.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the certificates of the authorities to trust instead of the system's own.
    type: path
"""
