"""Keep who may come in, in a file that only its owner can read."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from novice.errors import NoviceError
from novice.files import BrokenFileError, make_folder, read_json, sync_folder, writing

# A person's oldest session ends when so many newer ones were opened.
MOST_SESSIONS = 20

# An owner may do everything, a labeler answer, an observer look at the overview.
Role = Literal["owner", "labeler", "observer"]
ROLES: tuple[str, ...] = get_args(Role)


class BadNameError(NoviceError):
    """A name that nobody can have."""


class NobodyError(NoviceError):
    """Nobody of this name was invited."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who was invited; only a hash of the token is kept."""

    name: str
    token_sha256: str
    revoked: bool = False
    role: str = "owner"

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise TypeError(f"{self.name} has the role {self.role!r:.40}")


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser in which somebody is known; only a hash of its cookie is kept."""

    sha256: str
    who: str


@dataclass(frozen=True)
class People:
    """Who may come in, and in which browsers they already are."""

    people: tuple[Person, ...] = ()
    sessions: tuple[Session, ...] = ()

    def named(self, who: str) -> Person | None:
        """The person of this name, revoked or not."""
        return next((each for each in self.people if each.name == who), None)

    def with_token(self, token: str) -> Person | None:
        """The person with this token's hash."""
        for person in self.people:
            if person.token_sha256 == token and not person.revoked:
                return person
        return None

    def in_session(self, session: str) -> Person | None:
        """The person in the session with this hash."""
        for each in self.sessions:
            if each.sha256 == session:
                person = self.named(each.who)
                return None if person is None or person.revoked else person
        return None

    def invited(self, who: str, token: str, role: str = "owner") -> "People":
        """These people, and `who` with a new token; the browsers stay known."""
        others = tuple(person for person in self.people if person.name != who)
        person = Person(name=who, token_sha256=token, role=role)
        return replace(self, people=(*others, person))

    def revoked(self, who: str) -> "People":
        """These people, without `who` in any browser."""
        people = (
            replace(person, revoked=True) if person.name == who else person
            for person in self.people
        )
        return People(tuple(people), tuple(s for s in self.sessions if s.who != who))

    def entered(self, who: str, session: str) -> "People":
        """These people, and `who` in one more browser."""
        older = [each for each in self.sessions if each.who == who]
        gone = older[: max(0, len(older) + 1 - MOST_SESSIONS)]
        kept = tuple(each for each in self.sessions if each not in gone)
        return replace(self, sessions=(*kept, Session(sha256=session, who=who)))


def checked_name(who: str) -> str:
    """A person's name; raises BadNameError."""
    if not (1 <= len(who) <= 64 and who.isprintable() and who == who.strip()):
        raise BadNameError(
            f"a person is called {ascii(who)[:80]}, but a name has 1 to 64 characters"
            " that can be printed, and no space around them"
        )
    return who


def read_people(path: Path) -> People:
    """Everybody in the file, nobody where there is none; raises BrokenFileError."""
    if not path.exists():
        return People()
    content = read_json(path)
    try:
        return People(
            tuple(Person(**each) for each in content["people"]),
            tuple(Session(**each) for each in content["sessions"]),
        )
    except (KeyError, TypeError) as error:
        raise BrokenFileError(
            f"{path} does not say who may come in ({error}); remove it, and invite"
            " everybody again"
        ) from error


@contextlib.contextmanager
def changing(path: Path) -> Iterator[None]:
    """Read and write the file of people while no other process does."""
    make_folder(path.parent)
    with writing(path):
        lock = os.open(
            path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600
        )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def write_people(path: Path, people: People) -> None:
    """Write the file whole, or leave the old one; nobody else may read it."""
    part = path.with_name(path.name + ".part")
    content = json.dumps(asdict(people), indent=2) + "\n"
    with writing(path):
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
