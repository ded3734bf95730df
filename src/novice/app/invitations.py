"""Invite people to a run's page, take invitations back, and list them."""

import contextlib
import http.client
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from novice.app.invitation_options import InvitationOptions
from novice.app.label import INBOX, address_at, folder_that_asks
from novice.inbox.people import Person
from novice.inbox.security import LOOPBACK, Doorkeeper
from novice.inbox.store import Inbox

# How long the page's server may take to answer that it is there, in seconds.
PATIENCE = 2.0
# Where the page is served unless told otherwise.
USUAL_PLACE: dict[str, Any] = {"scheme": "http", "host": "127.0.0.1", "port": 8642}

WHAT_THEY_MAY = {
    "owner": "answer and see the overview",
    "labeler": "answer",
    "observer": "see the overview",
}


def carry_out(
    run: str,
    wish: InvitationOptions,
    *,
    as_json: bool,
    say: Callable[[str], None] = print,
) -> int:
    """Invite, revoke or list, and say what came of it; raises NobodyAsksError."""
    folder = folder_that_asks(run)
    doorkeeper = Doorkeeper(folder)
    told: Any
    if wish.invite is not None:
        told = invited(folder, doorkeeper, wish.invite, wish.role)
        lines = words_of_invitation(run, told)
    elif wish.revoke is not None:
        doorkeeper.revoke(wish.revoke)
        told = {"who": wish.revoke, "revoked": True}
        lines = [
            f"{wish.revoke} cannot come in any more, also where the page is open;"
            " every answer is kept."
        ]
    else:
        told = everybody(doorkeeper)
        lines = words_of_people(told)
    say(json.dumps(told) if as_json else "\n".join(lines))
    return 0


def invited(
    folder: Path, doorkeeper: Doorkeeper, who: str, role: str
) -> dict[str, Any]:
    """Let somebody in by a link of their own; what there is to say about it."""
    with contextlib.closing(Inbox(folder / INBOX)) as inbox:
        place = inbox.told("served")
    served = place is not None and somebody_serves(place)
    place = place or USUAL_PLACE
    token = doorkeeper.invite(who, role)
    path = "/overview" if role == "observer" else "/"
    return {
        "who": who,
        "role": role,
        "served": served,
        "local": place["host"] in LOOPBACK,
        "address": address_at(
            place["scheme"], place["host"], place["port"], token, path=path
        ),
    }


def somebody_serves(place: dict[str, Any]) -> bool:
    """Whether a page that asks for an invitation is served there now."""
    connection: http.client.HTTPConnection
    if place["scheme"] == "https":
        # Nothing secret is said; certificates of one's own are as good as others.
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            place["host"], place["port"], timeout=PATIENCE, context=anybody
        )
    else:
        connection = http.client.HTTPConnection(
            place["host"], place["port"], timeout=PATIENCE
        )
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/api/hello")
            return connection.getresponse().status == 401
        except (OSError, http.client.HTTPException):
            return False


def words_of_invitation(run: str, told: dict[str, Any]) -> list[str]:
    """What to hand on, and to whom it belongs."""
    who, address = told["who"], told["address"]
    lines = [f"{who} may {WHAT_THEY_MAY[told['role']]}:  {address}"]
    if not told["served"]:
        lines.append(
            f"No page is served now: novice label {run} serves it, or the run itself"
            " does; the number behind the second colon is the port that it prints."
        )
    if told["local"]:
        lines.append(
            "This address works on this machine alone; --host ADDRESS, where the page"
            " is served, lets others in."
        )
    lines.append(
        "Whoever has the link comes in by it, and a link from before opens no door any"
        f" more; novice label {run} --revoke {quoted(who)} takes it back."
    )
    return lines


def quoted(who: str) -> str:
    """A name as a shell takes it."""
    return f'"{who}"' if " " in who else who


def everybody(doorkeeper: Doorkeeper) -> list[dict[str, Any]]:
    """Whoever was ever invited, in the order of their names."""
    people = doorkeeper.everybody()

    def told(person: Person) -> dict[str, Any]:
        browsers = sum(session.who == person.name for session in people.sessions)
        return {
            "who": person.name,
            "role": person.role,
            "revoked": person.revoked,
            "browsers": browsers,
        }

    return sorted(map(told, people.people), key=lambda each: each["who"].casefold())


def words_of_people(told: list[dict[str, Any]]) -> list[str]:
    """A line for everybody."""
    if not told:
        return ["Nobody was invited yet; --invite NAME does."]
    wide = max(len(each["who"]) for each in told)
    return [
        f"{each['who']:{wide}}  {each['role']:8}  {how_they_are_in(each)}"
        for each in told
    ]


def how_they_are_in(each: dict[str, Any]) -> str:
    """Whether somebody may come in, and whether they have."""
    if each["revoked"]:
        return "revoked"
    count = each["browsers"]
    if not count:
        return "invited, not in yet"
    return f"in, from {count} browser{'' if count == 1 else 's'}"
