"""A storage that speaks S3, on this machine: it can be away and come back with all that it had."""

import httpx
from moto.server import ThreadedMotoServer

KEY, SECRET = "a key", "a secret"


class Storage:
    def __init__(self) -> None:
        self.port = 0  # any, and the same from then on
        self._server: ThreadedMotoServer | None = None
        self.start()
        httpx.post(f"{self.address}/moto-api/reset")
        assert httpx.put(f"{self.address}/pictures").status_code == 200

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """A folder of its bucket, as the setting names it."""
        return f"s3://pictures/orne?endpoint={self.address}&region=us-east-1"

    def start(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None

    def names(self) -> list[str]:
        """All that lies in the bucket, whoever put it there."""
        page = httpx.get(f"{self.address}/pictures?list-type=2").text
        return [part.partition("</Key>")[0] for part in page.split("<Key>")[1:]]
