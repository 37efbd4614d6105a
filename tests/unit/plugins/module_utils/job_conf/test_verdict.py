from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.module_utils.job_conf.endpoint import Endpoint
from plugins.module_utils.job_conf.keys import PREFIX, RUNNER_CLASSES, RUNNER_KEYS
from plugins.module_utils.job_conf.verdict import judge
from tests.galaxy_side.galaxy_judge import GalaxyJudge

REST = {"url": "https://pulsar.example.org/", "private_token": "word"}
MQ = {"jobs_directory": "/srv/staging"}
BROKER = {"amqp_url": "pyamqp://galaxy@broker.example.org/site"}

#: A value for each parameter of a runner, in the form of a person who writes YAML.
EXAMPLES: dict[str, Any] = {
    "amqp_ack_republish_time": 300,
    "amqp_acknowledge": True,
    "amqp_connect_ssl_ca_certs": "/etc/ca.pem",
    "amqp_connect_ssl_cert_reqs": "cert_required",
    "amqp_connect_ssl_certfile": "/etc/cert.pem",
    "amqp_connect_ssl_keyfile": "/etc/key.pem",
    "amqp_consumer_timeout": 2.0,
    "amqp_key_prefix": "site_",
    "amqp_publish_delivery_mode": "transient",
    "amqp_publish_priority": 9,
    "amqp_publish_retry": "true",
    "amqp_publish_retry_interval_max": 60,
    "amqp_publish_retry_interval_start": 1,
    "amqp_publish_retry_interval_step": 1,
    "amqp_publish_retry_max_retries": 60,
    "amqp_url": "memory://",
    "cache": False,
    "enabled": True,
    "galaxy_url": "https://galaxy.example.org",
    "manager": "production",
    "persistence_directory": "/srv/acknowledgements",
    "pulsar_app_config": {"a": 1},
    "pulsar_config": "/etc/pulsar.yml",
    "recheck_missing_job_retries": 2,
    "relay_password": "word",
    "relay_topic_prefix": "x",
    "relay_url": "https://relay.example.org",
    "relay_username": "galaxy",
    "remote_container_handling": True,
    "secret": "word",
    "transport": "curl",
    "transport_timeout": 30,
}


def endpoint(
    kind: str = "PulsarRESTJobRunner",
    params: dict[str, Any] | None = None,
    runner: dict[str, Any] | None = None,
    **further: Any,  # noqa: ANN401 (sections)
) -> Endpoint:
    """Return an endpoint with one environment."""
    given = REST if params is None else params
    environment = {"id": "site", "runner": "r", "params": given, **further.pop("environment", {})}
    return Endpoint(
        further.pop("name", "site1"),
        {"id": "r", "load": f"{PREFIX}{kind}", "params": runner or {}},
        [environment, *further.pop("environments", [])],
        **further,
    )


def test_every_parameter_of_a_runner_has_an_example() -> None:
    assert EXAMPLES.keys() == RUNNER_KEYS.keys()
    assert judge(endpoint("PulsarMQJobRunner", MQ, EXAMPLES)).errors == []


@pytest.mark.parametrize("kind", ["PulsarRESTJobRunner", "PulsarMQJobRunner"])
def test_galaxys_runners_accept_what_is_accepted(
    galaxy_judge: GalaxyJudge, tmp_path: Path, kind: str
) -> None:
    """The runners connect to nothing yet; of a broker and a relay they want one."""
    path = tmp_path / "job_conf.yml"
    examples = {key: value for key, value in EXAMPLES.items() if not key.startswith("relay_")}
    runners = {"r": {"load": f"{PREFIX}{kind}", **examples}}
    path.write_text(
        yaml.safe_dump({"runners": runners, "execution": {"environments": {"e": {"runner": "r"}}}})
    )
    assert galaxy_judge.job_conf(path)["runners"]["r"]["refused"] is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("amqp_republish_time", 30),
        ("amqp_durable", True),
        ("amqp_heartbeat", 30),
        ("amqp_connect_ssl_server_hostname", "x"),
        ("amqp_publish_priority", 10),
        ("amqp_publish_priority", "high"),
        ("amqp_publish_delivery_mode", "sometimes"),
        ("transport", "wget"),
        ("recheck_missing_job_retries", -1),
        ("amqp_ack_republish_time", "soon"),
    ],
)
def test_what_galaxys_runners_refuse_is_refused(
    galaxy_judge: GalaxyJudge, tmp_path: Path, key: str, value: object
) -> None:
    path = tmp_path / "job_conf.yml"
    runners = {"r": {"load": f"{PREFIX}PulsarRESTJobRunner", key: value}}
    path.write_text(
        yaml.safe_dump({"runners": runners, "execution": {"environments": {"e": {"runner": "r"}}}})
    )
    assert galaxy_judge.job_conf(path)["runners"]["r"]["refused"]
    (error,) = judge(endpoint(runner={key: value})).errors
    assert error.startswith(f"runner r: {key} ")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (
            endpoint("PulsarKubernetesJobRunner"),
            "load is galaxy.jobs.runners.pulsar:PulsarKubernetesJobRunner, which",
        ),
        (endpoint(runner={"amqp_republish_time": 1}), "did you mean amqp_ack_republish_time?"),
        (endpoint(runner={"amqp_consumer_timeout": "soon"}), "amqp_consumer_timeout has to be a number"),
        (endpoint(runner={"amqp_connect_ssl_cert_reqs": "yes"}), "has to be cert_none, cert_optional or"),
        (endpoint(runner={"workers": 1}), "workers is no parameter: give it beside params"),
        (endpoint(params={**REST, "tags": "a"}), "environment site: tags is no parameter"),
        (endpoint(params={"private_token": "word"}), "environment site: url is missing"),
        (endpoint("PulsarMQJobRunner", {}, BROKER), "jobs_directory is missing, without which its jobs"),
        (endpoint("PulsarMQJobRunner", MQ), "PulsarMQJobRunner needs amqp_url or relay_url"),
        (
            endpoint("PulsarMQJobRunner", MQ, {**BROKER, "amqp_acknowledge": "true"}),
            "amqp_acknowledge does nothing without persistence_directory",
        ),
        (
            endpoint(
                "PulsarMQJobRunner",
                MQ,
                {"amqp_url": "amqp://x/y?ssl=1", "amqp_connect_ssl_ca_certs": "/etc/ca.pem"},
            ),
            "?ssl= in amqp_url switches off every amqp_connect_ssl_ parameter",
        ),
        (
            endpoint("PulsarMQJobRunner", {**MQ, "amqp_acknowledge": True}, BROKER),
            "environment site: amqp_acknowledge has no effect here: it belongs to the runner",
        ),
        (
            endpoint(params={**REST, "outputs_to_working_directory": "True"}),
            "outputs_to_working_directory has to be false",
        ),
        (
            endpoint(environment={"env": [{"name": "A", "file": "b"}]}),
            "exactly one of name, file and execute",
        ),
        (endpoint(environment={"env": [{"name": "A"}]}), "a variable of env has both a name and a value"),
        (endpoint(name="a--b"), "name is a--b, but has to consist of letters"),
        (endpoint(environments=[{"id": "site", "params": REST}]), "environments: site is given 2 times"),
        (
            endpoint(tools=[{"id": "a", "environment": "site"}, {"id": "A/", "environment": "site"}]),
            "tools: a is given 2 times",
        ),
        (endpoint(tools=[{"id": "a", "environment": None}]), "tool a goes to None, which is none of this"),
        (
            endpoint(limits=[{"type": "environment_total_concurrent_jobs", "tag": "t", "value": 1}]),
            "the limit environment_total_concurrent_jobs is for t, which is none of",
        ),
    ],
)
def test_what_would_lose_jobs_is_an_error(given: Endpoint, error: str) -> None:
    assert error in "; ".join(judge(given).errors)


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        (endpoint("PulsarMQJobRunner", {**MQ, **REST}, BROKER), "this runner does not read private_token"),
        (
            endpoint(params={**REST, "persistence_directory": "/x"}),
            "persistence_directory does nothing here: acknowledgement needs it on the runner",
        ),
        (endpoint(params={**REST, "jobs_dir": "/x"}), "did you mean jobs_directory?"),
        (endpoint(params={**REST, "qqq": "/x"}), "qqq is read by no runner of Pulsar's"),
        (
            endpoint("PulsarMQJobRunner", MQ, {"amqp_url": "amqp://x/y?ssl=1"}),
            "the name of the broker's host is not verified",
        ),
        (
            endpoint("PulsarMQJobRunner", MQ, {**BROKER, "amqp_ack_republish_time": 1}),
            "amqp_ack_republish_time does nothing without amqp_acknowledge",
        ),
    ],
)
def test_what_has_no_effect_is_a_warning(given: Endpoint, warning: str) -> None:
    verdict = judge(given)
    assert verdict.errors == []
    assert warning in "; ".join(verdict.warnings)


@pytest.mark.parametrize("kind", RUNNER_CLASSES)
def test_every_runner_is_one_of_galaxys(galaxy_judge: GalaxyJudge, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "job_conf.yml"
    runners = {"r": {"load": f"{PREFIX}{kind}", "bogus": 1}}
    path.write_text(
        yaml.safe_dump({"runners": runners, "execution": {"environments": {"e": {"runner": "r"}}}})
    )
    assert "bogus" in galaxy_judge.job_conf(path)["runners"]["r"]["refused"]


def test_an_endpoint_in_order_gives_no_cause_for_complaint() -> None:
    params = {
        **REST,
        "docker_enabled": True,
        "submit_native_specification": "-q x",
        "default_file_action": "copy",
    }
    assert judge(endpoint(params=params, tools=[{"id": "a", "environment": "site"}])) == ([], [])
