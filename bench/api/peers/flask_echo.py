"""The documents' Flask server: `python flask_echo.py PORT`, which is `app.run`, threaded."""

import sys

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

app = Flask(__name__)


@app.get("/get_example/<int:user_id>")
def get_example(user_id: int) -> ResponseReturnValue:
    name = request.args.get("name", "默认名字")
    user_agent = request.headers.get("User-Agent", "未知")
    return jsonify({"user_id": user_id, "name": name, "user_agent": user_agent})


@app.post("/post_example")
def post_example() -> ResponseReturnValue:
    data = request.get_json()
    return jsonify(
        {
            "title": data.get("title", "默认标题"),
            "content": data.get("content", "默认内容"),
            "authorization": request.headers.get("Authorization", "无授权"),
        }
    )


@app.put("/put_example/<int:item_id>")
def put_example(item_id: int) -> ResponseReturnValue:
    return jsonify(
        {
            "item_id": item_id,
            "name": request.form.get("name", "默认名称"),
            "description": request.form.get("description", "默认描述"),
            "custom_header": request.headers.get("X-Custom-Header", "无自定义头"),
        }
    )


@app.delete("/delete_example")
def delete_example() -> ResponseReturnValue:
    if request.args.get("confirm", "false").lower() != "true":
        return jsonify({"message": "删除未确认"}), 400
    authorization = request.headers.get("Authorization", "无授权")
    return jsonify({"deleted": True, "authorization": authorization})


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
