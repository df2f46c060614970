"""pydantic validators and FastAPI routes over decorated functions."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Query
from fastapi.testclient import TestClient
from pydantic import (
    AfterValidator,
    BaseModel,
    PlainSerializer,
    ValidationError,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
    validate_call,
)

import treadle


@treadle.trace
def doubled(value: int) -> int:
    return value * 2


@treadle.trace
class Order(BaseModel):
    """Has validators and serializers of every sort."""

    name: str
    count: Annotated[int, AfterValidator(doubled), PlainSerializer(doubled)] = 1
    price: float = 1.0

    @field_validator("name")
    @classmethod
    @treadle.trace
    def named(cls, value: str) -> str:
        if not value:
            raise ValueError("no name")
        return value.strip()

    @field_validator("price", mode="before")
    @treadle.trace
    @classmethod
    def priced(cls, value: Any) -> Any:
        return str(value).replace(",", ".")

    @model_validator(mode="after")
    @treadle.trace
    def whole(self) -> Order:
        if self.price < 0:
            raise ValueError("below nothing")
        return self

    @field_serializer("price")
    @treadle.trace
    def shown(self, value: float) -> str:
        return f"{value:.2f}"

    @computed_field
    @property
    @treadle.trace
    def total(self) -> float:
        """Price by count."""
        return self.price * self.count

    def summary(self) -> str:
        return f"{self.count} {self.name}"


@validate_call
@treadle.trace
def below(count: int, *, name: str = "x") -> str:
    return f"{count!r} {name}"


@treadle.trace
@validate_call(validate_return=True)
def above(count: int, *, name: str = "x") -> str:
    return f"{count!r} {name}"


def tried(act) -> None:
    try:
        print(act())
    except (ValidationError, TypeError, ValueError) as error:
        print(type(error).__name__, error)


tried(lambda: Order(name=" tea ", count=3, price="2,5").model_dump_json())
tried(lambda: Order(name=""))
tried(lambda: Order(name="tea", price=-1))
tried(lambda: Order(name="tea").summary())
tried(lambda: json.dumps(Order.model_json_schema(mode="serialization")))
tried(lambda: repr(Order(name="tea").model_copy(update={"name": "x"})))
for function in (below, above):
    tried(lambda function=function: function("3", name="y"))
    tried(lambda function=function: function("three"))
    tried(lambda function=function: function())

app = FastAPI()


@treadle.trace
def settings(limit: int = Query(default=5, description="How many")) -> dict[str, int]:
    return {"limit": limit}


@treadle.trace
async def session(settings: dict[str, int] = Depends(settings)) -> AsyncGenerator[str]:
    print("opened", settings)
    try:
        yield "session"
    finally:
        print("closed")


@treadle.trace
def lock(name: str = "lock") -> Generator[str]:
    print("locked")
    try:
        yield name
    except HTTPException as error:
        print("failed", error.status_code)
        raise
    finally:
        print("unlocked")


class Checker:
    def __init__(self, least: int) -> None:
        self.least = least

    @treadle.trace
    def __call__(self, count: int = 0) -> bool:
        return count >= self.least


class LaterChecker:
    @treadle.trace
    async def __call__(self, count: int = 0) -> int:
        return count + 1


@app.get("/sync/{item}", response_model=Order)
@treadle.trace(kind="chain")
def sync_route(item: str, count: int = 1, held: str = Depends(lock)) -> Any:
    """Return an order."""
    if count > 100:
        raise HTTPException(404, "too many")
    return {"name": item, "count": count, "price": 3}


@app.post("/async")
@treadle.trace
async def async_route(
    order: Order,
    background: BackgroundTasks,
    session: Annotated[str, Depends(session)],
    enough: Annotated[bool, Depends(Checker(2))],
    more: Annotated[int, Depends(LaterChecker())],
    tag: Annotated[str | None, Query(max_length=3)] = None,
) -> dict[str, Any]:
    background.add_task(noted, order.name)
    background.add_task(noted_later, order.name)
    return {"order": order, "session": session, "enough": enough, "more": more, "tag": tag}


@treadle.trace
def noted(name: str) -> None:
    print("noted", name)


@treadle.trace
async def noted_later(name: str) -> None:
    print("noted later", name)


app.add_api_route("/stand-in", treadle.trace(Checker(1)), methods=["GET"], name="stand-in")

client = TestClient(app)
for answer in (
    client.get("/sync/tea?count=3"),
    client.get("/sync/tea?count=many"),
    client.get("/sync/tea?count=101"),
    client.post("/async?count=2&tag=abc&limit=7", json={"name": "tea"}),
    client.post("/async?tag=abcd", json={"name": ""}),
    client.get("/stand-in?count=1"),
    client.get("/openapi.json"),
):
    print(answer.status_code, answer.text)
