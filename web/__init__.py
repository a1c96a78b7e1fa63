"""What people see in a browser: a campaign's page, the badge maker, share links and the organizers' console."""

from web.app import create_app
from web.console.access import sign_in

__all__ = ["create_app", "sign_in"]
