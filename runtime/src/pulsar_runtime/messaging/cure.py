"""What to do about a broker that refuses."""

from __future__ import annotations

#: By what the broker, or TLS, says.
_CURES = {
    "ACCESS_REFUSED": "; check user, password and permissions in message_queue_url",
    "NOT_ALLOWED": "; check that the virtual host exists and that the user may enter it",
    "PRECONDITION_FAILED": "; its queues were made with another amqp_durable: set that, or remove them",
    "certificate verify failed": "; check amqp_connect_ssl_ca_certs, and the host name of message_queue_url",
}


def cure(said: str) -> str:
    """Return what follows on the broker's words; nothing if they are not known."""
    return next((text for sign, text in _CURES.items() if sign in said), "")
