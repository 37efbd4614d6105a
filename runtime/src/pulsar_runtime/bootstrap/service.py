"""Wiring of the use cases of clients."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping

from pulsar_runtime.application.manager_rules import ManagerRules
from pulsar_runtime.application.service import JobService
from pulsar_runtime.config.schema import Config, ManagerConfig
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.ports import JobFiles, JobStore
from pulsar_runtime.store.doorbell import SocketDoorbell


def job_service(config: Config, store: JobStore, files: Mapping[ManagerName, JobFiles]) -> JobService:
    """Wire the use cases of clients."""
    return JobService(
        store=store,
        managers={
            name: ManagerRules(
                name=name,
                staging_directory=str(manager.staging_directory),
                files=files[name],
                assign_ids=manager.assign_ids == "uuid",
                maximum_stream_size=manager.maximum_stream_size,
                keep_directories=manager.debug,
                galaxy_properties=_galaxy_properties(manager),
            )
            for name, manager in config.managers.items()
        },
        doorbell=SocketDoorbell(config.persistence_directory),
        # 32 hexadecimal digits: that is how Galaxy knows an id that is not its own (protocol section 2.2).
        new_id=lambda: JobId(uuid.uuid4().hex),
        clock=time.monotonic,
        # Looked up at each call, for a worker of greenlets replaces it after this was wired.
        sleep=lambda seconds: time.sleep(seconds),  # noqa: PLW0108 - see above
    )


def _galaxy_properties(manager: ManagerConfig) -> dict[str, str]:
    properties = {
        "galaxy_home": manager.galaxy_home,
        "galaxy_virtual_env": manager.galaxy_virtual_env,
        "galaxy_config_file": manager.galaxy_config_file,
        "galaxy_dataset_files_path": manager.galaxy_dataset_files_path,
        "galaxy_datatypes_config_file": manager.galaxy_datatypes_config_file,
    }
    return {key: value for key, value in properties.items() if value}
