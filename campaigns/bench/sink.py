"""A mail server that takes everything and keeps nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread


class _Session(StreamRequestHandler):
    # Answers are short and must not wait for more to say.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline():
            match line[:4].upper().strip():
                case b"DATA":
                    self._say("354 go on")
                    while (text := self.rfile.readline()) and text != b".\r\n":
                        pass
                    self._say("250 taken")
                case b"EHLO":
                    # As most servers on the internet do.
                    self._say("250-sink\r\n250 PIPELINING")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 sink")

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def mail_sink() -> Iterator[int]:
    """The port it listens on, on this machine only."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
