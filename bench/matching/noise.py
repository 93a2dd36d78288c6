"""How dirty: the chance of each fault at each level, and what each of four systems is used to hold."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Noise:
    """Chances, of a record or (presence) of a field."""

    # name: of every 100 not written as registered, before a source's own habit is applied
    loose: float
    width: float
    brackets: float
    spaces: float
    traditional: float
    homophone: float
    look_alike: float
    slip: float
    note: float
    group: float
    # other fields
    missing: float
    form: float  # codes, mails and persons written in another form
    code_mistyped: float
    code_old: float
    code_of_parent: float
    phone_bare: float
    phone_wrong: float
    mobile_wrong: float
    stale: float
    person_title: float
    address_short: float
    address_other: float


LEVELS = MappingProxyType(
    {
        "medium": Noise(
            loose=1.0, width=0.07, brackets=0.5, spaces=0.03, traditional=0.05, homophone=0.025, look_alike=0.015,
            slip=0.02, note=0.08, group=0.02, missing=0.0, form=0.56, code_mistyped=0.08, code_old=0.05, code_of_parent=0.10,
            phone_bare=0.18, phone_wrong=0.02, mobile_wrong=0.015, stale=0.6, person_title=0.25, address_short=0.35,
            address_other=0.06,
        ),
        "hard": Noise(
            loose=1.4, width=0.09, brackets=0.7, spaces=0.06, traditional=0.06, homophone=0.07, look_alike=0.04,
            slip=0.05, note=0.15, group=0.04, missing=0.22, form=0.62, code_mistyped=0.16, code_old=0.08, code_of_parent=0.22,
            phone_bare=0.30, phone_wrong=0.04, mobile_wrong=0.03, stale=1.0, person_title=0.30, address_short=0.55,
            address_other=0.12,
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Habit:
    """A system: how often a field is filled at all, and how names get into it."""

    short: float
    variant: float
    former: float
    foreign: float
    filled: MappingProxyType[str, float]


def _filled(**chances: float) -> MappingProxyType[str, float]:
    return MappingProxyType(chances)


HABITS = MappingProxyType(
    {
        # typed by salespeople
        "crm": Habit(
            0.30, 0.12, 0.03, 0.02,
            _filled(alias=0.16, name_en=0.05, uscc=0.40, contact=0.75, phone=0.70, mobile=0.78, email=0.30, province=0.55,
                    city=0.72, address=0.60, legal_person=0.12, website=0.30, industry=0.60),
        ),
        # invoices need registered names and codes; old data keep old ones
        "erp": Habit(
            0.11, 0.13, 0.07, 0.01,
            _filled(alias=0.14, name_en=0.10, uscc=0.76, contact=0.40, phone=0.82, mobile=0.46, email=0.20, province=0.45,
                    city=0.55, address=0.82, legal_person=0.25, website=0.10, industry=0.35),
        ),
        # parties of contracts and approvals
        "oa": Habit(
            0.21, 0.13, 0.05, 0.01,
            _filled(alias=0.05, name_en=0.03, uscc=0.46, contact=0.55, phone=0.58, mobile=0.62, email=0.16, province=0.25,
                    city=0.45, address=0.50, legal_person=0.36, website=0.05, industry=0.20),
        ),
        # buyers register themselves
        "shop": Habit(
            0.32, 0.10, 0.02, 0.02,
            _filled(alias=0.04, name_en=0.02, uscc=0.30, contact=0.86, phone=0.36, mobile=0.95, email=0.40, province=0.88,
                    city=0.90, address=0.90, legal_person=0.05, website=0.05, industry=0.12),
        ),
    }
)  # fmt: skip
