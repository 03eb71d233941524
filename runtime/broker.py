"""How a client reaches the broker: the one place that knows of encryption and of signing in."""

from typing import Any

from aiokafka.helpers import create_ssl_context

from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Kafka


def reach(kafka: Kafka) -> dict[str, Any]:
    """What every aiokafka client is told. Raises SetupError where a file of the settings is none."""
    told: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "security_protocol": kafka.security_protocol,
    }
    if kafka.is_encrypted:
        told["ssl_context"] = _ssl(kafka)
    if kafka.signs_in:
        assert kafka.sasl_password is not None
        told["sasl_mechanism"] = kafka.sasl_mechanism
        told["sasl_plain_username"] = kafka.sasl_username
        told["sasl_plain_password"] = kafka.sasl_password.get_secret_value()
    return told


def _ssl(kafka: Kafka) -> Any:
    try:
        return create_ssl_context(
            cafile=kafka.ssl_ca_file,
            certfile=kafka.ssl_certificate_file,
            keyfile=kafka.ssl_key_file,
        )
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise SetupError(
            "THROUGHCARE_KAFKA__SSL_CA_FILE, …SSL_CERTIFICATE_FILE and …SSL_KEY_FILE must be PEM "
            "files that this process may read, the last two of one pair."
        ) from None
