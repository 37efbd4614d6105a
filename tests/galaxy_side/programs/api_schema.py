"""What Galaxy's own schema says of a message of its API; runs with the Python that has Galaxy's packages."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from galaxy.schema.fields import Security
from galaxy.security.idencoding import IdEncodingHelper
from pydantic import BaseModel, ValidationError

# Ids in messages are encoded with a secret of each Galaxy's.
Security.security = IdEncodingHelper(id_secret="judge")


def find_problems(model: str, content: object) -> list[str]:
    """Return what is wrong with a message; *model* is its class, such as ``galaxy.schema.jobs.JobOutput``."""
    module, _, name = model.rpartition(".")
    found: Any = getattr(import_module(module), name)
    assert issubclass(found, BaseModel)
    try:
        found.model_validate(content)
    except ValidationError as exc:
        return [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors()]
    return []
