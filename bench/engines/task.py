"""The task: a sales system's customer of about 1.5 KB, 28 fields of it, with texts, amounts, dates, a choice and codes,
of which one has 300 entries, as an industry classification does."""

from __future__ import annotations

import random
from typing import Any

LEVELS = {"A": "key_account", "B": "regular", "C": "small"}
STATES = {"1": "active", "2": "paused", "9": "closed"}
TRADES = {f"T{number:03d}": f"trade_{number}" for number in range(300)}

ENTITY = """
entity: account
label: {zh: 客户, en: Account}
fields:
  name:       {type: text, label: {zh: 名称, en: Name}}
  short_name: {type: text, label: {zh: 简称, en: Short name}}
  number:     {type: text, label: {zh: 编号, en: Number}}
  owner:      {type: text, label: {zh: 负责人, en: Owner}}
  note:       {type: text, label: {zh: 备注, en: Note}}
  street:     {type: text, label: {zh: 街道, en: Street}}
  city:       {type: text, label: {zh: 城市, en: City}}
  place:      {type: text, label: {zh: 地址, en: Place}}
  contact:    {type: text, label: {zh: 联系人, en: Contact}}
  source:     {type: text, label: {zh: 来源, en: Source}}
  email:      {type: text, label: {zh: 邮箱, en: Mail}}
  tag:        {type: text, label: {zh: 标签, en: Tag}}
  credit:     {type: decimal, label: {zh: 授信, en: Credit}}
  balance:    {type: decimal, label: {zh: 余额, en: Balance}}
  discount:   {type: decimal, label: {zh: 折扣, en: Discount}}
  revenue:    {type: decimal, label: {zh: 营收, en: Revenue}}
  employees:  {type: integer, label: {zh: 人数, en: Employees}}
  orders:     {type: integer, label: {zh: 订单数, en: Orders}}
  score:      {type: integer, label: {zh: 评分, en: Score}}
  verified:   {type: boolean, label: {zh: 已核实, en: Verified}}
  listed:     {type: boolean, label: {zh: 上市, en: Listed}}
  founded:    {type: date, label: {zh: 成立, en: Founded}}
  signed:     {type: date, label: {zh: 签约, en: Signed}}
  changed:    {type: datetime, label: {zh: 更新, en: Changed}}
  level:      {type: term(level), label: {zh: 级别, en: Level}}
  state:      {type: term(state), label: {zh: 状态, en: State}}
  trade:      {type: term(trade), label: {zh: 行业, en: Trade}}
  kind:       {type: text, label: {zh: 类型, en: Kind}}
"""
RULES = """rules:
  - {holds: credit >= 0, code: credit-below-zero, label: {zh: 授信不小于零, en: No credit below zero}}
  - {holds: balance <= credit, code: over-credit, label: {zh: 余额不超过授信, en: Balance within credit}}
  - {holds: discount <= 1, code: discount-above-one, label: {zh: 折扣不超过一, en: No discount above one}}
  - {holds: score <= 100, code: score-too-high, label: {zh: 评分不超过一百, en: Score up to 100}}
  - {holds: signed >= founded, code: signed-before-founded, label: {zh: 签约不早于成立, en: Signed after founding}}
"""
MAPPING = """
mapping: crm/accounts
from: crm.accounts
to: account
fields:
  name:       name | trim
  short_name: shortName | trim
  number:     no | text
  owner:      owner.name | trim
  note:       remark | trim
  street:     address.street | trim
  city:       address.city | trim
  place:      (address.city | text) + address.street
  contact:    contacts[0].name | trim
  source:     channel | lower
  email:      mail | trim
  tag:        tags | first
  credit:     creditLimit | decimal
  balance:    balance | decimal
  discount:   discount | decimal
  revenue:    revenueWan * 10000
  employees:  staff | integer
  orders:     orderCount | integer
  score:      score | integer
  verified:   verified
  listed:     listed
  founded:    founded | date
  signed:     signed | date("YYYY/MM/DD")
  changed:    updatedAt | epoch_ms
  level:      level | term(level)
  state:      state | term(state)
  trade:      trade | term(trade)
  kind:       "'group' if isGroup == true else 'single'"
"""


def terms() -> str:
    """The dictionary of the three codes."""
    lines = []
    for name, values in (("level", LEVELS), ("state", STATES), ("trade", TRADES)):
        lines += [f"{name}:", f"  label: {{zh: {name}, en: {name}}}", "  terms:"]
        lines += [f"    {term}: {{zh: {term}, en: {term}}}" for term in values.values()]
    return "\n".join(lines)


def value_maps() -> str:
    """The source's codes."""
    lines = []
    for name, values in (("level", LEVELS), ("state", STATES), ("trade", TRADES)):
        lines += [f"{name}:", "  in:", *(f'    "{code}": {term}' for code, term in values.items())]
    return "\n".join(lines)


def records(count: int) -> list[dict[str, Any]]:
    """``count`` source records, the same every time."""
    chance = random.Random(28)
    out = []
    for number in range(count):
        out.append(
            {
                "id": f"{number:024x}",
                "name": f" 上海第{number}精密仪器有限公司 ",
                "shortName": f"第{number}仪器",
                "no": 100_000 + number,
                "owner": {"id": f"u{number % 90}", "name": f"销售{number % 90}", "department": "华东一部"},
                "remark": "  长期合作，月结三十天，发货前确认。 " if number % 3 else "",
                "address": {
                    "province": "上海市",
                    "city": "上海",
                    "street": f"科技路 {number % 900} 号",
                    "zip": "200120",
                },
                "contacts": [{"name": f"王{number}", "phone": "13800138000"}, {"name": "李四", "phone": "13900139000"}],
                "channel": chance.choice(["WEB", "Expo", "Referral"]),
                "mail": f"buyer{number}@example.com",
                "tags": ["重点", "出口"],
                "creditLimit": f"{chance.randint(100_000, 999_999)}.50",
                "balance": f"{chance.randint(1_000, 99_999)}.25",
                "discount": "0.95",
                "revenueWan": f"{chance.randint(10, 9_999)}.5",
                "staff": chance.randint(1, 5_000),
                "orderCount": str(chance.randint(0, 900)),
                "score": chance.randint(0, 100),
                "verified": number % 2 == 0,
                "listed": False,
                "founded": f"19{chance.randint(80, 99)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}",
                "signed": f"20{chance.randint(10, 25)}/0{chance.randint(1, 9)}/2{chance.randint(0, 8)}",
                "updatedAt": 1_767_283_200_000 + number * 1_000,
                "level": chance.choice(list(LEVELS)),
                "state": chance.choice(list(STATES)),
                "trade": chance.choice(list(TRADES)),
                "isGroup": number % 7 == 0,
                "history": [
                    {"at": "2026-01-02T03:04:05Z", "by": f"u{n}", "what": "stage changed to negotiation"}
                    for n in range(6)
                ],
                "custom": {f"field_{n}__c": f"value {n} of {number}" for n in range(12)},
            }
        )
    return out
