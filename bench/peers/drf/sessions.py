"""Who calls: apart from the views, which import it by way of the settings."""

from typing import Any

from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication

from .models import Session


class BySession(JWTAuthentication):
    """The user of the session that a token names."""

    def get_user(self, validated_token: Any) -> Any:
        """Look session and user up in one query."""
        sessions = Session.objects.select_related("user")
        found = sessions.filter(pk=validated_token["sid"], ended_at=None).first()
        if found is None or not found.user.is_active:
            raise AuthenticationFailed("no such session")
        return found.user
