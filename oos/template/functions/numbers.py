"""Functions that compute: arithmetic, and addresses in networks."""

from __future__ import annotations

from typing import Final

from oos.template import arithmetic
from oos.template.functions.function import Argument, Function, FunctionError, as_text, described
from oos.values.json import Value


def evaluate(expression: Value) -> Value:
    """The value of a one-line arithmetic expression."""
    if isinstance(expression, list):
        if len(expression) != 1:
            raise FunctionError(f"it takes one expression, but was given {len(expression)}")
        expression = expression[0]
    if isinstance(expression, int | float) and not isinstance(expression, bool):
        return expression
    try:
        return arithmetic.compute(as_text(expression, "the expression"))
    except arithmetic.ArithmeticFault as error:
        raise FunctionError(str(error)) from None


def is_ip_in_cidr(address: Value, network: Value) -> bool:
    """Whether an address lies in a network; the two may come in either order."""
    import ipaddress  # here, because few templates need it

    first, second = as_text(address, "the address").strip(), as_text(network, "the network").strip()
    if "/" in first and "/" not in second:
        first, second = second, first
    try:
        return ipaddress.ip_address(first) in ipaddress.ip_network(second, strict=False)
    except ValueError:
        raise FunctionError(f"not an address and a network: {described(address)}, {described(network)}") from None


FUNCTIONS: Final = (
    Function(
        "Fn::Eval",
        "the value of an arithmetic expression",
        (Argument("expression", ("String", "Number", "List")),),
        "Number",
        evaluate,
        (["-3*24"], -72),
        whole=True,
    ),
    Function(
        "Fn::IsIpInCIDR",
        "whether an address lies in a network",
        (Argument("ip", ("String",)), Argument("cidr", ("String",))),
        "Boolean",
        is_ip_in_cidr,
        (["192.168.1.5", "192.168.1.0/24"], True),
    ),
)
