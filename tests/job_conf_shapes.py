"""Job configurations in the shapes that people keep them in; Galaxy can load each of them."""

from __future__ import annotations

import attrs


@attrs.frozen
class Shape:
    """A file with its name and what it holds."""

    name: str
    file_name: str
    content: bytes


#: Longer than any line that an editor of YAML leaves as it is.
LONG = (
    "--nodes=1 --ntasks=1 --cpus-per-task=1 --mem=3800 --time=24:00:00 --partition=main --account=galaxy "
    "--constraint='[avx2&rack1]' --comment=\"do not wrap this line\""
)

ANCHORS = """\
---
# Job configuration of galaxy.example.org
# Ask the cluster team before you change the partitions.

runners:
  local: &small   # for uploads
    load: galaxy.jobs.runners.local:LocalJobRunner
    workers: 4
  slurm:
    <<: *small
    load: 'galaxy.jobs.runners.slurm:SlurmJobRunner'
    drmaa_library_path: "/usr/lib/slurm-drmaa/lib/libdrmaa.so.1"

handling:
  assign: ['db-skip-locked']

execution:
  default: slurm_small
  environments:

    # ---- cluster ----
    slurm_small: &slurm
      runner: slurm
      native_specification: LONG
      env:
        - {name: LC_ALL, value: C}
        - file: /srv/galaxy/environment.sh
    slurm_large:
      !!map
      <<: *slurm
      native_specification: >-
        --nodes=1
        --mem=64000
      tags: [large, remote-not]
    # slurm_gpu:
    #   runner: slurm
    #   native_specification: --gres=gpu:1   # broken since March
    local: {runner: local, docker_cmd: "docker ps --format '{{.Names}}'"}
    #   the last comment
tools:
- id: upload1
  environment: local

- id: "toolshed.g2.bx.psu.edu/repos/iuc/spades/spades"   # large graphs
  environment: large
limits:
  -
    type: environment_user_concurrent_jobs
    id: slurm_large
    value: 2


# the end
""".replace("LONG", LONG)

MINIMAL = """\
runners:
    local:
        load: galaxy.jobs.runners.local:LocalJobRunner
execution:
    environments:
        local:
            runner: local"""

LIST = """\
%YAML 1.1
---
execution:
  default: local
  environments:
  - id: local
    runner: local
  - id: "caf\u00e9 \U0001f980"
    runner: local
    script: |
      #!/bin/sh
      # begin nothing
      true

runners:
  local:
    # which is here
    load: galaxy.jobs.runners.local:LocalJobRunner
...
# not read any more
"""

FLOW = """\
runners: {local: {load: "galaxy.jobs.runners.local:LocalJobRunner"}}  # one line
execution: {default: local, environments: {
    local: {runner: local}}}
tools: []
limits: [ ]
"""

JSON = """\
{
    "runners": {
        "local": {"load": "galaxy.jobs.runners.local:LocalJobRunner", "workers": 1}
    },
    "execution": {"environments": {"local": {"runner": "local"}}, "default": "local"},
    "tools": [], "limits": []
}
"""

INLINE = """\
uwsgi:
  http: 127.0.0.1:8080
gravity:
  galaxy_user: galaxy

galaxy:
  ##
  ## Galaxy is configured by default to be usable in a single-user development environment.
  ##
  database_connection: postgresql://galaxy:database-word@localhost/galaxy
  id_secret: 'idsecret-word'   # never show this
  outputs_to_working_directory: true
  job_config:
    runners:
      local_runner:
        load: galaxy.jobs.runners.local:LocalJobRunner
        workers: 4
      slurm:
        load: galaxy.jobs.runners.slurm:SlurmJobRunner
    handling:
      assign:
        - db-skip-locked
    execution:
      default: tpv_dispatcher
      environments:
        local_env:
          runner: local_runner
          tmp_dir: true
        tpv_dispatcher:
          runner: dynamic
          type: python
          function: map_tool_to_destination
          rules_module: tpv.rules
          tpv_config_files:
            - https://gxy.io/tpv/db.yml
            - config/tpv_rules_local.yml
    tools:
      - class: local
        environment: local_env
  brand: "Example"
"""

ADVANCED_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- Job configuration of galaxy.example.org
     <plugin id="gone" type="runner" load="nothing"/> -->
<job_conf>
    <plugins workers="2">
        <!-- where uploads run -->
        <plugin id="local" type="runner" load="galaxy.jobs.runners.local:LocalJobRunner" workers="4"/>
        <plugin id='slurm' type='runner' load='galaxy.jobs.runners.slurm:SlurmJobRunner'>
            <param id="drmaa_library_path">/usr/lib/slurm-drmaa/lib/libdrmaa.so.1</param>
        </plugin>
\t</plugins>
    <handlers assign_with="db-skip-locked" />
    <destinations default="slurm_small">
        <destination id="slurm_small" runner="slurm" tags="cluster, small">
            <param id="nativeSpecification">--mem=3800 --comment='a &lt; b &amp; c > d'</param>
            <env id="LC_ALL">C</env>
            <resubmit condition="memory_limit_reached" destination="local"/>
        </destination>
        <destination id="local" runner="local"><param id="script"><![CDATA[ [ 1 < 2 ] && true ]]></param
        ></destination>
        <!-- <destination id="gpu" runner="slurm"/> -->
    </destinations>
    <resources default="cores">
        <group id="cores">cores,time</group>
    </resources>
    <tools>
        <tool id="upload1" destination="local"/><tool id="spades"
              destination="cluster" />
    </tools>
    <limits>
        <limit type="destination_user_concurrent_jobs" id="local">1</limit>
    </limits>
</job_conf>
"""

BASIC_XML = """\
<?xml version="1.0"?>
<job_conf>
    <plugins>
        <plugin id="local" type="runner" load="galaxy.jobs.runners.local:LocalJobRunner" workers="4"/>
    </plugins>
    <destinations>
        <destination id="local" runner="local"/>
    </destinations>
    <tools/>
</job_conf>"""

ONE_LINE_XML = (
    '<job_conf><plugins><plugin id="local" type="runner" load="galaxy.jobs.runners.local:LocalJobRunner"/>'
    "</plugins>"
    '<destinations default="local"><destination id="local" runner="local"/></destinations></job_conf>\n'
)

LATIN_XML = (
    '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!-- L\u00fcbeck -->\n' + BASIC_XML.partition("\n")[2]
)

SHAPES = (
    Shape("anchors", "job_conf.yml", ANCHORS.encode()),
    Shape("anchors with CRLF", "job_conf.yml", ANCHORS.replace("\n", "\r\n").encode()),
    Shape("minimal without a line break at its end", "job_conf.yml", MINIMAL.encode()),
    Shape("environments as a list", "job_conf.yml", LIST.encode()),
    Shape("with a byte order mark", "job_conf.yml", MINIMAL.encode("utf-8-sig")),
    Shape("in braces", "job_conf.yml", FLOW.encode()),
    Shape("JSON", "job_conf.yml", JSON.encode()),
    Shape("inline", "galaxy.yml", INLINE.encode()),
    Shape("inline with CRLF", "galaxy.yml", INLINE.replace("\n", "\r\n").encode()),
    Shape("advanced", "job_conf.xml", ADVANCED_XML.encode()),
    Shape("advanced with CRLF", "job_conf.xml", ADVANCED_XML.replace("\n", "\r\n").encode()),
    Shape("basic without a line break at its end", "job_conf.xml", BASIC_XML.encode()),
    Shape("in one line", "job_conf.xml", ONE_LINE_XML.encode()),
    Shape("Latin-1", "job_conf.xml", LATIN_XML.encode("latin-1")),
)
