from __future__ import annotations

from typing import Any

import pytest

from plugins.filter.instances import FilterModule

instances = FilterModule().filters()["instances"]

SETTINGS: dict[str, Any] = {
    "state": "started",
    "transport": "http",
    "root": "/srv/pulsar",
    "config_dir": "/srv/pulsar/config",
    "staging_dir": "/srv/pulsar/files/staging",
    "persistence_dir": "/srv/pulsar/files/persisted_data",
    "host": "127.0.0.1",
    "port": 8913,
    "url": "",
    "managers": {"_default_": {"type": "queued_python"}},
    "yaml_config": {},
    "environment": {},
    "instances": {},
    "retention_days": 0,
    "minimum_free_mb": 0,
    "open_files": 65536,
    "web_memory_max": "",
    "agent_memory_max": "",
    "service": "system",
    "user": "pulsar",
    "python": "python3",
}


def only(**chosen: object) -> dict[str, Any]:
    (instance,) = instances({**SETTINGS, **chosen}, "10.0.0.7")
    return instance


def test_without_names_there_is_one_instance_of_the_plain_variables() -> None:
    instance = only()
    assert instance["name"] == instance["prefix"] == "pulsar"
    assert instance["home"] == "/srv/pulsar"
    assert instance["config_file"] == "/srv/pulsar/config/app.yml"
    assert instance["listen"] == "127.0.0.1:8913"
    assert instance["url"] == instance["local_url"] == "http://127.0.0.1:8913/"
    assert instance["config"] == {
        "staging_directory": "/srv/pulsar/files/staging",
        "persistence_directory": "/srv/pulsar/files/persisted_data",
        "managers": {"_default_": {"type": "queued_python"}},
        "web": {"bind": "127.0.0.1:8913"},
    }


def test_an_instance_whose_jobs_run_as_their_users_has_a_launcher_for_its_own_directories() -> None:
    users: dict[str, Any] = {"type": "queued_slurm", "real_users": True, "staging_directory": "/shared"}
    chosen = {"environment": {"SLURM_CONF": "/etc/slurm.conf"}, "managers": {"a": {}, "b": users}}
    instance = only(**chosen)
    assert instance["real_users"] is True
    assert instance["launcher"]["staging"] == ["/shared", "/srv/pulsar/files/staging"]
    assert instance["launcher"]["environment"] == {"SLURM_CONF": "/etc/slurm.conf"}
    assert (only()["real_users"], only()["launcher"]) == (False, None)


@pytest.mark.parametrize("without", [{"state": "absent"}, {"service": "script"}])
def test_nothing_is_granted_to_an_instance_that_goes_or_has_no_root(without: dict[str, str]) -> None:
    users = {"type": "queued_slurm", "real_users": True}
    assert only(managers={"_default_": users}, **without)["launcher"] is None


def test_named_instances_have_places_and_units_of_their_own() -> None:
    one, two = instances({**SETTINGS, "instances": {"two": {"port": 2}, "one": None}}, "10.0.0.7")
    assert (one["name"], one["prefix"], one["port"]) == ("one", "pulsar-one", 8913)
    assert (two["name"], two["prefix"], two["port"]) == ("two", "pulsar-two", 2)
    assert one["token_file"] == "/srv/pulsar/instances/one/config/private_token"
    assert one["config"]["staging_directory"] == "/srv/pulsar/instances/one/files/staging"
    assert set(one["units"]) == {
        "pulsar-one.target",
        "pulsar-one-web.socket",
        "pulsar-one-web.service",
        "pulsar-one-agent.service",
        "pulsar-one-retention.timer",
        "pulsar-one-retention.service",
    }
    shared = [key for key in ("home", "config_dir", "staging_dir", "persistence_dir") if one[key] == two[key]]
    assert shared == []
    assert not set(one["units"]) & set(two["units"])


@pytest.mark.parametrize(
    ("host", "listen", "local_url", "url"),
    [
        ("0.0.0.0", "0.0.0.0:8913", "http://127.0.0.1:8913/", "http://10.0.0.7:8913/"),  # noqa: S104 (text)
        ("::", "[::]:8913", "http://[::1]:8913/", "http://10.0.0.7:8913/"),
        ("fd00::1", "[fd00::1]:8913", "http://[fd00::1]:8913/", "http://[fd00::1]:8913/"),
    ],
)
def test_others_reach_a_server_that_listens_everywhere_by_the_address_of_the_inventory(
    host: str, listen: str, local_url: str, url: str
) -> None:
    instance = only(host=host)
    assert (instance["listen"], instance["local_url"], instance["url"]) == (listen, local_url, url)
    assert instance["config"]["web"]["bind"] == listen


def test_a_url_that_was_chosen_is_the_one_for_others() -> None:
    assert only(url="https://pulsar.example.org/")["url"] == "https://pulsar.example.org/"


def test_further_configuration_is_laid_over_the_variables_but_not_over_the_address() -> None:
    config = only(
        retention_days=3, yaml_config={"web": {"workers": 4, "bind": "x"}, "disk": {"minimum_free_mb": 5}}
    )["config"]
    assert config["web"] == {"workers": 4, "bind": "127.0.0.1:8913"}
    assert config["disk"] == {"minimum_free_mb": 5}
    assert config["retention"] == {"days": 3}


def test_what_the_server_writes_to_is_every_directory_that_the_configuration_names() -> None:
    """The unit of the web server makes the rest of the host read-only."""
    managers = {"_default_": None, "big": {"staging_directory": "/data/big"}}
    assert only(managers=managers, yaml_config={"file_cache_dir": "/cache"})["writable"] == [
        "/cache",
        "/data/big",
        "/srv/pulsar/files/persisted_data",
        "/srv/pulsar/files/staging",
    ]


def test_an_instance_may_be_absent_alone_and_is_when_all_are() -> None:
    chosen = {"one": {"state": "absent"}, "two": {"state": "stopped"}}
    states = [each["state"] for each in instances({**SETTINGS, "instances": chosen}, "h")]
    assert states == ["absent", "stopped"]
    everything = instances({**SETTINGS, "instances": chosen, "state": "absent"}, "h")
    assert [each["state"] for each in everything] == ["absent", "absent"]


def test_the_token_is_data_and_the_configuration_is_not() -> None:
    """What `absent` leaves unless it is told otherwise."""
    instance = only()
    assert instance["config_file"] in instance["files"]
    assert instance["token_file"] in instance["data"]
    assert instance["staging_dir"] in instance["data"]
    assert not set(instance["files"]) & set(instance["data"])


SITE = {"instance": "", "vhost": "worker1", "ca": ""}


def at_broker(**chosen: object) -> dict[str, Any]:
    (instance,) = instances({**SETTINGS, "transport": "amqp"}, "10.0.0.7", [{**SITE, **chosen}])
    return instance


def test_a_server_at_a_broker_is_the_agent_alone_and_listens_nowhere() -> None:
    instance = at_broker()
    assert instance["units"] == [
        "pulsar.target",
        "pulsar-agent.service",
        "pulsar-retention.timer",
        "pulsar-retention.service",
    ]
    assert instance["outdated_units"] == ["pulsar-web.socket", "pulsar-web.service"]
    assert instance["site"] == SITE
    assert not {"host", "port", "listen", "local_url", "url"} & instance.keys()
    assert "web" not in instance["config"]


def test_the_password_at_the_broker_is_in_a_file_that_the_configuration_names() -> None:
    config_dir = SETTINGS["config_dir"]
    instance = at_broker()
    assert instance["config"]["message_queue_url_file"] == f"{config_dir}/broker_url"
    assert "amqp_connect_ssl_ca_certs" not in instance["config"]
    assert instance["sources"] == [f"{config_dir}/app.yml", f"{config_dir}/broker_url"]


def test_authorities_that_were_named_are_the_only_ones_for_the_broker() -> None:
    config_dir = SETTINGS["config_dir"]
    instance = at_broker(ca="/control/ca.pem")
    assert instance["config"]["amqp_connect_ssl_ca_certs"] == f"{config_dir}/ca.pem"
    assert instance["sources"][-1] == f"{config_dir}/ca.pem"


def test_what_another_transport_has_left_is_outdated() -> None:
    assert only()["outdated"] == ["/srv/pulsar/config/broker_url", "/srv/pulsar/config/ca.pem"]
    assert only()["outdated_units"] == []
    assert at_broker()["outdated"] == ["/srv/pulsar/config/ca.pem", "/srv/pulsar/config/private_token"]
    assert at_broker(ca="/ca.pem")["outdated"] == ["/srv/pulsar/config/private_token"]
    assert set(only()["outdated"]) <= set(at_broker()["files"])


def test_each_instance_has_the_site_of_its_name() -> None:
    chosen = {"one": {"transport": "amqp"}, "two": None}
    site = {"instance": "one", "vhost": "worker1-one", "ca": ""}
    one, two = instances({**SETTINGS, "instances": chosen}, "10.0.0.7", [site])
    assert one["site"] == site
    assert (two["transport"], two["port"]) == ("http", 8913)


def test_a_server_that_is_to_vanish_needs_no_broker() -> None:
    (instance,) = instances({**SETTINGS, "transport": "amqp", "state": "absent"}, "10.0.0.7")
    assert "pulsar-agent.service" in instance["units"]
    assert "/srv/pulsar/config/broker_url" in instance["files"]
