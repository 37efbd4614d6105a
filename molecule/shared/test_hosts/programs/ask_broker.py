"""Connect to the broker with a server's own account, and say what came of it.

A program for a server's host, where the server's environment has a library for AMQP and its configuration the
account. Prints one line: `done`, or what went wrong.
"""

from __future__ import annotations

import argparse
import ssl
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import kombu
from amqp.exceptions import AMQPError

URL = Path("/srv/pulsar/config/broker_url")
LIMIT = 10


def main() -> None:
    """Connect, and do what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--vhost", required=True)
    parser.add_argument("--ca", required=True, help="certificates of those who may vouch for the broker")
    parser.add_argument("--declare", help="make this queue")
    parser.add_argument("--read", help="take a message from this queue")
    options = parser.parse_args()
    url = urlsplit(URL.read_text().strip())
    connection = kombu.Connection(
        transport="pyamqp",
        hostname=url.hostname,
        port=url.port,
        userid=unquote(url.username or ""),
        password=unquote(url.password or ""),
        virtual_host=options.vhost,
        connect_timeout=LIMIT,
        ssl={"ca_certs": options.ca, "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": url.hostname},
    )
    try:
        connection.connect()
        channel = connection.channel()
        if options.declare:
            channel.queue_declare(options.declare, durable=True, auto_delete=False)
        if options.read:
            channel.basic_get(options.read)
    except (AMQPError, OSError) as error:
        sys.stdout.write(f"{error}\n")
    else:
        sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
