"""The application: routes, errors and the gate before them, put together for a store."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from claimcheck.review.web import api, api_people, login
from claimcheck.review.web.config import WebConfig
from claimcheck.review.web.deps import Asking
from claimcheck.review.web.pages import routes
from claimcheck.review.web.pages.rendering import render
from claimcheck.review.web.problems import Problem, add_handlers
from claimcheck.review.web.security import Gate
from claimcheck.store.open import Store
from claimcheck.version import __version__

__all__ = ["create_app"]

OPENAPI = "/api/v1/openapi.json"
_SUMMARY = "The reviewers' workbench of claimcheck: flagged claims decided, with a trail."
_CHANGES = frozenset({"post", "put", "patch", "delete"})


class _Static(StaticFiles):
    """Static files that a browser keeps: their address changes with their content (``?v=``)."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a file, to be kept for a year when its address names its version."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        is_named = scope.get("query_string", b"").startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_named else "no-cache"
        return response


def create_app(store: Store, config: WebConfig | None = None) -> FastAPI:
    """Return the application on an open store."""
    config = config or WebConfig()
    app = FastAPI(
        title="claimcheck review",
        summary=_SUMMARY,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.store, app.state.config = store, config
    add_handlers(app)
    app.include_router(login.router)
    app.include_router(api.router)
    app.include_router(api_people.router)
    app.add_api_route(OPENAPI, _openapi, methods=["GET"], include_in_schema=False)
    app.add_api_route("/api/v1/docs", _docs, methods=["GET"], include_in_schema=False)
    app.routes.extend(routes())
    app.mount("/static", _Static(directory=Path(__file__).parent / "static"), name="static")
    app.add_middleware(Gate, config=config)
    return app


def _openapi(request: Request) -> JSONResponse:
    """Return the OpenAPI document: it says nothing of the store, and needs no sign-in."""
    return JSONResponse(document_of(request.app))


def _docs(request: Request, caller: Asking) -> HTMLResponse:
    """Return the API's operations as a page."""
    values = {
        "account": caller.account,
        "csrf": caller.csrf,
        "path": request.url.path,
        "operations": _operations(document_of(request.app)),
        "openapi": OPENAPI,
    }
    return HTMLResponse(render("api.html", values))


def document_of(app: FastAPI) -> dict[str, Any]:
    """Return the application's OpenAPI document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            routes=app.routes,
            tags=[{"name": name} for name in ("session", "queue", "findings", "decisions", "views")],
        )
        schemas = made["components"]["schemas"]
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {}) | {"Problem": problem}
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        _secure(made, app.state.config)
        app.openapi_schema = made
    return app.openapi_schema


def _secure(document: dict[str, Any], config: WebConfig) -> None:
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token made under Account or by POST /tokens."},
        "cookie": {"type": "apiKey", "in": "cookie", "name": config.cookie, "description": "A browser's session."},
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "With the cookie, to change.",
        },
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if (path, method) == ("/api/v1/session", "post"):
                continue
            needs: dict[str, list[str]] = {"cookie": [], **({"csrf": []} if method in _CHANGES else {})}
            operation["security"] = [{"token": []}, needs]


def _operations(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the operations in their order, each with what the page shows of it."""
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            name = str(body.get("$ref", "")).rpartition("/")[2]
            fields = document["components"]["schemas"].get(name, {})
            found.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "words": " ".join(str(operation.get("description", "")).replace("``", "").split()),
                    "parameters": [
                        {"name": item["name"], "where": item["in"]} for item in operation.get("parameters", [])
                    ],
                    "fields": [
                        {"name": field, "required": field in fields.get("required", [])}
                        for field in fields.get("properties", {})
                    ],
                }
            )
    return found
