"""The review server: a page, its two files, what they ask for, and the dashboard; whoever is not let in gets nothing.

Runs on a reviewer's machine or beside the lake, on loopback. FastAPI answers, uvicorn listens; no request is logged,
since the first one holds a token.
"""

import json
import socket
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.telemetry import TelemetryConfig
from jinja2 import BaseLoader, Environment, StrictUndefined

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.outcome import BadImageError
from jobs.errors import LakeBusyError, StoreError, UsageError
from jobs.reviewing.asking import AT_ONCE, WHY_MOST, Ask, StaleError
from jobs.reviewing.desk import Desk, GoneError
from jobs.reviewing.guard import HEADERS, SELF_CONTAINED, Guard
from jobs.reviewing.queue import STATES, Filter, Item

HOST = "127.0.0.1"
MOST_BYTES = 1 << 18
"""Of what a page sends."""
_SCRIPTS = ("review.js", "shared.js", "list.js", "image.js", "drawing.js", "sending.js")
_FILES = {"review.css": "text/css"} | dict.fromkeys(_SCRIPTS, "text/javascript")
_STRANGER = (
    "Open the link that faceveil review printed: it lets one browser in, once.\n"
    "A link that was used elsewhere, or is of an earlier start, lets nobody in: start faceveil review anew for one.\n"
)
_OTHER_PAGE = (
    "another link was opened in this browser, or the server was started anew; reload the page and see whose name it "
    "shows. Two people need two browsers"
)
_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""Whatever else of this process is watched, addresses and answers here are not: they have tokens and ids in them."""
Next = Callable[[Request], Awaitable[Response]]
Overview = Callable[[], str]
"""The dashboard of the lake as it is now, as HTML that asks for nothing."""


def app(desk: Desk, guard: Guard, overview: Overview) -> FastAPI:
    """Return the application."""
    made = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=_TELEMETRY)
    _protect(made, guard)

    @made.get("/dashboard")
    def told() -> Response:
        return HTMLResponse(overview(), headers={"Content-Security-Policy": SELF_CONTAINED})

    _pages(made, guard)
    _images(made, desk)

    @made.post("/api/decisions")
    async def decided(request: Request) -> Response:
        name, _ = guard.who(request.cookies.get(guard.cookie)) or ("", "")
        asks = _asks(await _body(request))
        return JSONResponse(vars(await run_in_threadpool(desk.decide, asks, name)))

    return made


def _protect(made: FastAPI, guard: Guard) -> None:
    @made.middleware("http")
    async def guarded(request: Request, call_next: Next) -> Response:
        try:
            answer = _refused(request, guard) or await call_next(request)
        except Exception as error:  # noqa: BLE001 - what nobody foresaw may quote the lake: its kind alone is told
            said = f"the server failed ({type(error).__name__}); see docs/review.md, and report it"
            answer = JSONResponse({"error": said}, 500)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    @made.exception_handler(FaceveilError)
    def failed(_: Request, error: FaceveilError) -> Response:
        return JSONResponse({"error": str(error)}, _status(error))

    @made.exception_handler(BadImageError)
    def unseen(_: Request, error: BadImageError) -> Response:
        return JSONResponse({"error": f"this picture cannot be shown: {error.reason.value}"}, 404)


def _pages(made: FastAPI, guard: Guard) -> None:
    @made.get("/")
    def page(request: Request, token: str | None = None) -> Response:
        if token is not None:
            return _entered(guard, token, request.cookies.get(guard.cookie))
        name, word = guard.who(request.cookies.get(guard.cookie)) or ("", "")
        return HTMLResponse(_page(name, word))

    @made.get("/{name}")
    def file(name: str) -> Response:
        if name == "favicon.ico":  # browsers ask for it unasked
            return Response(status_code=204)
        if name not in _FILES:
            return JSONResponse({"error": "there is nothing of this name"}, 404)
        return Response(_read(name), media_type=_FILES[name])


def _images(made: FastAPI, desk: Desk) -> None:
    @made.get("/api/queue")
    def listed(request: Request) -> Response:
        asked = request.query_params
        below = asked.get("below")
        words = {name: asked.get(name) for name in ("reason", "policy", "run", "state")}
        found = desk.listing(Filter(**words, below=_share(below) if below else None))
        items = [one.as_list() for one in found.items]
        return JSONResponse({"items": items, "total": found.total, "known": found.known})

    @made.get("/api/audit")
    def audited() -> Response:
        far, drawn = desk.audit()
        items = [Item(one, 0.0, "audit", "", "", None, 0).as_list() for one in drawn]
        return JSONResponse({"audit": far.as_dict(), "items": items})

    @made.get("/api/images/{image_id}")
    def detail(image_id: str) -> Response:
        return JSONResponse(desk.detail(image_id))

    @made.get("/pictures/{image_id}/{which}")
    def picture(image_id: str, which: str) -> Response:
        if which not in {"result", "source"}:
            return JSONResponse({"error": "there is nothing of this name"}, 404)
        content, media = desk.result(image_id) if which == "result" else desk.source(image_id)
        return Response(content, media_type=media)


def _refused(request: Request, guard: Guard) -> Response | None:
    """Return why a request gets no answer; none where it may have one."""
    if not guard.called_by_name(request.headers.get("host")):
        return PlainTextResponse("this server is not called so\n", 421)
    session = request.cookies.get(guard.cookie)
    if guard.who(session) is None and not (request.url.path == "/" and "token" in request.query_params):
        return PlainTextResponse(_STRANGER, 401)
    if request.method not in {"GET", "HEAD"}:
        own = guard.from_own_page(request.headers.get("origin"), request.headers.get("x-faceveil"), session)
        if not own:
            return JSONResponse({"error": _OTHER_PAGE}, 403)
    return None


def _entered(guard: Guard, token: str, before: str | None) -> Response:
    if guard.came_by(token, before):
        return RedirectResponse("/", 303)
    session = guard.enter(token)
    if session is None:
        return PlainTextResponse(_STRANGER, 401)
    answer = RedirectResponse("/", 303)
    secure = guard.origin is not None
    answer.set_cookie(guard.cookie, session, httponly=True, samesite="strict", secure=secure, path="/")
    return answer


async def _body(request: Request) -> bytes:
    out = bytearray()
    async for some in request.stream():
        out += some
        if len(out) > MOST_BYTES:
            raise UsageError(f"a page sends at most {MOST_BYTES} bytes at a time")
    return bytes(out)


def _asks(body: bytes) -> list[Ask]:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise UsageError("expected JSON") from error
    some = said.get("decisions") if isinstance(said, dict) else None
    if not isinstance(some, list) or not 1 <= len(some) <= AT_ONCE:
        raise UsageError(f"expected decisions: a list of 1 to {AT_ONCE}")
    return [Ask.of(one) for one in some]


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError("below takes a confidence in [0, 1]")
    return value


def _status(error: FaceveilError) -> int:
    if isinstance(error, StaleError):
        return 409
    if isinstance(error, GoneError):
        return 404
    if isinstance(error, UsageError):
        return 400
    return 503 if isinstance(error, LakeBusyError | StoreError) else 500


def _page(name: str, word: str) -> str:
    environment = Environment(loader=BaseLoader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(_read("page.html"))
    return template.render(reviewer=name, word=word, states=STATES, why_most=WHY_MOST) + "\n"


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def listening(port: int) -> socket.socket:
    """Return a socket that listens on loopback; port 0 takes a free one.

    Raises:
        UsageError: the port is taken.
    """
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
    except OSError as error:
        made.close()
        raise UsageError(f"port {port} cannot be had: {error.strerror}; give another --port, or 0 for any") from error
    return made


def server(made: FastAPI) -> uvicorn.Server:
    """Return what serves an application; its ``run`` takes the sockets, ``should_exit`` ends it."""
    told: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False, "lifespan": "off"}
    return uvicorn.Server(uvicorn.Config(made, **told))
