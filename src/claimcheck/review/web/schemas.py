"""What the API takes: one model a body, checked by the same schema that the OpenAPI document shows."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt

from claimcheck.records import Label
from claimcheck.review.decisions import BULK_LIMIT, EVIDENCE_LIMIT, NOTE_LIMIT, Choice
from claimcheck.review.filters import Filters, Order
from claimcheck.review.permissions import Role
from claimcheck.review.queue import PAGE_LIMIT
from claimcheck.review.standing import Kind, State
from claimcheck.review.texts import is_storable

__all__ = [
    "AccountBody",
    "AccountChange",
    "AdjudicationBody",
    "AssignmentBody",
    "BulkBody",
    "CountsQuery",
    "DecisionBody",
    "FindingId",
    "NeighboursQuery",
    "NoteBody",
    "OptionsBody",
    "PasswordBody",
    "QueueQuery",
    "RowId",
    "SignInBody",
    "TokenBody",
    "TrailQuery",
    "UserName",
    "ViewBody",
]

# Rows are numbered by 32 bits.
_MOST = 2**31 - 1


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("a NUL or half a character is in it")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Number = Annotated[StrictInt, Field(ge=1, le=_MOST)]
FindingId = Annotated[int, Path(ge=1, le=_MOST, description="the finding's number")]
RowId = Annotated[int, Path(ge=1, le=_MOST, description="its number")]
UserName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", description="the account's name")]
RecordId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,119}$", description="an evidence record's id")]


class _Body(BaseModel):
    """A body: nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInBody(_Body):
    """A name and a password."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class AdjudicationBody(_Body):
    """A choice on a finding, and the newest decision that its author was shown.

    ``label`` is for a change only. ``reason`` is a code of GET /reasons, and left out for a plain confirmation.
    """

    kind: Kind
    label: Label | None = None
    reason: Annotated[Text, Field(max_length=40)] = ""
    note: Annotated[Text, Field(max_length=NOTE_LIMIT)] = ""
    evidence_added: Annotated[list[RecordId], Field(max_length=EVIDENCE_LIMIT)] = Field(default_factory=list)
    evidence_struck: Annotated[list[RecordId], Field(max_length=EVIDENCE_LIMIT)] = Field(default_factory=list)

    def choice(self) -> Choice:
        """Return what the domain takes.

        :raises InvalidError: when the parts do not go together.
        """
        return Choice(
            self.kind,
            str(self.label or ""),
            self.reason,
            self.note,
            tuple(self.evidence_added),
            tuple(self.evidence_struck),
        )


class DecisionBody(AdjudicationBody):
    """A choice on a finding. ``seen`` is the finding's ``seen`` as it was shown: null when no decision was."""

    seen: Number | None


class BulkBody(AdjudicationBody):
    """A choice on several findings at once, all of them or none."""

    finding_ids: Annotated[list[Number], Field(min_length=1, max_length=BULK_LIMIT)]


class NoteBody(_Body):
    """A note."""

    text: Annotated[Text, Field(min_length=1, max_length=NOTE_LIMIT)]


class AssignmentBody(_Body):
    """Whom a finding is given to; null leaves it to anybody."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")] | None


class FiltersBody(_Body):
    """Filters as a queue takes them."""

    site: Annotated[Text, Field(max_length=200)] = ""
    topic: Annotated[Text, Field(max_length=200)] = ""
    verdict: Label | None = None
    severity: Annotated[str, Field(pattern="^(none|low|medium|high)$")] | None = None
    state: State | None = None
    label: Label | None = None
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    needs_review: bool = False
    undecided: bool = False
    mine: bool = False
    new: bool = False
    scan: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    group: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    search: Annotated[Text, Field(max_length=200)] = ""

    def filters(self) -> Filters:
        """Return what the domain takes.

        :raises InvalidError: when the parts do not go together.
        """
        values = self.model_dump(include=set(Filters.__slots__))
        texts = {name: str(values[name] or "") for name in ("verdict", "severity", "state", "label")}
        return Filters(**(values | texts))


class CountsQuery(FiltersBody):
    """The filters of a count."""


class NeighboursQuery(FiltersBody):
    """The filters and the order of a queue."""

    order: Order = Order.SEVERITY


class QueueQuery(NeighboursQuery):
    """A page of a queue."""

    cursor: Annotated[Text, Field(max_length=400)] = ""
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] = 50


class ViewBody(_Body):
    """Filters to keep by a name; one's own view of that name is replaced."""

    name: Annotated[Text, Field(min_length=1, max_length=60)]
    filters: FiltersBody
    shared: StrictBool = False


class OptionsBody(_Body):
    """The review's options."""

    double_share: Annotated[float, Field(ge=0, le=1, strict=True)]
    lease_minutes: Annotated[StrictInt, Field(ge=1, le=240)]


class AccountBody(_Body):
    """A person to add."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]
    role: Role
    password: Annotated[Text, Field(min_length=15, max_length=256)]
    display_name: Annotated[Text, Field(max_length=100)] = ""


class AccountChange(_Body):
    """What to change of a person; null leaves it."""

    role: Role | None = None
    active: StrictBool | None = None
    password: Annotated[Text, Field(min_length=15, max_length=256)] | None = None


class PasswordBody(_Body):
    """One's old password and the new one."""

    old: Annotated[str, Field(max_length=256)]
    new: Annotated[Text, Field(min_length=15, max_length=256)]


class TokenBody(_Body):
    """A token for programs: what it is for, and the days it is good for."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    days: Annotated[StrictInt, Field(ge=1, le=366)] = 90


class TrailQuery(_Body):
    """Which rows of the trail: those after a number, of one subject or of all."""

    after: Annotated[int, Query(ge=0, le=_MOST)] = 0
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100
    subject: Annotated[Text, Field(max_length=80)] = ""
