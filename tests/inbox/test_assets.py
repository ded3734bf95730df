"""The page's files weigh little on their way, and are what lies in the package."""

import gzip

import pytest

from inbox.conftest import Desk
from novice.inbox.assets import assets, reads_gzip


def test_a_browser_that_reads_gzip_gets_fewer_bytes(desk: Desk):
    ana = desk.labeler()
    for name, asset in assets().items():
        plain = ana.get(f"/static/{name}", headers={"Accept-Encoding": "identity"})
        with ana.stream(
            "GET", f"/static/{name}", headers={"Accept-Encoding": "gzip, br"}
        ) as packed:
            raw = b"".join(packed.iter_raw())

        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert plain.content == gzip.decompress(raw) == asset.content
        assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
        assert plain.headers["etag"] != packed.headers["etag"]
        if len(asset.content) > 1000:
            assert len(raw) < 0.6 * len(asset.content)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_file_that_the_browser_has_is_not_sent_again(desk: Desk, encoding: str):
    ana = desk.labeler()
    headers = {"Accept-Encoding": encoding}
    first = ana.get("/static/common.css", headers=headers)

    again = ana.get(
        "/static/common.css",
        headers={**headers, "If-None-Match": first.headers["etag"]},
    )

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "reads"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("*", False),
        ("x-gzip", False),
        ("\x00,;,gzip ;;", True),
    ],
)
def test_who_reads_gzip(accepted: str, reads: bool):
    assert reads_gzip(accepted) is reads


def test_the_same_files_give_the_same_bytes():
    first, again = assets(), assets()

    assert {name: each.packed for name, each in first.items()} == {
        name: each.packed for name, each in again.items()
    }


def test_the_pages_weigh_little():
    table = assets()

    for page in ("label", "play", "overview", "settle"):
        html = table[f"{page}.html"].content.decode()
        needed = {name for name in table if f'"/static/{name}"' in html}
        weight = sum(len(table[name].packed) for name in {*needed, f"{page}.html"})

        assert needed and weight < 150_000
