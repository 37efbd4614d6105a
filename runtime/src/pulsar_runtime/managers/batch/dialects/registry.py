"""All dialects, by the names that managers give them: protocol section 8.2, and two more."""

from __future__ import annotations

from collections.abc import Mapping

from pulsar_runtime.managers.batch.dialect import Dialect
from pulsar_runtime.managers.batch.dialects import grid_engine, lsf, pbs_pro, slurm, torque

DIALECTS: Mapping[str, Dialect] = {
    "GridEngine": grid_engine.DIALECT,
    "LSF": lsf.DIALECT,
    "OpenPBS": pbs_pro.DIALECT,
    "PBSPro": pbs_pro.DIALECT,
    "Slurm": slurm.DIALECT,
    # Slurm with Torque's commands before its own, which are there too.
    "SlurmTorque": slurm.DIALECT,
    "Torque": torque.DIALECT,
}
