"""The objects of the simulated Fxiaoke tenant and their fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from connectors.testing import words

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object. ``to``: the object a reference points to. ``options``: value → label."""

    type: str = "text"
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    to: str = ""


STAGES: Final = (("s1", "跟进中"), ("s2", "已立项"), ("s3", "评审中"), ("s4", "已签约"), ("s5", "流失"))
_INDUSTRY: Final = tuple({value: label for _, value, label in words.TRADES}.items())
_LEAD: Final = (("un_assigned", "未分配"), ("un_processed", "待处理"), ("processed", "跟进中"), ("closed", "无效"))
_PAID: Final = (("unpaid", "未回款"), ("partial", "部分回款"), ("paid", "已回款"))
_ERP: Final = (("sent", "已提交"), ("approved", "已审核"), ("refused", "已驳回"), ("closed", "已关闭"))
_TEXT: Final = Field()
_NAME: Final = {"name": Field(required=True)}
_AUTO: Final = {"name": _TEXT}
_KEY: Final = {"tongmai_key__c": Field()}
_MONEY: Final = Field("currency")


def _reference(to: str, *, required: bool = False) -> Field:
    return Field("object_reference", required=required, to=to)


def _master(to: str) -> Field:
    return Field("master_detail", required=True, to=to)


OBJECTS: Final[dict[str, dict[str, Field]]] = {
    "AccountObj": {
        **_NAME,
        "account_no": _TEXT,
        "account_level": Field("select_one", options=(("A", "重点客户"), ("B", "普通客户"), ("C", "小客户"))),
        "account_source": Field("select_one", options=(("web", "官网"), ("expo", "展会"), ("other", "其他"))),
        "industry_level1": Field("select_one", options=_INDUSTRY),
        "tel": _TEXT,
        "fax": _TEXT,
        "email": _TEXT,
        "url": _TEXT,
        "address": _TEXT,
        "remark": _TEXT,
        "uscc_code__c": _TEXT,
        "annual_revenue__c": _MONEY,
        **_KEY,
    },
    "ContactObj": {
        **_NAME,
        "account_id": _reference("AccountObj"),
        "job_title": _TEXT,
        "mobile": _TEXT,
        "tel": _TEXT,
        "email": _TEXT,
        "remark": _TEXT,
        **_KEY,
    },
    "LeadsObj": {
        **_NAME,
        "company": _TEXT,
        "job_title": _TEXT,
        "mobile": _TEXT,
        "tel": _TEXT,
        "email": _TEXT,
        "biz_status": Field("select_one", options=_LEAD),
        "leads_stage": _TEXT,
        "account_id": _reference("AccountObj"),
        "contact_id": _reference("ContactObj"),
        "new_opportunity_id": _reference("NewOpportunityObj"),
        "remark": _TEXT,
        **_KEY,
    },
    "NewOpportunityObj": {
        **_NAME,
        "account_id": _reference("AccountObj", required=True),
        "sales_stage": Field("select_one", options=STAGES),
        "amount": _MONEY,
        "close_date": Field("date"),
        "remark": _TEXT,
        **_KEY,
    },
    "NewOpportunityLinesObj": {
        **_AUTO,
        "new_opportunity_id": _master("NewOpportunityObj"),
        "product_id": _reference("ProductObj"),
        "quantity": Field("number"),
        "sales_price": _MONEY,
        "discount": Field("percentile"),
        "remark": _TEXT,
        **_KEY,
    },
    "ContractObj": {
        **_AUTO,
        "account_id": _reference("AccountObj", required=True),
        "new_opportunity_id": _reference("NewOpportunityObj"),
        "contract_amount": _MONEY,
        "sign_date": Field("date"),
        "remark": _TEXT,
        **_KEY,
    },
    "SalesOrderObj": {
        **_AUTO,
        "account_id": _reference("AccountObj", required=True),
        "new_opportunity_id": _reference("NewOpportunityObj"),
        "contract_id": _reference("ContractObj"),
        "order_time": Field("date"),
        "order_amount": _MONEY,
        "delivery_date": Field("date"),
        "remark": _TEXT,
        "paid_amount__c": _MONEY,
        "payment_status__c": Field("select_one", options=_PAID),
        "erp_status__c": Field("select_one", options=_ERP),
        "erp_number__c": _TEXT,
        **_KEY,
    },
    "SalesOrderProductObj": {
        **_AUTO,
        "order_id": _master("SalesOrderObj"),
        "product_id": _reference("ProductObj"),
        "quantity": Field("number"),
        "sales_price": _MONEY,
        "subtotal": _MONEY,
        "remark": _TEXT,
        **_KEY,
    },
    "PaymentObj": {
        **_AUTO,
        "account_id": _reference("AccountObj", required=True),
        "payment_time": Field("date"),
        "payment_term": _TEXT,
        "notification_time": Field("date_time"),
        "remark": _TEXT,
        **_KEY,
    },
    "OrderPaymentObj": {
        **_AUTO,
        "payment_id": _master("PaymentObj"),
        "order_id": _reference("SalesOrderObj"),
        "payment_amount": _MONEY,
        **_KEY,
    },
    "ProductObj": {**_NAME, "product_code": _TEXT, "price": _MONEY, **_KEY},
    "PersonnelObj": {
        "name": _TEXT,
        "full_name": _TEXT,
        "user_id": _TEXT,
        "phone": _TEXT,
        "email": _TEXT,
        "status": _TEXT,
    },
    "project__c": {**_NAME, **_KEY},
}
READ_ONLY: Final = ("PersonnelObj",)
MASTER_OF: Final = {
    obj: (field.to, name)
    for obj, fields in OBJECTS.items()
    for name, field in fields.items()
    if field.type == "master_detail"
}
"""Detail object → its master object, and the field that holds the master's id."""
NUMBERED: Final = {
    "NewOpportunityLinesObj": "SJMX",
    "ContractObj": "HT",
    "SalesOrderObj": "DD",
    "SalesOrderProductObj": "DDMX",
    "PaymentObj": "HK",
    "OrderPaymentObj": "HKMX",
}
"""Objects whose name the tenant numbers itself when none is given."""
