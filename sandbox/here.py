"""Sites with names of their own, which all stand on this machine: nothing leaves it."""

import httpx


class Here(httpx.AsyncHTTPTransport):
    """Finds on this machine whatever name is asked for; a certificate must be of that name."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        name = request.url
        request.extensions = {**request.extensions, "sni_hostname": name.host}
        request.url = name.copy_with(host="127.0.0.1")
        try:
            return await super().handle_async_request(request)
        finally:
            request.url = name
