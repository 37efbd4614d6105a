"""The part of Galaxy's API that runs a tool, in the shapes that Galaxy 26.1 answers in."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.scripted_server import Asked, Reply

KEY = "key-that-nobody-may-see"
HISTORY = "e165210c04f6a484"
UPLOAD = "d9512a51c34baf94"
JOB = "c95c0b1a47015395"
TIME = "2026-11-22T19:00:00.123456"


class GalaxyTwin:
    """Answers as Galaxy does, but for what a test wants otherwise; each job goes through *states*."""

    def __init__(self) -> None:
        self.states = {UPLOAD: ["ok"], JOB: ["new", "queued", "running", "ok"]}
        self.printed = {"tool_stdout": "", "tool_stderr": "", "stdout": "", "stderr": ""}
        self.destination = {"Runner": "pulsar_site", "private_token": "hidden-word", "jobs_directory": "/srv"}
        self.replies: dict[str, Reply] = {}
        self.content = b""
        self.messages: dict[str, Any] = {}

    def __call__(self, asked: Asked) -> Reply:
        what = f"{asked.method} {asked.path}"
        # urllib writes names of headers as it likes.
        if {name.lower(): value for name, value in asked.headers.items()}.get("x-api-key") != KEY:
            return Reply(b'{"err_msg": "Provided API key is not valid.", "err_code": 401001}', 401)
        if what in self.replies:
            return self.replies[what]
        if asked.path.endswith("/display"):
            return Reply(self.content)
        if asked.body:
            self.messages[asked.path] = json.loads(asked.body)
        reply = Reply(json.dumps(self.answer(what)).encode())
        for job_id, states in self.states.items():
            if what == f"GET /api/jobs/{job_id}" and len(states) > 1:
                del states[0]
        return reply

    def answer(self, what: str) -> object:
        """Return what Galaxy answers where nothing special is wanted."""
        if what == "POST /api/tools/fetch":
            self.content = self.messages["/api/tools/fetch"]["targets"][0]["items"][0][
                "paste_content"
            ].encode()
            return created(UPLOAD, "__DATA_FETCH__", "4838a50e9e0d1a0f")
        answers = {
            "GET /api/version": {"version_major": "26.1", "version_minor": "2"},
            "GET /api/users/current": {"id": HISTORY, "username": "prober", "is_admin": True},
            "GET /api/tools/cat1": {"id": "cat1", "name": "Concatenate datasets"},
            "POST /api/histories": {"id": HISTORY, "name": "galaxyops.pulsar probe"},
            "POST /api/tools": created(JOB, "cat1", "a799d38679e985db"),
            f"GET /api/jobs/{UPLOAD}": self.job(UPLOAD),
            f"GET /api/jobs/{JOB}": self.job(JOB),
            f"GET /api/jobs/{JOB}/destination_params": self.destination,
        }
        return answers.get(what, {} if what.startswith("GET /api/tools/") else True)

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job in its state; each question has it go on to the next one."""
        return {**self.printed, **described(job_id, self.states[job_id][0])}


def described(job_id: str, state: str) -> dict[str, Any]:
    """Return what Galaxy tells of a job."""
    return {
        "model_class": "Job",
        "id": job_id,
        "tool_id": "cat1" if job_id == JOB else "__DATA_FETCH__",
        "state": state,
        "exit_code": {"ok": 0, "error": 3}.get(state),
        "create_time": TIME,
        "update_time": TIME,
        "params": {},
        "inputs": {},
        "outputs": {},
    }


def created(job_id: str, tool_id: str, dataset_id: str) -> dict[str, Any]:
    """Return what Galaxy answers when it has made a job."""
    return {
        "outputs": [{"id": dataset_id, "hid": 1, "output_name": "out_file1", "state": "new"}],
        "output_collections": [],
        "jobs": [{**described(job_id, "new"), "tool_id": tool_id}],
        "implicit_collections": [],
        "produces_entry_points": False,
    }
