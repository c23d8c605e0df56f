"""Experiments: who was assigned to which arm, what came of it, and what a policy credits of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median

from scipy.stats import chisquare

from reference import contract
from reference.conversions import Conversion
from reference.entities import Entities
from reference.messages import Message
from reference.staging import Judged, latest_rows
from reference.values import Row, to_text

_FAMILIES = {
    "delivered": "delivery",
    "opened": "open",
    "human_opened": "open",
    "clicked": "click",
    "unsubscribed": "unsubscribe",
    "complained": "complaint",
}
_METRICS = ("revenue", "orders", "ordered", "converted", *_FAMILIES)
_DATA_RUN_THROUGH = ("send_events", "engagement_events", "order_events", "goal_events")


@dataclass
class Unit:
    """A contact in an experiment."""

    experiment: Row
    contact_id: str
    arm: str
    assigned_at: datetime
    ends_at: datetime
    is_contaminated: bool
    is_mature: bool = False
    message: Message | None = None
    orders: list[Conversion] = field(default_factory=list)
    conversions: list[Conversion] = field(default_factory=list)

    @property
    def is_control(self) -> bool:
        """Whether it is in the control arm."""
        return bool(self.arm == self.experiment["control_arm"])

    @property
    def revenue(self) -> Decimal:
        """The orders' money; an order without a rate has none."""
        return sum((order.revenue or Decimal(0) for order in self.orders), Decimal(0))

    def value(self, metric: str) -> Decimal | int | bool | None:
        """What a metric is for this contact; none where it isn't mature, or isn't measured."""
        if not self.is_mature:
            return None
        values: dict[str, Decimal | int | bool] = {
            "revenue": self.revenue,
            "orders": len(self.orders),
            "ordered": bool(self.orders),
            "converted": bool(self.conversions),
        }
        if metric in values:
            return values[metric]
        if not _is_of_one_email(self.experiment):
            return None
        if self.message is None:
            return False
        if not self.message.is_measured(_FAMILIES[metric]):
            return None
        if metric == "human_opened":
            counted = self.message.counted("opened", "clicked")
            return any(event.actor != "machine" for event in counted)
        return self.message.flags[metric]

    def holds(self, moment: datetime | None) -> bool:
        """Whether a time is in the contact's days, both ends included."""
        return moment is not None and self.assigned_at <= moment <= self.ends_at


def _is_of_one_email(experiment: Row) -> bool:
    return experiment["experiment_type"] == "ab_test" and bool(experiment["email_source_id"])


def data_through(judged: dict[str, Judged]) -> datetime | None:
    """The latest accepted send, engagement, order or goal event."""
    times = [row["event_at"] for name in _DATA_RUN_THROUGH for row in judged[name].accepted]
    return max(times, default=None)


def orphaned_assignments(judged: dict[str, Judged], entities: Entities) -> int:
    """Accepted assignments of unknown contacts, or to unknown experiments."""
    known = {row["experiment_id"] for row in judged["experiments"].accepted}
    return sum(
        row["contact_id"] not in entities.contacts or row["experiment_id"] not in known
        for row in judged["experiment_assignments"].accepted
    )


def experiment_tables(
    judged: dict[str, Judged],
    entities: Entities,
    messages: Iterable[Message],
    conversions: list[Conversion],
    credited: list[Row],
    policies: list[str],
    through: datetime | None,
) -> dict[str, list[Row]]:
    """The experiments' tables but for what needs a distribution; ``credited`` are the rows of
    ``core.fct_attribution_credits``, ``through`` is how far the data go."""
    sent = [message for message in messages if not message.is_test]
    by_contact: dict[str, list[Message]] = defaultdict(list)
    for message in sorted(sent, key=lambda each: (each.first_send_at, each.message_id)):
        by_contact[message.contact_id].append(message)
    experiments = latest_rows(contract.EXPERIMENTS, judged["experiments"].accepted)
    tables: dict[str, list[Row]] = {
        "core.dim_experiments": [],
        "core.dim_experiment_arms": [],
        "core.fct_experiment_contacts": [],
        "marts.experiment_arms": [],
        "marts.experiment_checks": [],
        "marts.attribution_calibration": [],
    }
    for experiment_id, row in experiments.items():
        own = [
            event
            for event in judged["experiment_assignments"].accepted
            if event["experiment_id"] == experiment_id
        ]
        experiment = row | {
            "primary_metric": row["primary_metric"] or "revenue",
            "outcome_days": row["outcome_days"] or 14,
        }
        is_by_variant = _is_of_one_email(experiment) and not own
        tables["core.dim_experiments"].append(
            {name: value for name, value in experiment.items() if name != "loaded_at"}
            | {"is_assigned_by_variant": is_by_variant}
        )
        units = (
            _by_variant(experiment, by_contact)
            if is_by_variant
            else _by_assignment(experiment, own, entities, by_contact)
        )
        for unit in units:
            unit.is_mature = through is not None and unit.ends_at <= through
            unit.conversions = [
                each
                for each in conversions
                if each.contact_id == unit.contact_id and unit.holds(each.converted_at)
            ]
            unit.orders = [each for each in unit.conversions if each.conversion_type == "order"]
        tables["core.fct_experiment_contacts"] += [_contact_row(unit) for unit in units]
        tables["core.dim_experiment_arms"] += _planned_rows(experiment, units)
        tables["marts.experiment_arms"] += _arm_rows(units)
        tables["marts.experiment_checks"] += [
            _sample_ratio_row(tables["core.dim_experiment_arms"], experiment_id),
            *_check_rows(experiment, units),
        ]
        if _is_calibrated(experiment, units, by_contact):
            tables["marts.attribution_calibration"] += _calibration_rows(
                experiment, units, by_contact, credited, policies
            )
    return tables


def _by_assignment(
    experiment: Row, events: list[Row], entities: Entities, by_contact: dict[str, list[Message]]
) -> list[Unit]:
    """The earliest assignment decides; others to another arm contaminate, and in a holdout an email
    to a control contact."""
    assignments: dict[str, list[Row]] = defaultdict(list)
    for event in sorted(events, key=lambda row: (row["event_at"], row["event_id"])):
        if event["contact_id"] in entities.contacts:
            assignments[entities.surviving[event["contact_id"]]].append(event)
    units = []
    for contact_id, own in assignments.items():
        unit = _unit(experiment, contact_id, own[0]["arm"], own[0]["event_at"])
        unit.is_contaminated = len({event["arm"] for event in own}) > 1
        messages = by_contact[contact_id]
        if experiment["experiment_type"] == "holdout":
            unit.is_contaminated |= unit.is_control and any(
                unit.holds(message.times["sent"]) and _is_about(experiment, message)
                for message in messages
            )
        elif _is_of_one_email(experiment):
            chosen = (
                message
                for message in messages
                if message.source["email_source_id"] == experiment["email_source_id"]
                and unit.holds(message.first_send_at)
            )
            unit.message = next(chosen, None)
        units.append(unit)
    return units


def _is_about(experiment: Row, message: Message) -> bool:
    """Of the experiment's source or, where it has none, of any that isn't transactional."""
    if experiment["email_source_id"]:
        return bool(message.source["email_source_id"] == experiment["email_source_id"])
    return bool(message.source["email_source_type"] != "transactional")


def _by_variant(experiment: Row, by_contact: dict[str, list[Message]]) -> list[Unit]:
    """The contact's earliest message of the source with a variant assigns it; roll-outs don't."""
    units = []
    for contact_id, messages in by_contact.items():
        varied = [
            message
            for message in messages
            if message.source["email_source_id"] == experiment["email_source_id"]
            and message.variant
            and not message.is_winner_rollout
        ]
        if varied:
            unit = _unit(experiment, contact_id, varied[0].variant or "", varied[0].first_send_at)
            unit.message = varied[0]
            unit.is_contaminated = len({message.variant for message in varied}) > 1
            units.append(unit)
    return units


def _unit(experiment: Row, contact_id: str, arm: str, assigned_at: datetime) -> Unit:
    ends_at = assigned_at + timedelta(days=experiment["outcome_days"])
    return Unit(experiment, contact_id, arm, assigned_at, ends_at, is_contaminated=False)


def _contact_row(unit: Unit) -> Row:
    flags = ("ordered", "converted", *_FAMILIES)
    return {
        "experiment_id": unit.experiment["experiment_id"],
        "contact_id": unit.contact_id,
        "message_id": unit.message.message_id if unit.message else None,
        "arm": unit.arm,
        "assigned_at": unit.assigned_at,
        "is_control": unit.is_control,
        "is_mature": unit.is_mature,
        "is_contaminated": unit.is_contaminated,
        "orders": unit.value("orders"),
        "orders_without_rate": _without_rate(unit) if unit.is_mature else None,
        "revenue": unit.value("revenue"),
    } | {f"is_{name}": unit.value(name) for name in flags}


def _without_rate(unit: Unit) -> int:
    return sum(order.revenue is None for order in unit.orders)


def _planned_rows(experiment: Row, units: list[Unit]) -> list[Row]:
    weights: dict[str, Decimal] = defaultdict(Decimal)
    if experiment["planned_shares"]:
        for share in experiment["planned_shares"].split(","):
            arm, _, weight = share.partition("=")
            weights[to_text(arm) or ""] += Decimal(to_text(weight) or "")
    arms = {experiment["control_arm"], *weights, *(unit.arm for unit in units)}
    return [
        {
            "experiment_id": experiment["experiment_id"],
            "arm": arm,
            "contacts": sum(unit.arm == arm for unit in units),
            "mature_contacts": sum(unit.arm == arm and unit.is_mature for unit in units),
            "planned_weight": weights[arm] if experiment["planned_shares"] else Decimal(1),
            "is_control": arm == experiment["control_arm"],
        }
        for arm in arms
    ]


def _arm_rows(units: list[Unit]) -> list[Row]:
    """A metric has rows where every arm has a mature contact that it is measured for."""
    arms: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        arms[unit.arm].append(unit)
    rows = []
    for metric in _METRICS:
        values = {
            arm: [value for unit in own if (value := unit.value(metric)) is not None]
            for arm, own in arms.items()
        }
        if not all(values.values()):
            continue
        rows += [
            {
                "experiment_id": own[0].experiment["experiment_id"],
                "arm": arm,
                "metric": metric,
                "contacts": len(values[arm]),
                "total": sum(values[arm]),
                "total_squared": sum(value * value for value in values[arm]),
                "mean": float(sum(values[arm])) / len(values[arm]),
                "immature_contacts": sum(not unit.is_mature for unit in own),
                "contaminated_contacts": sum(unit.is_contaminated for unit in own),
                "orders_without_rate": sum(_without_rate(unit) for unit in own if unit.is_mature),
            }
            for arm, own in arms.items()
        ]
    return rows


def _sample_ratio_row(arms: list[Row], experiment_id: str) -> Row:
    """All assigned contacts against the planned shares."""
    own = [arm for arm in arms if arm["experiment_id"] == experiment_id]
    everybody = sum(arm["contacts"] for arm in own)
    planned = [arm for arm in own if arm["planned_weight"]]
    weights = float(sum(arm["planned_weight"] for arm in planned))
    p_value = None
    if everybody and len(planned) < len([arm for arm in own if arm in planned or arm["contacts"]]):
        p_value = 0.0
    elif everybody and len(planned) == 1:
        p_value = 1.0
    elif everybody:
        expected = [everybody * float(arm["planned_weight"]) / weights for arm in planned]
        p_value = float(chisquare([arm["contacts"] for arm in planned], expected).pvalue)
    status = "info" if p_value is None else "fail" if p_value < 0.001 else "ok"
    if p_value is not None and 0.001 <= p_value < 0.01:
        status = "warn"
    key = {"experiment_id": experiment_id, "check_name": "sample_ratio"}
    return key | {"value": p_value, "status": status}


def _check_rows(experiment: Row, units: list[Unit]) -> list[Row]:
    """But for `sample_ratio`."""

    def check(name: str, value: float | None, status: str) -> Row:
        key = {"experiment_id": experiment["experiment_id"], "check_name": name}
        return key | {"value": value, "status": status}

    share = sum(unit.is_contaminated for unit in units) / len(units) if units else None
    immature = sum(not unit.is_mature for unit in units)
    rows = [
        check(
            "contamination",
            share,
            "info"
            if share is None
            else "ok"
            if share == 0
            else "info"
            if share < 0.01
            else "warn"
            if share < 0.05
            else "fail",
        ),
        check("maturity", float(immature), "info" if immature else "ok"),
    ]
    if experiment["experiment_type"] == "ab_test":
        first_sends: dict[str, list[datetime]] = defaultdict(list)
        for unit in units:
            if unit.message:
                first_sends[unit.arm].append(unit.message.first_send_at)
        start, microsecond = datetime(2026, 1, 1), timedelta(microseconds=1)
        medians = [
            median((moment - start) // microsecond for moment in moments)
            for moments in first_sends.values()
        ]
        apart = (max(medians) - min(medians)) / 3.6e9 if len(medians) > 1 else None
        status = "info" if apart is None else "ok" if apart <= 1 else "warn"
        if apart is not None and apart > 24:
            status = "fail"
        rows.append(check("send_time", apart, status))
    return rows


def _is_calibrated(
    experiment: Row, units: list[Unit], by_contact: dict[str, list[Message]]
) -> bool:
    """A holdout, or an A/B test whose control has no dispatched message of the source."""
    if experiment["experiment_type"] == "holdout":
        return True
    if not experiment["email_source_id"]:
        return False
    return not any(
        unit.holds(message.times["sent"])
        and message.source["email_source_id"] == experiment["email_source_id"]
        for unit in units
        if unit.is_control
        for message in by_contact[unit.contact_id]
    )


def _calibration_rows(
    experiment: Row,
    units: list[Unit],
    by_contact: dict[str, list[Message]],
    credited: list[Row],
    policies: list[str],
) -> list[Row]:
    """What each policy credits of treated contacts' orders to messages sent since the assignment,
    of the experiment's source where it has one."""
    treated = [unit for unit in units if unit.is_mature and not unit.is_control]
    totals = dict.fromkeys(policies, Decimal(0))
    for unit in treated:
        source = experiment["email_source_id"]
        messages = {
            message.message_id
            for message in by_contact[unit.contact_id]
            if source in (None, message.source["email_source_id"])
            and message.times["sent"]
            and message.times["sent"] >= unit.assigned_at
        }
        orders = {order.conversion_id for order in unit.orders}
        for credit in credited:
            if (
                credit["conversion_type"] == "order"
                and credit["conversion_id"] in orders
                and credit["message_id"] in messages
            ):
                totals[credit["attribution_policy"]] += credit["revenue"] or 0
    return [
        {
            "experiment_id": experiment["experiment_id"],
            "attribution_policy": policy,
            "treated_contacts": len(treated),
            "credited_revenue": total,
        }
        for policy, total in totals.items()
    ]
