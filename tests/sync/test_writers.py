"""Who writes what over all syncs: when two writers are kept apart, when a way round has an owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content

ENTITY = """
entity: deal
label: {{zh: 交易, en: Deal}}
fields:
  name:  {{type: text, required: true, label: {{zh: 名称, en: Name}}}}
  level: {{type: text, label: {{zh: 等级, en: Level}}}}
  note:  {{type: text{owner}, label: {{zh: 备注, en: Note}}}}
  buyer: {{type: text, personal: true, label: {{zh: 联系人, en: Buyer}}}}
"""
CONNECTOR = """
connector: {name}
label: {{zh: 系统, en: System}}
kind: crm
streams: {{Deals: {{key: id, fields: {{id: text, title: text, note: text, other: text}}}}}}
writes: {{Deals: {{stream: Deals, our_key: key, key_enforced: true, search: [key]}}}}
"""


class Site:
    """Two systems, each read and written, with mappings that a test gives."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("masterdata/deal/entity.yaml", ENTITY.format(owner=""))
        connections = ""
        for name in ("one", "two"):
            self.write(f"connectors/{name}/connector.yaml", CONNECTOR.format(name=name))
            connections += f"{name}: {{connector: {name}, role: {name}}}\n"
            self.write(
                f"mappings/{name}/in.yaml",
                f"mapping: {name}/in\nfrom: {name}.Deals\nto: deal\nfields: {{name: title}}\n",
            )
            self.write(
                f"syncs/{name}_in.yaml",
                f"sync: {name}_in\nread: {{connection: {name}, stream: Deals}}\nmap: {name}/in\n",
            )
        self.write("connections.yaml", connections)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def out(self, sync: str, system: str, fields: str, when: str = "") -> None:
        """A sync that writes these fields, with a mapping of its own."""
        head = f"mapping: {system}/{sync}.out\nfrom: deal\nto: {system}.Deals\n"
        self.write(
            f"mappings/{system}/{sync}.out.yaml",
            f"{head}fields: {{key: id, {fields}}}\nsearch: [key]\ncreate_only: [key]\n",
        )
        condition = f"when: {when}\n" if when else ""
        self.write(
            f"syncs/{sync}.yaml",
            f"sync: {sync}\nwrite: {{connection: {system}, object: Deals}}\nof: deal\nmap: {system}/{sync}.out\n"
            f"baseline: {system}_in\n{condition}",
        )

    def codes(self) -> list[str]:
        """Codes of what is found in the site, missing tests left out."""
        found = [f for f in check_content(load_content()) if f.code != "mapping.no-tests"]
        assert all(Path(f.mark.file).is_relative_to(self.root) for f in found)
        return [f.code for f in found]


@pytest.fixture
def deals(site: Path) -> Site:
    return Site(site)


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        ("", "", False),
        ('level == "a"', "", False),
        ('level == "a"', 'name == "b"', False),
        ('level == "a"', 'level == "a"', False),
        ('level == "a"', 'level == "b"', True),
        ('level == "a"', 'level != "a"', True),
        ('level != "a"', 'level != "b"', False),
        ('level == "a" and name != None', 'note == "x" and level == "b"', True),
        ('level == "a" or level == "c"', 'level == "b"', False),
    ],
)
def test_two_writers_of_a_field(deals: Site, one: str, two: str, apart: bool) -> None:
    deals.out("first", "one", "title: name, note: note", one)
    deals.out("second", "one", "note: level, other: level", two)
    assert deals.codes() == ([] if apart else ["sync.two-writers"])


def test_two_syncs_that_share_no_field_are_no_two_writers(deals: Site) -> None:
    deals.out("first", "one", "title: name")
    deals.out("second", "one", "other: level")
    deals.out("third", "two", "other: level")
    assert deals.codes() == []


def test_a_way_round_needs_two_systems_and_no_owner(deals: Site) -> None:
    into = "mapping: {0}/in\nfrom: {0}.Deals\nto: deal\nfields: {{name: title, note: note}}\n"
    deals.write("mappings/one/in.yaml", into.format("one"))
    deals.out("first", "one", "note: note | upper")
    assert deals.codes() == [], "one system: its own value comes back"
    deals.write("mappings/two/in.yaml", into.format("two"))
    assert deals.codes() == [], "two sources, one target"
    deals.out("second", "two", "note: note")
    assert deals.codes() == ["sync.writer-cycle"]
    deals.write("masterdata/deal/entity.yaml", ENTITY.format(owner=", owner: one"))
    assert deals.codes() == [], "one of them decides"


def test_a_way_round_through_another_field(deals: Site) -> None:
    deals.write(
        "mappings/one/in.yaml", "mapping: one/in\nfrom: one.Deals\nto: deal\nfields: {name: title, level: note}\n"
    )
    deals.write(
        "mappings/two/in.yaml", "mapping: two/in\nfrom: two.Deals\nto: deal\nfields: {name: title, note: other}\n"
    )
    deals.out("first", "one", "note: note")
    deals.out("second", "two", "other: level")
    assert deals.codes() == ["sync.writer-cycle"]
    (found,) = [f for f in check_content(load_content()) if f.code == "sync.writer-cycle"]
    assert "deal.level → two: Deals.other → deal.note → one: Deals.note → deal.level" in found.message.en


@pytest.mark.parametrize(
    "fields",
    [
        "note: buyer",
        "note: 'name + \" \" + buyer'",
        "note: {if: level == None, then: a, else: {from: buyer}}",
        "a.b: buyer | hash",
    ],
)
def test_personal_data_by_any_way(deals: Site, fields: str) -> None:
    deals.out("first", "one", fields)
    assert deals.codes() == ["sync.personal-data"]
    deals.write(
        "connections.yaml", "one: {connector: one, role: one, receives: [personal]}\ntwo: {connector: two, role: two}\n"
    )
    assert deals.codes() == []


def test_a_condition_alone_sends_nothing(deals: Site) -> None:
    deals.out("first", "one", "title: name", "buyer != None")
    assert deals.codes() == []
