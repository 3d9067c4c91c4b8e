"""Roles as data: which verbs each one holds, and what roles and verbs are called.

Apart from `rules` because this page is what an auditor reads: who may do what, in one place. A verb is
noun.verb; it is the permission, the audit event and the last part of the address. Accepting, preparing and
approving lie with different roles, and nobody holds money and people's rights in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Marks a text for translation, as server.web.N_ does; rules know no web.
N_ = str

ADMINISTRATOR: Final = "administrator"
SURVEYOR: Final = "surveyor"

VERBS: Final[Mapping[str, str]] = {
    "coverage.view": N_("查看进度"),
    "plan.view": N_("查看计划"),
    "plan.release": N_("发布计划"),
    "household.view": N_("查看住户"),
    "division.view": N_("查看区划"),
    "village.classify": N_("划定村的区域类别"),
    "division.import": N_("导入区划"),
    "submission.view": N_("查看记录"),
    "conflict.view": N_("查看冲突"),
    "duplicate.view": N_("查看疑似重复"),
    "household.merge": N_("合并住户"),
    "household.separate": N_("撤销合并住户"),
    "household.tell_apart": N_("认定不是重复"),
    "conflict.decide": N_("决定冲突"),
    "acceptance.view": N_("查看验收"),
    "conversion.accept": N_("验收改造"),
    "acceptance.withdraw": N_("撤销验收"),
    "zone.view": N_("查看禁煤区"),
    "zone.propose": N_("提议禁煤区"),
    "zone.designate": N_("批准禁煤区"),
    "zone.amend": N_("调整禁煤区"),
    "problem.view": N_("查看问题"),
    "problem.open": N_("立案"),
    "problem.assign": N_("指定整改人"),
    "problem.report": N_("报告整改"),
    "problem.close": N_("核查销号"),
    "payee.view": N_("查看收款人"),
    "payee.change": N_("更改收款人"),
    "payee.import": N_("导入收款人"),
    "schedule.view": N_("查看补贴标准"),
    "schedule.release": N_("发布补贴标准"),
    "entitlement.decide": N_("核定补贴"),
    "finance.view": N_("查看资金"),
    "payment_batch.prepare": N_("编制批次"),
    "payment_batch.lock": N_("提交审批"),
    "payment_batch.discard": N_("作废批次"),
    "payment_batch.reject": N_("退回批次"),
    "payment_batch.approve": N_("批准批次"),
    "payment_batch.send": N_("送银行"),
    "payment_batch.reconcile": N_("对账"),
    "payment_batch.close": N_("办结批次"),
    "bank_file.export": N_("导出银行文件"),
    "return_file.import": N_("导入回盘文件"),
    "tablet.view": N_("查看平板"),
    "tablet.enrol": N_("登记平板"),
    "tablet.assign": N_("给平板分配村"),
    "tablet.rename": N_("给平板改名"),
    "tablet.revoke": N_("停用平板"),
    "tablet.reinstate": N_("撤回平板停用"),
    "rescue_key.renew": N_("换发县密钥"),
    "rescue.import": N_("导入救援文件"),
    "person.view": N_("查看人员"),
    "person.manage": N_("管理人员和职务"),
    "audit.view": N_("查看操作日志"),
    # What the exchange does by itself when a tablet calls.
    "tablet.repair": N_("核对平板数据"),
    # Done by the server itself, where records of one tablet turn out to be of two.
    "tablet.close": N_("平板编号作废"),
    # One's own account: done by everybody, granted to nobody.
    "account.sign_in": N_("登录"),
    "account.password": N_("改自己的密码"),
    "account.token": N_("管理自己的令牌"),
}

OWN_VERBS: Final = frozenset({"tablet.repair", "tablet.close"})
"""What the server does by itself: granted to nobody."""

LOOKING: Final = frozenset(
    {"coverage.view", "plan.view", "household.view", "division.view", "acceptance.view"}
)
MERGING: Final = frozenset({"household.merge", "household.separate", "household.tell_apart"})
JOURNAL: Final = frozenset({"submission.view", "conflict.view", "duplicate.view", "tablet.view"})
LEDGER: Final = frozenset({"zone.view", "problem.view"})
SUBSIDIES: Final = frozenset({"finance.view", "payee.view", "schedule.view"})


@dataclass(frozen=True)
class Role:
    """A set of verbs under a Chinese name; the English one is its translation."""

    name: str
    verbs: frozenset[str]


ROLES: Final[Mapping[str, Role]] = {
    # Works on a tablet alone; nothing in the office is a surveyor's.
    SURVEYOR: Role(N_("调查员"), frozenset()),
    "township_official": Role(
        N_("乡镇干部"),
        LOOKING | JOURNAL | LEDGER | {"conversion.accept", "acceptance.withdraw", "zone.propose", "conflict.decide"}
        | {"problem.open", "problem.report", "payee.view", "payee.import", "finance.view"} | MERGING,
    ),
    "environment_officer": Role(
        N_("生态环境干部"),
        LOOKING | JOURNAL | LEDGER | {"village.classify", "zone.propose", "zone.designate", "zone.amend"}
        | {"problem.open", "problem.assign", "problem.report", "problem.close"},
    ),
    "finance_preparer": Role(
        N_("资金经办"),
        LOOKING | SUBSIDIES | {"payee.change", "payee.import", "entitlement.decide", "bank_file.export"}
        | {"payment_batch.prepare", "payment_batch.lock", "payment_batch.discard", "payment_batch.send"}
        | {"payment_batch.reconcile", "return_file.import"},
    ),
    "finance_approver": Role(
        N_("资金审批"),
        LOOKING | SUBSIDIES | {"schedule.release", "payment_batch.approve", "payment_batch.reject"}
        | {"payment_batch.close"},
    ),
    "auditor": Role(
        N_("审计"), LOOKING | JOURNAL | LEDGER | SUBSIDIES | {"person.view", "audit.view"}
    ),
    ADMINISTRATOR: Role(
        N_("系统管理员"),
        LOOKING | JOURNAL | LEDGER | {"person.view", "person.manage", "audit.view", "tablet.enrol"}
        | {"tablet.assign", "tablet.rename", "tablet.revoke", "tablet.reinstate", "rescue.import"}
        | {"rescue_key.renew", "village.classify", "division.import", "plan.release", "zone.propose"}
        | {"zone.designate", "zone.amend", "problem.open", "problem.assign", "problem.report"}
        | {"problem.close"},
    ),
}  # fmt: skip
