"""Who may speak to the review server: whoever came by a link that it printed, from its own page, by its own name.

A link's token is used once and becomes a cookie that scripts cannot read and other sites cannot send. What changes
anything has to come from the server's own page: the browser says so in ``Origin``, and the page by a word of its own
session. The name by which the server is called has to be its own, so that a foreign site that points its name at this
machine reaches nothing.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jobs.errors import UsageError

TOKEN_BYTES = 32
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SELF_CONTAINED = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For a page that has its style inside and asks for nothing; no script may run in it either."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer."""


def origin(text: str) -> str:
    """Return an address such as ``https://review.example.org``, checked.

    Raises:
        UsageError: it is no such address, or would send a token in the clear.
    """
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.username:
        raise UsageError("--origin takes the address of a proxy that speaks TLS, such as https://review.example.org")
    return f"https://{parts.netloc}"


@dataclass
class Guard:
    """Knows who may speak to one server; never shows a token in ``repr``.

    Attributes:
        port: that it listens on.
        reviewers: their names.
        origin: what it is called from outside, if a proxy stands before it.
    """

    port: int
    reviewers: tuple[str, ...]
    origin: str | None = None
    _links: dict[str, str] = field(default_factory=dict, repr=False)
    _sessions: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    _used: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Make a token for each reviewer."""
        self._links = {secrets.token_urlsafe(TOKEN_BYTES): name for name in self.reviewers}

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies are shared by all ports of a machine."""
        return f"faceveil_review_{self.port}"

    @property
    def origins(self) -> tuple[str, ...]:
        """What it may be called by."""
        return (self.origin,) if self.origin else tuple(f"http://{host}:{self.port}" for host in LOOPBACK)

    def links(self) -> dict[str, str]:
        """Return reviewer to the link that lets her in, once; to be printed, and nowhere else written."""
        return {name: f"{self.origins[0]}/?token={token}" for token, name in self._links.items()}

    def enter(self, token: str) -> str | None:
        """Return a new session for a token that was not used yet."""
        found = next((one for one in self._links if hmac.compare_digest(one.encode(), token.encode())), None)
        if found is None:
            return None
        session = secrets.token_urlsafe(TOKEN_BYTES)
        self._sessions[session] = self._links.pop(found), secrets.token_urlsafe(TOKEN_BYTES)
        self._used[session] = found
        return session

    def came_by(self, token: str, session: str | None) -> bool:
        """Return whether a session began by this link, so that whoever opens it once more is in already."""
        begun = self._used.get(session or "", "")
        return bool(begun) and hmac.compare_digest(begun.encode(), token.encode())

    def who(self, session: str | None) -> tuple[str, str] | None:
        """Return a session's reviewer and the word of its page."""
        if session is None:
            return None
        for one, found in self._sessions.items():
            if hmac.compare_digest(one.encode(), session.encode()):
                return found
        return None

    def called_by_name(self, host: str | None) -> bool:
        """Return whether a request's ``Host`` is the server's own name."""
        return host in {urlsplit(one).netloc for one in self.origins}

    def from_own_page(self, origin_: str | None, word: str | None, session: str | None) -> bool:
        """Return whether a request that changes something comes from a page of this session."""
        found = self.who(session)
        if found is None or word is None or origin_ not in self.origins:
            return False
        return hmac.compare_digest(found[1].encode(), word.encode())
