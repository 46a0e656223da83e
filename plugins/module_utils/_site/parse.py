# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain data to a site: everything that is wrong is said at once, each with its path, its value and a remedy."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site import validate
from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Fields, Problems, shown
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Area, Limit, Meter, Panel, Person, Position, Site

SITE_KEYS = ("id", "name", "topic", "areas", "people", "model", "timezone")
AREA_KEYS = ("id", "name", "areas", "panels", "position")
PANEL_KEYS = ("id", "name", "meters", "fed_from", "position")
METER_KEYS = ("id", "name", "model", "phases", "gateway", "address", "serial", "incomer", "limits", "position")
LIMIT_KEYS = ("warning", "alarm")
PERSON_KEYS = ("user", "role")
# Of a site whose files could not be read: nothing but what is wrong with them, a sentence each (inventory plugin sites).
FAULTS = "faults"


class SiteError(ValueError):
    """A site that cannot be used. ``problems``: one sentence each, in the order of the site."""

    def __init__(self, problems: c.Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def parse_site(
    data: t.Any,
    site_id: str | None = None,
    gateways: c.Iterable[str] | None = None,
    where: c.Callable[[str], str] | None = None,
) -> Site:
    """The site that the data describes, or SiteError with everything that is wrong with it.

    data: the mapping that a site host has as its variable ``site``, or what ``projections.plain`` made of a site.
    site_id: id of the site where the data does not hold it. gateways: the gateways that meters may name; None allows any.
    where: says a path of the data (``areas[0].panels[1].id``) to people, see ``fields.Problems``.
    Data that holds nothing but FAULTS is a site whose files have these; they are raised as they are.
    """
    if isinstance(data, c.Mapping) and data.keys() == {FAULTS} and isinstance(data[FAULTS], list) and data[FAULTS]:
        raise SiteError([str(fault) for fault in data[FAULTS]])
    return _Parser(None if gateways is None else frozenset(gateways), Problems(where)).site(data, site_id)


@dataclasses.dataclass(frozen=True)
class _Named:
    """A place in the data that something stands at."""

    path: str
    value: str


class _Parser:
    """Walks the data once; notes on the way what must be compared across the site."""

    def __init__(self, gateways: frozenset[str] | None, problems: Problems) -> None:
        self._gateways = gateways
        self._problems = problems
        self._entity_ids: list[_Named] = []
        self._serials: list[_Named] = []
        self._addresses: list[_Named] = []
        self._feeds: list[tuple[_Named, str]] = []
        self._panel_ids: set[str] = set()
        self._meters = 0

    def site(self, data: t.Any, site_id: str | None) -> Site:
        fields = Fields(data, "", "site", SITE_KEYS, self._problems)
        site = Site(
            id=self._site_id(fields, site_id),
            name=fields.text("name", validate.text_fault),
            topic=fields.text("topic", validate.text_fault, validate.topic_fault),
            areas=self._areas(fields, depth=1),
            people=self._people(fields),
            model=fields.text("model", validate.text_fault, validate.model_fault, required=False) or None,
            timezone=fields.text("timezone", validate.timezone_fault, required=False) or Site.timezone,
        )
        self._siblings([(path, _mapping(entry)) for path, entry in fields.entries("areas")])
        self._across_the_site(fields)
        if self._problems.sentences:
            raise SiteError(self._problems.sentences)
        return site

    def _site_id(self, fields: Fields, site_id: str | None) -> str:
        if site_id is None:
            given = fields.identifier("id", validate.entity_id_fault)
        else:
            fault = validate.entity_id_fault(site_id)
            if fault:
                self._problems.value("id", site_id, f"{fault} (the site's id is the name of its inventory host)")
            if fields.raw("id") not in (None, site_id):
                fields.complain("id", f"is not the site's id {shown(site_id)}; leave it out, the name of the inventory host is the id")
            given = site_id
        self._entity_ids.append(_Named("id", given))
        return given

    def _areas(self, fields: Fields, depth: int) -> tuple[Area, ...]:
        entries = fields.entries("areas")
        if entries and depth > validate.AREA_DEPTH:
            self._problems.add(
                fields.at("areas"), f"stands {depth} levels deep; IoT TwinMaker takes at most {validate.AREA_DEPTH} levels of areas"
            )
            return ()
        return tuple(self._area(entry, path, depth) for path, entry in entries)

    def _area(self, data: t.Any, path: str, depth: int) -> Area:
        fields = Fields(data, path, "area", AREA_KEYS, self._problems)
        area = Area(
            id=self._entity_id(fields),
            name=fields.text("name", validate.text_fault),
            areas=self._areas(fields, depth + 1),
            panels=tuple(self._panel(entry, inner) for inner, entry in fields.entries("panels")),
            position=self._position(fields),
        )
        self._siblings([(inner, _mapping(entry)) for key in ("areas", "panels") for inner, entry in fields.entries(key)])
        return area

    def _panel(self, data: t.Any, path: str) -> Panel:
        fields = Fields(data, path, "panel", PANEL_KEYS, self._problems)
        panel_id = self._entity_id(fields)
        entries = fields.entries("meters")
        if len(entries) > validate.METERS_PER_PANEL:
            self._problems.add(
                fields.at("meters"),
                f"are {len(entries)}; a panel takes at most {validate.METERS_PER_PANEL}, as IoT TwinMaker takes"
                f" {validate.COMPONENTS_PER_ENTITY} components in an entity and one is for the panel's totals; divide the panel",
            )
        meters = tuple(self._meter(entry, inner) for inner, entry in entries)
        self._once(
            [_Named(f"{inner}.id", meter.id) for (inner, _entry), meter in zip(entries, meters, strict=True)],
            lambda meter_id, _first: f"is used twice in panel {shown(panel_id)}; give each meter of a panel its own id",
        )
        self._siblings([(inner, _mapping(entry)) for inner, entry in entries])
        fed_from = fields.text("fed_from", validate.entity_id_fault, required=False) or None
        self._panel_ids.add(panel_id)
        if fed_from:
            self._feeds.append((_Named(fields.at("fed_from"), fed_from), panel_id))
        return Panel(
            id=panel_id, name=fields.text("name", validate.text_fault), meters=meters, fed_from=fed_from, position=self._position(fields)
        )

    def _meter(self, data: t.Any, path: str) -> Meter:
        fields = Fields(data, path, "meter", METER_KEYS, self._problems)
        self._meters += 1
        phases = self._phases(fields)
        meter = Meter(
            id=fields.identifier("id", validate.meter_id_fault),
            name=fields.text("name", validate.text_fault),
            phases=phases,
            model=fields.text("model", validate.text_fault, required=False) or None,
            gateway=self._gateway(fields),
            address=fields.identifier("address", validate.text_fault, required=False) or None,
            serial=fields.identifier("serial", validate.text_fault, required=False) or None,
            incomer=self._flag(fields, "incomer"),
            limits=self._limits(fields, phases),
            position=self._position(fields),
        )
        if meter.serial:
            self._serials.append(_Named(fields.at("serial"), meter.serial))
        if meter.gateway and meter.address:
            self._addresses.append(_Named(fields.at("address"), f"{meter.address} at gateway {meter.gateway}"))
        return meter

    def _entity_id(self, fields: Fields) -> str:
        entity_id = fields.identifier("id", validate.entity_id_fault)
        self._entity_ids.append(_Named(fields.at("id"), entity_id))
        return entity_id

    def _phases(self, fields: Fields) -> int:
        phases = fields.raw("phases")
        if phases is None:
            fields.missing("phases", "write 1 or 3")
        elif isinstance(phases, bool) or phases not in validate.PHASES:
            fields.complain("phases", "is no number of phases; write 1 or 3")
        else:
            return int(phases)
        return max(validate.PHASES)

    def _flag(self, fields: Fields, key: str) -> bool:
        value = fields.raw(key)
        if value is not None and not isinstance(value, bool):
            fields.complain(key, "is neither true nor false; write one of them, without quotes")
        return value is True

    def _gateway(self, fields: Fields) -> str | None:
        gateway = fields.text("gateway", validate.text_fault, required=False) or None
        if gateway and self._gateways is not None and gateway not in self._gateways:
            known = ", ".join(sorted(self._gateways)) or "none"
            fields.complain(
                "gateway",
                f"is no gateway of this site (known: {known}); mend the name, or add the host to the gateways with gateway_site set to this site",
            )
        return gateway

    def _limits(self, fields: Fields, phases: int) -> tuple[Limit, ...]:
        value = fields.raw("limits")
        if value is None:
            return ()
        if not isinstance(value, c.Mapping):
            fields.complain("limits", "is no mapping; write for example {kW: {warning: 40, alarm: 50}}")
            return ()
        return tuple(self._limit(str(name), limit, f"{fields.at('limits')}.{name}", phases) for name, limit in value.items())

    def _limit(self, name: str, data: t.Any, path: str, phases: int) -> Limit:
        fault = validate.limit_property_fault(name, phases)
        if fault:
            self._problems.add(path, fault)
        fields = Fields(data, path, "limit", LIMIT_KEYS, self._problems)
        levels = {key: self._level(fields, key) for key in LIMIT_KEYS}
        warning, alarm = levels["warning"], levels["alarm"]
        if isinstance(data, c.Mapping) and not any(key in data for key in LIMIT_KEYS):
            self._problems.add(path, "sets no limit; write warning, alarm or both")
        if warning is not None and alarm is not None and not warning < alarm:
            self._problems.value(f"{path}.warning", warning, f"is not below the alarm {alarm!r}; a warning comes before the alarm")
        return Limit(property=name, warning=warning, alarm=alarm)

    def _level(self, fields: Fields, key: str) -> float | None:
        value = fields.raw(key)
        if value is None:
            return None
        if not validate.is_number(value):
            fields.complain(key, "is no number; write it without quotes and unit")
            return None
        return float(value)

    def _position(self, fields: Fields) -> Position | None:
        value = fields.raw("position")
        if value is None:
            return None
        if (
            isinstance(value, str)
            or not isinstance(value, c.Sequence)
            or len(value) != 3
            or not all(validate.is_number(part) for part in value)
        ):
            fields.complain("position", "is no position; write three numbers in metres, [x, y, z]")
            return None
        x, y, z = (float(part) for part in value)
        return x, y, z

    def _people(self, fields: Fields) -> tuple[Person, ...]:
        people = tuple(self._person(entry, path) for path, entry in fields.entries("people"))
        self._once(
            [_Named(f"people[{index}].user", person.user) for index, person in enumerate(people)],
            lambda _user, first: f"stands already at {first}; give each person one role",
        )
        return people

    def _person(self, data: t.Any, path: str) -> Person:
        fields = Fields(data, path, "person", PERSON_KEYS, self._problems)
        role = fields.text("role")
        if role and role not in validate.ROLES:
            fields.complain("role", f"is no role; use one of {', '.join(validate.ROLES)}")
        return Person(user=fields.text("user", validate.text_fault), role=role)

    def _siblings(self, entries: c.Sequence[tuple[str, c.Mapping[t.Any, t.Any]]]) -> None:
        """IoT TwinMaker refuses two entities of one name below the same parent."""
        named = [_Named(f"{path}.name", str(entry["name"])) for path, entry in entries if isinstance(entry.get("name"), str)]
        self._once(named, lambda _name, first: f"is the name at {first} too; give things that stand side by side different names")

    def _across_the_site(self, fields: Fields) -> None:
        self._once(
            self._entity_ids,
            lambda _id, first: f"is used already at {first}; the site, its areas and its panels share one set of ids, give each its own",
        )
        remedy = "a meter stands in one panel only, remove one of the two entries or mend it"
        self._once(self._serials, lambda _serial, first: f"is the serial number at {first} too; {remedy}")
        self._fed_panels()
        self._once(self._addresses, lambda _address, first: f"is the address at {first} too; {remedy}")
        if len(self._entity_ids) > validate.ENTITIES:
            self._problems.add(
                "areas", f"hold {len(self._entity_ids)} areas and panels; IoT TwinMaker takes {validate.ENTITIES} entities, divide the site"
            )
        if fields.raw("areas") in (None, []):
            fields.missing("areas", "a site has at least one area with a panel and a meter")
        elif not self._meters and not self._problems.sentences:
            self._problems.add("areas", "hold no meter; a site has at least one")

    def _fed_panels(self) -> None:
        feeds = {panel: named.value for named, panel in self._feeds}
        for named, panel in self._feeds:
            if named.value not in self._panel_ids:
                self._problems.value(named.path, named.value, "is no panel of this site; write the id of the panel that feeds this one")
                continue
            above, seen = named.value, {panel}
            while above in feeds and above not in seen:
                seen.add(above)
                above = feeds[above]
            if above == panel:
                self._problems.value(named.path, named.value, "is fed from this panel itself; name the panel nearer to the grid")

    def _once(self, places: c.Sequence[_Named], rest: c.Callable[[str, str], str]) -> None:
        """Note each value that an earlier place has already. Empty values are faults that were noted before."""
        first: dict[str, str] = {}
        for place in places:
            if place.value and place.value in first:
                self._problems.value(place.path, place.value, rest(place.value, self._problems.at(first[place.value])))
            first.setdefault(place.value, place.path)


def _mapping(entry: t.Any) -> c.Mapping[t.Any, t.Any]:
    return entry if isinstance(entry, c.Mapping) else {}
