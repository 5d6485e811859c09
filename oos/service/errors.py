"""Errors of services: code, message, HTTP status, in the style of the cloud's own."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An operation refused or failed; `code` is what programs compare, e.g. `InvalidInstanceId.NotFound`."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, Any]:
        """The error body of a response, as spec 4.2 hands it to selectors."""
        return {"Code": self.code, "Message": self.message, "HostId": "oos"}


class NotFound(ApiError):
    """The named resource does not exist."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, status=404)


class Refused(ApiError):
    """The resource is in a state, or under a protection, that forbids the request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, status=403)


class InvalidParameter(ApiError):
    """A parameter of the request is wrong; the message names it."""

    def __init__(self, parameter: str, message: str, *, code: str | None = None) -> None:
        super().__init__(code or f"InvalidParameter.{parameter}", message)
        self.parameter = parameter


class TokenMismatch(ApiError):
    """The client token was given before, with another request."""

    def __init__(self, message: str) -> None:
        super().__init__("IdempotentParameterMismatch", message)


class MissingParameter(ApiError):
    """A required parameter is not there."""

    def __init__(self, parameter: str) -> None:
        super().__init__("MissingParameter", f"The input parameter {parameter} that is mandatory is not supplied.")
        self.parameter = parameter


class Unavailable(ApiError):
    """The hypervisor behind the resource failed or did not answer; the message names it and the cause."""

    def __init__(self, message: str, *, code: str = "ServiceUnavailable") -> None:
        super().__init__(code, message, status=503)


class Unsupported(ApiError):
    """A hypervisor cannot honour this request; never answered with a pretended success."""

    def __init__(self, message: str) -> None:
        super().__init__("OperationDenied.NotSupported", message)


class UnsupportedOperation(ApiError):
    """No installed module offers this operation; oos/docs/compatibility.md tells which there are."""

    def __init__(self, service: str, name: str) -> None:
        super().__init__(
            "UnsupportedOperation", f"{service}.{name} is not supported: no installed module offers it", status=404
        )


class Cancelled(ApiError):
    """The caller no longer wants the outcome; what was asked for may still happen."""

    def __init__(self, waiting_for: str) -> None:
        super().__init__("OperationCancelled", f"Cancelled while waiting for {waiting_for}.", status=409)
