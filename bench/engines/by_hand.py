"""What a careful person writes: one function, a fault in one field never loses the others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.engines.task import LEVELS, STATES, TRADES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return (value if isinstance(value, str) else str(value)).strip() or None


def _decimal(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return _plain(Decimal(value))


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _integer(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)


def _boolean(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is neither true nor false")


def _term(value: Any, terms: dict[str, str]) -> str | None:
    if value is None or value == "":
        return None
    if value not in terms:
        raise ValueError(f"unknown term {value!r}")
    return terms[value]


def _slashed(value: Any) -> str | None:
    if not value:
        return None
    year, month, day = value.split("/")
    return date(int(year), int(month), int(day)).isoformat()


def _changed(value: Any) -> str | None:
    if value is None:
        return None
    return (_EPOCH + timedelta(milliseconds=value)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _place(record: Row) -> str | None:
    city, street = record["address"]["city"], record["address"]["street"]
    return None if city is None or street is None else _text(city + street)


def _lower(value: Any) -> str | None:
    text = _text(value)
    return None if text is None else text.lower()


def _revenue(value: Any) -> str | None:
    return None if value in (None, "") else _plain(Decimal(value) * 10_000)


def _first(values: Any) -> str | None:
    return next((text for one in values or () if (text := _text(one))), None)


def run(records: list[Row]) -> list[tuple[Row, list[tuple[str, Exception]]]]:  # noqa: C901 - a guard a field
    """The fastest that stays readable: every field in line, with its own guard."""
    done = []
    for record in records:
        row: Row = {}
        faults: list[tuple[str, Exception]] = []
        try:
            row["name"] = _text(record["name"])
        except Exception as error:
            faults.append(("name", error))
        try:
            row["short_name"] = _text(record["shortName"])
        except Exception as error:
            faults.append(("short_name", error))
        try:
            row["number"] = _text(record["no"])
        except Exception as error:
            faults.append(("number", error))
        try:
            row["owner"] = _text(record["owner"]["name"])
        except Exception as error:
            faults.append(("owner", error))
        try:
            row["note"] = _text(record["remark"])
        except Exception as error:
            faults.append(("note", error))
        try:
            row["street"] = _text(record["address"]["street"])
        except Exception as error:
            faults.append(("street", error))
        try:
            row["city"] = _text(record["address"]["city"])
        except Exception as error:
            faults.append(("city", error))
        try:
            row["place"] = _place(record)
        except Exception as error:
            faults.append(("place", error))
        try:
            row["contact"] = _text(record["contacts"][0]["name"])
        except Exception as error:
            faults.append(("contact", error))
        try:
            row["source"] = _lower(record["channel"])
        except Exception as error:
            faults.append(("source", error))
        try:
            row["email"] = _text(record["mail"])
        except Exception as error:
            faults.append(("email", error))
        try:
            row["tag"] = _first(record["tags"])
        except Exception as error:
            faults.append(("tag", error))
        try:
            row["credit"] = _decimal(record["creditLimit"])
        except Exception as error:
            faults.append(("credit", error))
        try:
            row["balance"] = _decimal(record["balance"])
        except Exception as error:
            faults.append(("balance", error))
        try:
            row["discount"] = _decimal(record["discount"])
        except Exception as error:
            faults.append(("discount", error))
        try:
            row["revenue"] = _revenue(record["revenueWan"])
        except Exception as error:
            faults.append(("revenue", error))
        try:
            row["employees"] = _integer(record["staff"])
        except Exception as error:
            faults.append(("employees", error))
        try:
            row["orders"] = _integer(record["orderCount"])
        except Exception as error:
            faults.append(("orders", error))
        try:
            row["score"] = _integer(record["score"])
        except Exception as error:
            faults.append(("score", error))
        try:
            row["verified"] = _boolean(record["verified"])
        except Exception as error:
            faults.append(("verified", error))
        try:
            row["listed"] = _boolean(record["listed"])
        except Exception as error:
            faults.append(("listed", error))
        try:
            row["founded"] = date.fromisoformat(record["founded"]).isoformat() if record["founded"] else None
        except Exception as error:
            faults.append(("founded", error))
        try:
            row["signed"] = _slashed(record["signed"])
        except Exception as error:
            faults.append(("signed", error))
        try:
            row["changed"] = _changed(record["updatedAt"])
        except Exception as error:
            faults.append(("changed", error))
        try:
            row["level"] = _term(record["level"], LEVELS)
        except Exception as error:
            faults.append(("level", error))
        try:
            row["state"] = _term(record["state"], STATES)
        except Exception as error:
            faults.append(("state", error))
        try:
            row["trade"] = _term(record["trade"], TRADES)
        except Exception as error:
            faults.append(("trade", error))
        try:
            row["kind"] = "group" if record["isGroup"] is True else "single"
        except Exception as error:
            faults.append(("kind", error))
        done.append((row, faults))
    return done
