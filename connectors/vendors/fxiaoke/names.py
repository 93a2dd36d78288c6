"""What this tenant calls the objects and fields that the manifest declares: settings, since no page settles them all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from connectors.sdk.manifest import Lines, Manifest, Stream
from connectors.sdk.settings import CONNECTION_NAME
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest

HELPERS = ("__r", "__l", "__o", "__v", "__p", "__e", "__relation_ids")
"""Endings of members that the vendor shows beside a field and that are never written."""
_FIXED = ("_id", "last_modified_time", "life_status", "lock_status", "is_deleted")


class Names:
    """Declared names to the tenant's, and back. A name without a setting is the tenant's own already."""

    def __init__(self, settings: Mapping[str, Any], manifest: Manifest) -> None:
        self._connection = str(settings.get(CONNECTION_NAME, ""))
        known: dict[str, Stream | Lines] = {**manifest.streams}
        for lines in (*(s.lines for s in manifest.streams.values()), *(w.lines for w in manifest.writes.values())):
            known.update({name: one for name, one in lines.items() if name not in known})
        problems: list[str] = []
        self._objects = _objects(settings["object_names"] or {}, known, problems)
        self._fields = _fields(settings["field_names"] or {}, known, problems)
        own = str(settings["our_key"])
        for write in manifest.writes.values():
            if write.our_key and write.our_key != own:
                self._fields.setdefault(write.stream, {}).setdefault(write.our_key, own)
        for obj, fields in self._fields.items():
            twice = sorted({name for name in fields.values() if list(fields.values()).count(name) > 1})
            problems += [f"`field_names`: two fields of {obj} have the name `{name}` in the tenant" for name in twice]
        if problems:
            raise ConfigurationError(
                f"connection `{self._connection}` (fxiaoke)",
                "; ".join(problems),
                "mend object_names, field_names or our_key of the connection",
                code="connection-settings",
            )

    def object(self, obj: str) -> str:
        """The tenant's api name of an object; empty when the tenant has no such object."""
        return self._objects.get(obj, obj)

    def field(self, obj: str, name: str) -> str:
        """The tenant's name of a field, or of a member shown beside one."""
        fields = self._fields.get(obj)
        if not fields:
            return name
        ending = next((end for end in HELPERS if name.endswith(end)), "")
        return fields.get(name) or fields.get(name.removesuffix(ending), name.removesuffix(ending)) + ending

    def sent(self, obj: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """A payload under the tenant's names. Two values for one field of the tenant are a mistake of the settings."""
        out: dict[str, Any] = {}
        for name, value in payload.items():
            real = self.field(obj, name)
            if real in out:
                both = ", ".join(each for each in payload if self.field(obj, each) == real)
                raise ConfigurationError(
                    f"{self._connection}: write {obj}",
                    f"{both} are the field `{real}` in the tenant",
                    "mend field_names or our_key of the connection, or map only one of them",
                    code="connection-settings",
                )
            out[real] = value
        return out

    def shown(self, obj: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with the declared names beside the tenant's; a declared name never shows another field's value."""
        out = dict(row)
        for declared, real in self._fields.get(obj, {}).items():
            for ending in ("", *HELPERS):
                if real + ending in row:
                    out[declared + ending] = row[real + ending]
                else:
                    out.pop(declared + ending, None)
        return out


def _objects(given: Any, known: Iterable[str], problems: list[str]) -> dict[str, str]:
    if not _texts(given, "object_names", problems):
        return {}
    for name in given:
        if name not in known:
            problems.append(f"`object_names`: unknown object `{name}`{_near(name, known)}")
    return dict(given)


def _fields(given: Any, known: Mapping[str, Stream | Lines], problems: list[str]) -> dict[str, dict[str, str]]:
    if not _texts(given, "field_names", problems):
        return {}
    found: dict[str, dict[str, str]] = {}
    for name, real in given.items():
        obj, _, field = name.partition(".")
        declared = known.get(obj)
        if declared is None and not obj.endswith("__c"):
            problems.append(f"`field_names`: unknown object in `{name}`{_near(obj, known)}")
        elif field in _FIXED or real in _FIXED:
            problems.append(f"`field_names`: `{name}`: {', '.join(_FIXED)} have these names in every tenant")
        elif not field or not real:
            problems.append(f"`field_names`: `{name}: {real}`: write `Object.field: name in the tenant`")
        elif declared is not None and field not in declared.fields and not fnmatchcase(field, declared.custom):
            problems.append(f"`field_names`: {obj} has no field `{field}`{_near(field, declared.fields)}")
        else:
            found.setdefault(obj, {})[field] = real
    return found


def _texts(given: Any, setting: str, problems: list[str]) -> bool:
    if isinstance(given, dict) and all(isinstance(part, str) for pair in given.items() for part in pair):
        return True
    problems.append(f"`{setting}`: a mapping of names to names is needed")
    return False


def _near(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"; did you mean `{near}`?" if near else f" (there are: {', '.join(known)})"
