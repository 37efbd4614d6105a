"""Galaxy's API, as seen by one who has a key. Private to the collection.

https://docs.galaxyproject.org/en/latest/api/index.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from .endpoint import Endpoint


class GalaxyApi(Endpoint):
    """Asks one Galaxy; the key is the token."""

    cures: ClassVar[Mapping[int, str]] = {
        401: "api_key has to be the key of a user of this Galaxy",
        403: "the user whose key api_key is may not do this",
        404: "is this URL, with its path, Galaxy's, and is the tool installed there?",
    }
    error_key: ClassVar[str] = "err_msg"
    speaker: ClassVar[str] = "Galaxy"

    def _headers(self, token: str | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        return {**headers, "x-api-key": token} if token else headers

    def post(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Send a JSON object; return that of the answer."""
        return self.ask_json("POST", path, body=json.dumps(content).encode())

    def version(self) -> str:
        """Return Galaxy's version, such as ``26.1``."""
        return str(self.ask_json("GET", "/api/version").get("version_major", ""))

    def require_user(self) -> None:
        """Raise `EndpointError` unless the key is a user's."""
        self.ask_json("GET", "/api/users/current")

    def require_tool(self, tool_id: str) -> None:
        """Raise `EndpointError` unless a tool is there for this user."""
        self.ask_json("GET", f"/api/tools/{quote(tool_id)}")

    def create_history(self, name: str) -> str:
        """Make a history; return its id."""
        return str(self.post("/api/histories", {"name": name})["id"])

    def purge_history(self, history_id: str) -> None:
        """Remove a history with its datasets."""
        self.ask("DELETE", f"/api/histories/{history_id}", query={"purge": "true"})

    def upload(self, history_id: str, name: str, text: str) -> dict[str, Any]:
        """Begin to make a dataset of a text; return the ``jobs`` and the ``outputs``."""
        item = {"src": "pasted", "paste_content": text, "name": name, "ext": "txt"}
        targets = [{"destination": {"type": "hdas"}, "items": [item]}]
        return self.post("/api/tools/fetch", {"history_id": history_id, "targets": targets})

    def run_tool(self, history_id: str, tool_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Begin to run a tool; return the ``jobs`` and the ``outputs``."""
        return self.post("/api/tools", {"history_id": history_id, "tool_id": tool_id, "inputs": inputs})

    def job(self, job_id: str) -> dict[str, Any]:
        """Return what Galaxy tells this user of a job, with what it printed."""
        return self.ask_json("GET", f"/api/jobs/{job_id}", query={"full": "true"})

    def job_destination(self, job_id: str) -> dict[str, Any]:
        """Return where a job was sent; only administrators may know."""
        return self.ask_json("GET", f"/api/jobs/{job_id}/destination_params")

    def cancel_job(self, job_id: str) -> None:
        """Have a job end."""
        self.ask("DELETE", f"/api/jobs/{job_id}")

    def dataset(self, history_id: str, dataset_id: str) -> bytes:
        """Return the content of a dataset."""
        path = f"/api/histories/{history_id}/contents/{dataset_id}/display"
        return self.ask("GET", path, query={"to_ext": "txt"})
