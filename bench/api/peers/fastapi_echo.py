"""The documents' FastAPI server: `uvicorn fastapi_echo:app`."""

from typing import Annotated

from fastapi import FastAPI, Form, Header, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Post(BaseModel):
    title: str = "默认标题"
    content: str = "默认内容"


@app.get("/get_example/{user_id}")
async def get_example(
    user_id: int, name: str = "默认名字", user_agent: Annotated[str, Header()] = "未知"
) -> dict:
    return {"user_id": user_id, "name": name, "user_agent": user_agent}


@app.post("/post_example")
async def post_example(post: Post, authorization: Annotated[str, Header()] = "无授权") -> dict:
    return {"title": post.title, "content": post.content, "authorization": authorization}


@app.put("/put_example/{item_id}")
async def put_example(
    item_id: int,
    name: Annotated[str, Form()] = "默认名称",
    description: Annotated[str, Form()] = "默认描述",
    x_custom_header: Annotated[str, Header()] = "无自定义头",
) -> dict:
    return {
        "item_id": item_id,
        "name": name,
        "description": description,
        "custom_header": x_custom_header,
    }


@app.delete("/delete_example")
async def delete_example(
    confirm: bool = False, authorization: Annotated[str, Header()] = "无授权"
) -> dict:
    if not confirm:
        raise HTTPException(status_code=400, detail="删除未确认")
    return {"deleted": True, "authorization": authorization}
