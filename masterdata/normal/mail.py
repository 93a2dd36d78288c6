"""Mail addresses and web sites as they are compared."""

from __future__ import annotations

import re
from functools import lru_cache

FREE = frozenset(
    """qq.com vip.qq.com foxmail.com 163.com vip.163.com 126.com yeah.net 188.com sina.com sina.cn vip.sina.com sohu.com
    139.com 189.cn wo.cn 21cn.com tom.com aliyun.com 263.net 263.net.cn gmail.com googlemail.com hotmail.com outlook.com
    live.com live.cn msn.com yahoo.com yahoo.cn yahoo.com.cn icloud.com me.com aol.com protonmail.com proton.me gmx.com
    gmx.de web.de mail.com mail.ru yandex.ru example.com""".split()
)
"""Domains where anybody gets an address: they say nothing about a company."""
_ADDRESS = re.compile(r"[a-z0-9._%+\-]+@([a-z0-9\-]+(?:\.[a-z0-9\-]+)+)")
_HOST = re.compile(r"(?:[a-z]+://)?(?:www\d?\.)?([a-z0-9\-]+(?:\.[a-z0-9\-]+)+)")
_SECOND_LEVEL = frozenset("com net org gov edu ac co or ne go".split())


@lru_cache(maxsize=65536)
def address(written: str) -> str:
    """The mail address in small letters, empty if there is none."""
    found = _ADDRESS.search(written[:320].strip().lower())
    return found[0] if found else ""


def domain_of_mail(one: str) -> str:
    """The registered domain of a mail address; empty for free mail."""
    host = one.rpartition("@")[2]
    return "" if host in FREE else registered(host)


@lru_cache(maxsize=65536)
def domain_of_site(written: str) -> str:
    """The registered domain of a web site."""
    found = _HOST.match(written[:500].strip().lower())
    return registered(found[1]) if found and found[1] not in FREE else ""


def registered(host: str) -> str:
    """``mail.acme.com.cn`` → ``acme.com.cn``."""
    parts = host.split(".")
    size = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVEL else 2
    return ".".join(parts[-size:])
