# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates: from text to a checked structure.

Rules after the template anatomy in AWS's CloudFormation user guide: sections, members of a resource, limits.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import re
import typing as t

import yaml

from local_cloud.cloudformation import functions
from local_cloud.cloudformation.errors import constraint, invalid, not_implemented

MAX_BODY_BYTES = 51_200
MAX_URL_BYTES = 1_048_576
MAX_DESCRIPTION_BYTES = 1024
MAX_RESOURCES = 500
MAX_PARAMETERS = 200
MAX_OUTPUTS = 200
MAX_MAPPINGS = 200

_VERSION = "2010-09-09"
_SECTIONS = {"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Resources", "Outputs"}
_UNSUPPORTED_SECTIONS = {"Transform", "Rules", "Hooks"}
_RESOURCE_MEMBERS = {"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"}
_UNSUPPORTED_RESOURCE_MEMBERS = {"CreationPolicy", "UpdatePolicy"}
_DELETION_POLICIES = {"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"}
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]{1,255}")

Attributes = c.Callable[[str, str], bool]


@dataclasses.dataclass(frozen=True)
class Template:
    """A template that has passed ``load``; sections that it lacks are empty."""

    text: str
    body: dict[str, t.Any]

    @property
    def description(self) -> str | None:
        return self.body.get("Description")

    @property
    def parameters(self) -> dict[str, dict[str, t.Any]]:
        return self.body.get("Parameters") or {}

    @property
    def mappings(self) -> dict[str, t.Any]:
        return self.body.get("Mappings") or {}

    @property
    def conditions(self) -> dict[str, t.Any]:
        return self.body.get("Conditions") or {}

    @property
    def resources(self) -> dict[str, dict[str, t.Any]]:
        return self.body["Resources"]

    @property
    def outputs(self) -> dict[str, dict[str, t.Any]]:
        return self.body.get("Outputs") or {}

    def resource_types(self) -> list[str]:
        """The types used, each once, in the order of the template."""
        return list(dict.fromkeys(resource["Type"] for resource in self.resources.values()))


def load(text: str, known_types: c.Container[str], has_attribute: Attributes, *, limit: int = MAX_BODY_BYTES) -> Template:
    """Parse and check a template of JSON or YAML.

    known_types: the resource types that there are. has_attribute(type, name): what Fn::GetAtt may ask for.
    limit: the largest size in bytes (bodies 51,200; from S3 1 MB).
    """
    if not 1 <= len(text.encode()) <= limit:
        raise constraint(
            text[:200], "templateBody", f"have length less than or equal to {limit}" if text else "have length greater than or equal to 1"
        )
    try:
        return _checked(Template(text, _parse(text)), known_types, has_attribute)
    except RecursionError:
        raise invalid("Template format error: the template is nested too deeply.") from None


def _checked(template: Template, known_types: c.Container[str], has_attribute: Attributes) -> Template:
    _check_sections(template.body)
    _check_parameters(template.parameters)
    for logical_id, resource in template.resources.items():
        _check_resource(logical_id, resource)
    unknown = sorted(kind for kind in template.resource_types() if kind not in known_types)
    if unknown:
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    _check_outputs(template.outputs)
    _check_references(template, has_attribute)
    return template


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation takes it: short forms of the functions, dates as text, no aliases, no other tags."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise invalid("Template error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> t.Any:
    name = suffix if suffix in functions.SHORT_WITHOUT_PREFIX else f"Fn::{suffix}"
    if name not in functions.NAMES:
        raise invalid(
            f"Template format error: YAML not well-formed. Unknown tag !{suffix} (line {node.start_mark.line + 1}, column {node.start_mark.column + 1})"
        )
    value: t.Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(t.cast(yaml.MappingNode, node), deep=True)
    return {name: value}


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _short_form)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


def _parse(text: str) -> dict[str, t.Any]:
    try:
        body = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=_Loader)
    except json.JSONDecodeError as error:
        raise invalid(f"Template format error: JSON not well-formed. (line {error.lineno}, column {error.colno})") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{where}") from None
    except (yaml.YAMLError, ValueError):
        raise invalid("Template format error: YAML not well-formed.") from None
    if not isinstance(body, dict):
        raise invalid("Template format error: unsupported structure.")
    return body


def _check_sections(body: dict[str, t.Any]) -> None:
    for section in sorted(_UNSUPPORTED_SECTIONS & body.keys()):
        raise not_implemented(f"the template section {section}")
    unknown = [str(section) for section in body if section not in _SECTIONS]
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(sorted(unknown))}]")
    if str(body.get("AWSTemplateFormatVersion", _VERSION)) != _VERSION:
        raise invalid("Template format error: unsupported value for AWSTemplateFormatVersion.")
    if not isinstance(body.get("Description", ""), str):
        raise invalid("Template format error: [/Description] must be a string.")
    if len(body.get("Description", "").encode()) > MAX_DESCRIPTION_BYTES:
        raise invalid(f"Template format error: 'Description' length is greater than {MAX_DESCRIPTION_BYTES}.")
    for section in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs"):
        if section in body and not isinstance(body[section], dict):
            raise invalid(f"Template format error: [/{section}] must be an object.")
        _refuse_null(body.get(section, {}), f"/{section}")
    if not body.get("Resources"):
        raise invalid("Template format error: At least one Resources member must be defined.")
    for section, noun, limit in (
        ("Resources", "Resource", MAX_RESOURCES),
        ("Parameters", "Parameter", MAX_PARAMETERS),
        ("Outputs", "Output", MAX_OUTPUTS),
        ("Mappings", "Mapping", MAX_MAPPINGS),
    ):
        members = body.get(section, {})
        if len(members) > limit:
            raise invalid(f"Template format error: Number of {section.lower()}, {len(members)}, is greater than maximum allowed, {limit}")
        for name in members:
            if not _ALPHANUMERIC.fullmatch(str(name)):
                raise invalid(f"Template format error: {noun} name {name} is non alphanumeric.")


def _refuse_null(node: t.Any, path: str) -> None:
    if node is None:
        raise invalid(f"Template format error: [{path}] 'null' values are not allowed in templates")
    if isinstance(node, str) and "{{resolve:" in node:
        raise not_implemented(f"dynamic references ({path})")
    if isinstance(node, dict):
        for key, value in node.items():
            _refuse_null(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            _refuse_null(value, f"{path}/{index}")


def _check_parameters(parameters: dict[str, t.Any]) -> None:
    for name, declaration in parameters.items():
        if not isinstance(declaration, dict) or not isinstance(declaration.get("Type"), str):
            raise invalid(f"Template format error: [/Parameters/{name}] Every Parameters object must contain a Type member.")


def _check_resource(logical_id: str, resource: t.Any) -> None:
    where = f"/Resources/{logical_id}"
    if not isinstance(resource, dict):
        raise invalid(f"Template format error: [{where}] resource definition is malformed")
    if not isinstance(resource.get("Type"), str):
        raise invalid(f"Template format error: [{where}] Every Resources object must contain a Type member.")
    for member in sorted(_UNSUPPORTED_RESOURCE_MEMBERS & resource.keys()):
        raise not_implemented(f"the resource attribute {member} ({where})")
    for member in resource:
        if member not in _RESOURCE_MEMBERS:
            raise invalid(f"Invalid template resource property '{member}'")
    if not isinstance(resource.get("Properties", {}), dict):
        raise invalid(f"Template format error: [{where}/Properties] must be an object.")
    if not isinstance(resource.get("Condition", ""), str):
        raise invalid(f"Template format error: [{where}/Condition] must be a string.")
    depends_on = resource.get("DependsOn", [])
    if not isinstance(depends_on, str) and not (isinstance(depends_on, list) and all(isinstance(name, str) for name in depends_on)):
        raise invalid(f"Template format error: [{where}/DependsOn] must be a string or a list of strings.")
    for member in ("DeletionPolicy", "UpdateReplacePolicy"):
        policy = resource.get(member, "Delete")
        if policy not in _DELETION_POLICIES or (member == "UpdateReplacePolicy" and policy == "RetainExceptOnCreate"):
            raise invalid(f"Template format error: Unrecognized {member} {policy} for resource {logical_id}")
        if policy == "Snapshot":
            raise invalid(f"Template error: resource type {resource['Type']} does not support deletion policy Snapshot")


def _check_outputs(outputs: dict[str, t.Any]) -> None:
    for name, output in outputs.items():
        if not isinstance(output, dict) or "Value" not in output:
            raise invalid(f"Template format error: [/Outputs/{name}] Every Outputs member must contain a Value object")
        unknown = sorted(str(member) for member in output if member not in {"Value", "Description", "Export", "Condition"})
        if unknown:
            raise invalid(f"Invalid template output property or properties [{', '.join(unknown)}]")
        export = output.get("Export", {"Name": ""})
        if not isinstance(export, dict) or set(export) != {"Name"}:
            raise invalid(f"Template format error: Output {name} is malformed. The Export field must be an object with the key Name.")


def _check_references(template: Template, has_attribute: Attributes) -> None:
    resources, names = template.resources, {*template.parameters, *template.resources, *functions.PSEUDO_PARAMETERS}
    functions.check_syntax(template.body)
    for block in ("Conditions", "Resources", "Outputs"):
        missing = []
        for kind, name, attribute in functions.references(template.body.get(block, {})):
            if kind == "Condition" and name not in template.conditions:
                raise invalid(f"Template format error: Unresolved condition dependency {name} in the {block} block of the template")
            if kind == "If" and name not in template.conditions:
                raise invalid(f"Template error: unresolved condition dependency {name} in Fn::If")
            if block == "Conditions" and (kind == "GetAtt" or (kind == "Ref" and (name in resources or name not in names))):
                raise invalid(
                    f"Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block of the template"
                )
            if kind == "GetAtt" and name not in resources:
                raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
            if kind == "GetAtt" and attribute and not has_attribute(resources[name]["Type"], attribute):
                raise invalid(f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt")
            if kind == "Ref" and name not in names:
                missing.append(name)
        if missing:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(sorted(set(missing)))}] in the {block} block of the template"
            )
    for logical_id, resource in resources.items():
        absent = sorted(set(depends_on(resource)) - resources.keys())
        if absent:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(absent)}] in the Resources block of the template"
            )
        if logical_id in depends_on(resource):
            raise invalid(f"Circular dependency between resources: [{logical_id}]")
        condition = resource.get("Condition")
        if condition is not None and condition not in template.conditions:
            raise invalid(f"Template format error: Unresolved condition dependency {condition} in the Resources block of the template")
    for name, output in template.outputs.items():
        condition = output.get("Condition")
        if condition is not None and condition not in template.conditions:
            raise invalid(f"Template format error: Unresolved condition dependency {condition} for output {name}")


def depends_on(resource: dict[str, t.Any]) -> list[str]:
    """The logical ids under DependsOn, as a list."""
    names = resource.get("DependsOn", [])
    return [names] if isinstance(names, str) else list(names)
