from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from accounts import council
from accounts.rest.shapes import SEALED, Flag, Given, Id, Name, Number, Shape, When, left
from gateway.amounts import MILLIONTHS, MILLIWATT_HOURS
from gateway.models import Alias, ApiKey, Deployment, Quota, Upstream

ScopeName = Literal["chat", "embeddings", "audio", "documents-read", "documents-write", "usage", "admin"]
ModelKind = Literal["chat", "embedding", "rerank", "transcription"]
Unit = Literal["requests", "tokens", "cost", "energy", "parallel"]
Period = Literal["minute", "hour", "day", "month", "total"]
Text = Annotated[str, Field(max_length=500)]
ModelName = Annotated[str, Field(max_length=200, examples=["llama-3.3-70b"])]
Moment = Annotated[AwareDatetime, Field(examples=["2026-11-26T09:00:00Z"])]  # a day may begin before what may be named
FACTORS = {Quota.Unit.COST: MILLIONTHS, Quota.Unit.ENERGY: MILLIWATT_HOURS}


class KeyShape(Shape):
    id: Number
    name: Name
    begins_with: str = Field(examples=["vol-abcd"])
    user: Id
    scopes: list[ScopeName]
    models: list[str] | None = Field(description="It calls these only; null: all that its owner may.")
    origins: list[str] = Field(examples=[["https://www.example.org"]])
    created_at: When
    expires_at: When | None
    revoked_at: When | None
    last_used_at: When | None = Field(description=f"{SEALED}, but for one's own keys.")

    @classmethod
    def of(cls, key: ApiKey, *, is_own: bool = False) -> "KeyShape":
        return cls(**_known(key, is_own))


class IssuedKey(KeyShape):
    secret: str = Field(description="Told this once.", examples=["vol-…"])

    @classmethod
    def of(cls, key: ApiKey, *, is_own: bool = False) -> "IssuedKey":
        return cls(**_known(key, is_own), secret=key.secret)


def _known(key: ApiKey, is_own: bool) -> dict[str, Any]:
    return {
        "id": key.pk,
        "name": key.name,
        "begins_with": key.prefix,
        "user": key.user_id,
        "scopes": key.scopes,
        "models": key.model_names,
        "origins": key.origins,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at if is_own or not council.is_on() else None,
    }


class NewKey(Given):
    name: str = Field(min_length=1, max_length=100, examples=["monthly report"])
    scopes: list[ScopeName] = Field(min_length=1, max_length=7, examples=[["chat"]])
    models: list[ModelName] | None = Field(None, max_length=100)
    origins: list[str] = Field([], max_length=20, examples=[[]])
    expires_at: When | None = None


class Rotation(Given):
    overlap_hours: Literal[0, 1, 24, 168] = Field(24, description="How long the former secret works still.")


class UpstreamShape(Shape):
    noted = frozenset({"failures", "failing_since"})

    id: Number
    name: Name
    base_url: str = Field(examples=["http://gpu.example.org:8000/v1"])
    has_api_key: Flag
    place: str
    in_house: Flag
    is_active: Flag
    watts: int | None
    connect_timeout: int
    first_token_timeout: int
    between_tokens_timeout: int
    total_timeout: int
    failures: int
    failing_since: When | None

    @classmethod
    def of(cls, found: Upstream) -> "UpstreamShape":
        same = {name: getattr(found, name) for name in cls.model_fields if name != "has_api_key"}
        return cls(**same, has_api_key=bool(found.api_key))


class UpstreamChange(Given):
    name: str = left()
    base_url: str = left()
    api_key: str = left()
    place: str = left()
    in_house: Flag = left()
    is_active: Flag = left()
    watts: int | None = Field(None, ge=0, le=2**31 - 1)
    certificate: str = left()
    connect_timeout: Number = left()
    first_token_timeout: Number = left()
    between_tokens_timeout: Number = left()
    total_timeout: Number = left()


class NewUpstream(UpstreamChange):
    name: str = Field(min_length=1, max_length=100, examples=["gpu"])
    base_url: str = Field(max_length=500, examples=["http://gpu.example.org:8000/v1"])


class DeploymentShape(Shape):
    id: Number
    upstream: Number
    name: ModelName
    model: ModelName
    kind: ModelKind
    licence: str
    context_length: int | None
    max_output_tokens: int | None
    is_active: Flag
    is_default: Flag
    teams: list[int]
    slots: int | None
    queue_limit: int
    priority: int
    weight: int

    @classmethod
    def of(cls, found: Deployment) -> "DeploymentShape":
        same = {name: getattr(found, name) for name in cls.model_fields if name not in ("teams", "upstream")}
        return cls(**same, upstream=found.upstream_id, teams=sorted(team.pk for team in found.teams.all()))


class DeploymentChange(Given):
    name: str = left()
    licence: str = left()
    context_length: Number | None = None
    max_output_tokens: Number | None = None
    is_active: Flag = left()
    is_default: Flag = left()
    teams: list[Number] = left()
    slots: Number | None = None
    queue_limit: int = left(ge=0, le=2**31 - 1)
    priority: int = left(ge=-(2**15), le=2**15 - 1)
    weight: int = left(ge=1, le=1000)


class NewDeployment(DeploymentChange):
    upstream: Number
    name: ModelName
    model: ModelName
    kind: ModelKind = "chat"


class AliasShape(Shape):
    """Another name under which a model answers."""

    id: Number
    name: ModelName
    target: ModelName

    @classmethod
    def of(cls, found: Alias) -> "AliasShape":
        return cls(id=found.pk, name=found.name, target=found.target)


class AliasChange(Given):
    name: str = left(min_length=1, max_length=200)
    target: str = left(max_length=200)


class NewAlias(Given):
    name: str = Field(min_length=1, max_length=200, examples=["large"])
    target: str = Field(max_length=200, description="Public name of a deployment.", examples=["llama-3.3-70b"])


class QuotaShape(Shape):
    noted = frozenset({"used", "begins_anew"})

    id: Number
    user: Id | None
    team: Number | None
    api_key: Number | None
    deployment: Number | None
    unit: Unit
    limit: Decimal = Field(description="Of its unit: money with decimals, energy in watt hours.", examples=["100000"])
    used: Decimal | None = Field(description=f"{SEALED} of a person, a key or a small team.", examples=["5120"])
    period: Period
    is_hard: Flag
    warn_at: int
    begins_anew: When | None


class NewQuota(Given):
    user: Id | None = None
    team: Number | None = None
    api_key: Number | None = None
    deployment: Number | None = None
    unit: Unit = "tokens"
    limit: Decimal = Field(ge=0, max_digits=18, decimal_places=6, examples=["100000"])
    period: Period = "month"
    is_hard: Flag = True
    warn_at: int = Field(80, ge=1, le=100)


class QuotaChange(Given):
    limit: Decimal = left(ge=0, max_digits=18, decimal_places=6)
    period: Period = left()
    is_hard: Flag = left()
    warn_at: int = left(ge=1, le=100)


class ModelShape(Shape):
    """A model that may be called."""

    name: ModelName
    kind: ModelKind
    licence: str
    place: str = Field(examples=["on this server"])
    in_house: Flag
    context_length: int | None


class UsageRow(Shape):
    start: When | None = Field(description="Null where nothing is told apart by time.")
    group: str | None = Field(description="Which model, purpose, person or team.", examples=["llama-3.3-70b"])
    calls: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost: Decimal = Field(examples=["0.0312"])
    energy_wh: Decimal = Field(examples=["1.25"])


class UsageReport(Shape):
    since: Moment = Field(description="When the first day, or hour, begins that was counted.")
    until: Moment = Field(description="When the last one ends.")
    currency: str = Field(examples=["EUR"])
    rows: list[UsageRow]
