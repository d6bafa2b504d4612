"""Serving the application with uvicorn: one process, or several that share the port."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimcheck.errors import UsageError
from claimcheck.review.web.config import WebConfig, is_loopback
from claimcheck.store.open import Store, open_store

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["ServeOptions", "app_of_environment", "serve", "uvicorn_options"]

# How the workers, which start as new processes, learn what to serve.
_STORE, _ARCHIVE, _URL = "CLAIMCHECK_REVIEW_STORE", "CLAIMCHECK_REVIEW_ARCHIVE", "CLAIMCHECK_REVIEW_PUBLIC_URL"
_APP = "claimcheck.review.web.serve:app_of_environment"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where to listen, and the https address of a proxy before it."""

    store: str
    archive: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8765
    workers: int = 1
    public_url: str = ""

    def __post_init__(self) -> None:
        WebConfig(self.public_url)
        if not is_loopback(self.host) and not self.public_url:
            raise UsageError(
                f"found --host {self.host}, which others can reach, without --public-url https://…; passwords do not "
                "travel in the clear: put a proxy with TLS before it (with --host 127.0.0.1 if on this machine)"
            )

    @property
    def address(self) -> str:
        """The address that people open."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"


def uvicorn_options(options: ServeOptions) -> Mapping[str, Any]:
    """Return how uvicorn is to listen: bounded in every direction, silent about itself."""
    return {
        "host": options.host,
        "port": options.port,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "ws": "none",
        "lifespan": "off",
        "backlog": 256,
        "limit_concurrency": 256,
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": 10,
        # The supervisor takes a worker that is only busy for a dead one after 5 seconds, and its requests are lost.
        "timeout_worker_healthcheck": 60,
        "h11_max_incomplete_event_size": 32 * 1024,
        # Only a proxy on this machine is believed about whom it speaks for, and only where one is expected.
        "proxy_headers": bool(options.public_url),
        "forwarded_allow_ips": "127.0.0.1",
    }


def serve(options: ServeOptions) -> None:
    """Serve until stopped.

    :raises UsageError: when the port is taken.
    """
    import uvicorn

    _require_free_port(options)
    os.environ[_STORE] = options.store
    os.environ[_URL] = options.public_url
    if options.archive:
        os.environ[_ARCHIVE] = str(options.archive)
    uvicorn.run(_APP, factory=True, workers=options.workers, **uvicorn_options(options))


def app_of_environment() -> "FastAPI":
    """Return the application that ``serve`` wrote into the environment: each worker makes its own."""
    from claimcheck.review.web.app import create_app

    archive = os.environ.get(_ARCHIVE)
    store = open_store(os.environ[_STORE], archive=Path(archive) if archive else None, create=False)
    _warm(store)
    return create_app(store, WebConfig(os.environ.get(_URL, "")))


def _warm(store: Store) -> None:
    """Read what the first pages would wait seconds for, beside them: the queue's columns, the packs of the verdicts."""
    from threading import Thread

    from sqlalchemy import select

    from claimcheck.review.columns import columns_of
    from claimcheck.review.evidence import pack_records
    from claimcheck.store.models import VersionRow

    def read() -> None:
        with store.session() as session:
            columns_of(session, None)
            packs = list(session.scalars(select(VersionRow.pack).distinct()))
        for pack in packs:
            pack_records(pack)

    Thread(target=read, daemon=True).start()


def _require_free_port(options: ServeOptions) -> None:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {options.host} port {options.port} ({error.strerror}); choose another with --port"
            ) from error
