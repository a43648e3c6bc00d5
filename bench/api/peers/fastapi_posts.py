"""One endpoint as production wants it: `uvicorn fastapi_posts:app --workers 2`.

POST /api/v1/posts/ with a key: its HMAC is compared (keys are remembered for 30 s, as Sluice
does), the request is counted in Redis, the body is validated, a row is inserted, 201.
DATABASE_URL, REDIS_URL and SERVER_SECRET are in the environment.
"""

import hashlib
import hmac
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field
from redis.asyncio import Redis
from sqlalchemy import DateTime, ForeignKey, String, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

POOL_SIZE = 8
KEY_CACHE_S = 30.0
LIMIT_PER_MINUTE = 1_000_000_000
SECRET = os.environ["SERVER_SECRET"].encode()

engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=POOL_SIZE)
sessions = async_sessionmaker(engine, expire_on_commit=False)
redis = Redis.from_url(os.environ["REDIS_URL"])
known_keys: dict[str, tuple[float, str, int]] = {}


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(150), unique=True)


class Key(Base):
    __tablename__ = "keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    secret_hmac: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str]
    content: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class NewPost(BaseModel):
    title: str = Field(max_length=100_000)
    content: str = Field(max_length=100_000)


class PostShown(NewPost):
    id: int
    owner: int
    created_at: datetime
    updated_at: datetime


def hmac_of(secret: str) -> str:
    return hmac.new(SECRET, secret.encode(), hashlib.sha256).hexdigest()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()
    await redis.aclose()


app = FastAPI(lifespan=lifespan)


async def caller(authorization: Annotated[str, Header()]) -> int:
    """The id of the user whose key this is; 401."""
    prefix, _, secret = authorization.removeprefix("Bearer ").partition(".")
    found = known_keys.get(prefix)
    if not found or found[0] < time.monotonic():
        async with sessions() as session:
            key = await session.scalar(select(Key).where(Key.prefix == prefix))
        if key is None:
            raise HTTPException(401)
        found = (time.monotonic() + KEY_CACHE_S, key.secret_hmac, key.owner_id)
        known_keys[prefix] = found
    if not hmac.compare_digest(found[1], hmac_of(secret)):
        raise HTTPException(401)
    return found[2]


async def counted(user_id: Annotated[int, Depends(caller)], response: Response) -> int:
    """The same id, once its request is counted; 429."""
    window = int(time.time()) // 60
    name = f"posts:{user_id}:{window}"
    async with redis.pipeline() as pipeline:
        pipeline.set(name, 0, nx=True, ex=60)
        pipeline.incr(name)
        _, count = await pipeline.execute()
    if count > LIMIT_PER_MINUTE:
        raise HTTPException(429)
    response.headers["RateLimit"] = f'"callers";r={LIMIT_PER_MINUTE - count};t=60'
    return user_id


@app.post("/api/v1/posts/", status_code=201)
async def create(
    sent: NewPost, user_id: Annotated[int, Depends(counted)], response: Response
) -> PostShown:
    async with sessions() as session, session.begin():
        post = Post(owner_id=user_id, title=sent.title, content=sent.content)
        session.add(post)
        await session.flush()
    response.headers["Location"] = f"/api/v1/posts/{post.id}/"
    return PostShown(
        id=post.id,
        owner=user_id,
        title=post.title,
        content=post.content,
        created_at=post.created_at,
        updated_at=post.updated_at,
    )


@app.get("/healthz")
async def alive() -> dict:
    return {"status": "alive"}


async def prepare(secret: str) -> None:
    """Make the tables and one user with one key, `bench.<secret>`."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions() as session, session.begin():
        session.add(User(id=1, name="tester"))
        await session.flush()
        session.add(Key(prefix="bench", secret_hmac=hmac_of(secret), owner_id=1))
    await engine.dispose()
