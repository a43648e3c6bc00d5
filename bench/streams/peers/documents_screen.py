"""The documents' way of showing a screen, on its own: `python documents_screen.py DISPLAY PORT`.

One thread: Pillow's ImageGrab, resize, JPEG at quality 100, at most 30 a second; every viewer gets
the newest as multipart/x-mixed-replace.
"""

import io
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image, ImageGrab

SIZE = 1280, 720
QUALITY = 100
FPS = 30


class Newest:
    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.jpeg = b""

    def capture(self, display: str) -> None:
        due = time.monotonic()
        while True:
            picture = ImageGrab.grab(xdisplay=display).convert("RGB")
            written = io.BytesIO()
            picture.resize(SIZE, Image.Resampling.BILINEAR).save(written, "JPEG", quality=QUALITY)
            with self.changed:
                self.jpeg = written.getvalue()
                self.changed.notify_all()
            due = max(due + 1 / FPS, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


newest = Newest()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        if self.path != "/video_feed":
            return
        while True:
            with newest.changed:
                newest.changed.wait()
                jpeg = newest.jpeg
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what is measured is not the log."""


if __name__ == "__main__":
    threading.Thread(target=newest.capture, args=[sys.argv[1]], daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Answer).serve_forever()
