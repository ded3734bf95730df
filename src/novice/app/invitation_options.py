"""What can be said on the command line about who may come in."""

import dataclasses
import re
from typing import Literal

from novice.algorithms.settings import setting
from novice.app.options import UsageError, refuse_false_name


@dataclasses.dataclass(frozen=True, kw_only=True)
class InvitationOptions:
    """Whom to invite to a run's page, or not to let in any more; one thing at a time.

    The command then does just that, and serves nothing.
    """

    invite: str | None = setting(
        None, "print a link that lets this person in, and no one else"
    )
    role: Literal["labeler", "observer", "owner"] = setting(
        "labeler",
        "what the invited person may do: answer, see the overview, or both",
    )
    revoke: str | None = setting(None, "take this person's link back, at once")
    people: bool = setting(False, "list who was invited")

    def __post_init__(self) -> None:
        wishes = [self.invite is not None, self.revoke is not None, self.people]
        if sum(wishes) > 1:
            raise UsageError(
                "--invite, --revoke and --people are different things; ask for one at"
                " a time"
            )
        if self.invite is None:
            if self.role != "labeler":
                raise UsageError(
                    f"--role {self.role} is for somebody who is invited; say --invite"
                    " NAME as well"
                )
            return
        if not re.fullmatch(r"[\w][\w .-]{0,39}", self.invite):
            raise UsageError(
                f"--invite is {self.invite!r}, but a name is up to 40 letters, digits,"
                " spaces, dots and dashes"
            )
        refuse_false_name(self.invite, "--invite")

    @property
    def wanted(self) -> bool:
        """Whether it is about invitations at all."""
        return self.people or self.invite is not None or self.revoke is not None
