"""The review server as a client on this machine meets it: who gets in, what it gives out, and what it takes."""

import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.decisions import Decisions
from jobs.errors import UsageError
from jobs.reviewing import guard as guards
from jobs.reviewing.desk import Desk
from jobs.reviewing.guard import Guard
from tests.support import reviewed
from tests.support.reviewed import Client


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Return a desk that no test decides anything at."""
    return reviewed.desk(tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def names(desk: Desk) -> dict[str, str]:
    """Return file name to image id of its lake."""
    return reviewed.ids(Path(desk.lake.uri.removeprefix("file://")).parent / "photos")


@pytest.fixture(scope="module")
def guard(desk: Desk) -> Iterator[Guard]:
    """Serve it to three people."""
    with reviewed.serving(desk, "anna", "ben", "cleo") as made:
        yield made


@pytest.fixture(scope="module")
def anna(guard: Guard) -> Client:
    """Return anna's browser, let in by her link."""
    return Client(guard.port).enter(guard.links()["anna"])


def ask(image: dict[str, Any], action: str, **said: Any) -> dict[str, Any]:
    """Return a decision as the page sends it about what it shows."""
    plain = {"decision_id": secrets.token_hex(16), "image_id": image["image_id"], "sha256": image["sha256"]}
    return plain | {"action": action} | said


@pytest.mark.parametrize(
    "path",
    ["/", "/review.js", "/dashboard", "/api/queue", "/api/audit", "/api/images/" + "0" * 32, "/pictures/x/result"],
)
def test_a_stranger_gets_nothing(guard: Guard, path: str) -> None:
    """Neither without a session, nor with one that is made up; the answer says what to do and nothing of the lake."""
    for cookie in ("", f"{guard.cookie}=x", f"{guard.cookie}=", "other=1"):
        status, headers, content = Client(guard.port, cookie).ask("GET", path)
        assert (status, b"link" in content) == (401, True)
        assert headers["cache-control"] == "no-store"


def test_a_link_lets_one_browser_in_once(guard: Guard) -> None:
    """Its token becomes a cookie that no script reads and no other site sends; the address then has it no more."""
    client, link = Client(guard.port), guard.links()["ben"]
    path = link[link.index("/?") :]
    status, headers, _ = client.ask("GET", path)
    assert (status, headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(headers["set-cookie"].split("; "))
    assert client.ask("GET", path)[0] == 401
    assert client.ask("GET", "/?token=x")[0] == 401
    mine = headers["set-cookie"].split(";")[0]
    status, headers, _ = Client(guard.port, mine).ask("GET", path)
    assert (status, headers["location"], "set-cookie" in headers) == (303, "/", False), "whoever is in opens it again"
    assert Client(guard.port, mine).ask("GET", "/?token=x")[0] == 401
    assert "ben" not in guard.links()
    assert path.removeprefix("/?token=") not in repr(guard)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_foreign_name_reaches_nothing(anna: Client, guard: Guard, host: str) -> None:
    """A site that points its own name at this machine is told so, cookie or not."""
    status, _, content = anna.ask("GET", "/api/queue", Host=host.format(port=guard.port) or "x")
    assert (status, b"image" in content) == (421, False)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "http://evil.example"}, id="another-page"),
        pytest.param({"Origin": "null"}, id="no-page"),
        pytest.param({"Origin": "http://127.0.0.1:1"}, id="another-port"),
        pytest.param({"X-Faceveil": "x"}, id="another-word"),
        pytest.param({"X-Faceveil": ""}, id="no-word"),
    ],
)
def test_another_page_changes_nothing(anna: Client, desk: Desk, headers: dict[str, str]) -> None:
    """Not even with the cookie, which a browser would not send there."""
    status, _, _ = anna.ask("POST", "/api/decisions", {"decisions": []}, **headers)
    assert status == 403
    assert Decisions(desk.lake).all() == ()


def test_every_answer_keeps_the_browser_from_more(anna: Client, names: dict[str, str]) -> None:
    """Nothing is stored, framed, sniffed, or loaded from elsewhere, and the page has nothing inline."""
    for path in ("/", "/review.js", "/review.css", f"/pictures/{names['a.png']}/result", "/nothing", "/api/images/x"):
        _, headers, _ = anna.ask("GET", path)
        assert {name: headers[name.lower()] for name in guards.HEADERS} == guards.HEADERS
        assert "server" not in headers
    page = anna.ask("GET", "/")[2].decode()
    assert "unsafe" not in guards.POLICY
    assert not any(word in page for word in ("<style", "style=", "onclick", "javascript:", "http:", "https:"))
    assert page.count("<script") == page.count("<script src=") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/../page.html",
        "/page.html",
        "/%2e%2e%2fserver.py",
        "/server.py",
        "/pictures/..%2f..%2fkey/result",
        "/pictures/{id}/key",
        "/api/images/{id}%27%20OR%201=1",
        "/docs",
        "/openapi.json",
    ],
)
def test_no_path_leads_to_a_file(anna: Client, names: dict[str, str], path: str) -> None:
    """What is there is there by its own name alone."""
    status, _, content = anna.ask("GET", path.format(id=names["a.png"]))
    assert status == 404
    assert b"import" not in content


def test_the_queue_begins_with_what_leaks_most(anna: Client, names: dict[str, str]) -> None:
    """What waits, and nothing that is released; filters take each other along."""
    found = anna.get("/api/queue")
    waiting = {names[name] for name in ("a.png", "b.png", "c.png")}
    assert (found["total"], found["items"][0][0], {one[0] for one in found["items"]}) == (3, names["b.png"], waiting)
    assert found["known"]["policy"] == {"partner": 1, "public": 2}
    for asked, expected in {
        "policy=partner": ["c.png"],
        "below=0.5": ["b.png"],
        "reason=unsure&run=run-1&policy=public": ["b.png", "a.png"],
        "run=another": [],
        "state=accepted": [],
        "state=all&policy=partner": ["c.png"],
    }.items():
        items = anna.get(f"/api/queue?{asked}")["items"]
        assert sorted(one[0] for one in items) == sorted(names[name] for name in expected), asked
    for asked in ("below=x", "below=2", "below=nan"):
        assert anna.ask("GET", f"/api/queue?{asked}")[0] == 400


def test_a_turned_picture_is_shown_upright_with_its_places(anna: Client, names: dict[str, str]) -> None:
    """Sides change places; the region lies where the mask is seen, and the browser has nothing left to turn."""
    found = anna.get(f"/api/images/{names['c.png']}")
    assert found["size"] == [64, 96]
    _, headers, content = anna.ask("GET", f"/pictures/{names['c.png']}/result")
    assert headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(content))
    assert (picture.size, picture.getexif().get(0x0112, 1)) == ((64, 96), 1)
    x0, y0, x1, y1 = (int(v) for v in found["regions"][0]["region"])
    assert (x1 - x0, y1 - y0) == (24, 24)
    inside = picture.convert("RGB").crop((x0, y0, x1, y1)).getcolors()
    assert inside == [(576, (40, 44, 52))]


def test_the_source_is_for_whoever_opens_the_vault(anna: Client, names: dict[str, str], tmp_path: Path) -> None:
    """Beside the release for one, not there for the other."""
    assert anna.get(f"/api/images/{names['a.png']}")["source"] is True
    content = anna.ask("GET", f"/pictures/{names['a.png']}/source")[2]
    assert Image.open(io.BytesIO(content)).convert("RGB").getpixel((40, 20)) == (250, 220, 40)
    without = reviewed.desk(tmp_path, vault=False)
    image_id = reviewed.ids(tmp_path / "photos")["a.png"]
    with reviewed.serving(without) as guard:
        client = Client(guard.port).enter(guard.links()["anna"])
        assert client.get(f"/api/images/{image_id}")["source"] is False
        assert client.ask("GET", f"/pictures/{image_id}/source")[0] == 404
        assert client.ask("GET", f"/pictures/{image_id}/result")[0] == 200


def test_a_reviewer_walks_through_all_decisions(tmp_path: Path) -> None:
    """Each is there at once, with who, when, what, why and where, and what it amounts to; then it is taken back."""
    desk = reviewed.desk(tmp_path)
    names = reviewed.ids(tmp_path / "photos")
    with reviewed.serving(desk, "anna", "ben") as guard:
        anna, ben = (Client(guard.port).enter(guard.links()[name]) for name in ("anna", "ben"))
        turned = anna.get(f"/api/images/{names['c.png']}")
        status, said = anna.decide(
            ask(turned, "add", box=[2, 4, 12, 20], why="  a\nhand "),
            ask(turned, "keep", region=0),
            ask(turned, "harder"),
        )
        assert (status, said["images"][0]["item"][-1]) == (200, "changed")
        made = Decisions(desk.lake).all()
        assert [(one.action, one.reviewer, one.why, one.least) for one in made] == [
            ("add", "anna", "a hand", None),
            ("keep", "anna", None, None),
            ("harder", "anna", None, 1),
        ]
        assert made[0].box == (4.0, 52.0, 20.0, 62.0)
        assert made[1].region == (32.0, 18.0, 50.0, 38.0)
        assert said["images"][0]["log"][0]["box"] == [2, 4, 12, 20]
        assert ben.get(f"/api/images/{names['c.png']}")["item"][-1] == "changed"
        plain = ben.get(f"/api/images/{names['a.png']}")
        assert ben.decide(ask(plain, "accept"))[1]["images"][0]["item"][-1] == "accepted"
        assert [one[0] for one in anna.get("/api/queue")["items"]] == [names["b.png"], names["c.png"]]
        assert [one[0] for one in anna.get("/api/queue?state=accepted")["items"]] == [names["a.png"]]
        last = Decisions(desk.lake).all()[-1]
        assert (last.reviewer, last.image_id) == ("ben", names["a.png"])
        undone = anna.decide(ask(plain, "undo", undoes=last.decision_id))[1]["images"][0]
        assert (undone["item"][-1], undone["live"]) == ("open", [])
        assert anna.decide(ask(plain, "undo", undoes=last.decision_id))[0] == 400
        assert anna.decide(ask(plain, "withhold"))[1]["images"][0]["item"][-1] == "withheld"


def test_what_is_sent_again_counts_once_and_what_was_made_anew_does_not(tmp_path: Path) -> None:
    """A lost answer costs nothing; a decision about a picture that is no longer there is refused whole."""
    desk = reviewed.desk(tmp_path)
    image_id = reviewed.ids(tmp_path / "photos")["a.png"]
    with reviewed.serving(desk) as guard:
        anna = Client(guard.port).enter(guard.links()["anna"])
        image = anna.get(f"/api/images/{image_id}")
        one = ask(image, "accept")
        assert anna.decide(one)[0] == 200
        assert anna.decide(one | {"again": True})[0] == 200
        assert len(Decisions(desk.lake).all()) == 1
        stale = ask(image, "keep", region=0), ask(image | {"sha256": "f" * 64}, "withhold")
        status, said = anna.decide(*stale)
        assert (status, "made anew" in said["error"]) == (409, True)
        assert len(Decisions(desk.lake).all()) == 1
        other = anna.get(f"/api/images/{reviewed.ids(tmp_path / 'photos')['b.png']}")
        status, said = anna.decide(*stale, ask(other, "withhold"))
        assert (status, list(said["refused"]), [one["image_id"] for one in said["images"]]) == (
            200,
            [image_id],
            [other["image_id"]],
        )
        assert [one.action for one in Decisions(desk.lake).all()] == ["accept", "withhold"]


@pytest.mark.parametrize(
    "said",
    [
        {"action": "release"},
        {"action": "accept", "box": [1, 2, 30, 40]},
        {"action": "add"},
        {"action": "add", "box": [1, 2, 3, 4]},
        {"action": "add", "box": [900, 2, 950, 40]},
        {"action": "add", "box": [1, 2, 3]},
        {"action": "add", "box": ["1", 2, 30, 40]},
        {"action": "restore", "region": 7},
        {"action": "restore", "region": True},
        {"action": "undo"},
        {"action": "undo", "undoes": "0" * 32},
        {"action": "undo", "undoes": "' OR 1=1"},
        {"action": "accept", "asked": "me"},
        {"action": "accept", "reviewer": "ben"},
        {"action": "accept", "decision_id": "'); DROP"},
        {"action": "accept", "image_id": "../key"},
        {"action": "accept", "why": 7},
        {"action": "accept", "again": "yes"},
    ],
)
def test_what_cannot_be_is_refused(anna: Client, names: dict[str, str], desk: Desk, said: dict[str, Any]) -> None:
    """In words, and without a trace in the lake."""
    image = anna.get(f"/api/images/{names['a.png']}")
    status, answer = anna.decide(ask(image, "accept") | said)
    assert (status, len(answer["error"]) > 10) == (400, True)
    assert Decisions(desk.lake).all() == ()


@pytest.mark.parametrize(
    "body", [[], {}, {"decisions": []}, {"decisions": [1]}, {"decisions": [{}] * 101}, "x" * 300_000]
)
def test_what_is_no_list_of_decisions_is_refused(anna: Client, body: Any) -> None:
    """Also where it is too long."""
    assert anna.ask("POST", "/api/decisions", body)[0] == 400


def test_the_audit_counts_down(tmp_path: Path) -> None:
    """Two released images: one is looked at, the other shows a miss, which is a decision like any other."""
    desk = reviewed.desk(tmp_path)
    names = reviewed.ids(tmp_path / "photos")
    with reviewed.serving(desk) as guard:
        anna = Client(guard.port).enter(guard.links()["anna"])
        first = anna.get("/api/audit")
        assert sorted(one[0] for one in first["items"]) == sorted([names["d.png"], names["e.png"]])
        assert {name: first["audit"][name] for name in ("population", "looked", "misses", "remaining")} == {
            "population": 2, "looked": 0, "misses": 0, "remaining": 2,
        }  # fmt: skip
        clean = anna.get(f"/api/images/{names['d.png']}")
        anna.decide(ask(clean, "accept", asked="audit"))
        far = anna.get("/api/audit")
        assert (far["audit"]["remaining"], [one[0] for one in far["items"]]) == (1, [names["e.png"]])
        missed = anna.get(f"/api/images/{names['e.png']}")
        anna.decide(ask(missed, "add", asked="audit", box=[2, 2, 20, 20]))
        end = anna.get("/api/audit")["audit"]
        assert (end["looked"], end["misses"], end["certified"]) == (2, 1, False)
        with_decisions = desk._standings()
        followed = {key[0] for key, one in with_decisions.items() if not one.decided.nothing}
        assert followed == {names["e.png"]}


def test_two_people_have_to_agree_where_the_policy_asks(tmp_path: Path) -> None:
    """One acceptance is not enough, nor is the same person's twice."""
    desk = reviewed.desk(tmp_path, eyes=2)
    image_id = reviewed.ids(tmp_path / "photos")["a.png"]
    with reviewed.serving(desk, "anna", "ben") as guard:
        anna, ben = (Client(guard.port).enter(guard.links()[name]) for name in ("anna", "ben"))
        image = anna.get(f"/api/images/{image_id}")
        states = [client.decide(ask(image, "accept"))[1]["images"][0]["item"][-1] for client in (anna, anna, ben)]
        assert states == ["second", "second", "accepted"]


def test_a_proxy_gives_it_a_name(desk: Desk) -> None:
    """Then it is called by that one alone, and its cookie goes over TLS alone."""
    with reviewed.serving(desk, origin="https://review.example.org") as guard:
        link = guard.links()["anna"]
        assert link.startswith("https://review.example.org/?token=")
        client = Client(guard.port, headers={"Host": "review.example.org", "Origin": "https://review.example.org"})
        _, headers, _ = client.ask("GET", link[link.index("/?") :])
        assert "Secure" in headers["set-cookie"].split("; ")
        assert Client(guard.port).ask("GET", "/")[0] == 421
    for wrong in ("http://review.example.org", "review.example.org", "https://a.b/c", "https://u:p@a.b"):
        with pytest.raises(UsageError, match="TLS"):
            guards.origin(wrong)
    assert guards.origin("https://a.b:8443/") == "https://a.b:8443"


def test_the_dashboard_is_served_beside_the_page(anna: Client, desk: Desk) -> None:
    """As the lake is now, under a policy that runs nothing, also where the page's own one is stricter about styles."""
    status, headers, content = anna.ask("GET", "/dashboard")
    assert (status, headers["cache-control"], headers["x-frame-options"]) == (200, "no-store", "DENY")
    assert "script" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    page = content.decode()
    assert all(f'id="{key}"' in page for key in ("runs", "backlog", "drift", "verdicts"))
    ids = desk.lake.query("SELECT image_id FROM images").column(0).to_pylist()
    assert ids
    assert not any(one in page for one in ids)
