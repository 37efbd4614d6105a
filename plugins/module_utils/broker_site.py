"""One Pulsar server at a message broker: what both sides have to agree on, derived from the inventory.

Private to the collection, for its filters on the control node: the roles ``rabbitmq`` and ``pulsar`` name
virtual hosts, users and secrets the same because both have them from here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TRANSPORTS = ("http", "amqp")


class BrokerSiteError(Exception):
    """The inventory does not say which broker a site has, or says it in two ways."""


@dataclass(frozen=True)
class BrokerSite:
    """One server with a virtual host and a user of its own at a broker, each named like the server."""

    host: str
    #: Empty for the only, unnamed instance of a host.
    instance: str
    #: The broker's name in the inventory.
    broker: str

    @property
    def name(self) -> str:
        """Return the name of the site, which no other one may have."""
        return f"{self.host}-{self.instance}" if self.instance else self.host

    def described(self) -> dict[str, str]:
        """Return what roles look at."""
        return {
            "host": self.host,
            "instance": self.instance,
            "name": self.name,
            "vhost": self.name,
            "user": self.name,
            "secret": f"broker/{self.name}",
            "broker": self.broker,
        }


def broker_sites(
    variables: Mapping[str, Mapping[str, Any]], hosts: Iterable[str], brokers: list[str]
) -> list[BrokerSite]:
    """Return the sites of *hosts*, in their order, given the variables of each and the names of all brokers.

    Raises BrokerSiteError for what cannot be meant: no broker, one that is not in the inventory, or two sites
    of one name.
    """
    sites: dict[str, BrokerSite] = {}
    for host in hosts:
        for site in _of_host(host, variables[host], brokers):
            taken = sites.setdefault(site.name, site)
            if taken is not site:
                raise BrokerSiteError(
                    f"{_where(taken)} and {_where(site)} would both be {site.name} at the broker: "
                    "give one of them another name"
                )
    return list(sites.values())


def _of_host(host: str, variables: Mapping[str, Any], brokers: list[str]) -> Iterator[BrokerSite]:
    if variables.get("pulsar_state") == "absent":
        return
    instances: Mapping[str, Any] = variables.get("pulsar_instances") or {"": {}}
    for name, overrides in sorted(instances.items()):
        settings = overrides or {}
        transport = settings.get("transport", variables.get("pulsar_transport", "http"))
        if transport not in TRANSPORTS:
            raise BrokerSiteError(f"pulsar_transport of {host} is {transport!r}: set it to http or amqp")
        if transport == "amqp" and settings.get("state") != "absent":
            yield BrokerSite(host, name, _broker(host, variables.get("pulsar_broker"), brokers))


def _broker(host: str, chosen: str | None, brokers: list[str]) -> str:
    if not brokers:
        raise BrokerSiteError(
            f"{host} has pulsar_transport amqp, and there is no broker: put the host that is to be one "
            "into the group pulsar_brokers"
        )
    broker = chosen or brokers[0]
    if broker not in brokers:
        near = difflib.get_close_matches(broker, brokers, n=1) or brokers
        raise BrokerSiteError(
            f"pulsar_broker of {host} is {broker}, which is not in the group pulsar_brokers: "
            f"did you mean {near[0]}?"
        )
    return broker


def _where(site: BrokerSite) -> str:
    return f"instance {site.instance} of {site.host}" if site.instance else f"host {site.host}"
