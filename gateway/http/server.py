"""uvicorn inside the process: its loop, its signals and its end are ours."""

import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Http


class Server(uvicorn.Server):
    """Leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def bind(http: Http) -> socket.socket:
    """The listening socket; raises SetupError where the address is taken."""
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    try:
        return socket.create_server((http.host, http.port), family=family, backlog=512)
    except OSError:
        raise SetupError(
            f"Port {http.port} on {http.host} cannot be had: stop what uses it, "
            "or set THROUGHCARE_HTTP__PORT to another."
        ) from None


def make_server(app: ASGIApp) -> Server:
    return Server(
        uvicorn.Config(
            app,
            loop="none",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
            limit_concurrency=1_000,
        )
    )
