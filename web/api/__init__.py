"""What programs use instead of a page: posts, publications, channels, pictures, figures, and who is told of what happens."""

from web.api.app import ADDRESS, create_api

__all__ = ["ADDRESS", "create_api"]
