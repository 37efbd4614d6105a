"""The options of modules that look into Galaxy's job configuration."""

from __future__ import annotations


class ModuleDocFragment:
    """What Ansible looks for."""

    DOCUMENTATION = r"""
options:
  path:
    description:
      - The job configuration. A file with C(.xml) in its path is read as XML, as Galaxy does, and every other
        one as YAML; a file with C(galaxy) at its top is a C(galaxy.yml) with an inline configuration in
        C(job_config).
    type: path
    required: true
  galaxy_config:
    description:
      - The C(galaxy.yml), which says which job configuration Galaxy reads. Without it, the one beside O(path)
        is looked at, if there is one.
    type: path
"""
