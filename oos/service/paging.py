"""Paging: one page of a listing, in both of the service's styles."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Generic, TypedDict, TypeVar

import msgspec

from oos.service.errors import InvalidParameter
from oos.service.parameter import Param
from oos.values.typed import decode_as

T = TypeVar("T")

EVERYTHING: Final = sys.maxsize
"""The page size that asks for all there is; only the engine does."""

Key = tuple[str, ...]
"""What a listing is ordered by. It ends with an id, so no two are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """The parameters of a listing in pages: by number, or by token."""

    page_number: Annotated[int, Param("Number of the page, from 1.", minimum=1)] = 1
    page_size: Annotated[int, Param("Most items of a page.", minimum=1)] = 10
    max_results: Annotated[int | None, Param("Most items of a page; asks for paging by token.", minimum=1)] = None
    next_token: Annotated[str, Param("Where the next page starts, from the response before.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokened:
    """The parameters of a listing that knows only pages by token, as those of OOS do (spec 7.1)."""

    max_results: Annotated[int, Param("Most items of a page.", minimum=1, maximum=100)] = 50
    next_token: Annotated[str, Param("Where the next page starts, from the response before.")] = ""


class SliceFields(TypedDict):
    """What a response of a listing by token says about its page."""

    MaxResults: int
    NextToken: str


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The items of one page by token, what the response says about it, and how many there are in all."""

    items: tuple[T, ...]
    fields: SliceFields
    total: int


class PageFields(TypedDict):
    """What a response says about its page."""

    TotalCount: int
    PageNumber: int
    PageSize: int
    NextToken: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The items of one page, and what the response says about it."""

    items: tuple[T, ...]
    fields: PageFields


def page_of(
    items: Iterable[T], request: Paged, key: Callable[[T], Key], *, descending: bool = False, most: int = 100
) -> Page[T]:
    """The page that is asked for, in the order of the key.

    A token remembers the key of the last item shown, so what is made or deleted meanwhile neither repeats nor skips
    another. Raises InvalidParameter for a token that is none of ours.
    """
    ordered = sorted(items, key=key, reverse=descending)
    total = len(ordered)
    if request.next_token or request.max_results is not None:
        size = min(request.max_results or 10, most)
        if request.next_token:
            last = read_token(request.next_token)
            ordered = [item for item in ordered if (key(item) < last if descending else key(item) > last)]
        shown = tuple(ordered[:size])
        following = write_token(key(shown[-1])) if len(ordered) > size else ""
        return Page(shown, {"TotalCount": total, "PageNumber": 1, "PageSize": size, "NextToken": following})
    if request.page_size == EVERYTHING:
        return Page(tuple(ordered), {"TotalCount": total, "PageNumber": 1, "PageSize": total, "NextToken": ""})
    size = min(request.page_size, most)
    first = (request.page_number - 1) * size
    shown = tuple(ordered[first : first + size])
    following = write_token(key(shown[-1])) if shown and first + size < total else ""
    return Page(
        shown, {"TotalCount": total, "PageNumber": request.page_number, "PageSize": size, "NextToken": following}
    )


def slice_of(items: Iterable[T], request: Tokened, key: Callable[[T], Key], *, descending: bool = False) -> Slice[T]:
    """The page that is asked for, in the order of the key. Raises InvalidParameter for a token that is none of ours."""
    asked = Paged(max_results=request.max_results, next_token=request.next_token)
    page = page_of(items, asked, key, descending=descending, most=EVERYTHING)
    shown = len(page.items) if request.max_results == EVERYTHING else request.max_results
    fields: SliceFields = {"MaxResults": shown, "NextToken": page.fields["NextToken"]}
    return Slice(page.items, fields, page.fields["TotalCount"])


def write_token(key: Key) -> str:
    """The token of a page that begins behind this key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_token(token: str) -> Key:
    """The key behind which a page begins. Raises InvalidParameter for a token that is none of ours."""
    try:
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return decode_as(content, tuple[str, ...])
    except (ValueError, msgspec.DecodeError) as error:
        raise InvalidParameter("NextToken", f"The NextToken {token[:60]!r} is none of ours.") from error
