"""The forms of the simulated K3Cloud: head and line fields, references, numbers, operations.

Which forms there are and how they behave follows the vendor's texts; field names of deliveries, receivables, receipts and
invoices are from memory, and an account set may name them otherwise (the switch ``renamed``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

Row = dict[str, Any]


class Refused(Exception):
    """A call that the system answers with ``IsSuccess`` false."""

    def __init__(self, code: int, message: str, field: str = "", index: int = 0) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.field = field
        self.index = index


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. ``to``: the form or base data a reference points to. ``given``: set by the system, not by Save."""

    name: str
    type: str = "text"
    to: str = ""
    required: bool = False
    given: bool = False


@dataclass(frozen=True)
class Form:
    """A form. ``key`` and ``number`` are its id field and number field; ``entry`` holds its lines.

    ``bill``: a document with a date, which can be cancelled and closed; else base data, which can be forbidden.
    """

    name: str
    label: str
    key: str
    number: str
    prefix: str
    first_id: int
    head: tuple[Field, ...]
    entry: str
    lines: tuple[Field, ...]
    bill: bool = True
    needs_line: bool = False

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Head fields by name in capitals."""
        return {field.name.upper(): field for field in self.head}

    @cached_property
    def line_fields(self) -> dict[str, Field]:
        """Line fields by name in capitals."""
        return {field.name.upper(): field for field in self.lines}

    @property
    def operations(self) -> tuple[str, ...]:
        """Numbers for ExcuteOperation."""
        return ("Cancel", "UnCancel", "BillClose", "BillUnClose") if self.bill else ("Forbid", "Enable")

    def column(self, name: str, renamed: Mapping[str, str]) -> tuple[Field, bool]:
        """A field by the name this account set gives it, and whether lines have it."""
        wanted = name.upper()
        entry = self.entry_called(renamed).upper() + "_"
        is_line = bool(self.entry) and wanted.startswith(entry)
        bare = wanted[len(entry) :] if is_line else wanted
        places = [(self.line_fields, True)] if is_line else [(self.fields, False), (self.line_fields, True)]
        for fields, of_line in places:
            for field in self._called(fields, bare, renamed):
                return field, of_line
        raise Refused(9, f"元数据中标识为{name}的字段不存在", name)

    def _called(self, fields: dict[str, Field], wanted: str, renamed: Mapping[str, str]) -> list[Field]:
        other = [ours.partition(".")[2].upper() for ours, theirs in self._own(renamed) if theirs.upper() == wanted]
        hidden = {ours.partition(".")[2].upper() for ours, _ in self._own(renamed)}
        names = [*other, *([] if wanted in hidden else [wanted])]
        return [fields[name] for name in names if name in fields]

    def _own(self, renamed: Mapping[str, str]) -> list[tuple[str, str]]:
        start = self.name.upper() + "."
        return [(ours, theirs) for ours, theirs in renamed.items() if ours.upper().startswith(start)]

    def called(self, name: str, renamed: Mapping[str, str]) -> str:
        """The name this account set gives a field."""
        return next((new for old, new in self._own(renamed) if old.partition(".")[2] == name), name)

    def entry_called(self, renamed: Mapping[str, str]) -> str:
        """The name this account set gives the lines."""
        return self.called(self.entry, renamed)


_STAMPS: Final = (
    Field("FDocumentStatus", given=True),
    Field("FCreateDate", "time", given=True),
    Field("FModifyDate", "time", given=True),
    Field("FApproveDate", "time", given=True),
)
_BASE: Final = (
    Field("FCreateOrgId", "reference", to="org", required=True),
    Field("FUseOrgId", "reference", to="org", required=True),
    Field("FForbidStatus", given=True),
    *_STAMPS,
)
_BILL: Final = (
    Field("FID", "integer", given=True),
    Field("FBillNo"),
    Field("FCloseStatus", given=True),
    Field("FCancelStatus", given=True),
    Field("FNote"),
    *_STAMPS,
)
_LINE: Final = (Field("FEntryID", "integer", given=True), Field("FSeq", "integer", given=True))
_ORDER: Final = Field("FOrderNo")


def _invoice(name: str, label: str, prefix: str, first: int) -> Form:
    head = (
        *_BILL,
        Field("FDATE", "time", required=True),
        Field("FCUSTOMERID", "reference", to="BD_Customer", required=True),
        Field("FSETTLEORGID", "reference", to="org", required=True),
        Field("FCURRENCYID", "reference", to="currency"),
        Field("FINVOICENO"),
        Field("FINVOICEDATE", "time"),
        Field("FALLAMOUNTFOR", "number"),
        _ORDER,
    )
    lines = (
        *_LINE,
        Field("FMATERIALID", "reference", to="BD_MATERIAL", required=True),
        Field("FPRICEQTY", "number"),
        Field("FTAXPRICE", "number"),
        Field("FALLAMOUNTFOR_D", "number"),
    )
    return Form(name, label, "FID", "FBillNo", prefix, first, head, "FSALESICENTRY", lines)


_FORMS: Final = (
    Form(
        "BD_Customer",
        "客户",
        "FCUSTID",
        "FNumber",
        "CUST",
        100001,
        (
            Field("FCUSTID", "integer", given=True),
            Field("FNumber"),
            Field("FName", required=True),
            Field("FShortName"),
            Field("FGroup", "reference", to="group"),
            Field("FTRADINGCURRID", "reference", to="currency"),
            Field("FTEL"),
            Field("FADDRESS"),
            Field("FSOCIALCRECODE"),
            Field("FCREDITLIMIT", "number"),
            Field("F_TM_REMARK"),
            *_BASE,
        ),
        "FT_BD_CUSTCONTACT",
        (
            Field("FEntryID", "integer", given=True),
            Field("FNUMBER1"),
            Field("FNAME1"),
            Field("FADDRESS1"),
            Field("FMOBILE"),
        ),
        bill=False,
    ),
    Form(
        "BD_MATERIAL",
        "物料",
        "FMATERIALID",
        "FNumber",
        "MAT",
        200001,
        (
            Field("FMATERIALID", "integer", given=True),
            Field("FNumber"),
            Field("FName", required=True),
            Field("FSpecification"),
            Field("FBaseUnitId", "reference", to="unit"),
            *_BASE,
        ),
        "",
        (),
        bill=False,
    ),
    Form(
        "SAL_SaleOrder",
        "销售订单",
        "FID",
        "FBillNo",
        "XSDD",
        300001,
        (
            *_BILL,
            Field("FDate", "time", required=True),
            Field("FBillTypeID", "reference", to="bill_type"),
            Field("FSaleOrgId", "reference", to="org", required=True),
            Field("FCustId", "reference", to="BD_Customer", required=True),
            Field("FSalerId", "reference", to="saler"),
            Field("F_TM_KEY"),
        ),
        "FSaleOrderEntry",
        (
            *_LINE,
            Field("FMaterialId", "reference", to="BD_MATERIAL", required=True),
            Field("FUnitID", "reference", to="unit"),
            Field("FQty", "number", required=True),
            Field("FPrice", "number"),
            Field("FTaxPrice", "number"),
            Field("FEntryTaxRate", "number"),
            Field("FAmount", "number"),
            Field("FAllAmount", "number"),
            Field("FDeliveryDate", "time"),
        ),
        needs_line=True,
    ),
    Form(
        "SAL_OUTSTOCK",
        "销售出库单",
        "FID",
        "FBillNo",
        "XSCKD",
        400001,
        (
            *_BILL,
            Field("FDate", "time", required=True),
            Field("FSaleOrgId", "reference", to="org", required=True),
            Field("FCustomerID", "reference", to="BD_Customer", required=True),
            _ORDER,
        ),
        "FEntity",
        (
            *_LINE,
            Field("FMaterialID", "reference", to="BD_MATERIAL", required=True),
            Field("FUnitID", "reference", to="unit"),
            Field("FRealQty", "number"),
        ),
        needs_line=True,
    ),
    Form(
        "AR_receivable",
        "应收单",
        "FID",
        "FBillNo",
        "AR",
        500001,
        (
            *_BILL,
            Field("FDATE", "time", required=True),
            Field("FENDDATE_H", "time"),
            Field("FCUSTOMERID", "reference", to="BD_Customer", required=True),
            Field("FSETTLEORGID", "reference", to="org", required=True),
            Field("FCURRENCYID", "reference", to="currency"),
            Field("FALLAMOUNTFOR", "number"),
            Field("FWRITTENOFFSTATUS"),
            _ORDER,
        ),
        "FEntityDetail",
        (
            *_LINE,
            Field("FMATERIALID", "reference", to="BD_MATERIAL", required=True),
            Field("FPriceQty", "number"),
            Field("FTaxPrice", "number"),
            Field("FALLAMOUNTFOR_D", "number"),
        ),
    ),
    Form(
        "AR_RECEIVEBILL",
        "收款单",
        "FID",
        "FBillNo",
        "SKD",
        600001,
        (
            *_BILL,
            Field("FDATE", "time", required=True),
            Field("FCONTACTUNITTYPE"),
            Field("FCONTACTUNIT", "reference", to="BD_Customer", required=True),
            Field("FPAYUNIT", "reference", to="BD_Customer"),
            Field("FSETTLEORGID", "reference", to="org", required=True),
            Field("FPAYORGID", "reference", to="org"),
            Field("FCURRENCYID", "reference", to="currency"),
            Field("FRECEIVEAMOUNTFOR_H", "number"),
            _ORDER,
        ),
        "FRECEIVEBILLENTRY",
        (
            *_LINE,
            Field("FSETTLETYPEID", "reference", to="settle_type"),
            Field("FPURPOSEID", "reference", to="purpose"),
            Field("FRECTOTALAMOUNTFOR", "number"),
        ),
    ),
    _invoice("IV_SALESIC", "销售增值税专用发票", "XSZP", 700001),
    _invoice("IV_SALESOC", "销售普通发票", "XSPP", 800001),
)
FORMS: Final = {form.name.upper(): form for form in _FORMS}
DOWNSTREAM: Final = ("SAL_OUTSTOCK", "AR_receivable", "AR_RECEIVEBILL", "IV_SALESIC", "IV_SALESOC")
"""What is made from a sales order; it names the order in ``FOrderNo``."""


def find(name: Any) -> Form:
    """A form by its id, whatever its case. Raises ``Refused``."""
    if not name:
        raise Refused(5, "FormId 不能为空")
    form = FORMS.get(str(name).upper())
    if form is None:
        raise Refused(4, "业务对象不存在")
    return form
